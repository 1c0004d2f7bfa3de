"""How well passages of documents are found: precision, recall and nDCG over a labelled set in English, Hindi and
Marathi, beside search by words alone and by meaning alone; and how fast documents are read.

    python -m benchmarks.passages              # the test half, figures for the README
    python -m benchmarks.passages --fit        # weights and cut-off from the tuning half
    python -m benchmarks.passages --pages 200  # indexing rate
"""

from __future__ import annotations

import argparse
import math
import re
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sqlalchemy import insert, select

from models.base import new_id, now
from models.database import Database
from models.library import Document, DocumentChunk
from models.workers import Worker
from services import migrations
from services.documents import reading
from services.library import passage_meaning, passages
from services.library.document_reading import DocumentReading
from services.library.documents import Documents
from services.library.passage_vectors import PassageVectors
from services.library.passage_words import count, present, share, words_of
from services.library.passages import PassageSearch
from services.library.storage import FolderStore
from services.library.vectors import Vectors
from services.meaning.local import LocalEmbedder

OWNER = "benchmark"
LABELLED = Path(__file__).with_name("passages.txt")


@dataclass(frozen=True)
class Question:
    text: str
    answers: frozenset[str]


def labelled() -> tuple[dict[str, str], list[Question]]:
    """Documents as Markdown by name, and the questions."""
    documents: dict[str, str] = {}
    questions = []
    name = section = ""
    for line in LABELLED.read_text().splitlines()[4:]:
        if line.startswith("== "):
            name, section = line[3:], ""
        elif line.startswith("# "):
            section = line[2:]
            documents[name] = documents.get(name, "") + f"## {section}\n\n"
        elif line.startswith("? "):
            asked = re.match(r"\? (.*?)(?: \[(.*)\])?$", line)
            assert asked
            others = asked[2].split(", ") if asked[2] else []
            answers = frozenset(f"{name}/{each}" for each in (section, *others)) if section else frozenset()
            questions.append(Question(asked[1], answers))
        elif line:
            documents[name] += line + "\n\n"
    return documents, questions


