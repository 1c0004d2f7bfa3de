"""How well pictures are found: precision, recall and nDCG of labelled queries, by both ways together and by each alone.

    pipenv run python benchmarks/image_search_quality.py [--models .cache/models] [--facts FILE] [--wrong] [--fit]

The pictures are those of `tests/answers/labelled` (real photographs out of packages, their licences in `pictures.tsv`)
under names a camera gives; a third of them has a title or a description, as their owner could have written them
(`tests/library/labelled/titles.tsv`). The queries (`queries.tsv`, English, Hindi and Marathi) name what a person would
pick, what may come as well without being counted, and are cut in two by their hash: what is chosen after them, cut-offs
and probabilities, was chosen on the first half, and the second is for telling how good that is. `--facts` keeps what
was measured of the pictures. `--wrong` lists what went wrong in the first half; `--fit` fits the numbers of
`relevance.of_words` to it.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import math
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPOSITORY))

from models.database import Database  # noqa: E402 - the repository has to be on the path first
from models.library import Folder  # noqa: E402
from models.media import Analysis, Image  # noqa: E402
from services import migrations  # noqa: E402
from services.answers import caption  # noqa: E402
from services.library import relevance  # noqa: E402
from services.library.image_index import KIND, ImageIndex  # noqa: E402
from services.library.keywords import keywords  # noqa: E402
from services.library.query import understand  # noqa: E402
from services.library.search import ImageSearch  # noqa: E402
from services.library.text_index import pictures_with  # noqa: E402
from services.library.vectors import Vectors  # noqa: E402
from services.meaning.centred import Centred  # noqa: E402
from services.meaning.local import LocalEmbedder  # noqa: E402
from services.vision.eyes import Eyes  # noqa: E402
from services.vision.facts_json import from_json, to_json  # noqa: E402
from tests.answers.labelled.carriers import Picture, pictures  # noqa: E402

LABELLED = REPOSITORY / "tests" / "library" / "labelled"
OWNER = "someone"
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
VECTORS_ALONE = 0.3
"""The cut-off that does best on the first half where the vector of the whole query is all there is."""


@dataclass(frozen=True)
class Asked:
    """A labelled query; pictures by their ids."""

    language: str
    text: str
    relevant: frozenset[str]
    tolerated: frozenset[str]

    @property
    def held_out(self) -> bool:
        return int(hashlib.sha256(self.text.encode()).hexdigest(), 16) % 2 == 0


@dataclass(frozen=True)
class Result:
    asked: Asked
    found: tuple[tuple[str, float], ...]

    @property
    def counted(self) -> list[str]:
        return [image_id for image_id, _score in self.found if image_id not in self.asked.tolerated]

    @property
    def precision(self) -> float:
        if not self.counted:
            return 1.0
        return sum(image_id in self.asked.relevant for image_id in self.counted) / len(self.counted)

    @property
    def recall(self) -> float:
        if not self.asked.relevant:
            return 1.0
        return sum(image_id in self.asked.relevant for image_id in self.counted) / len(self.asked.relevant)

    @property
    def ndcg(self) -> float:
        """Of the first ten (Järvelin and Kekäläinen 2002); where nothing is relevant, 1 if nothing is found."""
        if not self.asked.relevant:
            return float(not self.counted)
        gains = [image_id in self.asked.relevant for image_id in self.counted[:10]]
        best = range(min(10, len(self.asked.relevant)))
        return sum(gain / math.log2(place + 2) for place, gain in enumerate(gains)) / sum(
            1 / math.log2(place + 2) for place in best
        )


def table(name: str) -> list[dict[str, str]]:
    with (LABELLED / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def ids(wanted: Sequence[Picture]) -> dict[str, str]:
    return {picture.name: f"{number:08d}-0000-4000-8000-000000000000" for number, picture in enumerate(wanted)}


def chosen(short: str, names: dict[str, str]) -> str:
    """The id of the picture that a label means: a part of its name that no other has."""
    fits = [name for name in names if name.endswith(f"/{short}") or name.split("/")[1].split(".")[0] == short]
    fits = fits or [name for name in names if short in name.rsplit(".", 1)[0] or short == name.split("/")[1]]
    assert len(fits) == 1, (short, fits)
    return names[fits[0]]


def queries(names: dict[str, str]) -> list[Asked]:
    def those(words: str | None) -> frozenset[str]:
        return frozenset(chosen(short, names) for short in (words or "").split())

    return [
        Asked(row["language"], row["query"], those(row["relevant"]), those(row["tolerated"]))
        for row in table("queries.tsv")
    ]


def facts_of(wanted: Sequence[Picture], models: Path, kept: Path | None) -> dict[str, Any]:
    if kept and kept.exists():
        return dict(json.loads(kept.read_text()))
    eyes = Eyes(models, fetch=True)
    facts = {picture.name: to_json(eyes.look(picture.read())) for picture in wanted}
    eyes.close()
    if kept:
        kept.write_text(json.dumps(facts))
    return facts


def fill(database: Database, wanted: Sequence[Picture], facts: dict[str, Any]) -> None:
    told = {row["picture"]: row for row in table("titles.tsv")}
    folders = {row["folder"]: f"folder-{row['folder']}" for row in told.values() if row["folder"]}
    names = ids(wanted)
    with database.write() as session:
        session.add_all(
            Folder(id=folder_id, owner_id=OWNER, name=name, place=f"/{name.lower()}")
            for name, folder_id in folders.items()
        )
        session.flush()
        for number, picture in enumerate(wanted):
            known = from_json(facts[picture.name])
            row = told.get(picture.name, {})
            session.add(
                Image(
                    id=names[picture.name],
                    owner_id=OWNER,
                    filename=f"IMG_{2000 + number}{Path(picture.path).suffix.lower()}",
                    mime_type=f"image/{ {'jpg': 'jpeg'}.get(picture.path[-3:].lower(), picture.path[-3:].lower()) }",
                    size_bytes=100_000,
                    width=known.width,
                    height=known.height,
                    sha256=picture.sha256,
                    storage_key=picture.name,
                    title=row.get("title") or None,
                    description=row.get("description") or None,
                    folder_id=folders.get(row.get("folder") or ""),
                    analysis_status="ready",
                    created_at=NOW - timedelta(days=number),
                )
            )
            session.add(
                Analysis(
                    sha256=picture.sha256,
                    facts=facts[picture.name],
                    caption=caption(known),
                    keywords=keywords(known),
                )
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", type=Path, default=REPOSITORY / ".cache" / "models")
    parser.add_argument("--facts", type=Path)
    parser.add_argument("--wrong", action="store_true", help="list what went wrong in the first half")
    parser.add_argument("--fit", action="store_true", help="fit how likely words and meaning make a picture")
    options = parser.parse_args()
    wanted = pictures()
    facts = facts_of(wanted, options.models, options.facts)
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{folder}/quality.db")
        migrations.ensure(database)
        fill(database, wanted, facts)
        embedder = Centred(LocalEmbedder())
        index = ImageIndex(database, embedder, Vectors(database, embedder.name))
        for image_id in ids(wanted).values():
            index.update(OWNER, image_id)
        search, asked = ImageSearch(database, index), queries(ids(wanted))
        if options.fit:
            fit(search, [one for one in asked if not one.held_out])
            fit_objects(wanted, facts)
        else:
            measure(search, asked, ids(wanted), wrong=options.wrong)
        database.close()


def fit(search: ImageSearch, asked: list[Asked]) -> None:
    """Logistic regression of being right on nearness, for pictures that a search would give and that lack a word."""
    from sklearn.linear_model import LogisticRegression

    rows: list[tuple[float]] = []
    right: list[bool] = []
    for one in asked:
        for clause in understand(one.text, NOW).clauses:
            if not clause.meaning:
                continue
            vector = search.index.embedder.queries([clause.meaning])[0]
            with search.database.look() as work:
                having = set().union(*(pictures_with(work, OWNER, word) for word in clause.sought))
            nearest = search.index.vectors.nearest(OWNER, KIND, vector, 1000)
            least = max(relevance.NEAR_BESIDE, relevance.NEXT_TO_BEST * nearest[0][1])
            for image_id, cosine in nearest:
                if image_id not in one.tolerated and cosine >= least and image_id not in having:
                    rows.append((max(0.0, cosine),))
                    right.append(image_id in one.relevant)
    model = LogisticRegression(C=10.0).fit(rows, right)
    print(f"{len(rows)} pictures, {sum(right)} right")
    print(f"start {model.intercept_[0]:.2f}, meaning {model.coef_[0][0]:.2f}")


def fit_objects(wanted: Sequence[Picture], facts: dict[str, Any]) -> None:
    """Isotonic regression of an object's being there on its confidence, over pictures that are not held out."""
    from sklearn.isotonic import IsotonicRegression

    for held in (False, True):
        seen = [
            (thing["confidence"], thing["name"] in picture.present)
            for picture in wanted
            if picture.held_out is held
            for thing in facts[picture.name]["objects"]
        ]
        confidences, there = zip(*seen, strict=True)
        curve = IsotonicRegression(y_min=0.0, y_max=1.0, out_of_bounds="clip").fit(confidences, there)
        steps = ", ".join(f"{at:.2f}: {curve.predict([at])[0]:.2f}" for at in (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0))
        print(f"objects {'held out' if held else 'made with'}: {len(seen)}, {sum(there)} there; {steps}")


