"""Operations on colours and sharpness, on the whole picture or on a region of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import assert_never

from PIL import Image, ImageChops, ImageEnhance, ImageFilter, ImageOps

from services.studio import colours
from services.studio.measures import Region
from services.studio.operations import (
    Adjust,
    Blur,
    Effect,
    EffectName,
    Fill,
    Level,
    Pixelate,
    Posterise,
    Solarise,
    Tint,
)

Change = Callable[[Image.Image], Image.Image]
# The usual sepia matrix (W3C Filter Effects Module Level 1, sepia(1)).
_SEPIA = (0.393, 0.769, 0.189, 0, 0.349, 0.686, 0.168, 0, 0.272, 0.534, 0.131, 0)
_LUMA = (0.299, 0.587, 0.114, 0)  # ITU-R BT.601, as Pillow's own conversion to L


def within(image: Image.Image, region: Region | None, change: Change) -> Image.Image:
    """`change` done to a region alone; a change of mode inside is carried to the whole."""
    if region is None:
        return change(image)
    box = region.box(image.size)
    part = change(image.crop(box))
    whole = image.convert(part.mode) if part.mode != image.mode else image.copy()
    whole.paste(part, box[:2])
    return whole


def on_colours(change: Change) -> Change:
    """`change` sees L or RGB; what shows through stays as it is."""

    def keep_alpha(image: Image.Image) -> Image.Image:
        if image.mode != "RGBA":
            return change(image)
        done = change(image.convert("RGB")).convert("RGB")
        done.putalpha(image.getchannel("A"))
        return done

    return keep_alpha


def adjust(image: Image.Image, operation: Adjust) -> Image.Image:
    def change(part: Image.Image) -> Image.Image:
        return _enhancer(operation.level, part).enhance(operation.factor)

    return within(image, operation.region, on_colours(change))


def _enhancer(level: Level, image: Image.Image) -> ImageEnhance._Enhance:
    match level:
        case "brightness":
            return ImageEnhance.Brightness(image)
        case "contrast":
            return ImageEnhance.Contrast(image)
        case "saturation":
            return ImageEnhance.Color(image)
        case "sharpness":
            return ImageEnhance.Sharpness(image)
        case _:
            assert_never(level)


def effect(image: Image.Image, operation: Effect) -> Image.Image:
    return within(image, operation.region, on_colours(_effect(operation.name)))


def _effect(name: EffectName) -> Change:
    match name:
        case "greyscale":
            # An RGB picture stays RGB, so that its profile still fits.
            return lambda part: part if part.mode == "L" else part.convert("RGB", matrix=_LUMA * 3)
        case "sepia":
            return lambda part: part.convert("RGB").convert("RGB", matrix=_SEPIA)
        case "invert":
            return ImageOps.invert
        case "autocontrast":
            return lambda part: ImageOps.autocontrast(part, cutoff=0.5, preserve_tone=True)
        case "equalise":
            return ImageOps.equalize
        case "emboss":
            return lambda part: part.filter(ImageFilter.EMBOSS)
        case "edges":
            return lambda part: part.filter(ImageFilter.FIND_EDGES)
        case "vignette":
            return _vignette
        case _:
            assert_never(name)


def _vignette(image: Image.Image) -> Image.Image:
    glow = ImageOps.invert(Image.radial_gradient("L")).point(lambda value: min(255, 60 + value * 2))
    shade = glow.resize(image.size, Image.Resampling.BICUBIC)
    return ImageChops.multiply(image, shade if image.mode == "L" else Image.merge("RGB", (shade, shade, shade)))


def blur(image: Image.Image, operation: Blur) -> Image.Image:
    radius = max(1, operation.radius.pixels(min(image.size)))

    def change(part: Image.Image) -> Image.Image:
        # Premultiplied, or the hidden colour of what is transparent would bleed into view.
        source = part.convert("RGBa") if part.mode == "RGBA" else part
        return source.filter(ImageFilter.GaussianBlur(radius)).convert(part.mode)

    return within(image, operation.region, change)


def pixelate(image: Image.Image, operation: Pixelate) -> Image.Image:
    block = max(2, operation.block.pixels(min(image.size)))

    def change(part: Image.Image) -> Image.Image:
        columns, rows = max(1, -(-part.width // block)), max(1, -(-part.height // block))
        small = part.resize((columns, rows), Image.Resampling.BOX)
        return small.resize((columns * block, rows * block), Image.Resampling.NEAREST).crop((0, 0, *part.size))

    return within(image, operation.region, change)


def posterise(image: Image.Image, operation: Posterise) -> Image.Image:
    return within(image, operation.region, on_colours(lambda part: ImageOps.posterize(part, operation.bits)))


def solarise(image: Image.Image, operation: Solarise) -> Image.Image:
    return within(image, operation.region, on_colours(lambda part: ImageOps.solarize(part, operation.threshold)))


def tint(image: Image.Image, operation: Tint) -> Image.Image:
    red, green, blue, _alpha = colours.rgba(operation.colour)

    def change(part: Image.Image) -> Image.Image:
        grey = part.convert("L")
        toned = ImageOps.colorize(grey, "black", "white", mid=(red, green, blue))
        return Image.blend(part.convert("RGB"), toned, operation.strength)

    return within(image, operation.region, on_colours(change))


def fill(image: Image.Image, operation: Fill) -> Image.Image:
    colour = colours.rgba(operation.colour)
    mode = "RGBA" if image.mode == "RGBA" or colour[3] < 255 else "RGB"
    return within(image.convert(mode), operation.region, lambda part: Image.new(mode, part.size, colour[: len(mode)]))
