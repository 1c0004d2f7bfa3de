"""Pictures by a vendor, through the API: what it is told, and what becomes of an answer that is none."""

from __future__ import annotations

import base64
import threading
import time
from typing import Any

import numpy as np
import pytest
from flask.testing import FlaskClient
from PIL import Image

from tests import hosts
from tests.conftest import MakeApp
from tests.making.conftest import (
    VendorServer,
    decoded,
    encoded,
    gemini_says,
    granted,
    inline,
    noise,
    refused,
    shown,
    wish,
    work,
    works,
)
from tests.studio.conftest import photo

CAT = encoded(photo().crop((150, 0, 342, 144)).resize((64, 48)))
MOON = encoded(photo().crop((0, 300, 192, 444)).resize((64, 48)))


def said(vendor: VendorServer, number: int = -1) -> list[tuple[str, list[str]]]:
    """The turns of one request: who said what, pictures by name."""
    contents = vendor.asked[number].body["contents"]
    return [(one["role"], [part.get("text", "picture") for part in one["parts"]]) for one in contents]


def assert_looks_like_the_cat(sent: bytes) -> None:
    """It went out as a JPEG, so a little off everywhere."""
    difference = np.abs(np.asarray(decoded(sent).convert("RGB"), float) - np.asarray(decoded(CAT), float))
    other = np.abs(np.asarray(decoded(MOON), float) - np.asarray(decoded(CAT), float))
    assert difference.mean() < other.mean() / 2


def test_a_cat_and_then_a_moon(gemini: FlaskClient, vendor: VendorServer) -> None:
    vendor.answer = gemini_says({"text": "Here is a cat."}, inline(CAT))
    cat = granted(gemini, "Create a picture of a cat")
    assert (cat["text"], cat["provider"], cat["parent_version_id"]) == ("Here is a cat.", "gemini", None)
    assert base64.b64decode(cat["picture"]) == CAT
    assert "cat" in cat["alt_text"]
    assert said(vendor) == [("user", ["Create a picture of a cat"])]

    vendor.answer = gemini_says(inline(MOON))
    moon = granted(gemini, "add a moon", conversation_id=cat["conversation_id"])
    assert moon["parent_version_id"] == cat["version_id"]
    assert base64.b64decode(moon["picture"]) == MOON
    assert said(vendor) == [
        ("user", ["Create a picture of a cat"]),
        ("model", ["Here is a cat. (A picture was made.)"]),
        ("user", ["picture", "add a moon"]),
    ]
    sent = base64.urlsafe_b64decode(vendor.asked[-1].body["contents"][-1]["parts"][0]["inlineData"]["data"])
    assert_looks_like_the_cat(sent)


@pytest.mark.parametrize("usage", ["many", {}, {"input_tokens": "x", "output_tokens": None}, [3]])
def test_tokens_that_are_none_count_nothing(make_app: MakeApp, vendor: VendorServer, usage: object) -> None:
    client = make_app(
        image_provider=("openai",), openai_api_key="k", openai_base_url=f"{vendor.url}/v1", provider_timeout_s=5.0
    ).test_client()
    vendor.answer = {"created": 1, "data": [{"b64_json": base64.b64encode(CAT).decode()}], "usage": usage}
    assert granted(client, "Create a picture of a cat")["provider"] == "openai"


def test_the_tokens_of_a_picture_count(gemini: FlaskClient, vendor: VendorServer) -> None:
    counted = {"promptTokenCount": 9, "candidatesTokenCount": 1290, "thoughtsTokenCount": 10}
    vendor.answer = gemini_says(inline(CAT)) | {"usageMetadata": counted}
    granted(gemini, "Create a picture of a cat")
    figures = gemini.get("/metrics").text
    assert 'tokens_total{kind="prompt",model="gemini-3.1-flash-image",provider="gemini"} 9.0' in figures
    assert 'tokens_total{kind="completion",model="gemini-3.1-flash-image",provider="gemini"} 1300.0' in figures


def test_an_uploaded_picture_is_no_turn(gemini: FlaskClient, vendor: VendorServer) -> None:
    vendor.answer = gemini_says(inline(MOON))
    granted(gemini, "add a moon", picture=CAT)
    assert said(vendor) == [("user", ["picture", "add a moon"])]


def test_what_was_only_talked_about_is_told(gemini: FlaskClient, vendor: VendorServer) -> None:
    vendor.answer = gemini_says({"text": "Which colour?"})
    asked = granted(gemini, "Create a picture of a cat")
    assert (asked["text"], asked["picture"], asked["changed"]) == ("Which colour?", "", False)
    place = {"conversation_id": asked["conversation_id"]}
    vendor.answer = gemini_says(inline(CAT))
    first = granted(gemini, "black", **place)
    assert said(vendor) == [
        ("user", ["Create a picture of a cat"]), ("model", ["Which colour?"]), ("user", ["black"]),
    ]  # fmt: skip
    vendor.answer = gemini_says({"text": "It is asleep."})
    granted(gemini, "is it awake?", **place)
    vendor.answer = gemini_says(inline(MOON))
    granted(gemini, "wake it", **place)
    everything = ["Create a picture of a cat", "black", "is it awake?", "wake it"]
    assert [parts[-1] for role, parts in said(vendor) if role == "user"] == everything
    # A branch is not told what was said on another.
    granted(gemini, "flip it", **place, version_id=first["version_id"])
    assert [parts[-1] for role, parts in said(vendor) if role == "user"] == [*everything[:3], "flip it"]