def measure(search: ImageSearch, asked: list[Asked], names: dict[str, str], *, wrong: bool) -> None:
    def hybrid(text: str) -> tuple[tuple[str, float], ...]:
        return tuple((match.image_id, match.relevance) for match in search.match(OWNER, text, NOW).matches)

    def words(text: str) -> tuple[tuple[str, float], ...]:
        found = search.match(OWNER, text, NOW, search_type="keyword").matches
        return tuple((match.image_id, match.relevance) for match in found)

    def vectors(text: str) -> tuple[tuple[str, float], ...]:
        vector = search.index.embedder.queries([text])[0]
        nearest = search.index.vectors.nearest(OWNER, KIND, vector, 1000)
        return tuple((image_id, cosine) for image_id, cosine in nearest if cosine >= VECTORS_ALONE)

    ways: dict[str, Callable[[str], tuple[tuple[str, float], ...]]] = {
        "hybrid": hybrid,
        "rules and words": words,
        "vectors alone": vectors,
    }
    results = {way: [Result(one, find(one.text)) for one in asked] for way, find in ways.items()}
    print(f"{len(names)} pictures, {len(asked)} queries ({sum(one.held_out for one in asked)} held out)")
    print(f"{'':18}{'made with':>30}{'held out':>30}")
    print(f"{'':18}" + f"{'precision':>12}{'recall':>9}{'nDCG@10':>9}" * 2)
    for way, each in results.items():
        print(
            f"{way:18}" + "".join(_row([one for one in each if one.asked.held_out is held]) for held in (False, True))
        )
    for language in ("en", "hi", "mr"):
        each = [one for one in results["hybrid"] if one.asked.language == language]
        print(
            f"  hybrid, {language:8}" + "".join(_row([r for r in each if r.asked.held_out is h]) for h in (False, True))
        )
    _reliability(results["hybrid"])
    if wrong:
        _wrong(results["hybrid"], {image_id: name for name, image_id in names.items()})


