"""Free memory of the machine and of the container that limits it, and its use."""

from __future__ import annotations

import platform
import subprocess
import sys
import types

import psutil
import pytest

from ppgan_lite.errors import UsageError
from ppgan_lite.inference.stylization import revising
from ppgan_lite.runtime import memory
from ppgan_lite.runtime.memory import require_memory

MB = 10**6


def container(monkeypatch, folder, groups, files):
    """Have this process run in control groups: the text of /proc/self/cgroup, and file -> text below /sys/fs/cgroup.

    The machine has memory to spare, whatever runs on it besides.
    """
    machine = types.SimpleNamespace(available=9 * 10**9, total=10**10)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: machine)
    (folder / "proc").write_text(groups)
    monkeypatch.setattr(memory, "_OWN_GROUPS", folder / "proc")
    monkeypatch.setattr(memory, "_GROUPS", folder / "mounted")
    for name, text in files.items():
        path = folder / "mounted" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def group_2(folder, limit, used, cached, kept):
    stat = f"anon 1\nfile {cached}\nshmem {kept}\n"
    texts = {"memory.max": f"{limit}\n", "memory.current": f"{used}\n", "memory.stat": stat}
    return {f"{folder}/{name}": text for name, text in texts.items()}


def test_of_a_container_that_has_less_than_the_machine_its_own_memory_counts(monkeypatch, tmp_path):
    container(monkeypatch, tmp_path, "0::/\n", group_2(".", 100 * MB, 70 * MB, 30 * MB, 10 * MB))
    assert memory.free_memory() == 50 * MB, "cached files can be dropped, those in memory alone cannot"
    assert memory.share_of_memory_free() == 0.5


def test_groups_above_limit_those_below(monkeypatch, tmp_path):
    files = {
        **group_2("job/step", 100 * MB, 10 * MB, 0, 0),
        **group_2("job", 200 * MB, 140 * MB, 0, 0),
        **group_2(".", "max", 10**15, 0, 0),
    }
    container(monkeypatch, tmp_path, "0::/job/step\n", files)
    assert memory.free_memory() == 60 * MB


def test_no_more_is_free_than_there_is_where_the_kernel_counts_late(monkeypatch, tmp_path):
    container(monkeypatch, tmp_path, "0::/\n", group_2(".", 100 * MB, 10 * MB, 30 * MB, 0))
    assert memory.free_memory() == 100 * MB and memory.share_of_memory_free() == 0.9


def test_limits_of_version_1_count_too(monkeypatch, tmp_path):
    files = {
        "memory/memory.limit_in_bytes": f"{100 * MB}\n",
        "memory/memory.usage_in_bytes": f"{80 * MB}\n",
        "memory/memory.stat": f"cache 1\ntotal_cache {30 * MB}\ntotal_shmem 0\n",
    }
    # Inside a container the path is the host's, and is not there.
    container(monkeypatch, tmp_path, "5:cpu,cpuacct:/\n4:memory:/docker/4711\n0::/docker/4711\n", files)
    assert memory.free_memory() == 50 * MB


@pytest.mark.parametrize(
    ("groups", "files"),
    [
        ("", {}),
        ("0::/\n", {}),
        ("0::/\n", group_2(".", "max", MB, 0, 0)),
        ("0::/\n", group_2(".", 2**63 - 4096, MB, 0, 0)),  # how version 1 says that there is no limit
        ("0::/\n", {"memory.max": "100", "memory.current": "50", "memory.stat": "nothing we know"}),
    ],
)
def test_without_a_limit_the_memory_of_the_machine_counts(monkeypatch, tmp_path, groups, files):
    container(monkeypatch, tmp_path, groups, files)
    assert memory.free_memory() == 9 * 10**9
    assert memory.share_of_memory_free() == 0.9


def test_the_memory_that_is_free_here_is_a_share():
    assert 0 < memory.share_of_memory_free() <= 1


