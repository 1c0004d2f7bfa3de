"""Pictures through OpenAI's image API, or a server that speaks it."""

from __future__ import annotations

import base64
import binascii
import io
from typing import Any

import openai
from openai.types import ImagesResponse
from PIL import Image, ImageOps

from services.content import Usage
from services.errors import ProviderGarbage
from services.providers.config import ProviderConfig
from services.providers.http import provider_errors
from services.providers.openai_client import FAULTS, openai_client
from services.studio.base import StudioReply, StudioRequest
from services.studio.cloud import Answer, Sent, outgoing, reply
from services.studio.mask import read_mask

DEFAULT_MODEL = "gpt-image-2"
# https://platform.openai.com/docs/guides/image-generation#content-moderation, and the older models' name for it
REFUSALS = frozenset({"moderation_blocked", "content_policy_violation"})


class OpenAIStudio:
    """`ImageStudio` over the `openai` SDK: `images.generate`, and `images.edit` where there is a picture.

    Args:
        config: `base_url` with its `/v1`; no key is needed where the server wants none; `model` is one that makes
            pictures.
    """

    name = "openai"

    def __init__(self, config: ProviderConfig) -> None:
        self.model = config.model or DEFAULT_MODEL
        self._secret = config.api_key
        self._client = openai_client(config)

    def create_or_edit(self, request: StudioRequest) -> StudioReply:
        """See `ImageStudio`. The image API has no conversation; it gets the current picture and the newest wish."""
        sent = outgoing(request)
        with provider_errors(self.name, FAULTS, self._secret):
            try:
                response = self._ask(request, sent)
            except openai.BadRequestError as error:
                if error.code not in REFUSALS:
                    raise
                answer = Answer("", None, str(error.code), refused=True)
            else:
                answer = self._read(response)
        return reply(self.name, self.model, request, sent, answer)

    def close(self) -> None:
        self._client.close()

    def _ask(self, request: StudioRequest, sent: Sent | None) -> ImagesResponse:
        options: dict[str, Any] = {"model": self.model, "prompt": request.prompt, "n": 1}
        if not self.model.startswith(("gpt-image", "chatgpt-image")):
            options["response_format"] = "b64_json"  # the gpt-image models send nothing else and refuse the option
        if request.request_id:
            options["extra_headers"] = {"X-Request-ID": request.request_id, "X-Client-Request-Id": request.request_id}
        if sent is None:
            made: ImagesResponse = self._client.images.generate(**options)
            return made
        extension = sent.mime_type.removeprefix("image/")
        options["image"] = (f"picture.{extension}", sent.data, sent.mime_type)
        if request.mask is not None and request.picture is not None:
            options["mask"] = ("mask.png", vendor_mask(request.mask, sent), "image/png")
        edited: ImagesResponse = self._client.images.edit(**options)
        return edited

    def _read(self, response: ImagesResponse) -> Answer:
        # A server that sends no JSON makes the SDK return its text.
        if not isinstance(response, ImagesResponse) or not response.data:
            raise ProviderGarbage("The answer held no picture.", provider=self.name)
        first = response.data[0]
        if not first.b64_json:
            raise ProviderGarbage("The picture in the answer was empty.", provider=self.name)
        try:
            data = base64.b64decode(first.b64_json, validate=True)
        except (binascii.Error, ValueError):
            raise ProviderGarbage("The picture in the answer is not base64.", provider=self.name) from None
        return Answer(first.revised_prompt or "", data, "stop", usage=_usage(response.usage))


def _usage(counted: object) -> Usage:
    """The SDK takes whatever a server sends there; what is no count counts nothing."""
    read, written = (getattr(counted, name, None) for name in ("input_tokens", "output_tokens"))
    return Usage(read if isinstance(read, int) else 0, written if isinstance(written, int) else 0)


def vendor_mask(mask: bytes, sent: Sent) -> bytes:
    """Our mask (white may change) as the vendor's: a PNG of the sent picture's size, transparent where it is white."""
    with Image.open(io.BytesIO(mask)) as image:
        size = ImageOps.exif_transpose(image).size
    white = read_mask(mask, size).convert("L").resize((sent.width, sent.height), Image.Resampling.NEAREST)
    picture = Image.new("RGBA", white.size, (0, 0, 0, 255))
    picture.putalpha(ImageOps.invert(white))
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()
