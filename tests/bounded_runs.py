"""Open files in processes of their own, with a limit of time and memory: `python bounded_runs.py FUNCTION FILE...`.

A process is forked for each file after everything is imported, so that only the work with the file counts.
"""

from __future__ import annotations

import importlib
import json
import os
import resource
import subprocess
import sys
import time
import traceback
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SPARE_BYTES = 200_000_000
SECONDS = 2.0  # of the processor: one on a fast machine that does nothing else


@dataclass(frozen=True)
class Run:
    """The end of one process.

    Attributes:
        message: Of the error that the function raised; "" if it returned.
        kind: Name of the error's class; "" if it returned, "killed" if it took more than ten times the time allowed.
        seconds: Of the processor.
    """

    message: str
    kind: str
    seconds: float


def run_bounded(function: str, paths: Iterable[Path]) -> dict[Path, Run]:
    """Call a function ("module:name") with each path, in a process that gets twice the file and 200 MB."""
    paths = list(paths)
    command = [sys.executable, __file__, function, *map(str, paths)]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env=environment, timeout=60 + 15 * len(paths)
    )
    assert done.returncode == 0, done.stderr
    return {path: Run(**json.loads(line)) for path, line in zip(paths, done.stdout.splitlines(), strict=True)}


def check_bounded(function: str, paths: Iterable[Path], errors: tuple[str, ...]) -> dict[Path, Run]:
    """Call `run_bounded`, and fail where a file cost more than `SECONDS` or raised an error of another class."""
    runs = run_bounded(function, paths)
    bad = {path.name: run for path, run in runs.items() if run.seconds > SECONDS or run.kind not in ("", *errors)}
    assert not bad
    return runs


def _measured(call: Any, path: str) -> dict[str, Any]:
    size = os.stat(path).st_size
    taken = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    bytes_allowed = taken + 2 * size + SPARE_BYTES
    resource.setrlimit(resource.RLIMIT_AS, (bytes_allowed, bytes_allowed))
    resource.setrlimit(resource.RLIMIT_CPU, (int(10 * SECONDS), int(10 * SECONDS)))
    started = time.process_time()
    message = kind = ""
    try:
        call(path)
    except Exception as error:  # noqa: BLE001 - the parent judges
        message, kind = str(error), type(error).__name__
        if "--trace" in sys.argv:
            traceback.print_exc()
    return {"message": message[:2000], "kind": kind, "seconds": time.process_time() - started}


def _forked(call: Any, path: str) -> dict[str, Any]:
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        os.write(writing, json.dumps(_measured(call, path)).encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        answer = pipe.read()
    os.waitpid(child, 0)
    return json.loads(answer) if answer else {"message": "", "kind": "killed", "seconds": 10 * SECONDS}


def main(function: str, paths: list[str]) -> None:
    module, _, name = function.partition(":")
    call = getattr(importlib.import_module(module), name)
    for path in paths:
        sys.stdout.write(json.dumps(_forked(call, path)) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent))
    main(sys.argv[1], [argument for argument in sys.argv[2:] if argument != "--trace"])