def test_openai_gets_the_picture(make_app: MakeApp, vendor: VendorServer) -> None:
    client = make_app(
        image_provider=("openai",), openai_api_key="k", openai_base_url=f"{vendor.url}/v1", provider_timeout_s=5.0
    ).test_client()
    usage = {"input_tokens": 40, "output_tokens": 1056, "total_tokens": 1096}
    vendor.answer = {"created": 1, "data": [{"b64_json": base64.b64encode(CAT).decode()}], "usage": usage}
    cat = granted(client, "Create a picture of a cat")
    assert cat["provider"] == "openai"
    assert 'tokens_total{kind="completion",model="gpt-image-2",provider="openai"} 1056.0' in client.get("/metrics").text
    vendor.answer = {"created": 1, "data": [{"b64_json": base64.b64encode(MOON).decode()}]}
    moon = granted(client, "add a moon", conversation_id=cat["conversation_id"])
    assert base64.b64decode(moon["picture"]) == MOON
    assert [one.path for one in vendor.asked] == ["/v1/images/generations", "/v1/images/edits"]
    assert_looks_like_the_cat(vendor.asked[1].parts["image"])
    assert vendor.asked[1].parts["prompt"] == b"add a moon"


@pytest.mark.parametrize("answer", [gemini_says(reason="IMAGE_SAFETY"), {"promptFeedback": {"blockReason": "SAFETY"}}])
def test_a_refusal_is_an_answer(gemini: FlaskClient, vendor: VendorServer, answer: Any) -> None:
    vendor.answer = answer
    refusal = granted(gemini, "Create something awful")
    assert (refusal["picture"], refusal["changed"], refusal["provider"]) == ("", False, "gemini")
    assert refusal["text"]
    assert work(gemini, refusal["conversation_id"])["turns"][0]["text"] == refusal["text"]


def test_the_same_picture_back_is_noticed(gemini: FlaskClient, vendor: VendorServer) -> None:
    vendor.answer = gemini_says(inline(CAT))
    answer = granted(gemini, "add a moon", picture=CAT)
    assert (answer["picture"], answer["changed"]) == ("", False)
    assert answer["text"]


def test_a_mask_is_kept_to_whatever_the_vendor_does(gemini: FlaskClient, vendor: VendorServer) -> None:
    mask = Image.new("L", (64, 48), 0)
    mask.paste(255, (0, 0, 10, 10))
    vendor.answer = gemini_says(inline(MOON))
    answer = granted(gemini, "add a moon", picture=CAT, mask=encoded(mask))
    after, before = np.asarray(shown(answer).convert("RGB")), np.asarray(decoded(CAT))
    assert (after[10:] == before[10:]).all()
    assert (after[:, 10:] == before[:, 10:]).all()
    assert (after[:10, :10] == np.asarray(decoded(MOON))[:10, :10]).all()


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (gemini_says(inline(b"<html><body>Bad gateway</body></html>")), 200),
        (gemini_says(inline(b"")), 200),
        (gemini_says(inline(CAT[:900])), 200),
        (gemini_says(inline(encoded(noise(), "TIFF"), "image/png")), 200),
        (gemini_says(), 200),
        ({"candidates": "none"}, 200),
        (b"<html>", 200),
        ({"error": {"code": 500, "message": "secret words", "status": "INTERNAL"}}, 500),
        ({"error": {"code": 429, "message": "secret words", "status": "RESOURCE_EXHAUSTED"}}, 429),
        ({"error": {"code": 401, "message": "secret words", "status": "UNAUTHENTICATED"}}, 401),
    ],
)
def test_an_answer_that_is_none_loses_nothing(
    gemini: FlaskClient, vendor: VendorServer, answer: Any, status: int
) -> None:
    vendor.answer, vendor.status = answer, status
    response = wish(gemini, "Create a picture of a cat")
    assert refused(response)[0] == (503 if status in (429, 500) else 502)
    assert refused(response)[1].startswith("provider_")
    assert b"secret" not in response.data
    place = {"conversation_id": response.headers["X-Conversation-Id"]}
    kept = work(gemini, place["conversation_id"])
    assert [(turn["message"], turn["text"], turn["version_id"]) for turn in kept["turns"]] == [
        ("Create a picture of a cat", "", None)
    ]
    assert (kept["versions"], kept["title"]) == ([], "Create a picture of a cat")

    vendor.answer, vendor.status = gemini_says(inline(CAT)), 200
    again = granted(gemini, "Create a picture of a cat", **place)
    assert base64.b64decode(again["picture"]) == CAT
    assert said(vendor) == [("user", ["Create a picture of a cat"])], "what failed is not told"
    assert len(works(gemini)) == 1


