"""Memory: how much is free, how much to take of it, and freed memory kept for reuse."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path

from ppgan_lite.errors import UsageError

FREE_SHARE = 0.4  # the share of the free memory that strips or maps may take, and
LEAST_BYTES = 80_000_000  # ... the bytes that they get in any case: with less, halos would be most of the work

# The control groups of this process, and where the kernel mounts them.
_OWN_GROUPS = Path("/proc/self/cgroup")
_GROUPS = Path("/sys/fs/cgroup")
# Of mallopt(3).
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
_LARGEST_MMAP_THRESHOLD = 32 * 2**20  # the largest that glibc takes
_NEVER = 2**31 - 1


def free_memory() -> int:
    """Return how many bytes this process may still take: of the machine, or of its container if that has fewer."""
    return min(free for free, _ in _free_and_total())


def share_of_memory_free() -> float:
    """Return the share of the memory that is free: of the machine, or of the container if that has less of its own."""
    return min(free / total for free, total in _free_and_total())


def affordable(wanted: float) -> float:
    """Return how many of the bytes that would be worked with are to be taken: fewer where little memory is free."""
    return wanted if wanted <= LEAST_BYTES else min(wanted, max(FREE_SHARE * free_memory(), LEAST_BYTES))


def require_memory(where: object, needed: float) -> None:
    """Refuse work that does not fit into memory before it is begun.

    Args:
        where: The work, for the message.
        needed: The most bytes that this process will have, those that it has already among them.

    Raises:
        UsageError: It takes more than is free.
    """
    import psutil  # not at load: most pictures are small, and it takes time

    free = free_memory() + psutil.Process().memory_info().rss
    if needed > free:
        found = f"needs about {needed / 1e9:.1f} GB of memory"
        raise UsageError(where, found, f"at most the {free / 1e9:.1f} GB that are free", "Scale it down first")


def keep_freed_memory() -> None:
    """Have glibc keep, until the process ends, the memory that one step or picture gives back, for the next one.

    Otherwise it returns every large array to the system and has it paged in anew: about a twentieth of a CycleGAN step,
    and longer than a blur (glibc 2.36). No more is held than the work needs anyway. Elsewhere this does nothing.
    """
    import ctypes

    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if mallopt is not None:
        mallopt(_M_MMAP_THRESHOLD, _LARGEST_MMAP_THRESHOLD)
        mallopt(_M_TRIM_THRESHOLD, _NEVER)


def _free_and_total() -> list[tuple[int, int]]:
    """Return free and total bytes of the machine, and of each control group that limits this process."""
    import psutil

    machine = psutil.virtual_memory()
    return [(machine.available, machine.total), *_of_groups(machine.total)]


def _of_groups(machine_bytes: int) -> Iterator[tuple[int, int]]:
    """Yield free and total bytes of each Linux control group, of version 1 or 2, with a limit; elsewhere none.

    A group is limited by those above it too. A container's own group is mounted as the root, and /proc may give its
    path as the host knows it; the walk up ends at the root in any case.
    """
    try:
        lines = [line.split(":", 2) for line in _OWN_GROUPS.read_text("utf-8").splitlines()]
    except OSError:
        return
    for _, controllers, path in lines:
        if controllers == "":
            root, files, kinds = _GROUPS, ("memory.max", "memory.current"), ("file", "shmem")
        elif "memory" in controllers.split(","):
            root, files = _GROUPS / "memory", ("memory.limit_in_bytes", "memory.usage_in_bytes")
            kinds = ("total_cache", "total_shmem")
        else:
            continue
        group = root / path.lstrip("/")
        for folder in (group, *group.parents):
            with contextlib.suppress(OSError, ValueError, KeyError):  # not there, or its limit is "max"
                limit, used = (int((folder / name).read_text("ascii")) for name in files)
                if limit < machine_bytes:
                    entries = (line.split() for line in (folder / "memory.stat").read_text("ascii").splitlines())
                    stat = {name: int(count) for name, count in entries}
                    # The kernel drops cached files when memory runs short, all but those that lie in memory only.
                    cached, kept = (stat[kind] for kind in kinds)
                    yield max(limit - used + cached - kept, 0), limit
            if folder == root:
                break
