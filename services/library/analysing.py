"""The job that looks at uploaded pictures: once each, and again when more can be seen than before."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from sqlalchemy import select, update

from models.database import DatabaseUnavailable
from models.media import Image
from services.claims import MAX_ATTEMPTS, Claims, Rows
from services.content import ImageSource
from services.errors import ImageNotFound, StorageUnavailable
from services.library import image_rows
from services.library.analyses import Analyses
from services.library.files import will_pass
from services.library.image_rows import Findable
from services.library.images import Images
from services.vision.facts import FACTS_VERSION, Facts, Part

log = logging.getLogger(__name__)

JOB = "analyse_image"
AGAIN = 500
"""Pictures that are looked at again before it is asked anew which others are to be."""
UNREADABLE = "The picture's file cannot be read."
EXHAUSTED = "The picture could not be analysed; the server stopped each time it was tried."
AWAY = "The picture's file could not be fetched."
ANEW = "anew"
"""In place of what a picture was looked at by: what is known of it is to be forgotten."""
ROWS = Rows(
    Image,
    exhausted={"analysis_status": "failed", "analysis_error": EXHAUSTED},
    status="analysis_status",
    attempts="analysis_attempts",
)

Describe = Callable[[ImageSource], str | None]
"""Says in words what a picture shows; None where nobody can tell now."""


class Analyser:
    """Looks at pictures whose rows wait for it.

    Args:
        index: told of each picture that was looked at, where there is one.
        describe: asked for a description of pictures that have none; None asks nobody.
    """

    def __init__(
        self,
        images: Images,
        analyses: Analyses,
        claims: Claims,
        index: Findable | None,
        describe: Describe | None = None,
    ) -> None:
        self.database = images.database
        self.images = images
        self.analyses = analyses
        self.claims = claims
        self.index = index
        self.describe = describe

    def run(self, image_id: str) -> None:
        """Analyse a picture, unless it is done, gone or another's to do.

        Raises:
            DatabaseUnavailable
        """
        with self.claims.held(image_id) as mine:
            if not mine:
                return
            with self.database.read() as session:
                image = session.execute(select(Image).where(Image.id == image_id)).scalar()
            if image is not None:
                self._analyse(image)

    def waiting(self) -> Sequence[str]:
        """Pictures to look at now; where there are none, those that an earlier version looked at, or one that saw less.

        Raises:
            DatabaseUnavailable
        """
        return self.claims.waiting() or self._outdated()

    def _analyse(self, image: Image) -> None:
        try:
            source = self.images.picture(image)
            facts = self.analyses.anew(source) if image.analysed_by == ANEW else self.analyses.of(source)
            self.analyses.keep(image.sha256, facts)
            self._describe(image, source)
            self._keep(image, facts)
        except (StorageUnavailable, DatabaseUnavailable) as error:
            log.warning("a picture could not be analysed now: %s", error)
            passes = will_pass(error, self.images.store)
            if passes or image.analysis_attempts < MAX_ATTEMPTS:
                self.claims.release(image.id, counts=not passes)
            else:
                self._fail(image, AWAY)
        except (OSError, ValueError, ImageNotFound) as error:
            log.warning("image %s cannot be analysed: %s", image.id, type(error).__name__)
            self._fail(image, UNREADABLE)

    def _keep(self, image: Image, facts: Facts) -> None:
        """What the camera wrote comes first: the search reads it."""
        taken = facts.capture
        with self.database.write() as session:
            session.execute(
                update(Image)
                .where(Image.id == image.id)
                .values(taken_at=taken.taken_at, latitude=taken.latitude, longitude=taken.longitude)
            )
        if self.index is not None:
            self.index.update(image.owner_id, image.id)
        by = looked_at_by(self.analyses.eyes.missing)
        with self.database.write() as session:
            if not self.claims.finish(session, image.id, analysis_status="ready", analysis_error=None, analysed_by=by):
                # It was deleted while it was looked at; its facts were written after those were taken away.
                image_rows.drop_facts(session, [image.sha256])

    def _fail(self, image: Image, why: str) -> None:
        with self.database.write() as session:
            self.claims.finish(session, image.id, analysis_status="failed", analysis_error=why)

    def _describe(self, image: Image, source: ImageSource) -> None:
        if self.describe is None or image.description is not None:
            return
        said = self.describe(source)
        if said:
            with self.database.write() as session:
                session.execute(
                    update(Image).where(Image.id == image.id, Image.description.is_(None)).values(description=said)
                )

    def _outdated(self) -> Sequence[str]:
        missing = self.analyses.eyes.missing
        with self.database.read() as session:
            known = session.execute(
                select(Image.analysed_by).where(Image.analysis_status == "ready").distinct()
            ).scalars()
            outdated = [by for by in known if _sees_less(by, missing)]
            if not outdated:
                return []
            these = session.execute(
                select(Image.id)
                .where(Image.analysis_status == "ready", Image.analysed_by.in_(outdated))
                .order_by(Image.created_at.desc())
                .limit(AGAIN)
            ).scalars()
            again = list(these)
        with self.database.write() as session:
            session.execute(
                update(Image)
                .where(Image.id.in_(again), Image.analysis_status == "ready")
                .values(analysis_status="pending", analysis_attempts=0)
                .execution_options(synchronize_session=False)
            )
        return again


def looked_at_by(missing: Sequence[Part]) -> str:
    """What a picture was looked at by: the version of the eyes, and the parts they lacked."""
    return f"eyes-{FACTS_VERSION}" + (f" without {', '.join(missing)}" if missing else "")


def _sees_less(by: str | None, missing: Sequence[Part]) -> bool:
    """Whether what looked at a picture is of another version than the eyes now, or lacked a part that they have."""
    version, _, lacked = (by or "").partition(" without ")
    parts = set(lacked.split(", ")) - {""}
    return version != f"eyes-{FACTS_VERSION}" or bool(parts - set(missing))