def test_a_picture_sent_with_a_wish_that_failed_is_kept_once(gemini: FlaskClient, vendor: VendorServer) -> None:
    vendor.answer, vendor.status = {}, 500
    response = wish(gemini, "add a moon", picture=CAT)
    place = {"conversation_id": response.headers["X-Conversation-Id"]}
    vendor.answer, vendor.status = gemini_says(inline(MOON)), 200
    granted(gemini, "add a moon", picture=CAT, **place)
    assert [one["provider"] for one in work(gemini, place["conversation_id"])["versions"]] == ["upload", "gemini"]


def test_an_undo_whose_edit_fails_is_not_half_done(gemini: FlaskClient, vendor: VendorServer) -> None:
    vendor.answer = gemini_says(inline(MOON))
    first = granted(gemini, "add a moon", picture=CAT)
    vendor.answer, vendor.status = {}, 500
    place = {"conversation_id": first["conversation_id"]}
    assert wish(gemini, "undo that and add a star", **place).status_code == 503
    assert work(gemini, first["conversation_id"])["current_version_id"] == first["version_id"]
    assert granted(gemini, "undo", **place)["version_id"] == first["parent_version_id"], "no vendor is asked for that"


def test_a_slow_vendor(make_app: MakeApp, vendor: VendorServer) -> None:
    client = make_app(
        image_provider=("gemini",), gemini_api_key="k", gemini_base_url=vendor.url, provider_timeout_s=0.4
    ).test_client()
    vendor.answer, vendor.delay = gemini_says(inline(CAT)), 1.0
    assert refused(wish(client, "Create a picture of a cat"))[:2] == (504, "provider_timeout")


def test_the_next_one_is_asked(make_app: MakeApp, vendor: VendorServer) -> None:
    client = make_app(
        image_provider=("gemini", "local"), gemini_api_key="k", gemini_base_url=vendor.url, provider_timeout_s=5.0
    ).test_client()
    vendor.answer, vendor.status = {}, 503
    answer = granted(client, "rotate it left", picture=CAT)
    assert (answer["provider"], shown(answer).size) == ("local", (48, 64))
    assert len(vendor.asked) == 1


def test_two_sends_at_once(gemini: FlaskClient, vendor: VendorServer) -> None:
    """One is granted, the other told to wait; nothing of either is lost or mixed up, and no version goes meanwhile."""
    vendor.answer = gemini_says(inline(CAT))
    first = granted(gemini, "Create a picture of a cat")
    place = {"conversation_id": first["conversation_id"]}
    vendor.answer, vendor.delay = gemini_says(inline(MOON)), 3.0
    app = gemini.application
    answers: list[Any] = []
    slow = threading.Thread(target=lambda: answers.append(wish(app.test_client(), "add a moon", **place)))
    slow.start()
    until = time.monotonic() + 10
    while len(vendor.asked) < 2 and time.monotonic() < until:
        time.sleep(0.01)
    other = encoded(noise((9, 9)))
    assert refused(wish(gemini, "add a star", **place))[:2] == (409, "conversation_busy")
    assert refused(wish(gemini, "add a star", **place, picture=other))[:2] == (409, "conversation_busy")
    assert refused(gemini.delete(f"/studio/versions/{first['version_id']}"))[:2] == (409, "version_in_use")
    slow.join()
    assert answers[0].status_code == 200
    kept = work(gemini, first["conversation_id"])
    assert [turn["message"] for turn in kept["turns"]] == ["Create a picture of a cat", "add a moon"]
    assert len(kept["versions"]) == 2, "the picture of the one who has to wait is not kept"
    vendor.delay, vendor.answer = 0, gemini_says(inline(CAT))
    later = granted(gemini, "add a star", **place)
    assert later["parent_version_id"] == answers[0].json["version_id"]


def test_a_conversation_deleted_while_its_picture_is_made(
    gemini: FlaskClient, vendor: VendorServer, tmp_path: Any
) -> None:
    vendor.answer = gemini_says(inline(CAT))
    first = granted(gemini, "Create a picture of a cat")
    place = {"conversation_id": first["conversation_id"]}
    vendor.answer, vendor.delay = gemini_says(inline(MOON)), 1.5
    answers: list[Any] = []
    app = gemini.application
    slow = threading.Thread(target=lambda: answers.append(wish(app.test_client(), "add a moon", **place)))
    slow.start()
    until = time.monotonic() + 10
    while len(vendor.asked) < 2 and time.monotonic() < until:
        time.sleep(0.01)
    assert gemini.delete(f"/studio/conversations/{first['conversation_id']}").status_code == 204
    slow.join()
    assert refused(answers[0])[:2] == (404, "conversation_not_found")
    assert works(gemini) == []
    assert list(hosts.store(tmp_path / "data").keys("")) == []
