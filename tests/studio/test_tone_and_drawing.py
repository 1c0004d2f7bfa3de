from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageFilter, ImageOps

from services.studio.errors import CannotApply
from services.studio.fonts import font_for
from services.studio.measures import Length, Place, Region
from services.studio.operations import (
    Adjust,
    Blur,
    Border,
    Canvas,
    Effect,
    Fill,
    Flatten,
    Pixelate,
    Posterise,
    RoundCorners,
    Shape,
    Solarise,
    Text,
    Tint,
    Transparent,
)
from services.studio.render import render
from tests.studio.conftest import decoded, encoded, noise, photo
from tests.studio.test_geometry import after, same

LEFT = Region(0, 0, 0.5, 1)


def test_greyscale_keeps_rgb_and_weighs_like_the_eye() -> None:
    image = noise()
    grey = np.asarray(after(image, Effect("greyscale"))).astype(int)
    luma = np.asarray(image).astype(float) @ [0.299, 0.587, 0.114]
    assert np.abs(grey - luma[..., None]).max() <= 1


def test_effects_are_pillows_own() -> None:
    image = photo()
    assert same(after(image, Effect("invert")), ImageOps.invert(image))
    assert same(after(image, Posterise(2)), ImageOps.posterize(image, 2))
    assert same(after(image, Solarise(100)), ImageOps.solarize(image, 100))
    assert same(after(image, Effect("equalise")), ImageOps.equalize(image))
    assert same(after(image, Blur(Length(5))), image.filter(ImageFilter.GaussianBlur(5)))


@pytest.mark.parametrize(
    "operation", [Effect("sepia"), Effect("vignette"), Effect("emboss"), Effect("edges"), Tint("#ff0000", 0.5)]
)
def test_the_other_effects_change_the_picture_and_not_its_size(operation: Effect) -> None:
    image = photo()
    changed = after(image, operation)
    assert changed.size == image.size
    assert not same(changed, image)


@pytest.mark.parametrize("level", ["brightness", "contrast", "saturation", "sharpness"])
def test_a_factor_of_one_changes_nothing_and_others_do(level: str) -> None:
    image = photo()
    assert same(after(image, Adjust(level, 1)), image)
    assert not same(after(image, Adjust(level, 1.3)), image)


def test_brightness_goes_the_way_it_says() -> None:
    image = photo()
    assert np.asarray(after(image, Adjust("brightness", 1.3))).mean() > np.asarray(image).mean() + 10
    assert np.asarray(after(image, Adjust("brightness", 0.5))).mean() < np.asarray(image).mean() - 10


@pytest.mark.parametrize(
    "operation",
    [
        Blur(Length(3), LEFT),
        Pixelate(Length(8), LEFT),
        Effect("greyscale", LEFT),
        Adjust("brightness", 0.5, LEFT),
        Posterise(1, LEFT),
        Solarise(1, LEFT),
        Tint("#00ff00", 1, LEFT),
        Fill("#123456", LEFT),
    ],
)
@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_a_region_ends_exactly_at_its_edge(operation: Blur, mode: str) -> None:
    image = noise(mode=mode)
    changed = after(image, operation)
    assert same(changed.crop((30, 0, 60, 40)), image.crop((30, 0, 60, 40)))
    assert not same(changed.crop((0, 0, 30, 40)), image.crop((0, 0, 30, 40)))


@pytest.mark.parametrize(
    "operation", [Effect("invert"), Effect("sepia"), Adjust("contrast", 2), Posterise(1), Tint("#ff0000", 1)]
)
def test_what_shows_through_stays(operation: Effect) -> None:
    image = noise(mode="RGBA")
    assert after(image, operation).getchannel("A").tobytes() == image.getchannel("A").tobytes()


def test_blurring_does_not_bring_out_hidden_colours() -> None:
    image = Image.new("RGBA", (40, 40), (255, 0, 0, 0))
    image.paste((0, 0, 255, 255), (20, 0, 40, 40))
    edge = np.asarray(after(image, Blur(Length(4))))[20]
    visible = edge[edge[:, 3] > 8]
    assert visible[:, 0].max() <= 8


def test_pixelate_makes_even_blocks() -> None:
    blocks = np.asarray(after(noise((40, 40)), Pixelate(Length(10))))
    assert len(np.unique(blocks.reshape(-1, 3), axis=0)) == 16
    assert (blocks[:10, :10] == blocks[0, 0]).all()


