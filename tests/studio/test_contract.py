"""What every studio keeps to, whoever makes the pictures."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from services.errors import ImageRejected, InvalidInput
from services.library.decoding import decode
from services.providers.config import ProviderConfig
from services.studio.base import ImageStudio, Picture, StudioRequest
from services.studio.failover import StudioFailover
from services.studio.gemini_studio import GeminiStudio
from services.studio.local_editor import LocalEditor
from services.studio.openai_studio import OpenAIStudio
from tests.studio.conftest import VendorServer, decoded, encoded, noise, photo
from tests.studio.test_cloud import gemini_says, shown, text64
from tests.studio.test_mask import circle, outside_is_the_same

PHOTO = Picture(encoded(photo(), "JPEG", quality=90), "image/jpeg")
MADE = encoded(noise((512, 512), seed=7))


@pytest.fixture(params=["local", "gemini", "openai", "failover"])
def studio(request: pytest.FixtureRequest, vendor: VendorServer, closing: Callable[[Any], Any]) -> ImageStudio:
    gemini = ProviderConfig(api_key="k", base_url=vendor.url, timeout=5)
    openai = ProviderConfig(api_key="k", base_url=f"{vendor.url}/v1", timeout=5)
    vendor.answer = {"created": 1, "data": [{"b64_json": text64(MADE)}]}
    match request.param:
        case "local":
            return closing(LocalEditor())
        case "openai":
            return closing(OpenAIStudio(openai))
        case "gemini":
            vendor.answer = gemini_says(shown(MADE))
            return closing(GeminiStudio(gemini))
        case _:
            return closing(StudioFailover([OpenAIStudio(openai), LocalEditor()]))


class TestEveryStudio:
    def test_names_itself(self, studio: ImageStudio) -> None:
        reply = studio.create_or_edit(StudioRequest("make it sepia", PHOTO))
        assert reply.provider in studio.name.split(",")
        assert reply.model
        assert reply.finish_reason

    def test_a_new_picture_is_one_and_has_an_alternative_text(self, studio: ImageStudio) -> None:
        reply = studio.create_or_edit(StudioRequest("create a blue 300x200 canvas"))
        assert reply.outcome == "picture"
        assert decode(reply.picture.data).mime_type == reply.picture.mime_type
        assert reply.alt_text.endswith(".")

    def test_a_mask_is_kept_to(self, studio: ImageStudio) -> None:
        mask = circle((512, 512))
        reply = studio.create_or_edit(StudioRequest("make it sepia", PHOTO, mask=encoded(mask)))
        assert reply.picture.mime_type == "image/png"
        assert outside_is_the_same(decoded(PHOTO.data), decoded(reply.picture.data), mask)

    def test_a_mask_of_another_size(self, studio: ImageStudio) -> None:
        with pytest.raises(InvalidInput) as caught:
            studio.create_or_edit(StudioRequest("make it sepia", PHOTO, mask=encoded(circle((9, 9)))))
        assert caught.value.code == "mask_size_mismatch"

    def test_what_is_no_picture(self, studio: ImageStudio) -> None:
        with pytest.raises(ImageRejected):
            studio.create_or_edit(StudioRequest("make it sepia", Picture(b"<html></html>", "image/png")))

    def test_a_mask_without_a_picture(self, studio: ImageStudio) -> None:
        with pytest.raises(InvalidInput) as caught:
            studio.create_or_edit(StudioRequest("create a blue canvas", mask=encoded(circle((9, 9)))))
        assert caught.value.code == "mask_without_picture"
