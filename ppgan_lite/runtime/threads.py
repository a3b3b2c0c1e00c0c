"""The processor cores that this process may use, and how many threads to compute in."""

from __future__ import annotations

import os
from pathlib import Path


def usable_cores() -> int:
    """Return how many cores this process may use, hardware threads counted one by one."""
    return len(_usable())


def physical_cores() -> int:
    """Return how many cores this process may use, two hardware threads of one core counted once."""
    cores = set()
    for cpu in _usable():
        siblings = Path(f"/sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list")
        cores.add(siblings.read_text().strip() if siblings.exists() else str(cpu))
    return len(cores)


def threads() -> int:
    """Return how many threads an engine should use: OMP_NUM_THREADS, or one per physical core."""
    asked = os.environ.get("OMP_NUM_THREADS", "")
    return int(asked) if asked.isdigit() and int(asked) else physical_cores()


def _usable() -> set[int]:
    return os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set(range(os.cpu_count() or 1))
