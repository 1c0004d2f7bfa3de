"""What is known of a picture's content: measured once, kept, and measured again only when more can be seen."""

from __future__ import annotations

import logging
from typing import Protocol

from sqlalchemy import select

from models.base import now
from models.database import Database, upsert
from models.media import Analysis
from services.answers import caption
from services.cache import Cache
from services.content import ImageSource
from services.library.keywords import keywords
from services.vision.facts import Facts, Part
from services.vision.facts_json import from_json, to_json

log = logging.getLogger(__name__)


class Looks(Protocol):
    """The eyes, as far as this needs them."""

    @property
    def missing(self) -> tuple[Part, ...]:
        """Parts that cannot be looked at for now."""
        ...

    def look(self, data: bytes) -> Facts: ...


class Analyses:
    """Facts by the picture's content, in memory, then in the database, then from the eyes."""

    def __init__(self, database: Database, eyes: Looks, cache: Cache) -> None:
        self.database = database
        self.eyes = eyes
        self.cache = cache
        self._seen_no_more: set[str] = set()

    def of(self, source: ImageSource) -> Facts:
        """The facts of a picture; callers who ask for the same one at once wait for one look.

        Raises:
            StorageUnavailable, FileNotFoundError: its file cannot be read.
            DatabaseUnavailable: nothing could be kept.
        """
        key = ("facts", source.sha256)
        facts: Facts = self.cache.get(key, lambda: self._find_or_look(source))
        if self._could_see_more(facts) and source.sha256 not in self._seen_no_more:
            self.cache.forget(key)
            before, facts = facts, self.cache.get(key, lambda: self._look(source))
            if facts.missing == before.missing:
                # A part that works failed on this picture alone: another look would find the same.
                self._seen_no_more.add(source.sha256)
        return facts

    def anew(self, source: ImageSource) -> Facts:
        """`of`, measured again whatever is known."""
        key = ("facts", source.sha256)
        self.cache.forget(key)
        facts: Facts = self.cache.get(key, lambda: self._look(source))
        return facts

    def _could_see_more(self, facts: Facts) -> bool:
        return bool(set(facts.missing) - set(self.eyes.missing))

    def _find_or_look(self, source: ImageSource) -> Facts:
        with self.database.read() as session:
            kept = session.execute(select(Analysis.facts).where(Analysis.sha256 == source.sha256)).scalar()
        if kept is not None:
            try:
                return from_json(kept)
            except ValueError:
                log.info("the facts of a picture were measured by another version and are measured anew")
        return self._look(source)

    def keep(self, sha256: str, facts: Facts) -> None:
        """Keep facts that are known, where they are not kept: they went with the last picture of this content, and
        another has come since.

        Raises:
            DatabaseUnavailable
        """
        with self.database.look() as work:
            kept = work.execute(select(Analysis.sha256).where(Analysis.sha256 == sha256)).first()
        if kept is None:
            self._write(sha256, facts)

    def _look(self, source: ImageSource) -> Facts:
        facts = self.eyes.look(source.original())
        self._write(source.sha256, facts)
        return facts

    def _write(self, sha256: str, facts: Facts) -> None:
        values = {"facts": to_json(facts), "caption": caption(facts), "keywords": keywords(facts), "created_at": now()}
        with self.database.change() as work:
            # Another process may have looked at the same picture.
            keep = upsert(work, Analysis).values(sha256=sha256, **values)
            work.execute(keep.on_conflict_do_update(index_elements=[Analysis.sha256], set_=values))