class Library:
    """A library of the labelled documents in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.database = Database(f"sqlite:///{folder / 'library.db'}")
        migrations.upgrade(self.database)
        worker = new_id()
        with self.database.write() as work:
            work.execute(insert(Worker).values(id=worker, host="here", pid=1, job_threads=1, seen_at=now()))
        self.embedder = passage_meaning.centred(LocalEmbedder())
        self.vectors = Vectors(self.database, self.embedder.name)
        store = FolderStore(folder / "media")
        self.documents = Documents(self.database, store, self.vectors, lambda _id: None)
        meanings = PassageVectors(self.database, self.vectors, self.embedder, threading.Event())
        self.reading = DocumentReading(
            self.database, store, meanings, ocr=lambda _data: None, again=lambda _id: None, worker_id=worker
        )
        self.search = PassageSearch(self.database, self.vectors, self.embedder)

    def add(self, name: str, data: bytes) -> str:
        document = self.documents.add(OWNER, name, data)
        self.reading.run(document.id)
        return document.id


def found_by_both(library: Library, question: str) -> list[str]:
    return [f"{passage.filename[:-3]}/{passage.heading}" for passage in library.search.find(OWNER, question)]


def found_by(library: Library, question: str, value: Callable[[float, float], float], least: float) -> list[str]:
    """All passages by one value of their features, down to the least."""
    rated = [(value(near, agreement), name) for name, near, agreement in features(library, question)]
    return [name for score, name in sorted(rated, reverse=True) if score >= least]


def features(library: Library, question: str) -> list[tuple[str, float, float]]:
    """Name, nearness and agreement of every passage, as the search has them."""
    words = words_of(question)
    vector = library.embedder.queries([question])[0]
    near = dict(library.vectors.nearest(OWNER, "chunk", vector, 10_000))
    with library.database.look() as work:
        rows = work.execute(
            select(DocumentChunk.id, DocumentChunk.heading, DocumentChunk.text, Document.filename).join(
                Document, Document.id == DocumentChunk.document_id
            )
        ).all()
        weights = {word.stem: math.log(1 + len(rows) / (1 + count(work, OWNER, word))) for word in words}
    made = []
    for row in rows:
        there = present(words, f"{row.heading}\n{row.filename}\n{row.text}")
        made.append((f"{row.filename[:-3]}/{row.heading}", near.get(row.id, 0.0), share(words, weights, there)))
    return made


def figures(questions: Sequence[Question], found: Callable[[str], list[str]]) -> str:
    """Precision, recall, nDCG@10 of questions with an answer; the share of the others that nothing was found for."""
    precision, recall, ndcg, silent = [], [], [], []
    for question in questions:
        names = list(dict.fromkeys(found(question.text)))
        if not question.answers:
            silent.append(not names)
            continue
        right = [name in question.answers for name in names]
        precision.append(sum(right) / len(right) if right else 0.0)
        recall.append(sum(right) / len(question.answers))
        gain = sum(1 / math.log2(place + 2) for place, good in enumerate(right[:10]) if good)
        ndcg.append(gain / sum(1 / math.log2(place + 2) for place in range(min(10, len(question.answers)))))
    mean = statistics.fmean
    return f"{mean(precision):.2f} | {mean(recall):.2f} | {mean(ndcg):.2f} | {sum(silent)}/{len(silent)}"


def best_least(
    questions: Sequence[Question],
    all_features: dict[str, list[tuple[str, float, float]]],
    value: Callable[[float, float], float],
) -> float:
    """The cut-off with the best F1 over all questions and passages."""
    rated = [
        (value(near, agreement), name in question.answers)
        for question in questions
        for name, near, agreement in all_features[question.text]
    ]
    total = sum(good for _score, good in rated)
    best, least, hits = 0.0, 0.0, 0
    ordered = sorted(rated, reverse=True)
    for place, (score, good) in enumerate(ordered, 1):
        hits += good
        if place < len(ordered) and ordered[place][0] == score:
            continue  # equal scores are cut off together
        f1 = 2 * hits / (place + total)
        if f1 > best:
            best, least = f1, score
    return least


def fit(questions: Sequence[Question], all_features: dict[str, list[tuple[str, float, float]]]) -> None:
    """Logistic regression on nearness, agreement and their product: the constants of `services/library/passages.py`."""
    from sklearn.linear_model import LogisticRegression

    rows, targets = [], []
    for question in questions:
        for name, near, agreement in all_features[question.text]:
            rows.append((max(0.0, near), agreement, max(0.0, near) * agreement))
            targets.append(name in question.answers)
    model = LogisticRegression(C=30, max_iter=5000).fit(np.array(rows), np.array(targets))
    bias, (of_meaning, of_words, of_both) = model.intercept_[0], model.coef_[0]
    print(f"BIAS, OF_MEANING, OF_WORDS, OF_BOTH = {bias:.2f}, {of_meaning:.2f}, {of_words:.2f}, {of_both:.2f}")

    def value(near: float, agreement: float) -> float:
        near = max(0.0, near)
        return 1 / (1 + math.exp(-(bias + of_meaning * near + of_words * agreement + of_both * near * agreement)))

    print(f"CUT_OFF by F1: {best_least(questions, all_features, value):.3f}")
    words_alone = LogisticRegression(C=30).fit(np.array(rows)[:, 1:2], np.array(targets))
    print(f"by words alone: {words_alone.intercept_[0]:.2f} + {words_alone.coef_[0][0]:.2f} * agreement")


def calibration(questions: Sequence[Question], all_features: dict[str, list[tuple[str, float, float]]]) -> None:
    bins: dict[int, list[bool]] = {}
    for question in questions:
        for name, near, agreement in all_features[question.text]:
            bins.setdefault(min(9, int(passages.judge(agreement, near) * 10)), []).append(name in question.answers)
    for place, right in sorted(bins.items()):
        print(f"relevance {place / 10:.1f}-{place / 10 + 0.1:.1f}: {sum(right)}/{len(right)} right")


def indexing(library: Library, pages: int) -> None:
    """Pages a second of a PDF of full pages, read, written and with their vectors."""
    from tests.documents.making import pdf

    lines = [f"Line {line} tells of the river, the bridge and the market by the old town wall." for line in range(40)]
    data = pdf([[(72, 750 - 16 * place, 11, line) for place, line in enumerate(lines)] for _page in range(pages)])
    begun = time.perf_counter()
    read = sum(1 for _page in reading.read("pdf", data))
    print(f"{read / (time.perf_counter() - begun):.0f} pages/s read alone")
    begun = time.perf_counter()
    document = library.documents.get(OWNER, library.add("rate.pdf", data))
    took = time.perf_counter() - begun
    print(f"{pages} pages of {document.kind} in {took:.1f} s: {pages / took:.1f} pages/s with their meanings")


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--fit", action="store_true")
    options.add_argument("--pages", type=int, default=0)
    asked = options.parse_args()
    documents, questions = labelled()
    tuning, test = questions[::2], questions[1::2]
    with tempfile.TemporaryDirectory() as folder:
        library = Library(Path(folder))
        if asked.pages:
            indexing(library, asked.pages)
            return
        for name, text in documents.items():
            library.add(f"{name}.md", text.encode())
        known = {question.text: features(library, question.text) for question in questions}
        if asked.fit:
            fit(tuning, known)
            return
        ways: dict[str, Callable[[float, float], float]] = {
            "words alone": lambda _near, agreement: agreement,
            "meaning alone": lambda near, _agreement: near,
        }
        print(
            f"{len(documents)} documents, {len(known[test[0].text])} passages, {len(test)} questions of the test half"
        )
        print("| | precision | recall | nDCG@10 | silent where nothing answers |\n|---|---|---|---|---|")
        for name, value in ways.items():
            least = best_least(tuning, known, value)
            row = figures(test, lambda text, value=value, least=least: found_by(library, text, value, least))
            print(f"| {name} | {row} |")
        print(f"| both | {figures(test, lambda text: found_by_both(library, text))} |")
        for script, letters in (("Latin", r"[a-z]"), ("Devanagari", "[\u0900-\u097f]")):
            some = [question for question in test if question.answers and re.search(letters, question.text)]
            some += [question for question in test if not question.answers]
            print(f"| both, questions in {script} | {figures(some, lambda text: found_by_both(library, text))} |")
        calibration(test, known)
        begun = time.perf_counter()
        for question in test:
            library.search.find(OWNER, question.text)
        print(f"{(time.perf_counter() - begun) / len(test) * 1000:.0f} ms a search")


if __name__ == "__main__":
    main()
