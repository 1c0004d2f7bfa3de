"""The tables fit together, and fit what the eyes can say."""

from __future__ import annotations

from services.answers import patterns
from services.answers.answering import HANDLERS
from services.answers.nouns import COCO, GROUPS, kinds, nouns, rows
from services.vision.imagenet import COCO_AS_IMAGENET, READABLE, kinds_of

OTHERWISE = {"sureness", "greeting", "thanks", "capability", "more", "difference", "describe", "people"}


def test_every_kind_of_question_has_an_answer() -> None:
    assert {kind for kind, _ in patterns.kinds()} - OTHERWISE <= HANDLERS.keys()


def test_every_topic_has_words() -> None:
    worded = {row["key"] for row in rows("phrases.tsv")}
    assert {f"topic.{topic}" for topic, _ in patterns.topics()} <= worded


def test_groups_and_kinds_name_known_nouns() -> None:
    known = set(nouns("en"))
    assert set().union(*GROUPS.values()) <= known
    assert GROUPS.keys() <= known
    assert {kind for row in rows("labels.tsv") for kind in kinds(row["label"])} <= known


def test_every_name_the_eyes_may_give_is_in_the_table_of_labels() -> None:
    known = {row["label"].lower() for row in rows("labels.tsv")}
    families = {
        kind
        for kind in kinds_of([READABLE.get(row["label"], row["label"]) for row in rows("labels.tsv")][:1000])
        if kind
    }
    spoken = {name for names in COCO_AS_IMAGENET.values() for name in names} | set(READABLE.values()) | families
    assert not {name for name in spoken if name.lower() not in known}


def test_every_coco_name_has_an_alias_free_of_clashes() -> None:
    named = [word for row in rows("aliases.tsv") for word in row["words"].split()]
    assert len(COCO) == len(set(COCO))
    assert not {word for word in named if "," in word or "." in word}
