"""axe-core, the accessibility checker, from npm by the lock file beside this one."""

from __future__ import annotations

import fcntl
import json
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

HERE = Path(__file__).parent
PACKAGE = HERE / "node_modules" / "axe-core"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def violations(page: Page) -> list[str]:
    """What axe finds wrong with the page as it is shown now, a line for each element."""
    # Evaluated as a debugger does, which the page's own policy on scripts and HTML does not reach.
    page.evaluate(_source())
    found = page.evaluate("tags => axe.run(document, {runOnly: tags})", TAGS)
    return [_line(rule, node) for rule in found["violations"] for node in rule["nodes"]]


def _line(rule: dict[str, Any], node: dict[str, Any]) -> str:
    return f"{rule['id']} ({rule['impact']}): {' '.join(map(str, node['target']))}: {node['failureSummary']}"


@cache
def _source() -> str:
    install()
    return (PACKAGE / "axe.min.js").read_text()


def install() -> None:
    """`npm ci` if the locked version is not there; one process at a time."""
    lock = HERE / "package-lock.json"
    wanted = json.loads(lock.read_text())["packages"]["node_modules/axe-core"]["version"]
    with lock.open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        manifest = PACKAGE / "package.json"
        if manifest.is_file() and json.loads(manifest.read_text())["version"] == wanted:
            return
        subprocess.run(["npm", "ci", "--no-audit", "--no-fund"], cwd=HERE, check=True, capture_output=True, timeout=180)
