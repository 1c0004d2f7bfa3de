"""What the camera wrote into the file: date, camera, place, exposure (Exif 2.32)."""

from __future__ import annotations

import math
import re
from datetime import datetime
from typing import Any, Final

from PIL import ExifTags, Image

from services.vision.decode import BROKEN_METADATA
from services.vision.facts import Capture

_LONGEST: Final = 80
_BASE: Final = ExifTags.Base
_GPS: Final = ExifTags.GPS


def read(exif: Image.Exif | None) -> Capture:
    """The capture facts of an EXIF block. What is broken, absurd or absent is None; never raises."""
    if exif is None:
        return Capture()
    top = _tags(exif, None)
    shot = _tags(exif, ExifTags.IFD.Exif)
    place = _tags(exif, ExifTags.IFD.GPSInfo)
    latitude = _degrees(place.get(_GPS.GPSLatitude), place.get(_GPS.GPSLatitudeRef), "S", 90)
    longitude = _degrees(place.get(_GPS.GPSLongitude), place.get(_GPS.GPSLongitudeRef), "W", 180)
    if latitude is None or longitude is None:
        latitude = longitude = None
    return Capture(
        taken_at=_date(shot.get(_BASE.DateTimeOriginal))
        or _date(shot.get(_BASE.DateTimeDigitized))
        or _date(top.get(_BASE.DateTime)),
        camera=_camera(_text(top.get(_BASE.Make)), _text(top.get(_BASE.Model))),
        latitude=latitude,
        longitude=longitude,
        exposure=_exposure(shot),
    )


def _tags(exif: Image.Exif, directory: int | None) -> dict[int, Any]:
    """The tags of a directory that can be read; one that breaks does not take the others with it."""
    try:
        source = exif if directory is None else exif.get_ifd(directory)
        keys = list(source)
    except BROKEN_METADATA:
        return {}
    found: dict[int, Any] = {}
    for key in keys:
        try:
            found[key] = source[key]
        except BROKEN_METADATA:
            continue
    return found


def _text(value: object) -> str | None:
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    if not isinstance(value, str):
        return None
    clean = " ".join("".join(c if c.isprintable() else " " for c in value[: _LONGEST * 2]).split())
    return clean[:_LONGEST] or None


def _date(value: object) -> str | None:
    text = _text(value)
    if text is None:
        return None
    match = re.match(r"(\d{4})[:\-/](\d{2})[:\-/](\d{2})[ T](\d{2}):(\d{2})(?::(\d{2}))?", text)
    if match is None:
        return None
    try:
        year, month, day, hour, minute, second = (int(part or 0) for part in match.groups())
        moment = datetime(year, month, day, hour, minute, min(second, 59))
    except ValueError:
        return None
    return moment.isoformat() if 1826 <= moment.year <= 2200 else None


def _camera(make: str | None, model: str | None) -> str | None:
    """Maker and model, the maker not said twice ("Canon Canon EOS 5D")."""
    if make and model:
        first = make.split()[0].lower()
        return model if model.lower().startswith(first) else f"{make} {model}"[:_LONGEST]
    return model or make


def _number(value: Any) -> float | None:
    if isinstance(value, tuple | list):
        value = value[0] if value else None
    try:
        number: float = float(value)
    except BROKEN_METADATA:  # what is no number, and a fraction of nought
        return None
    return number if math.isfinite(number) else None


def _degrees(value: object, reference: object, negative: str, most: float) -> float | None:
    if not isinstance(value, tuple | list) or not 1 <= len(value) <= 3:
        return None
    parts = [_number(part) for part in value]
    if any(part is None or part < 0 for part in parts):
        return None
    degrees = sum((part or 0.0) / float(60**place) for place, part in enumerate(parts))
    if degrees > most:
        return None
    if (_text(reference) or "").upper().startswith(negative):
        degrees = -degrees
    return round(degrees, 6)


def _exposure(shot: dict[int, Any]) -> str | None:
    """As in "1/250 s, f/2.8, ISO 100, 35 mm"; only what is there and makes sense."""
    words = []
    seconds = _number(shot.get(_BASE.ExposureTime))
    if seconds is not None and 0 < seconds < 100_000:
        words.append(f"1/{round(1 / seconds)} s" if seconds <= 0.3 else f"{seconds:g} s")
    aperture = _number(shot.get(_BASE.FNumber))
    if aperture is not None and 0 < aperture < 300:
        words.append(f"f/{round(aperture, 1):g}")
    speed = _number(shot.get(_BASE.ISOSpeedRatings))
    if speed is not None and 0 < speed < 10_000_000:
        words.append(f"ISO {round(speed)}")
    focal = _number(shot.get(_BASE.FocalLength))
    if focal is not None and 0 < focal < 10_000:
        words.append(f"{round(focal, 1):g} mm")
    return ", ".join(words) or None
