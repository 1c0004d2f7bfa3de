"""What a camera wrote, and what a camera never would."""

from __future__ import annotations

import pytest
from PIL import ExifTags, Image
from PIL.TiffImagePlugin import IFDRational

from services.vision.capture import read
from services.vision.decode import open_picture
from services.vision.facts import Capture
from tests.vision.conftest import encoded

B = ExifTags.Base
G = ExifTags.GPS


def capture(top: dict[int, object], shot: dict[int, object], place: dict[int, object]) -> Capture:
    """Written into a JPEG and read back."""
    exif = Image.Exif()
    exif.update(top)
    exif.get_ifd(ExifTags.IFD.Exif).update(shot)
    exif.get_ifd(ExifTags.IFD.GPSInfo).update(place)
    picture = open_picture(encoded(Image.new("RGB", (8, 8)), "JPEG", exif=exif))
    return read(picture.exif)


def test_all_of_it() -> None:
    found = capture(
        {B.Make: "Canon", B.Model: "Canon EOS 5D", B.DateTime: "2021:01:01 00:00:00"},
        {
            B.DateTimeOriginal: "2020:06:30 18:05:09", B.ExposureTime: IFDRational(1, 250),
            B.FNumber: IFDRational(28, 10), B.ISOSpeedRatings: 100, B.FocalLength: IFDRational(35, 1),
        },
        {
            G.GPSLatitudeRef: "S", G.GPSLatitude: (33.0, 51.0, 31.2), G.GPSLongitudeRef: "E",
            G.GPSLongitude: (151.0, 12.0, 36.0),
        },
    )  # fmt: skip
    assert found == Capture(
        "2020-06-30T18:05:09", "Canon EOS 5D", -33.858667, 151.21, "1/250 s, f/2.8, ISO 100, 35 mm"
    )  # fmt: skip


def test_a_maker_that_is_not_in_the_model() -> None:
    assert capture({B.Make: "Apple\0", B.Model: "iPhone 6"}, {}, {}).camera == "Apple iPhone 6"


def test_a_long_exposure() -> None:
    assert capture({}, {B.ExposureTime: IFDRational(25, 10)}, {}).exposure == "2.5 s"


@pytest.mark.parametrize(
    "date",
    ["0000:00:00 00:00:00", "2020:13:45 99:99:99", "    :  :     :  :  ", "yesterday", "9999:01:01 00:00:00", ""],
)
def test_dates_that_are_none(date: str) -> None:
    assert capture({}, {B.DateTimeOriginal: date}, {}).taken_at is None


@pytest.mark.parametrize(
    "place",
    [
        {G.GPSLatitude: (100.0, 0.0, 0.0), G.GPSLatitudeRef: "N", G.GPSLongitude: (1.0, 0.0, 0.0)},
        {G.GPSLatitude: (10.0, 0.0, 0.0), G.GPSLatitudeRef: "N"},
        {G.GPSLatitude: (IFDRational(0, 0), 0.0, 0.0), G.GPSLongitude: (1.0, 0.0, 0.0)},
    ],
)
def test_places_that_are_none(place: dict[int, object]) -> None:
    found = capture({}, {}, place)
    assert (found.latitude, found.longitude) == (None, None)


def test_absurd_numbers_are_left_out() -> None:
    found = capture(
        {B.Model: "X" * 5000},
        {B.ExposureTime: IFDRational(0, 0), B.FNumber: IFDRational(0, 5), B.FocalLength: IFDRational(1, 0)},
        {},
    )
    assert found.exposure is None
    assert found.camera is not None
    assert len(found.camera) <= 80


def test_control_characters_do_not_come_through() -> None:
    assert capture({B.Model: "Cam\r\nera\x1b[31m"}, {}, {}).camera == "Cam era [31m"


def test_none() -> None:
    assert read(None) == Capture()
