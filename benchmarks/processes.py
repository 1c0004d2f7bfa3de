"""What servers use, each with its workers: CPU and memory out of /proc."""

from __future__ import annotations

import os
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


def trees(roots: tuple[int, ...]) -> list[int]:
    """The processes of these ids and all that descend from them."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").glob("[0-9]*"):
        if fields := _fields(int(entry.name)):
            children.setdefault(int(fields[1]), []).append(int(entry.name))
    found = list(roots)
    for pid in found:
        found += children.get(pid, [])
    return found


def cpu_s(roots: tuple[int, ...]) -> float:
    """Seconds of CPU they have used so far, those of processes that have ended left out."""
    used = [_fields(pid) for pid in trees(roots)]
    return sum(int(fields[11]) + int(fields[12]) for fields in used if fields) / TICKS


def memory_mb(roots: tuple[int, ...]) -> float:
    """Megabytes they hold, what is shared counted once (PSS)."""
    total = 0
    for pid in trees(roots):
        try:
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        except OSError:
            continue  # it ended meanwhile
        total += next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total / 1024


def _fields(pid: int) -> list[str]:
    """What /proc/PID/stat says after the process's name; nothing of one that has ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return []
