"""Memory: measure the free memory, limit what is taken of it, and keep freed memory for reuse."""

from __future__ import annotations

import contextlib
import ctypes
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ppgan_lite.errors import UsageError

FREE_SHARE = 0.4  # the largest share of the free memory for strips or maps
LEAST_BYTES = 80_000_000  # granted to them in any case: with less, halos would be most of the work

# The control groups of this process, and where the kernel mounts them.
_OWN_GROUPS = Path("/proc/self/cgroup")
_GROUPS = Path("/sys/fs/cgroup")
# Of mallopt(3) and madvise(2).
_M_TRIM_THRESHOLD, _M_TOP_PAD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -2, -3, -8
_LARGEST_MMAP_THRESHOLD = 32 * 2**20  # the largest that glibc takes
_USUAL_TOP_PAD = 128 * 2**10
_MADV_HUGEPAGE = 14
_LARGE_PAGE = 2 * 2**20
_MOST_BY_LARGE_PAGES = 128_000_000  # what one painting takes

KEPT_BYTES = 128_000_000  # of freed memory, from one painting to the next
_NEVER = 2**31 - 1
_most_kept = 0  # see `keep_freed_memory`


def free_memory() -> int:
    """Return the free memory in bytes: of the machine, or of the container of this process if that has less."""
    return min(free for free, _ in _free_and_total())


def share_of_memory_free() -> float:
    """Return the free share of the memory: of the machine, or of the container of this process if that is smaller."""
    return min(free / total for free, total in _free_and_total())


def affordable(wanted: float) -> float:
    """Return how many of the wanted bytes to take: fewer if little memory is free."""
    return wanted if wanted <= LEAST_BYTES else min(wanted, max(FREE_SHARE * free_memory(), LEAST_BYTES))


def require_memory(where: object, needed: float) -> None:
    """Refuse work that does not fit into memory before it starts.

    Args:
        where: The work, for the message.
        needed: The peak memory of this process in bytes, including memory in use already.

    Raises:
        UsageError: It exceeds the free memory.
    """
    import psutil  # takes time to load, and most pictures are small

    free = free_memory() + psutil.Process().memory_info().rss
    if needed > free:
        found = f"needs about {needed / 1e9:.1f} GB of memory"
        values = {"needed": f"{needed / 1e9:.1f}", "free": f"{free / 1e9:.1f}"}
        expected, remedy = f"at most the {values['free']} GB that are free", "Scale it down first"
        raise UsageError(where, found, expected, remedy, code="memory", values=values)


def keep_freed_memory(most: int = _NEVER, *, one_heap: bool = False) -> None:
    """Have glibc keep the memory that one step or picture frees for the next one, until the process ends.

    By default it returns every large array to the system and has new ones paged in: about a twentieth of a CycleGAN
    step or of a painting, and longer than a blur (glibc 2.36). The process holds no more than its peak. The first part
    of the memory is paged in by large pages. Other systems are not affected.

    Args:
        most: Bytes to keep, for a process that lives on; one that was told more keeps that.
        one_heap: Whether threads that begin later share that memory, instead of having some of their own, which is
            faster where they are few: for a process that makes a picture and ends.
    """
    global _most_kept
    if most <= _most_kept:
        return
    libc: Any = ctypes.CDLL(None) if sys.platform == "linux" else None
    if hasattr(libc, "mallopt"):
        libc.mallopt(_M_MMAP_THRESHOLD, _LARGEST_MMAP_THRESHOLD)
        libc.mallopt(_M_TRIM_THRESHOLD, most)
        if one_heap:
            libc.mallopt(_M_ARENA_MAX, 1)
        if not _most_kept:
            _page_in_by_large_pages(libc, min(most, _MOST_BY_LARGE_PAGES))
    _most_kept = most


def _page_in_by_large_pages(libc: Any, size: int) -> None:
    """Have the memory that glibc takes next paged in 2 MB at a time, if the system does that where it is asked.

    A start pages in 100 MB, 4 kB at a time, which is a sixth of its processor time (Linux 6.18).

    Args:
        libc: The library.
        size: Bytes of that memory; less than what is kept, or it would be returned at once.
    """
    libc.malloc.restype = libc.sbrk.restype = ctypes.c_void_p
    libc.malloc.argtypes, libc.sbrk.argtypes = (ctypes.c_size_t,), (ctypes.c_ssize_t,)
    libc.free.argtypes, libc.madvise.argtypes = (ctypes.c_void_p,), (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
    libc.mallopt(_M_TOP_PAD, size - 2 * _LARGE_PAGE)
    block = libc.malloc(_LARGE_PAGE)  # more than there is: the heap grows, by so much more
    libc.mallopt(_M_TOP_PAD, _USUAL_TOP_PAD)
    start, end = -(-(block or 0) // _LARGE_PAGE) * _LARGE_PAGE, libc.sbrk(0) or 0
    if block and start < end:  # else it lies elsewhere
        libc.madvise(start, end - start, _MADV_HUGEPAGE)
    libc.free(block)


def _free_and_total() -> list[tuple[int, int]]:
    """Return free and total bytes of the machine, and of each control group that limits this process."""
    import psutil

    machine = psutil.virtual_memory()
    return [(machine.available, machine.total), *_of_groups(machine.total)]


def _of_groups(machine_bytes: int) -> Iterator[tuple[int, int]]:
    """Yield free and total bytes of each Linux control group of this process, version 1 or 2, that has a limit.

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
                    # The kernel drops cached files when memory runs short, except those in memory only (shmem).
                    cached, kept = (stat[kind] for kind in kinds)
                    # The numbers are not of one moment: there may seem to be more cached than used.
                    yield min(max(limit - used + cached - kept, 0), limit), limit
            if folder == root:
                break
