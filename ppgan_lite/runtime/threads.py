"""The processor cores that this process may use."""

from __future__ import annotations

import os
from pathlib import Path


def physical_cores() -> int:
    """How many cores this process may use, counting two hardware threads of one core once."""
    usable = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else range(os.cpu_count() or 1)
    cores = set()
    for cpu in usable:
        siblings = Path(f"/sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list")
        cores.add(siblings.read_text().strip() if siblings.exists() else str(cpu))
    return max(1, len(cores))
