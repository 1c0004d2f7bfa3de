"""Look at a picture and say what can be measured of it, on this machine alone."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from services.vision import capture, colours, motion, quality, scene, witness
from services.vision.decode import Picture, Pixels, fit, open_picture
from services.vision.faces import FaceFinder
from services.vision.facts import DetectedObject, Facts, Part, TextLine
from services.vision.labels import Labeller, Likely, worth_saying
from services.vision.manifest import CENTERFACE, EFFICIENTDET, EFFICIENTNET, YOLOX, Weight, absent, is_right
from services.vision.objects import ObjectFinder
from services.vision.reading import Reader
from services.vision.weights import PARTS, State, WeightsFetch

log = logging.getLogger(__name__)

Found_co = TypeVar("Found_co", covariant=True)
Found = TypeVar("Found")

_LOOK_SIDE = 640


class Eyes:
    """The local provider's eyes. Thread-safe; models are loaded on the first look that needs them.

    Args:
        models_dir: where the weights are kept.
        fetch: fetch missing weights in the background, from `start` or the first look on.
        wait_s: how long a look waits for a fetch under way, in seconds.
        parallel: how many pictures are looked at at once; others wait.
        threads: of each model's own, for one picture.
    """

    def __init__(
        self, models_dir: Path, *, fetch: bool = True, wait_s: float = 60.0, parallel: int = 2, threads: int = 1
    ) -> None:
        self.models_dir = models_dir
        self._fetch = WeightsFetch(models_dir) if fetch else None
        self._wait_s = wait_s
        self._places = threading.BoundedSemaphore(parallel)
        self._objects = _Lens("objects", lambda: ObjectFinder(self._read(YOLOX), self._read(EFFICIENTDET), threads))
        self._labels = _Lens("labels", lambda: Labeller(self._read(EFFICIENTNET), threads))
        self._faces = _Lens("faces", lambda: FaceFinder(self._read(CENTERFACE), threads))
        self._text = _Lens("text", lambda: Reader(threads))

    def start(self) -> None:
        """Begin to fetch what is missing, in the background; returns at once."""
        if self._fetch is not None:
            self._fetch.start()

    def look(self, data: bytes) -> Facts:
        """All facts of one picture.

        A part whose weights or library are absent or broken is named in `Facts.missing` and left empty; everything
        that needs no weights is always there.

        Args:
            data: an image file that Pillow can decode.

        Raises:
            OSError, ValueError: when it cannot be decoded.
        """
        if self._fetch is not None and absent(self.models_dir):
            self._fetch.start()
            self._fetch.wait(self._wait_s)
        with self._places:
            return self._facts(open_picture(data))

    def read(self, data: bytes) -> tuple[TextLine, ...] | None:
        """The lines of text in one picture, in reading order; None where text cannot be read on this machine.

        Raises:
            OSError, ValueError: when it cannot be decoded.
        """
        missing: list[Part] = []
        with self._places:
            lines = self._text.look(open_picture(data).pixels, missing)
        return None if missing else lines

    def _facts(self, picture: Picture) -> Facts:
        missing: list[Part] = []
        views = _views(picture)
        taken = capture.read(picture.exif)
        likely = self._labels.look(views[0], missing) or Likely()
        objects = _merged_objects([self._checked_objects(view, missing) for view in views])
        # text wants every pixel there is; the frames of an animation have fewer
        reading = views if picture.frames else [picture.pixels]
        text = _merged_text([self._text.look(view, missing) or () for view in reading])
        faces = self._faces.look(picture.pixels if not picture.frames else views[0], missing) or ()
        medium = scene.medium_of(picture.pixels, text, objects, from_camera=taken.exposure is not None)
        from_life = medium in {"photo", None}
        if not from_life:
            objects = witness.doubted(objects)
        return Facts(
            width=picture.width,
            height=picture.height,
            format=picture.format,
            colours=colours.dominant(views[0]),
            quality=quality.measure(picture.pixels),
            objects=objects,
            labels=worth_saying(likely, from_life=from_life),
            text=text,
            faces=witness.supported(faces, objects),
            capture=taken,
            motion=motion.measure(picture.frames) if picture.frames else None,
            scene=scene.judge(picture.pixels, likely, objects, medium),
            has_transparency=picture.has_transparency,
            missing=tuple(part for part in PARTS if part in missing),
        )

    def _checked_objects(self, view: Pixels, missing: list[Part]) -> tuple[DetectedObject, ...]:
        found = self._objects.look(view, missing) or ()
        labeller = self._labels.model
        return witness.checked(found, view, labeller) if isinstance(labeller, Labeller) else found

    def _read(self, row: Weight) -> bytes:
        """A file of weights, checked by SHA-256."""
        data = (self.models_dir / row.file).read_bytes()
        if not is_right(data, row):
            raise ValueError(f"{row.file} has the wrong SHA-256 and is not used")
        return data

    @property
    def missing(self) -> tuple[Part, ...]:
        """Parts that cannot be looked at as things stand: not there yet, or found broken."""
        states = self.state()
        return tuple(part for part in PARTS if states[part] != "ready")

    def state(self) -> dict[Part, State]:
        """Each part `ready`, `fetching` or `missing`, for health. Cheap; loads nothing."""
        states = (self._fetch or WeightsFetch(self.models_dir)).state()
        for lens in (self._objects, self._labels, self._faces, self._text):
            if lens.broken:
                states[lens.part] = "missing"
        return states

    def close(self) -> None:
        """Let go of the models. A later look loads them again."""
        for lens in (self._objects, self._labels, self._faces, self._text):
            lens.drop()


class _Model(Protocol[Found_co]):
    def look(self, pixels: Pixels) -> Found_co: ...


class _Lens(Generic[Found]):
    """A model of one part, loaded on first use."""

    def __init__(self, part: Part, load: Callable[[], _Model[Found]]) -> None:
        self.part = part
        self.broken = False
        self._load = load
        self.model: _Model[Found] | None = None
        self._lock = threading.Lock()
        self._told = False

    def look(self, pixels: Pixels, missing: list[Part]) -> Found | None:
        """What the model finds; None, and the part noted as missing, when there is no model or it fails."""
        model = self._loaded()
        if model is not None:
            try:
                return model.look(pixels)
            except Exception:
                log.exception("%s: failed on a picture", self.part)
        missing.append(self.part)
        return None

    def _loaded(self) -> _Model[Found] | None:
        with self._lock:
            if self.model is not None or self.broken:
                return self.model
            try:
                self.model = self._load()
            except FileNotFoundError as error:  # not fetched yet: tried again at the next look
                self._tell("%s: not available, %s is not there", self.part, Path(str(error.filename)).name)
            except Exception as error:  # noqa: BLE001  as above: a part that does not load is a part that is missing
                self.broken = True
                self._tell("%s: not available: %s", self.part, error)
            return self.model

    def _tell(self, message: str, *values: object) -> None:
        if not self._told:
            self._told = True
            log.warning(message, *values)

    def drop(self) -> None:
        with self._lock:
            self.model, self.broken, self._told = None, False, False


def _views(picture: Picture) -> list[Pixels]:
    """What is looked into: the picture; of an animation up to three frames, a blank beginning last."""
    if picture.frames is None or len(picture.frames.looks) < 2:
        return [fit(picture.pixels, _LOOK_SIDE)]
    return sorted(picture.frames.looks, key=lambda frame: bool(frame.std() < 4))


def _merged_objects(views: list[tuple[DetectedObject, ...]]) -> tuple[DetectedObject, ...]:
    """Of each kind of object the view that shows most of them."""
    merged: list[DetectedObject] = []
    for kind in {thing.name for view in views for thing in view}:
        of_kind: list[list[DetectedObject]] = [[thing for thing in view if thing.name == kind] for view in views]
        of_kind.sort(key=len)
        merged += of_kind[-1]
    return tuple(sorted(merged, key=lambda thing: -thing.confidence))


def _merged_text(views: list[tuple[TextLine, ...]]) -> tuple[TextLine, ...]:
    """The lines of all views, each once."""
    merged: list[TextLine] = []
    for view in views:
        seen = {line.text.casefold() for line in merged}
        merged += [line for line in view if line.text.casefold() not in seen]
    return tuple(merged)
