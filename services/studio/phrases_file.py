"""Words about the kind of file a picture is to be."""

from __future__ import annotations

from services.studio.operations import Convert
from services.studio.words import Reader

_AROUND = (
    r"\b(?:sav(?:e[ds]?|ing)|export\w*|transform\w*|download\w*|stor(?:e[ds]?|ing)|return\w*|send|write|encode[ds]?|output|"
    r"formats?|types?|files?|compress\w*|lossless(?:ly)?|ordinary|normal)\b"
)


def convert(reader: Reader) -> Convert | None:
    match = reader.take(r"(?<![\w.])\.?(?:(?P<png>png)|(?P<jpeg>jpe?g))s?\b(?! (?:artefacts?|artifacts?|quality))")
    if match is None:
        return None
    reader.take_all(_AROUND)
    return Convert("png" if match["png"] else "jpeg")
