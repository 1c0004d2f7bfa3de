"""Everything that must hold, in the order in which it is quickest to learn of it: `pipenv run check`.

Further arguments go to pytest: `pipenv run check -k upload`.
"""

from __future__ import annotations

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


def main() -> int:
    """Run the steps; the exit code of the first that fails, else 0."""
    for step in STEPS:
        command = [*step, *sys.argv[1:]] if step[0] == "pytest" else list(step)
        print("$ " + " ".join(command), flush=True)  # noqa: T201 - it is a command
        began = time.monotonic()
        # Beside this interpreter, wherever the search path leads.
        command[0] = str(Path(sys.executable).with_name(step[0]))
        code = subprocess.run(command, cwd=ROOT, check=False).returncode
        if code:
            print(f"{step[0]} failed after {time.monotonic() - began:.0f} s", file=sys.stderr)  # noqa: T201
            return code
    return 0


if __name__ == "__main__":
    sys.exit(main())
