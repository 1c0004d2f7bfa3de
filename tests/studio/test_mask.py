from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageSequence

from services.errors import ImageRejected, InvalidInput
from services.studio.base import EditChain, Picture, StudioReply, StudioRequest
from services.studio.local_editor import LocalEditor
from services.studio.mask import limit_to_mask
from services.studio.operations import Masked
from services.studio.render import render
from tests.studio.conftest import decoded, encoded, noise, photo
from tests.studio.test_files import animation, exif

PHRASES = [
    "invert", "make it sepia", "blur it a lot", "rotate it 180 degrees", "flip it", "fill it with green", "write 'Hi'",
    "draw a red circle", "pixelate it", "much brighter", "make it black and white",
]  # fmt: skip


def edit(picture: bytes, mask: bytes | None, prompt: str, mime_type: str = "image/png") -> StudioReply:
    return LocalEditor().create_or_edit(StudioRequest(prompt, Picture(picture, mime_type), mask=mask))


def outside_is_the_same(before: Image.Image, after: Image.Image, mask: Image.Image) -> bool:
    outside = np.asarray(mask.convert("L")) < 128
    old, new = np.asarray(before.convert("RGBA")), np.asarray(after.convert("RGBA"))
    return old.shape == new.shape and bool((old[outside] == new[outside]).all())


@settings(deadline=None, max_examples=60)
@given(
    st.sampled_from(PHRASES),
    st.sampled_from(["L", "RGB", "RGBA"]),
    st.lists(st.tuples(st.integers(0, 29), st.integers(0, 19)), min_size=1, max_size=40),
    st.integers(0, 5),
)
def test_outside_the_mask_nothing_changes(prompt: str, mode: str, dots: list[tuple[int, int]], seed: int) -> None:
    image = noise((30, 20), mode, seed)
    mask = Image.new("L", image.size, 0)
    for dot in dots:
        mask.putpixel(dot, 255)
    reply = edit(encoded(image), encoded(mask), prompt)
    if reply.picture is not None:  # a few dots may hold nothing that the edit would change
        assert outside_is_the_same(image, decoded(reply.picture.data), mask)


def circle(size: tuple[int, int]) -> Image.Image:
    mask = Image.new("L", size, 0)
    ImageDraw.Draw(mask).ellipse((size[0] // 4, size[1] // 4, size[0] * 3 // 4, size[1] * 3 // 4), fill=255)
    return mask


@pytest.mark.parametrize("prompt", PHRASES)
def test_inside_the_mask_something_does(prompt: str) -> None:
    image = photo()
    mask = circle(image.size)
    reply = edit(encoded(image), encoded(mask), prompt)
    assert reply.outcome == "picture", reply.text
    after = decoded(reply.picture.data)
    assert outside_is_the_same(image, after, mask)
    assert after.convert("RGB").tobytes() != image.tobytes()


def test_a_jpeg_becomes_a_png_equal_to_its_decoded_pixels_upright() -> None:
    source = encoded(photo().crop((0, 0, 300, 200)), "JPEG", quality=80, exif=exif(6))
    upright = decoded(source).transpose(Image.Transpose.ROTATE_270)
    mask = circle(upright.size)
    reply = edit(source, encoded(mask), "invert the colours", "image/jpeg")
    assert reply.picture.mime_type == "image/png"
    assert "PNG" in reply.text
    assert outside_is_the_same(upright, decoded(reply.picture.data), mask)


def test_what_a_mask_made_a_png_can_be_made_a_jpeg_again() -> None:
    source = encoded(photo(), "JPEG")
    masked = edit(source, encoded(circle(photo().size)), "invert the colours", "image/jpeg")
    chain = EditChain(source, masked.operations)
    asked = LocalEditor().create_or_edit(StudioRequest("save it as jpeg", masked.picture, chain=chain))
    assert (asked.text, asked.picture.mime_type) == ("Converted to JPEG.", "image/jpeg")
    again = LocalEditor().create_or_edit(StudioRequest("save it as png", masked.picture, chain=chain))
    assert (again.outcome, again.picture) == ("unchanged", None)


def test_the_chain_starts_from_the_version_that_is_seen_and_replays() -> None:
    original = encoded(photo(), "JPEG", quality=85)
    first = LocalEditor().create_or_edit(StudioRequest("make it brighter", Picture(original, "image/jpeg")))
    mask = circle(photo().size)
    second = LocalEditor().create_or_edit(
        StudioRequest("blur it", first.picture, mask=encoded(mask), chain=EditChain(original, first.operations))
    )
    assert second.chain_base == "picture"
    assert [type(one) for one in second.operations] == [Masked]
    assert outside_is_the_same(decoded(first.picture.data), decoded(second.picture.data), mask)
    assert render(first.picture.data, second.operations).data == second.picture.data
    third = LocalEditor().create_or_edit(
        StudioRequest(
            "crop it to the left half", second.picture, chain=EditChain(first.picture.data, second.operations)
        )
    )
    assert third.chain_base == "original"
    assert third.picture.mime_type == "image/png"
    half = decoded(second.picture.data).crop((0, 0, 256, 512))
    assert decoded(third.picture.data).tobytes() == half.tobytes()


@pytest.mark.parametrize(
    "prompt", ["rotate it 90 degrees", "crop it to a square", "add a border", "make it half the size"]
)
def test_what_would_change_the_size_is_refused_and_said(prompt: str) -> None:
    mask = Image.new("L", (512, 512), 0)
    mask.paste(255, (10, 10, 200, 100))
    reply = edit(encoded(photo()), encoded(mask), prompt)
    assert reply.picture is None
    assert "size" in reply.text


@pytest.mark.parametrize(
    ("mask", "error", "code"),
    [
        (Image.new("L", (511, 512), 255), InvalidInput, "mask_size_mismatch"),
        (Image.new("L", (512, 512), 0), InvalidInput, "empty_mask"),
        (Image.new("RGBA", (512, 512), (255, 255, 255, 0)), InvalidInput, "empty_mask"),
        (None, ImageRejected, "not_an_image"),
    ],
)
def test_masks_that_are_none(mask: Image.Image | None, error: type[InvalidInput], code: str) -> None:
    with pytest.raises(error) as caught:
        edit(encoded(photo()), encoded(mask) if mask else b"<html>", "invert")
    assert (caught.value.code, caught.value.field) == (code, "mask")


def test_a_mask_over_an_animation_keeps_every_frame_exactly() -> None:
    source = animation()
    mask = Image.new("L", (40, 30), 0)
    mask.paste(255, (0, 0, 20, 30))
    reply = edit(source, encoded(mask), "invert", "image/gif")
    with Image.open(io.BytesIO(source)) as old, Image.open(io.BytesIO(reply.picture.data)) as new:
        before = [frame.convert("RGB") for frame in ImageSequence.Iterator(old)]
        after = [frame.convert("RGB") for frame in ImageSequence.Iterator(new)]
    assert len(after) == 4
    assert all(outside_is_the_same(one, other, mask) for one, other in zip(before, after, strict=True))


def test_limit_to_mask_brings_another_size_back() -> None:
    before, mask = photo(), circle((512, 512))
    limited = decoded(
        limit_to_mask(encoded(before), encoded(Image.new("RGB", (100, 100), "red"), "JPEG"), encoded(mask))
    )
    assert outside_is_the_same(before, limited, mask)
    assert limited.getpixel((256, 256))[0] > 240
