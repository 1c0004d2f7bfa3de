from __future__ import annotations

import hashlib
import io
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest
from PIL import Image, ImageOps

from services.content import PreparedImage
from services.providers.base import ChatModel
from tests.mock.aimock import Aimock
from tests.providers.rawserver import RawServer, Step, raw_server
from tests.providers.vendors import VENDORS, Vendor


@pytest.fixture(params=VENDORS.values(), ids=VENDORS.keys())
def vendor(request: pytest.FixtureRequest) -> Vendor:
    """Each cloud vendor in turn."""
    found = request.param
    assert isinstance(found, Vendor)
    return found


@pytest.fixture
def cloud(vendor: Vendor, aimock: Aimock) -> Iterator[ChatModel]:
    """The vendor's adapter, talking to aimock."""
    model = vendor.at(aimock.url)
    yield model
    model.close()


Serve = Callable[..., RawServer]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Start servers that follow a script; stopped after the test."""
    with ExitStack() as stack:

        def start(*scripts: list[Step]) -> RawServer:
            return stack.enter_context(raw_server(*scripts))

        yield start


Connect = Callable[..., ChatModel]


@pytest.fixture
def connect(vendor: Vendor) -> Iterator[Connect]:
    """Make the vendor's adapter for a server; closed after the test."""
    with ExitStack() as stack:

        def make(url: str, **config: object) -> ChatModel:
            model = vendor.at(url, **config)  # type: ignore[arg-type]
            stack.callback(model.close)
            return model

        yield make


@pytest.fixture
def nobody() -> str:
    """An address where nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"http://127.0.0.1:{listener.getsockname()[1]}"


@dataclass(frozen=True)
class Photo:
    """A picture file as an `ImageSource`."""

    file: bytes

    @property
    def image_id(self) -> str:
        return "4b4d2f1e-0000-4000-8000-000000000000"

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.file).hexdigest()

    def original(self) -> bytes:
        return self.file

    def prepared(self, longest_side: int) -> tuple[PreparedImage, ...]:
        image = ImageOps.exif_transpose(Image.open(io.BytesIO(self.file))).convert("RGB")
        image.thumbnail((longest_side, longest_side))
        out = io.BytesIO()
        image.save(out, "JPEG", exif=b"")
        return (PreparedImage(out.getvalue(), "image/jpeg", *image.size),)


@pytest.fixture(scope="session")
def photo() -> Photo:
    """3000 by 1500 pixels as stored, to be turned by 90 degrees: its red stored left half is the top when upright."""
    image = Image.new("RGB", (3000, 1500), "blue")
    image.paste("red", (0, 0, 1500, 1500))
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010F] = "Camera of a test"
    out = io.BytesIO()
    image.save(out, "JPEG", exif=exif)
    return Photo(out.getvalue())
