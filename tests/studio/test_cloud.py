"""Gemini and OpenAI over real sockets: aimock where it speaks the API, a small server where it does not."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PIL import Image

from services.errors import (
    AllProvidersFailed,
    InvalidInput,
    ProviderError,
    ProviderGarbage,
    ProviderRateLimited,
    ProviderRejected,
    ProviderTimeout,
    ProviderUnavailable,
)
from services.providers.config import ProviderConfig
from services.studio.base import ImageStudio, Picture, StudioRequest, Turn
from services.studio.failover import StudioFailover, build
from services.studio.gemini_studio import GeminiStudio
from services.studio.local_editor import LocalEditor
from services.studio.openai_studio import OpenAIStudio
from services.studio.operations import Undo
from tests.mock.aimock import Aimock
from tests.studio.conftest import VendorServer, decoded, encoded, noise, photo
from tests.studio.test_files import exif
from tests.studio.test_mask import circle, outside_is_the_same

Closing = Callable[[Any], Any]
MADE = encoded(noise((64, 64), seed=5))
CURRENT = Picture(encoded(photo().crop((0, 0, 320, 200)), "JPEG", exif=exif(6)), "image/jpeg")
CAT = StudioRequest("Create a picture of a cat")


def text64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def gemini_says(*parts: dict[str, Any], reason: str | None = "STOP") -> dict[str, Any]:
    candidate: dict[str, Any] = {"content": {"role": "model", "parts": list(parts)}, "index": 0}
    return {"candidates": [candidate | ({"finishReason": reason} if reason else {})]}


def shown(data: bytes, mime_type: str = "image/png") -> dict[str, Any]:
    return {"inlineData": {"mimeType": mime_type, "data": text64(data)}}


@pytest.fixture
def gemini(vendor: VendorServer, closing: Closing) -> GeminiStudio:
    return closing(GeminiStudio(ProviderConfig(api_key="k", base_url=vendor.url, timeout=5)))


@pytest.fixture
def openai(vendor: VendorServer, closing: Closing) -> OpenAIStudio:
    return closing(OpenAIStudio(ProviderConfig(api_key="k", base_url=f"{vendor.url}/v1", timeout=5)))


class TestGemini:
    def test_words_and_a_picture(self, aimock: Aimock, closing: Closing) -> None:
        # aimock sends media parts under its name for sound; on the wire they are the same inlineData.
        aimock.answer(
            {"audio": {"b64Json": text64(MADE), "contentType": "image/png"}, "content": "Here is a cat."},
            when={"userMessage": "cat"},
        )
        studio = closing(GeminiStudio(ProviderConfig(api_key="k", base_url=aimock.url, timeout=5)))
        reply = studio.create_or_edit(CAT)
        assert (reply.outcome, reply.provider, reply.model) == ("picture", "gemini", "gemini-3.1-flash-image")
        assert (reply.picture, reply.text, reply.finish_reason) == (
            Picture(MADE, "image/png"),
            "Here is a cat.",
            "STOP",
        )
        assert reply.alt_text == "Picture made for the request “Create a picture of a cat”."

    def test_words_alone(self, aimock: Aimock, closing: Closing) -> None:
        aimock.answer({"content": "Which cat do you mean?"})
        studio = closing(GeminiStudio(ProviderConfig(api_key="k", base_url=aimock.url, timeout=5)))
        reply = studio.create_or_edit(CAT)
        assert (reply.outcome, reply.picture, reply.text) == ("text_only", None, "Which cat do you mean?")

    def test_what_is_sent(self, vendor: VendorServer, gemini: GeminiStudio) -> None:
        vendor.answer = gemini_says(shown(MADE))
        turns = (
            Turn("Create a picture of a cat", "A cat.", made_picture=True),
            Turn("is it big?", "Yes."),
            Turn("add a hat", "", made_picture=True),
        )
        gemini.create_or_edit(StudioRequest("add a moon", CURRENT, turns, request_id="abc"))
        asked = vendor.asked[0]
        assert asked.path == "/v1beta/models/gemini-3.1-flash-image:generateContent"
        assert asked.headers["X-Request-ID"] == "abc"
        assert asked.body["generationConfig"]["responseModalities"] == ["TEXT", "IMAGE"]
        said = [(one["role"], [part.get("text", "picture") for part in one["parts"]]) for one in asked.body["contents"]]
        assert said == [
            ("user", ["Create a picture of a cat"]),
            ("model", ["A cat. (A picture was made.)"]),
            ("user", ["is it big?"]),
            ("model", ["Yes."]),
            ("user", ["add a hat"]),
            ("model", ["(A picture was made.)"]),
            ("user", ["picture", "add a moon"]),
        ]
        sent = decoded(base64.urlsafe_b64decode(asked.body["contents"][-1]["parts"][0]["inlineData"]["data"]))
        assert sent.size == (200, 320)  # upright
        assert not sent.getexif()

    @pytest.mark.parametrize(
        "reason", ["SAFETY", "IMAGE_SAFETY", "PROHIBITED_CONTENT", "IMAGE_PROHIBITED_CONTENT", "RECITATION"]
    )
    def test_refusals(self, vendor: VendorServer, gemini: GeminiStudio, reason: str) -> None:
        vendor.answer = gemini_says(reason=reason)
        reply = gemini.create_or_edit(CAT)
        assert (reply.outcome, reply.picture, reply.finish_reason) == ("refused", None, reason)
        assert reply.text

    def test_a_prompt_that_is_blocked(self, vendor: VendorServer, gemini: GeminiStudio) -> None:
        vendor.answer = {"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}}
        reply = gemini.create_or_edit(CAT)
        assert (reply.outcome, reply.finish_reason) == ("refused", "PROHIBITED_CONTENT")

    def test_thoughts_are_not_the_answer(self, vendor: VendorServer, gemini: GeminiStudio) -> None:
        draft = shown(encoded(noise(seed=9))) | {"thought": True}
        vendor.answer = gemini_says({"text": "hm", "thought": True}, draft, shown(MADE), {"text": "Done"})
        reply = gemini.create_or_edit(CAT)
        assert (reply.picture.data, reply.text) == (MADE, "Done")

    @pytest.mark.parametrize(
        "answer",
        [
            gemini_says(),
            gemini_says(reason="NO_IMAGE"),
            gemini_says(shown(b"")),
            gemini_says(shown(b"<html><body>Bad gateway</body></html>")),
            gemini_says(shown(MADE[:3000])),
            gemini_says(shown(encoded(noise(), "TIFF"))),
            {},
            [],
            b"<html>",
            {"candidates": "none"},
        ],
    )
    def test_answers_that_are_none(self, vendor: VendorServer, gemini: GeminiStudio, answer: Any) -> None:
        vendor.answer = answer
        with pytest.raises(ProviderGarbage):
            gemini.create_or_edit(CAT)

    def test_the_picture_counts_not_its_label(self, vendor: VendorServer, gemini: GeminiStudio) -> None:
        vendor.answer = gemini_says(shown(MADE, "image/jpeg"))
        assert gemini.create_or_edit(CAT).picture.mime_type == "image/png"

    def test_an_unchanged_picture_is_noticed(self, vendor: VendorServer, gemini: GeminiStudio) -> None:
        same = Picture(encoded(noise()), "image/png")
        vendor.answer = gemini_says(shown(encoded(noise())))
        reply = gemini.create_or_edit(StudioRequest("add a moon", same))
        assert (reply.outcome, reply.picture) == ("unchanged", None)
        assert "changed" in reply.text

    def test_a_mask_is_kept_to_whatever_comes_back(self, vendor: VendorServer, gemini: GeminiStudio) -> None:
        before, mask = photo(), circle((512, 512))
        vendor.answer = gemini_says(shown(encoded(Image.new("RGB", (1024, 1024), "lime"), "JPEG"), "image/jpeg"))
        reply = gemini.create_or_edit(StudioRequest("lime", Picture(encoded(before), "image/png"), mask=encoded(mask)))
        after = decoded(reply.picture.data)
        assert outside_is_the_same(before, after, mask)
        assert after.getpixel((256, 256))[1] > 240

    def test_a_mask_that_does_not_fit_costs_nothing(self, vendor: VendorServer, gemini: GeminiStudio) -> None:
        with pytest.raises(InvalidInput):
            gemini.create_or_edit(StudioRequest("lime", CURRENT, mask=encoded(circle((9, 9)))))
        assert vendor.asked == []

    def test_a_key_is_needed(self) -> None:
        with pytest.raises(ValueError, match="key"):
            GeminiStudio(ProviderConfig())


class TestOpenAI:
    def test_create(self, aimock: Aimock, closing: Closing) -> None:
        aimock.answer({"image": {"b64Json": text64(MADE), "revisedPrompt": "A tabby cat"}}, when={"userMessage": "cat"})
        studio = closing(OpenAIStudio(ProviderConfig(api_key="k", base_url=aimock.openai_url, timeout=5)))
        reply = studio.create_or_edit(CAT)
        assert (reply.outcome, reply.provider, reply.model) == ("picture", "openai", "gpt-image-2")
        assert (reply.picture, reply.text, reply.finish_reason) == (Picture(MADE, "image/png"), "A tabby cat", "stop")
        assert aimock.journal()[0]["path"] == "/v1/images/generations"

    def test_edit(self, aimock: Aimock, closing: Closing) -> None:
        aimock.answer({"image": {"b64Json": text64(MADE)}}, when={"userMessage": "moon"})
        studio = closing(OpenAIStudio(ProviderConfig(api_key="k", base_url=aimock.openai_url, timeout=5)))
        reply = studio.create_or_edit(StudioRequest("add a moon", CURRENT))
        assert reply.picture.data == MADE
        assert reply.alt_text == "Picture edited for the request “add a moon”."
        assert aimock.journal()[0]["path"] == "/v1/images/edits"

    def test_what_an_edit_sends(self, vendor: VendorServer, openai: OpenAIStudio) -> None:
        vendor.answer = {"created": 1, "data": [{"b64_json": text64(encoded(Image.new("RGB", (200, 320), "lime")))}]}
        upright = decoded(CURRENT.data).transpose(Image.Transpose.ROTATE_270)
        mask = circle(upright.size)
        reply = openai.create_or_edit(StudioRequest("make it lime", CURRENT, mask=encoded(mask)))
        parts = vendor.asked[0].parts
        assert (parts["prompt"], parts["model"]) == (b"make it lime", b"gpt-image-2")
        assert "response_format" not in parts
        picture, sent = decoded(parts["image"]), decoded(parts["mask"])
        assert picture.size == sent.size == (200, 320)
        # The vendor's mask is transparent where it may paint.
        assert ((np.asarray(sent.getchannel("A")) == 0) == (np.asarray(mask) >= 128)).all()
        assert outside_is_the_same(upright, decoded(reply.picture.data), mask)

    def test_another_server_is_asked_for_the_picture_itself(self, vendor: VendorServer, closing: Closing) -> None:
        vendor.answer = {"created": 1, "data": [{"b64_json": text64(MADE)}]}
        config = ProviderConfig(base_url=f"{vendor.url}/v1", model="flux", timeout=5)
        closing(OpenAIStudio(config)).create_or_edit(CAT)
        assert vendor.asked[0].body == {"model": "flux", "prompt": CAT.prompt, "n": 1, "response_format": "b64_json"}

    @pytest.mark.parametrize("code", ["moderation_blocked", "content_policy_violation"])
    def test_refusals(self, aimock: Aimock, closing: Closing, code: str) -> None:
        error = {"message": "Rejected by the safety system.", "type": "image_generation_user_error", "code": code}
        aimock.answer({"error": error, "status": 400}, when={"endpoint": "image"})
        studio = closing(OpenAIStudio(ProviderConfig(api_key="k", base_url=aimock.openai_url, timeout=5)))
        reply = studio.create_or_edit(CAT)
        assert (reply.outcome, reply.picture, reply.finish_reason) == ("refused", None, code)

    @pytest.mark.parametrize(
        "answer",
        [
            {"created": 1, "data": []},
            {"created": 1},
            {"created": 1, "data": [{"b64_json": ""}]},
            {"created": 1, "data": [{"url": "http://127.0.0.1/x.png"}]},
            {"created": 1, "data": [{"b64_json": "***"}]},
            {"created": 1, "data": [{"b64_json": text64(b"<html></html>")}]},
            {"created": 1, "data": [{"b64_json": text64(MADE[:3000])}]},
            b"<html>",
            [],
        ],
    )
    def test_answers_that_are_none(self, vendor: VendorServer, openai: OpenAIStudio, answer: Any) -> None:
        vendor.answer = answer
        with pytest.raises(ProviderGarbage):
            openai.create_or_edit(CAT)


@pytest.mark.parametrize("name", ["gemini", "openai"])
@pytest.mark.parametrize(
    ("status", "error"),
    [(400, ProviderRejected), (401, ProviderRejected), (429, ProviderRateLimited), (500, ProviderUnavailable)],
)
def test_statuses(
    vendor: VendorServer, request: pytest.FixtureRequest, name: str, status: int, error: type[ProviderError]
) -> None:
    studio: ImageStudio = request.getfixturevalue(name)
    vendor.status, vendor.answer = status, {"error": {"message": "secret words", "code": status}}
    with pytest.raises(error) as caught:
        studio.create_or_edit(CAT)
    assert caught.value.provider == name
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("kind", [GeminiStudio, OpenAIStudio])
def test_silence_and_nobody(
    vendor: VendorServer, closing: Closing, kind: Callable[[ProviderConfig], ImageStudio]
) -> None:
    vendor.delay, vendor.answer = 1.0, {}
    with pytest.raises(ProviderTimeout):
        closing(kind(ProviderConfig(api_key="k", base_url=vendor.url, timeout=0.2))).create_or_edit(CAT)
    with pytest.raises(ProviderUnavailable):
        closing(kind(ProviderConfig(api_key="k", base_url="http://127.0.0.1:9", timeout=2))).create_or_edit(CAT)


class TestFailover:
    def both(self, vendor: VendorServer, closing: Closing, names: tuple[str, ...]) -> StudioFailover:
        config = {
            "gemini": ProviderConfig(api_key="k", base_url=vendor.url, timeout=5),
            "openai": ProviderConfig(api_key="k", base_url=f"{vendor.url}/v1", timeout=5),
        }
        return closing(build(names, config, LocalEditor()))

    def test_the_next_one_is_asked_and_named(self, vendor: VendorServer, closing: Closing) -> None:
        vendor.status, vendor.answer = 503, {}
        studio = self.both(vendor, closing, ("gemini", "openai", "local"))
        request = StudioRequest("make it sepia", CURRENT)
        replies = [studio.create_or_edit(request) for _ in range(4)]
        assert {reply.provider for reply in replies} == {"local"}
        assert len(vendor.asked) == 6  # three failures open a circuit; the fourth request goes past both
        assert studio.states() == {"gemini": "open", "openai": "open", "local": "closed"}

    def test_undo_is_nothing_to_ask_a_vendor(self, vendor: VendorServer, closing: Closing) -> None:
        reply = self.both(vendor, closing, ("gemini", "local")).create_or_edit(
            StudioRequest("undo that, then add a moon", CURRENT)
        )
        assert (reply.outcome, reply.navigation, reply.remaining_prompt) == ("navigation", Undo(1), "add a moon")
        assert vendor.asked == []

    def test_a_refusal_is_an_answer(self, vendor: VendorServer, closing: Closing) -> None:
        vendor.answer = gemini_says(reason="IMAGE_SAFETY")
        reply = self.both(vendor, closing, ("gemini", "local")).create_or_edit(CAT)
        assert (reply.provider, reply.outcome) == ("gemini", "refused")

    def test_bad_input_is_nobodys_failure(self, vendor: VendorServer, closing: Closing) -> None:
        studio = self.both(vendor, closing, ("gemini", "local"))
        for _ in range(4):
            with pytest.raises(InvalidInput):
                studio.create_or_edit(StudioRequest("x", CURRENT, mask=encoded(circle((9, 9)))))
        assert studio.states()["gemini"] == "closed"

    def test_all_failed(self, vendor: VendorServer, closing: Closing) -> None:
        vendor.status, vendor.answer = 500, {}
        with pytest.raises(AllProvidersFailed) as caught:
            self.both(vendor, closing, ("gemini", "openai")).create_or_edit(CAT)
        assert [cause.provider for cause in caught.value.causes] == ["gemini", "openai"]

    @pytest.mark.parametrize("names", [(), ("local", "local"), ("dalle",), ("gemini",)])
    def test_bad_lists(self, names: tuple[str, ...]) -> None:
        with pytest.raises(ValueError, match=r"provider|key"):
            build(names, {}, LocalEditor())