@pytest.mark.parametrize(
    ("free", "taken"), [(10**10, 5e8), (1e9, 4e8), (1e8, memory.LEAST_BYTES), (0, memory.LEAST_BYTES)]
)
def test_less_is_worked_with_where_little_memory_is_free(monkeypatch, free, taken):
    monkeypatch.setattr(memory, "free_memory", lambda: free)
    assert memory.affordable(5e8) == taken


def test_for_a_small_picture_free_memory_is_not_asked_for(monkeypatch):
    monkeypatch.setattr(memory, "free_memory", lambda: pytest.fail("it takes time to be loaded"))
    assert memory.affordable(memory.LEAST_BYTES) == memory.LEAST_BYTES
    monkeypatch.setattr(revising, "threads", lambda: 2)
    assert revising.strip_px(1024) == 256 * 1024


def test_what_does_not_fit_into_memory_is_refused_in_one_line(monkeypatch):
    monkeypatch.setattr(memory, "free_memory", lambda: 10**9 - psutil.Process().memory_info().rss)
    require_memory("a photo", 0.5e9)
    with pytest.raises(UsageError, match=r"^a photo: needs about 9.0 GB of memory; expected at most the 1\.0 GB"):
        require_memory("a photo", 9e9)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="memory is kept by glibc")
@pytest.mark.parametrize("keeps", [True, False])
def test_memory_of_one_step_serves_the_next(keeps):
    """16 MB blocks are touched twice: the second time no page of them is new to the process, or all are."""
    script = f"""
import resource
from ppgan_lite.runtime.memory import keep_freed_memory
if {keeps}: keep_freed_memory()
def touched():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    blocks = [bytearray(b"x") * 2**24 for _ in range(6)]
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
touched()
print(touched() * resource.getpagesize() / 6 / 2**24)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    share = float(done.stdout)
    assert share < 0.1 if keeps else share > 0.5


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="memory is kept by glibc")
def test_a_process_that_lives_on_keeps_a_bounded_part_of_its_memory():
    script = """
import os
from ppgan_lite.runtime.memory import keep_freed_memory
def resident():  # without memory of its own, which would lie above the blocks and keep the heap from shrinking
    return int(os.read(statm, 99).split()[1]) * os.sysconf("SC_PAGE_SIZE")
keep_freed_memory(64_000_000)
statm = os.open("/proc/self/statm", os.O_RDONLY)
blocks = [bytearray(b"x") * 2**24 for _ in range(12)]
full = resident()
while blocks:  # the last one first, so that the heap may shrink
    blocks.pop()
os.lseek(statm, 0, 0)
print((full - resident()) / 2**24)
keep_freed_memory()
keep_freed_memory(64_000_000)  # changes nothing now
blocks = [bytearray(b"x") * 2**24 for _ in range(12)]
os.lseek(statm, 0, 0)
full = resident()
while blocks:
    blocks.pop()
os.lseek(statm, 0, 0)
print((full - resident()) / 2**24)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    returned = [float(line) for line in done.stdout.splitlines()]
    assert 6 <= returned[0] <= 12 and returned[1] < 1


@pytest.mark.skipif(sys.platform != "linux", reason="read from a file of Linux")
@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="memory is kept by glibc")
def test_the_memory_of_a_painting_is_asked_for_in_large_pages():
    script = r"""
import re
from ppgan_lite.runtime.memory import KEPT_BYTES, keep_freed_memory
keep_freed_memory(KEPT_BYTES)
blocks = [bytearray(b"x") * 2**24 for _ in range(6)]
heap = re.compile(r"^(\w+)-(\w+) [^\n]*\[heap\]\n(?:\w+:[^\n]*\n)*?VmFlags:[^\n]* hg\b", re.M)
large = heap.findall(open("/proc/self/smaps").read())
most = re.search(r"VmHWM:\s+(\d+) kB", open("/proc/self/status").read())[1]
print(sum(int(end, 16) - int(start, 16) for start, end in large), most)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    asked_for, most_kb = map(int, done.stdout.split())
    assert asked_for > 100_000_000
    assert most_kb < 160_000  # 100 MB of blocks, and Python: what is asked for is not taken
