"""The words of a question about documents: which count, in which forms they are the same, and where they stand."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, text

from models.database import dialect_of
from services.answers.text_folding import fold

MOST_WORDS: Final = 16
"""Of a question; the longest are kept."""
SHORTEST_STEM: Final = 3

# The danda, which ends a sentence, is among Devanagari's letters.
_WORD = re.compile(r"[\w\u0900-\u0963\u0966-\u097f]+")
_DEVANAGARI = re.compile("[\u0900-\u097f]")
# What a question is made of rather than about.
_COMMON: Final = frozenset(
    """
    a an and any are as at be been but by can could did do does for from had has have how i if in into is it its may me
    must my no not of on or our shall should so than that the their them then there these they this to under upon us was
    we were what when where which who whom whose why will with would you your about tell find show give please
    का की के को में से पर है हैं था थे थी और या कि यह वह ये वे इस उस क्या कब कहां कौन कैसे क्यों कितना कितने कितनी ने तक भी ही तो
    हो होता होती होते होना करना करने किया करें जाता जाती जाते लिए एक नहीं मुझे मेरा मेरी मेरे हम हमें आप
    चा ची चे च्या ला आहे आहेत आणि किंवा हा हे ते त्या काय केव्हा कधी कुठे कोण कोणी कसे कसा कशी किती साठी मध्ये वर नाही मला माझा
    माझी माझे आम्ही तुम्ही असते असतो असावे करावे करतात
    """.split()
)
_ENGLISH: Final = ("ations", "ation", "ings", "ing", "ies", "ied", "edly", "ed", "es", "s", "ly", "er", "e", "y")
# Endings of case and number, in Hindi and in Marathi, the longest first.
_INDIAN: Final = tuple(
    sorted(
        (
            "साठी मध्ये वरून पासून पर्यंत तील ातून ांना ांचा ांची ांचे ांच्या ाचा ाची ाचे ाच्या ीचा ीची ीचे ीच्या च्या चा ची चे ला "
            "ने नी ना त ांत ात ीत ेत ांनी ाने ीने ावर ाला ीला ाना ियाँ ियों ियां ाओं ुओं ओं ों ें ाँ ां ी ि े ा ो ू ु ई ए"
        ).split(),
        key=len,
        reverse=True,
    )
)


@dataclass(frozen=True, slots=True)
class Word:
    """A word that is looked for.

    Args:
        stem: what its forms have in common, in one spelling.
        indexed: it, or what its forms begin with, as the text index has it.
        begins: whether all words that begin so are forms of it.
    """

    stem: str
    indexed: str
    begins: bool


def words_of(question: str) -> tuple[Word, ...]:
    """The words that count, each once; all of them where none counts more than another."""
    found = {fold(match[0]): match[0].lower() for match in _WORD.finditer(unicodedata.normalize("NFC", question))}
    kept = [word for word in found if word not in _COMMON] or list(found)
    if len(kept) > MOST_WORDS:
        longest = set(sorted(kept, key=len, reverse=True)[:MOST_WORDS])
        kept = [word for word in kept if word in longest]
    words: dict[str, Word] = {}
    for word in kept:
        root = stem(word)
        begins = bool(_DEVANAGARI.search(word)) and len(root) >= SHORTEST_STEM
        words.setdefault(root, Word(root, stem(found[word]) if begins else found[word], begins))
    return tuple(words.values())


def stem(word: str) -> str:
    """A word without its ending, roughly; the same for its forms."""
    endings = _INDIAN if _DEVANAGARI.search(word) else _ENGLISH
    for ending in endings:
        if word.endswith(ending) and len(word) - len(ending) >= SHORTEST_STEM:
            root = word[: -len(ending)]
            # "planned", "running": the letter was doubled for the ending.
            doubled = endings is _ENGLISH and len(root) > SHORTEST_STEM and root[-1] == root[-2]
            return root[:-1] if doubled and root[-1] not in "lsz" else root
    return word


def present(words: Sequence[Word], passage: str) -> dict[str, str]:
    """Those of the words that a text has, by their stems: each as it stands there."""
    stems: dict[str, str] = {}
    for match in _WORD.finditer(fold(passage)):
        stems.setdefault(stem(match[0]), match[0])
    found: dict[str, str] = {}
    for word in words:
        if word.stem in stems:
            found[word.stem] = stems[word.stem]
        elif word.begins:
            form = next((form for root, form in stems.items() if root.startswith(word.stem)), None)
            if form is not None:
                found[word.stem] = form
    return found


def share(words: Sequence[Word], weights: Mapping[str, float], there: Collection[str]) -> float:
    """The share of the words that is there, 0-1, each by its weight."""
    total = sum(weights[word.stem] for word in words)
    return sum(weights[word.stem] for word in words if word.stem in there) / total if total else 0.0


def query(work: Connection, words: Sequence[Word]) -> str:
    """Any of the words in the text index's own language; what a user typed is quoted and so never an operator."""
    if dialect_of(work) == "sqlite":
        return " OR ".join(f'"{word.indexed}" *' if word.begins else f'"{word.indexed}"' for word in words)
    return " | ".join(f"'{word.indexed}':*" if word.begins else f"'{word.indexed}'" for word in words)


_IN_SQLITE = (
    "SELECT c.id, -bm25(document_text, 2.0, 1.0) AS rank FROM document_text "
    "JOIN document_chunks c ON c.number = document_text.rowid "
    "WHERE document_text MATCH :query AND c.owner_id = :owner"
)
_VECTOR = "to_tsvector('english', c.heading || ' ' || c.text)"
_IN_POSTGRESQL = (
    f"SELECT c.id, ts_rank_cd({_VECTOR}, q.q) AS rank FROM document_chunks c, to_tsquery('english', :query) AS q(q) "  # noqa: S608 - constants
    f"WHERE {_VECTOR} @@ q.q AND c.owner_id = :owner"
)


def ranked(
    work: Connection, owner_id: str, words: Sequence[Word], limit: int, among: Collection[str] | None
) -> list[str]:
    """Ids of the owner's passages that have any of the words, those with the most and the rarest first.

    Args:
        among: ids of documents; None for all.
    """
    if not words:
        return []
    base = _IN_SQLITE if dialect_of(work) == "sqlite" else _IN_POSTGRESQL
    values: dict[str, object] = {"query": query(work, words), "owner": owner_id, "limit": limit}
    if among is not None:
        names = {f"d{place}": document_id for place, document_id in enumerate(among)}
        base += f" AND c.document_id IN ({', '.join(':' + name for name in names)})" if names else " AND 1 = 0"
        values |= names
    found = work.execute(text(f"SELECT id FROM ({base}) AS hits ORDER BY rank DESC, id LIMIT :limit"), values)  # noqa: S608 - as above
    return list(found.scalars())


def count(work: Connection, owner_id: str, word: Word) -> int:
    """How many of the owner's passages have a word."""
    base = _IN_SQLITE if dialect_of(work) == "sqlite" else _IN_POSTGRESQL
    # Without the ranks: they would have to be worked out for all.
    counted = "SELECT count(*) FROM " + base.split(" FROM ", 1)[1]  # noqa: S608 - as above
    return int(work.execute(text(counted), {"query": query(work, (word,)), "owner": owner_id}).scalar_one())