def test_border_is_outside() -> None:
    image = noise()
    framed = after(image, Border("#ff0000", Length(5)))
    assert framed.size == (70, 50)
    assert same(framed.crop((5, 5, 65, 45)), image)
    assert framed.getpixel((4, 25)) == (255, 0, 0)


def test_round_corners_cut_only_corners() -> None:
    image = noise()
    rounded = after(image, RoundCorners(Length(10)))
    assert [rounded.getpixel(corner)[3] for corner in ((0, 0), (59, 0), (0, 39), (59, 39))] == [0] * 4
    assert same(rounded.crop((10, 10, 50, 30)).convert("RGB"), image.crop((10, 10, 50, 30)))
    assert rounded.getpixel((30, 0))[3] == 255


def test_background_goes_but_not_what_it_encloses() -> None:
    image = Image.new("RGB", (40, 40), "white")
    image.paste("blue", (10, 10, 30, 30))
    image.paste("white", (18, 18, 22, 22))
    cut = after(image, Transparent())
    assert cut.getpixel((0, 0))[3] == 0
    assert cut.getpixel((15, 15)) == (0, 0, 255, 255)
    assert cut.getpixel((20, 20))[3] == 255
    assert after(image, Transparent("#ffffff")).getpixel((20, 20))[3] == 0
    assert after(image, Transparent(), Flatten("#ff0000")).getpixel((0, 0)) == (255, 0, 0)
    with pytest.raises(CannotApply):
        after(photo(), Transparent())


@pytest.mark.parametrize(
    ("name", "inside", "outside"),
    [
        ("circle", (100, 100), (70, 70)),
        ("square", (62, 62), (59, 100)),
        ("rectangle", (62, 100), (100, 70)),
        ("triangle", (100, 130), (65, 70)),
        ("star", (100, 90), (65, 65)),
        ("heart", (100, 100), (100, 61)),
        ("diamond", (100, 64), (65, 65)),
        ("arrow", (135, 100), (135, 90)),
    ],
)
def test_shapes_cover_what_they_should(name: str, inside: tuple[int, int], outside: tuple[int, int]) -> None:
    drawn = after(Image.new("RGB", (200, 200), "white"), Shape(name, "#0000ff", size=Length(80)))
    assert drawn.getpixel(inside) == (0, 0, 255)
    assert drawn.getpixel(outside) == (255, 255, 255)


def test_shapes_stand_where_they_are_put() -> None:
    white = Image.new("RGB", (200, 100), "white")
    drawn = after(white, Shape("circle", "#ff0000", Place(1, 0), Length(20)))
    assert drawn.getpixel((200 - 4 - 10, 4 + 10)) == (255, 0, 0)
    at = after(white, Shape("circle", "#ff0000", Place(at=(50, 40)), Length(20)))
    box = np.argwhere(np.asarray(at)[..., 1] == 0)
    assert box.min(axis=0).tolist() in ([30, 40], [31, 41], [31, 40])
    three = np.asarray(after(white, Shape("square", "#000000", size=Length(10), count=3)))[50, :, 0] == 0
    assert np.diff(three.astype(int)).clip(0).sum() == 3


def test_a_rectangle_is_as_high_as_it_was_asked() -> None:
    drawn = np.asarray(
        after(Image.new("RGB", (200, 200)), Shape("rectangle", "#ff0000", size=Length(40), height=Length(90)))
    )
    marks = np.argwhere(drawn[..., 0] > 128)
    assert tuple(marks.max(axis=0) - marks.min(axis=0) + 1) == (90, 40)


def test_an_outlined_shape_keeps_what_is_inside() -> None:
    image = noise((100, 100))
    ring = after(image, Shape("circle", "#ff0000", size=Length(60), filled=False))
    assert same(ring.crop((45, 45, 55, 55)), image.crop((45, 45, 55, 55)))
    assert ring.getpixel((50, 21)) == (255, 0, 0)
    both = after(image, Shape("square", "#00ff00", size=Length(60), outline="#000000"))
    assert both.getpixel((50, 50)) == (0, 255, 0)
    assert both.getpixel((21, 50)) == (0, 0, 0)


def test_text_is_there_and_stays_inside() -> None:
    white = Image.new("RGB", (300, 100), "white")
    drawn = np.asarray(after(white, Text("Hello, world: a sentence", Place(0.5, 1), "#ff0000")))
    marks = np.argwhere(drawn[..., 1] < 128)
    assert len(marks) > 50
    assert marks[:, 0].min() > 50
    assert (marks.min(axis=0) > 0).all()
    assert (marks.max(axis=0) < [99, 299]).all()


