"""How many requests in three languages the local provider's rules take to the right tools, and how long that takes.

    pipenv run python benchmarks/routing.py [--wrong]

Prints accuracy for the requests the rules were made with and for those held out. `--wrong` lists the wrong ones of the
first part; the second is never listed, so that no rule is made after it.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.agent.labelled.marking import followed, goal, is_right, rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--wrong", action="store_true", help="list the wrong ones of the part made with")
    options = parser.parse_args()
    parts = {"made with": rows("made"), "held out": rows("held")}
    print(f"{'':10}" + "".join(f"{name:>24}" for name in parts))
    for language in ("en", "hi", "mr", "all"):
        cells = ""
        for some in parts.values():
            group = [row for row in some if language in (row.language, "all")]
            right = sum(is_right(row) for row in group)
            cells += f"{right:12} of {len(group):3}{right / len(group):6.3f}"
        print(f"{language:10}{cells}")
    times = []
    for row in [row for some in parts.values() for row in some]:
        began = time.perf_counter()
        followed(row.question, row.language)
        times.append((time.perf_counter() - began) * 1000)
    print(f"a request, all its rounds: median {statistics.median(times):.1f} ms, longest {max(times):.1f} ms")
    if options.wrong:
        for row in parts["made with"]:
            if not is_right(row):
                print(f"{row.goal}: {row.question} -> {goal(followed(row.question, row.language))}")


if __name__ == "__main__":
    main()
