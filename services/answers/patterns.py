"""What people ask, as data: for each kind of question the phrasings that ask it, in `data/questions.tsv`.

Rows are tried from the top; the first that matches decides, so the narrower kinds stand first. A pattern is searched in
the folded question (see `text_folding.fold`) in every language, since people mix them. `data/topics.tsv` holds in the
same way what cannot be told from pixels alone, `data/marks.tsv` smaller signs: joints between questions, pronouns,
sides, words in a thing's place.
"""

from __future__ import annotations

import re

from services.answers.nouns import rows
from services.answers.text_folding import pattern


def _compiled(file: str, column: str) -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple((row[column], pattern(row["pattern"])) for row in rows(file))


KINDS = _compiled("questions.tsv", "kind")
TOPICS = _compiled("topics.tsv", "topic")
MARKS = {
    mark: pattern("|".join(row["pattern"] for row in rows("marks.tsv") if row["mark"] == mark))
    for mark in {row["mark"] for row in rows("marks.tsv")}
}
