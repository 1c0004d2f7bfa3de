"""Which font has the letters of a text. Pillow brings one (Aileron: Latin); others come from the machine."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

from PIL import ImageFont

from services.studio.errors import CannotApply

# Looked for by file name where the system keeps its fonts; the first that has every letter is taken.
_CANDIDATES = (
    "DejaVuSans-Bold.ttf",
    "NotoSans-Bold.ttf",
    "NotoSansDevanagari-Bold.ttf",
    "NotoSansDevanagari-Regular.ttf",
    "Lohit-Devanagari.ttf",
    "FreeSans.ttf",
    "NotoSansCJK-Regular.ttc",
    "NotoSansArabic-Regular.ttf",
    "NotoSansHebrew-Regular.ttf",
    "Arial Unicode.ttf",
    "Nirmala.ttf",
    "Mangal.ttf",
)
_NOWHERE = "\U0010fffe"  # a non-character: every font draws its "missing" sign for it


@lru_cache(maxsize=64)
def font_for(text: str, size: int) -> ImageFont.FreeTypeFont:
    """A font of this size in pixels that has every letter of `text`.

    Raises CannotApply, with the script's name, where no font on this machine has them.
    """
    for name in (None, *_CANDIDATES):
        font = _open(name, size)
        if font is not None and _has_all(font, text):
            return font
    letter = next((c for c in text if ord(c) > 0x24F and not c.isspace()), text[0])
    script = unicodedata.name(letter, "these").split()[0].capitalize().replace("Cjk", "Chinese, Japanese or Korean")
    raise CannotApply(f"no font on the server has {script} letters (a package such as fonts-noto-core brings them)")


def _open(name: str | None, size: int) -> ImageFont.FreeTypeFont | None:
    try:
        font = ImageFont.load_default(size) if name is None else ImageFont.truetype(name, size)
    except OSError:
        return None
    return font if isinstance(font, ImageFont.FreeTypeFont) else None


def _has_all(font: ImageFont.FreeTypeFont, text: str) -> bool:
    missing = _drawn(font, _NOWHERE)
    letters = {c for c in text if not c.isspace() and unicodedata.category(c) not in ("Mn", "Mc", "Cf")}
    return all(_drawn(font, letter) != missing for letter in letters)


def _drawn(font: ImageFont.FreeTypeFont, letter: str) -> tuple[tuple[int, int], bytes]:
    mask = font.getmask(letter)
    return mask.size, bytes(mask)
