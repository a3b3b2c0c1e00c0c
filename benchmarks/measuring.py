"""Parts that all benchmarks share: the machine, work that takes turns, medians and ratios, a printed table, JSON.

from measuring import OtherPython, add_arguments, alternate, compare, report

times = alternate({"ours": lambda: paint(photo), "theirs": other_program}, runs=arguments.runs)
report("stylize_speed", compare("512 px", times, against="theirs"), arguments.json)
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import platform
import statistics
import subprocess
import sys
import sysconfig
import time
import venv
from collections.abc import Callable, Iterable, Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

import psutil

import ppgan_lite

CHECKOUT = Path(__file__).parents[1]
PEAK_SIDE = 2048  # of the matrices whose product is taken as the machine's peak
VERSIONS = ("paddlepaddle", "openvino", "onnxruntime", "numpy", "opencv-python")

# Runs in the other interpreter: its code defines `work`, whose output goes to stderr, away from the answers.
SERVER = """
import json, os, sys
answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)
exec(compile(sys.argv[1], "work", "exec"))
for line in sys.stdin:
    print(json.dumps(work(*json.loads(line))), file=answers, flush=True)
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options that all benchmarks have."""
    parser.add_argument("--runs", type=int, default=7, help="how often each work is timed")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write machine, versions and rows there, too")


def machine() -> dict[str, Any]:
    """Return the processor's name, its cores that this process may use, and the memory in GiB."""
    name = platform.processor() or platform.machine()
    if Path("/proc/cpuinfo").exists():
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        name = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), name)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return {"cpu": name, "cores": cores, "memory_gib": round(psutil.virtual_memory().total / 2**30, 1)}


def versions(distributions: Iterable[str] = ()) -> dict[str, str]:
    """Return the versions of Python and of those of `VERSIONS` and of these distributions that are installed."""
    found = {"ppgan_lite": ppgan_lite.__version__, "python": platform.python_version()}
    for name in (*VERSIONS, *distributions):
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def installed_python(folder: str | Path) -> str:
    """Make an environment that has this checkout and all that this one has, and return its interpreter.

    An editable installation imports a finder at each start, which takes as long as the start of Python itself; what pip
    installs for a user has none.
    """
    venv.create(folder, with_pip=False)
    paths = {"base": str(folder), "platbase": str(folder)}
    links = Path(sysconfig.get_path("purelib", "venv", vars=paths), "links.pth")
    links.write_text(f"{sysconfig.get_path('purelib')}\n{CHECKOUT}\n", encoding="utf-8")
    return str(Path(sysconfig.get_path("scripts", "venv", vars=paths), Path(sys.executable).name))


class OtherPython:
    """Work done by another interpreter, which stays alive, so that two programs can take turns.

    Args:
        python: The other interpreter.
        code: Python source that defines `work(...)`, from and to JSON values. Its output goes to stderr.
        environment: Variables in addition to those of this process.
    """

    def __init__(self, python: Path | str, code: str, environment: Mapping[str, str] | None = None) -> None:
        self._process = subprocess.Popen(
            [str(python), "-c", SERVER, code],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, **(environment or {})},
            text=True,
        )

    def __call__(self, *arguments: Any) -> Any:
        """Return `work(*arguments)`; RuntimeError when the other program has died; the reason is on stderr."""
        assert self._process.stdin and self._process.stdout
        with contextlib.suppress(BrokenPipeError):
            print(json.dumps(arguments), file=self._process.stdin, flush=True)
        answer = self._process.stdout.readline()
        if not answer:
            raise RuntimeError(f"{self._process.args[0]} ended with exit code {self._process.wait()}")  # type: ignore[index]
        return json.loads(answer)

    def close(self) -> None:
        assert self._process.stdin and self._process.stdout
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()


def alternate(
    work: Mapping[str, Callable[[], object]],
    runs: int = 7,
    warmup: int = 1,
    *,
    pause_s: float = 0.25,
    before: Callable[[], object] = lambda: None,
) -> dict[str, list[float]]:
    """Time several works that take turns, so that a busy moment hits all of them.

    Args:
        work: Functions to time, by name.
        runs: How often each is timed, after so many rounds that are not.
        pause_s: Rest before each turn: idle threads of the one before spin for 0.2 s in some libraries.
        before: Called before each turn, untimed.

    Returns:
        Seconds, one for each run, by name.
    """
    times: dict[str, list[float]] = {name: [] for name in work}
    for turn in range(-warmup, runs):
        for name, function in work.items():
            before()
            time.sleep(pause_s)
            started = time.perf_counter()
            function()
            if turn >= 0:
                times[name].append(time.perf_counter() - started)
    return times


def compare(what: str, times: Mapping[str, list[float]], *, against: str) -> list[dict[str, Any]]:
    """Return a row for each work: median, fastest and slowest, and how many times as fast as `against`.

    The ratio is the median of the ratios within the same round.
    """
    rows = []
    for name, seconds in times.items():
        ratio = statistics.median(other / one for other, one in zip(times[against], seconds))
        rows.append(
            {
                "what": what,
                "who": name,
                "median_s": statistics.median(seconds),
                "fastest_s": min(seconds),
                "slowest_s": max(seconds),
                "times_as_fast": ratio,
                "runs": len(seconds),
            }
        )
    return rows


def operations_per_second() -> float:
    """Return how many float32 operations a second a product of large matrices reaches."""
    from ppgan_lite.runtime.startup import require_paddle

    a, b = (require_paddle().rand([PEAK_SIDE, PEAK_SIDE]) for _ in range(2))
    seconds = []
    for _ in range(6):
        started = time.perf_counter()
        (a @ b).numpy()
        seconds.append(time.perf_counter() - started)
    return 2 * PEAK_SIDE**3 / min(seconds)


def report(
    title: str, rows: list[dict[str, Any]], json_file: Path | None = None, *, distributions: Iterable[str] = ()
) -> None:
    """Print a table with machine and versions above it, and write the same as JSON if a file is given."""
    facts = {"title": title, "machine": machine(), "versions": versions(distributions)}
    print(f"{title}: {', '.join(f'{key} {value}' for key, value in facts['machine'].items())}")
    print(", ".join(f"{name} {version}" for name, version in facts["versions"].items()))
    columns = list(dict.fromkeys(key for row in rows for key in row))
    lines = [columns, *([_shown(row.get(column, "")) for column in columns] for row in rows)]
    widths = [max(map(len, cells)) for cells in zip(*lines)]
    right = [any(isinstance(row.get(column), (int, float)) for row in rows) for column in columns]
    for line in lines:
        cells = (cell.rjust(width) if number else cell.ljust(width) for cell, width, number in zip(line, widths, right))
        print("  ".join(cells).rstrip())
    if json_file:
        json_file.parent.mkdir(parents=True, exist_ok=True)
        json_file.write_text(json.dumps({**facts, "rows": rows}, indent=1) + "\n", encoding="utf-8")


def _shown(value: Any) -> str:
    return f"{value:#.3g}".rstrip(".") if isinstance(value, float) else str(value)
