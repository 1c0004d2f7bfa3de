"""Colours by the names people use: CSS names, hex, rgb(), everyday phrases and shades ("light", "dark", "pale")."""

from __future__ import annotations

import re
from functools import cache

from PIL import ImageColor

# What CSS has no word for, or means something else by than people do.
_EVERYDAY = {
    "amber": "#ffbf00", "apricot": "#fbceb1", "blood red": "#8a0303", "blush": "#de5d83", "bronze": "#cd7f32",
    "brick": "#cb4154", "brick red": "#cb4154", "burgundy": "#800020", "caramel": "#c68e17", "champagne": "#f7e7ce",
    "charcoal": "#36454f", "cherry": "#de3163", "cobalt": "#0047ab", "copper": "#b87333", "cream": "#fffdd0",
    "dark pink": "#e75480", "dark yellow": "#b59b00", "dark brown": "#5c4033", "dark purple": "#4b0082",
    "emerald": "#50c878", "forest": "#228b22", "jade": "#00a86b", "jet black": "#000000", "lemon": "#fff44f",
    "lilac": "#c8a2c8", "mauve": "#e0b0ff", "midnight": "#191970", "mint": "#98ff98", "mint green": "#98ff98",
    "mustard": "#ffdb58", "navy blue": "#000080", "neon green": "#39ff14", "neon pink": "#ff10f0", "ochre": "#cc7722",
    "off white": "#faf9f6", "off-white": "#faf9f6", "olive green": "#808000", "peach": "#ffe5b4",
    "pitch black": "#000000", "golden": "#ffd700",
    "pure white": "#ffffff", "pure black": "#000000", "rose": "#ff007f", "royal purple": "#7851a9", "ruby": "#e0115f",
    "rust": "#b7410e", "sand": "#c2b280", "sapphire": "#0f52ba", "scarlet": "#ff2400", "snow white": "#fffafa",
    "taupe": "#483c32", "terracotta": "#e2725b", "turquoise blue": "#40e0d0", "vermilion": "#e34234", "wine": "#722f37",
    "bright green": "#00ff00", "green": "#008000", "transparent": "#00000000",
}  # fmt: skip
_SHADES = {
    "light": ("#ffffff", 0.5), "lighter": ("#ffffff", 0.5), "pale": ("#ffffff", 0.6), "pastel": ("#ffffff", 0.55),
    "soft": ("#ffffff", 0.4), "dark": ("#000000", 0.45), "darker": ("#000000", 0.45), "deep": ("#000000", 0.35),
    "bright": ("#ffffff", 0.0), "vivid": ("#ffffff", 0.0), "neon": ("#ffffff", 0.0), "hot": ("#ffffff", 0.0),
    "solid": ("#ffffff", 0.0), "plain": ("#ffffff", 0.0), "pure": ("#ffffff", 0.0),
}  # fmt: skip
_HEX = r"#(?:[0-9a-f]{8}|[0-9a-f]{6}|[0-9a-f]{3})\b"
_RGB = r"rgb\(\s*\d{1,3}\s*,\s*\d{1,3}\s*,\s*\d{1,3}\s*\)"
_WORD_BREAKS = [
    "alice", "antique", "blanched", "blue", "blossom", "brick", "burly", "cadet", "chiffon", "coral", "cornflower",
    "corn", "cream", "dark", "deep", "dim", "dodger", "fire", "floral", "forest", "ghost", "golden", "gold", "grass",
    "gray", "green", "grey", "hot", "honey", "dew", "indian", "khaki", "lace", "lavender", "lawn", "lemon", "light",
    "lime", "magenta", "marine", "medium", "midnight", "mint", "misty", "moccasin", "navajo", "old", "olive",
    "orange", "orchid", "pale", "papaya", "peach", "pink", "powder", "puff", "purple", "red", "rod", "rosy", "rose",
    "royal", "saddle", "salmon", "sandy", "sea", "shell", "sky", "slate", "smoke", "spring", "steel", "turquoise",
    "violet", "wheat", "white", "wood", "yellow", "aqua", "almond", "brown", "cyan", "sienna", "drab", "whip",
]  # fmt: skip


def _spaced(name: str) -> str:
    """A CSS name with blanks between its words: `lightseagreen` -> `light sea green`."""

    def split(rest: str) -> list[str] | None:
        if not rest:
            return []
        for word in sorted(_WORD_BREAKS, key=len, reverse=True):
            if rest.startswith(word) and (tail := split(rest[len(word) :])) is not None:
                return [word, *tail]
        return None

    return " ".join(split(name) or [name])


@cache
def names() -> dict[str, str]:
    """Every known name, lower case and with single blanks, to `#rrggbb`."""
    table: dict[str, str] = {}
    for name in ImageColor.colormap:
        code = _code(ImageColor.getrgb(name))
        table[name] = code
        table[_spaced(name)] = code
    table.update(_EVERYDAY)
    return table


@cache
def pattern() -> str:
    """A regular expression (no groups, case to be ignored) for one colour, the longest name first."""
    known = "|".join(re.escape(name) for name in sorted(names(), key=len, reverse=True))
    shades = "|".join(_SHADES)
    return rf"(?:{_HEX}|{_RGB}|\b(?:(?:{shades})[ -])?(?:{known})\b(?:[ -]colou?red)?)"


def parse(words: str) -> str:
    """`#rrggbb` (or `#rrggbbaa`) for what `pattern` matched. Raises ValueError for anything else."""
    text = re.sub(r"[ -]colou?red$", "", " ".join(words.lower().split()))
    if text.startswith(("#", "rgb(")):
        return _code(ImageColor.getrgb(text))
    if text in names():
        return names()[text]
    shade, _, base = text.replace("-", " ").partition(" ")
    if shade in _SHADES and base in names():
        towards, share = _SHADES[shade]
        return _code(_mixed(ImageColor.getrgb(names()[base]), ImageColor.getrgb(towards), share))
    raise ValueError(f"no colour: {text!r}")


def rgba(code: str) -> tuple[int, int, int, int]:
    """Red, green, blue and alpha, 0-255 each."""
    colour = ImageColor.getrgb(code)
    return (*colour[:3], colour[3] if len(colour) == 4 else 255)


@cache
def spoken(code: str) -> str:
    """The common name of a colour, or its hex where it has none."""
    plain = sorted(
        (name for name, value in names().items() if value == code), key=lambda name: (len(name.split()), len(name))
    )
    preferred = [name for name in plain if name in {"grey", "white", "black", "cyan", "magenta"}]
    return (preferred or plain or [code])[0]


def _mixed(first: tuple[int, ...], second: tuple[int, ...], share: float) -> tuple[int, ...]:
    return tuple(round(a + (b - a) * share) for a, b in zip(first[:3], second[:3], strict=True))


def _code(colour: tuple[int, ...]) -> str:
    return "#" + "".join(f"{channel:02x}" for channel in colour)
