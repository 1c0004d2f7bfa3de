"""Whether a candidate is what was asked for, how likely, and why."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from services.answers.text_folding import LETTER
from services.library import relevance
from services.library.query import Clause, Query
from services.library.query_filters import FAMILY, Kind
from services.library.query_things import Thing
from services.library.seen_in_short import ANYTHING, KINDS, Found, Seen, read

EXCLUSIVE: tuple[frozenset[Kind], ...] = (
    frozenset(("photo", "drawing", "document", "screenshot")),
    frozenset(("indoors", "outdoors")),
    frozenset(("blurred", "sharp")),
    frozenset(("dark", "bright")),
    frozenset(("animation",)),
    frozenset(("text",)),
    frozenset(("monochrome",)),
)
"""Kinds of which a picture is one: several that are wanted are alternatives."""
UNLIKELY = 0.5
"""What is less likely there than this is no reason to leave a picture out."""


@dataclass(slots=True)
class Verdict:
    """Why a picture is found.

    Args:
        parts: for each condition, how likely it holds.
        confidences: of what was measured.
        reasons: each condition in words.
    """

    parts: list[float] = field(default_factory=list)
    confidences: list[float] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)

    @property
    def relevance(self) -> float:
        return relevance.together(self.parts)


def judge(
    row: Any, query: Query, clause: Clause, now: datetime, cosine: float | None, *, perhaps: bool = True
) -> Verdict | None:
    """Everything but the words that were not understood; None where a condition does not hold.

    Args:
        row: a row of `candidates.rows`; what the database has chosen by is taken to hold.
        cosine: how near the picture's meaning is to the alternative's, where that is near enough to count.
        perhaps: whether what is only possibly there counts as there, where the query says nothing of confidence.
    """
    seen = read(row.seen)
    verdict = Verdict()
    # Beside what can be seen the meaning of all of it says little of the rest.
    near = cosine if all(thing.is_vague or not thing.wanted for thing in clause.things) else None
    holds = all(_thing(seen, thing, query, verdict, near, perhaps=perhaps) for thing in clause.things)
    if not (holds and _kinds(seen, query, verdict) and _reads(seen, row.read, query, verdict)):
        return None
    _chosen_by(row, query, now, verdict)
    return verdict


def judge_without(row: Any, query: Query, clause: Clause, now: datetime) -> Verdict:
    """What holds of a picture that has no word for any of the things of an alternative, all of them unwanted.

    Args:
        row: a row of `candidates.bare_rows`.
    """
    verdict = Verdict()
    for thing in clause.things:
        verdict.reasons.append(f"no {thing.words}")
        verdict.parts.append(relevance.CERTAIN if row.measured else relevance.WORDED["told"])
    _chosen_by(row, query, now, verdict)
    return verdict


def _chosen_by(row: Any, query: Query, now: datetime, verdict: Verdict) -> None:
    """What the database has chosen by."""
    if query.periods:
        at = row.taken_at[:10] if row.taken_at else row.created_at.astimezone(now.tzinfo).date().isoformat()
        verdict.reasons.append(f"date: {at}")
    written = len(query.periods) + len(query.sizes) + len(query.orientations) + bool(query.folder) + bool(query.place)
    written += sum(kind not in KINDS for kind, _wanted in query.kinds)
    if written:
        verdict.parts.append(relevance.CERTAIN)
        verdict.reasons += _written(query)


def _thing(seen: Seen, thing: Thing, query: Query, verdict: Verdict, cosine: float | None, *, perhaps: bool) -> bool:
    found = seen.find(thing, perhaps=perhaps or not thing.wanted or query.sureness is not None)
    if not thing.wanted:
        if found is not None and _likely(found) >= UNLIKELY:
            return False
        verdict.reasons.append(f"no {thing.words}")
        verdict.parts.append(relevance.CERTAIN if seen.measured else relevance.WORDED["told"])
        return True
    if found is None and thing.count is not None and thing.count[0] == 0:
        return seen.measured
    if found is None and thing.is_vague and cosine is not None and query.sureness is None:
        verdict.parts.append(relevance.of_words(0.0, cosine))
        verdict.reasons.append(f"meaning {cosine:.2f}")
        return True
    if found is None:
        return False
    if query.sureness is not None:
        least, most = query.sureness
        if found.confidence is None or not least <= found.confidence <= most:
            return False
    if found.confidence is not None and thing.concept is not None:
        verdict.confidences.append(found.confidence)
    verdict.parts.append(_likely(found))
    verdict.reasons += _why(thing, found)
    return True


def _likely(found: Found) -> float:
    if found.confidence is None:
        return relevance.WORDED[found.source]
    return relevance.of_measured(found.source, found.confidence)


def _why(thing: Thing, found: Found) -> list[str]:
    said = []
    if thing.concept:
        name = "something" if thing.concept == ANYTHING else thing.concept
        how = f"{found.confidence:.2f}" if found.confidence is not None else f"({found.source})"
        said.append(f"object: {thing.counted}{name} {how}")
    return [*said, f"color: {found.colour}"] if found.colour else said


def _kinds(seen: Seen, query: Query, verdict: Verdict) -> bool:
    for family in EXCLUSIVE:
        asked = [(kind, wanted) for kind, wanted in query.kinds if kind in family]
        if not asked:
            continue
        if any(seen.is_kind(kind) for kind, wanted in asked if not wanted):
            return False
        wanted_kinds = [kind for kind, wanted in asked if wanted]
        there = next((kind for kind in wanted_kinds if seen.is_kind(kind)), None)
        if wanted_kinds and there is None:
            return False
        verdict.parts.append(relevance.SETTING if there in ("indoors", "outdoors") else relevance.LOOKS)
        verdict.reasons += [f"{FAMILY[there]}: {there}"] if there else [f"not {kind}" for kind, _wanted in asked]
    return True


def _reads(seen: Seen, lines: str, query: Query, verdict: Verdict) -> bool:
    for said in query.reads:
        if reads(lines, said.words) is not said.wanted:
            return False
        verdict.reasons.append(f"text: {said.words}" if said.wanted else f"no text {said.words}")
        verdict.parts.append(relevance.of_measured("text", seen.text_sureness) if said.wanted else relevance.LOOKS)
        if said.wanted:
            verdict.confidences.append(seen.text_sureness)
    return True


def reads(lines: str, words: str) -> bool:
    """Whether words can be read in folded lines: as words, or, where spaces were lost in reading, as their letters."""
    said = " ".join(re.findall(rf"{LETTER}+", words))
    if not said:
        return False
    text = " ".join(re.findall(rf"{LETTER}+", lines))
    if re.search(rf"(?<!{LETTER}){re.escape(said)}(?!{LETTER})", text):
        return True
    letters = said.replace(" ", "")
    return len(letters) >= 6 and letters in text.replace(" ", "")


def _written(query: Query) -> Sequence[str]:
    """Reasons of what is written down, as the filters have them."""
    names = (
        "size:",
        "orientation:",
        "folder:",
        "near:",
        "type: png",
        "type: jpeg",
        "type: gif",
        "type: webp",
        "has: l",
    )
    return [said for said in query.filters if said.startswith(names)]
