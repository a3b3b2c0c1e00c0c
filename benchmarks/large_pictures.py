"""Seconds and peak memory of a whole process on large pictures, compared with its own estimate; memory in a batch.

    python benchmarks/large_pictures.py photo.jpg --megapixels 12 33
    python benchmarks/large_pictures.py photo.jpg --megapixels 12 --depth 16
    python benchmarks/large_pictures.py photo.jpg --checkpoint net.ppgan --megapixels 12 33
    python benchmarks/large_pictures.py photo.jpg --batch 500

A photo of each size is made by repeating the given one. The estimate holds the seconds from then on, without writing
the result, and all memory. Linux and macOS.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil
from measuring import machine, versions

from ppgan_lite.images import read_image, to_depth, write_image

ASPECT = 4 / 3
INTERVAL_S = 0.1


def repeated(photo: np.ndarray, megapixels: float) -> np.ndarray:
    """Return a picture of so many megapixels, of copies of a photo."""
    height = round((megapixels * 1e6 / ASPECT) ** 0.5)
    width = round(height * ASPECT)
    rows, columns = (-(-size // side) for size, side in zip((height, width), photo.shape))
    return np.ascontiguousarray(np.tile(photo, (rows, columns, 1))[:height, :width])


@dataclass(frozen=True)
class Estimate:
    """The command's own estimate of a picture's cost."""

    seconds: float
    gigabytes: float

    @classmethod
    def found(cls, text: str) -> Estimate | None:
        """Read it from the output of the command."""
        match = re.search(r"pixels: about (\d+) (s|min), ([\d.]+) GB", text)
        return match and cls(int(match[1]) * (60 if match[2] == "min" else 1), float(match[3]))


@dataclass(frozen=True)
class Run:
    """Time and memory of a command.

    Attributes:
        seconds: In all.
        memory: Its bytes, at every moment.
        estimate: Printed before the work.
        seconds_after: From the estimate on.
    """

    seconds: float
    memory: list[int]
    estimate: Estimate | None
    seconds_after: float

    @property
    def gigabytes(self) -> float:
        """Peak memory."""
        return max(self.memory) / 1e9


def run(command: list[str], log: Path) -> Run:
    """Run a command to its end; its output is kept in a file."""
    started = estimated_at = time.perf_counter()
    memory, estimate = [0], None
    with log.open("w") as file:
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=file)
    watched = psutil.Process(process.pid)
    while process.poll() is None:
        try:
            memory.append(watched.memory_info().rss)
        except psutil.Error:
            break
        if estimate is None:
            estimate, estimated_at = Estimate.found(log.read_text()), time.perf_counter()
        time.sleep(INTERVAL_S)
    if process.wait():
        raise SystemExit(f"{' '.join(command)} failed:\n{log.read_text()}")
    return Run(time.perf_counter() - started, memory, estimate, time.perf_counter() - estimated_at)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photo", type=Path)
    parser.add_argument("--style", default="starry_night")
    parser.add_argument("--checkpoint", help="translate with this one instead of painting")
    parser.add_argument("--megapixels", type=float, nargs="*", default=[12, 33])
    parser.add_argument("--depth", type=int, choices=[8, 16], default=8, help="bits per channel, in PNG if 16")
    parser.add_argument("--batch", type=int, help="paint so many copies of the photo in one process")
    parser.add_argument("--json", type=Path, metavar="FILE")
    arguments = parser.parse_args()
    photo, _ = read_image(arguments.photo)
    verb = ["translate", "--checkpoint", arguments.checkpoint] if arguments.checkpoint else []
    verb = verb or ["stylize", "--style", arguments.style]
    program = [sys.executable, "-m", "ppgan_lite", *verb, "--overwrite"]
    rows = []
    with tempfile.TemporaryDirectory() as scratch:
        log = Path(scratch, "log")
        if arguments.batch:
            folder = Path(scratch, "photos")
            for number in range(arguments.batch):
                write_image(folder / f"{number}.jpg", photo)
            found = run([*program, str(folder), "-o", str(Path(scratch, "painted"))], log)
            seconds, seen = found.seconds, found.memory
            parts = {share: max(seen[: max(int(len(seen) * share), 1)]) / 1e9 for share in (0.2, 0.6, 1.0)}
            print(f"{arguments.batch} pictures: {seconds:.0f} s")
            for share, memory in parts.items():
                print(f"  up to picture {round(share * arguments.batch)}: {memory:.2f} GB")
            rows.append({"pictures": arguments.batch, "seconds": seconds, "gigabytes": list(parts.values())})
        for megapixels in [] if arguments.batch else arguments.megapixels:
            suffix = ".png" if arguments.depth == 16 else ".jpg"
            path, target = Path(scratch, f"photo{suffix}"), Path(scratch, f"result{suffix}")
            write_image(path, to_depth(repeated(photo, megapixels), arguments.depth), overwrite=True)
            found = run([*program, str(path), "-o", str(target)], log)
            line = f"{megapixels:g} MP: {found.seconds:.1f} s, {found.seconds / megapixels:.2f} s/MP"
            print(f"{line}, {found.gigabytes:.2f} GB", end="")
            row = {"megapixels": megapixels, "seconds": found.seconds, "gigabytes": found.gigabytes}
            if found.estimate is not None:
                print(f"; from then on {found.seconds_after:.1f} s, where {found.estimate.seconds:.0f} s", end="")
                print(f" and {found.estimate.gigabytes:.1f} GB were estimated", end="")
                row |= {"seconds_after": found.seconds_after, "estimate": found.estimate._asdict()}
            print(flush=True)
            rows.append(row)
    if arguments.json:
        arguments.json.write_text(json.dumps({**machine(), "versions": versions(), "rows": rows}, indent=2))


if __name__ == "__main__":
    main()
