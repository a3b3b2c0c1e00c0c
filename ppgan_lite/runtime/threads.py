"""The processor: its name, the cores that this process may use, and how many threads to compute in."""

from __future__ import annotations

import functools
import os
from pathlib import Path

from ppgan_lite.runtime.environment import asked_threads

_CPU_INFO = Path("/proc/cpuinfo")
# Its lines that tell which instructions a processor has: of x86 and of ARM.
_KINDS = ("vendor_id", "model name", "flags", "CPU implementer", "CPU part", "Features")


@functools.cache
def processor() -> str:
    """Return maker, model and instructions of the processor, without starting a program."""
    try:
        with _CPU_INFO.open("rb", buffering=0) as file:
            first = file.read(4096).decode(errors="replace").partition("\n\n")[0]  # all cores are alike
    except OSError:
        return os.environ.get("PROCESSOR_IDENTIFIER", "")
    return "\n".join(line for line in first.splitlines() if line.startswith(_KINDS))


def usable_cores() -> int:
    """Return how many cores this process may use, hardware threads counted one by one."""
    return len(_usable())


def physical_cores() -> int:
    """Return how many cores this process may use, two hardware threads of one core counted once."""
    return _physical(frozenset(_usable()))


@functools.cache
def _physical(cpus: frozenset[int]) -> int:
    cores = set()
    for cpu in cpus:
        siblings = Path(f"/sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list")
        cores.add(siblings.read_text().strip() if siblings.exists() else str(cpu))
    return len(cores)


def threads() -> int:
    """Return how many threads an engine should use: OMP_NUM_THREADS, or one per physical core.

    The variable counts as it was before Paddle was imported, so that engines use the same threads before and after.
    """
    asked = asked_threads()
    return int(asked) if asked.isdigit() and int(asked) else physical_cores()


def _usable() -> set[int]:
    return os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set(range(os.cpu_count() or 1))
