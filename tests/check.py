"""Everything that must hold, in the order in which it is quickest to learn of it: `pipenv run check`.

The tests run twice: with SQLite and folders, and, those that touch what is kept, with PostgreSQL, Redis and S3. Further
arguments go to pytest, and then it runs once: `pipenv run check -k upload`.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from config import ROOT

STEPS: tuple[tuple[str, ...], ...] = (
    ("ruff", "format", "--check", "."),
    ("ruff", "check", "."),
    ("mypy",),
    ("lint-imports",),
    ("pytest", "-n", "auto"),
)


KEEPING = (
    "agent",
    "gateway",
    "library",
    "making",
    "models",
    "plans",
    "routes",
    "services",
    "sessions",
    "voice/test_hot_sessions.py",
    "voice/test_owners.py",
    "voice/test_sessions.py",
)
"""Tests of what keeps something; the others would do the same on hosts."""
ON_HOSTS = ("pytest", "-n", "auto", "-m", "not slow or slow(hosts=True)", *(f"tests/{place}" for place in KEEPING))


def main() -> int:
    """Run the steps; the exit code of the first that fails, else 0."""
    for step in STEPS if sys.argv[1:] else (*STEPS, ON_HOSTS):
        command = [*step, *sys.argv[1:]] if step[0] == "pytest" else list(step)
        environment = os.environ | ({"TEST_ON": "hosts"} if step is ON_HOSTS else {})
        print("$ " + " ".join(command), flush=True)  # noqa: T201 - it is a command
        began = time.monotonic()
        # Beside this interpreter, wherever the search path leads.
        command[0] = str(Path(sys.executable).with_name(step[0]))
        code = subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode
        if code:
            print(f"{step[0]} failed after {time.monotonic() - began:.0f} s", file=sys.stderr)  # noqa: T201
            return code
    return 0


if __name__ == "__main__":
    sys.exit(main())