def _row(results: list[Result]) -> str:
    count = len(results) or 1
    precision = sum(one.precision for one in results) / count
    recall = sum(one.recall for one in results) / count
    return f"{precision:12.3f}{recall:9.3f}{sum(one.ndcg for one in results) / count:9.3f}"


def _reliability(results: list[Result]) -> None:
    """Of what was scored so, how much was right."""
    print(f"\n{'score':12}{'made with':>12}{'right':>8}{'held out':>12}{'right':>8}")
    for low, high in ((0.0, 0.5), (0.5, 0.7), (0.7, 0.85), (0.85, 0.95), (0.95, 1.01)):
        cells = ""
        for held in (False, True):
            scored = [
                image_id in one.asked.relevant
                for one in results
                if one.asked.held_out is held
                for image_id, score in one.found
                if low <= score < high and image_id not in one.asked.tolerated
            ]
            cells += f"{len(scored):12}{sum(scored) / len(scored):8.2f}" if scored else f"{0:12}{'-':>8}"
        print(f"{low:.2f} - {min(high, 1):.2f}{cells}")


def _wrong(results: list[Result], names: dict[str, str]) -> None:
    for one in results:
        if one.asked.held_out:
            continue
        extra = [
            f"{names[i]} {score:.2f}"
            for i, score in one.found
            if i not in one.asked.relevant and i not in one.asked.tolerated
        ]
        found = {image_id for image_id, _score in one.found}
        missed = [names[image_id] for image_id in one.asked.relevant if image_id not in found]
        if extra or missed:
            print(f"{one.asked.text}\n    extra: {', '.join(extra)}\n    missed: {', '.join(missed)}")


if __name__ == "__main__":
    main()