def test_text_without_a_colour_can_be_read_on_light_and_dark() -> None:
    half = Image.new("RGB", (400, 120), "white")
    half.paste("black", (200, 0, 400, 120))
    drawn = np.asarray(after(half, Text("WWWWWWWW")).convert("L"))
    assert drawn[:, :190].min() < 15
    assert drawn[:, 210:].max() > 240


@pytest.mark.parametrize("size", [None, Length(30)])
def test_long_text_goes_on_more_lines_and_can_be_read(size: Length | None) -> None:
    white = Image.new("RGB", (600, 400), "white")
    words = "This is a long text that will not fit on one line of this picture because it is so very long"
    drawn = np.asarray(after(white, Text(words, Place(0.5, 1), "#000000", size)))
    marks = np.argwhere(drawn[..., 1] < 128)
    assert (marks.min(axis=0) > 0).all()
    assert (marks.max(axis=0) < [399, 599]).all()
    assert marks[:, 0].max() - marks[:, 0].min() > 50


@pytest.mark.parametrize(
    "operation", [Shape("circle", "#ff0000", Place(at=(5000, 50))), Text("Hi", Place(at=(50, 5000)))]
)
def test_what_would_lie_outside_is_refused(operation: Shape | Text) -> None:
    with pytest.raises(CannotApply, match="outside the picture, which is 200 × 100"):
        after(Image.new("RGB", (200, 100)), operation)


def test_text_without_a_colour_stands_out() -> None:
    assert np.asarray(after(Image.new("RGB", (200, 80), "black"), Text("Hello"))).max() > 240
    assert np.asarray(after(Image.new("RGB", (200, 80), "white"), Text("Hello"))).min() < 15


@pytest.mark.parametrize(
    "operation",
    [
        Shape("circle", "#ff0000", size=Length(90_000)),
        Text("Hi", size=Length(90_000)),
        Text("W" * 500, size=Length(90)),
    ],
)
def test_what_would_be_far_larger_than_the_picture_is_refused(operation: Shape | Text) -> None:
    with pytest.raises(CannotApply, match="far"):
        after(Image.new("RGB", (100, 100)), operation)


def test_letters_no_font_has_are_refused_not_drawn_as_boxes() -> None:
    with pytest.raises(CannotApply, match="no font"):
        after(Image.new("RGB", (200, 80)), Text("\U00013080\U00016fe4\U0001bc00\U0001d8ff"))


def test_devanagari_is_drawn_with_a_font_that_has_it_or_refused() -> None:
    white = Image.new("RGB", (300, 100), "white")
    try:
        font_for("नमस्ते", 20)
    except CannotApply:
        with pytest.raises(CannotApply, match="Devanagari"):
            after(white, Text("नमस्ते"))
        return
    drawn = np.asarray(after(white, Text("नमस्ते", colour="#000000")))
    other = np.asarray(after(white, Text("धन्यवाद", colour="#000000")))
    assert (drawn < 128).sum() > 50
    assert (drawn != other).any()


@pytest.mark.parametrize("direction", ["right", "left", "down", "up"])
def test_gradients_run_the_way_they_say(direction: str) -> None:
    gradient = Canvas(50, 30, "gradient", ("#000000", "#ffffff"), direction)
    made = np.asarray(decoded(render(None, (gradient,)).data))[..., 0].astype(int)
    line = made[0] if direction in ("right", "left") else made[:, 0]
    ends = (line[0], line[-1])
    assert ends == ((0, 255) if direction in ("right", "down") else (255, 0))
    assert (np.diff(line) * (1 if direction in ("right", "down") else -1) >= 0).all()


def test_canvases() -> None:
    plain = decoded(render(None, (Canvas(30, 20, "solid", ("#0000ff",)),)).data)
    assert plain.size == (30, 20)
    assert plain.getpixel((29, 19)) == (0, 0, 255)
    board = decoded(render(None, (Canvas(80, 80, "checkerboard", ("#000000", "#ffffff")),)).data)
    assert [board.getpixel((x, 5))[0] for x in (5, 15, 25)] == [0, 255, 0]
    assert board.getpixel((5, 15))[0] == 255
    stripes = np.asarray(decoded(render(None, (Canvas(80, 80, "stripes", ("#000000", "#ff0000"), "down"),)).data))
    assert (stripes == stripes[:, :1]).all()
    assert len(np.unique(stripes[..., 0])) == 2


def test_a_canvas_forgets_what_was_before() -> None:
    chain = (Effect("invert"), Canvas(10, 10, "solid", ("#ff0000",)))
    assert decoded(render(encoded(noise()), chain).data).size == (10, 10)
