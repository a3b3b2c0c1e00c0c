"""Large pictures: seconds for a megapixel and the most memory of a whole process, and whether memory grows in a batch.

    python benchmarks/large_pictures.py photo.jpg --megapixels 12 33
    python benchmarks/large_pictures.py photo.jpg --checkpoint net.ppgan --megapixels 12 33
    python benchmarks/large_pictures.py photo.jpg --batch 500

A photo of each size is made by repeating the one that is given. Linux and macOS.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import psutil
from measuring import machine, versions

from ppgan_lite.images import read_image, write_image

ASPECT = 4 / 3
INTERVAL_S = 0.1


def repeated(photo: np.ndarray, megapixels: float) -> np.ndarray:
    """Return a picture of so many megapixels, of copies of a photo."""
    height = round((megapixels * 1e6 / ASPECT) ** 0.5)
    width = round(height * ASPECT)
    rows, columns = (-(-size // side) for size, side in zip((height, width), photo.shape))
    return np.ascontiguousarray(np.tile(photo, (rows, columns, 1))[:height, :width])


def run(command: list[str]) -> tuple[float, int, list[int]]:
    """Return how long a command takes, the most memory that it has, and what it has at every moment, in bytes."""
    started = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    watched, seen = psutil.Process(process.pid), [0]
    while process.poll() is None:
        try:
            seen.append(watched.memory_info().rss)
        except psutil.Error:
            break
        time.sleep(INTERVAL_S)
    if process.wait():
        raise SystemExit(f"{' '.join(command)} failed")
    return time.perf_counter() - started, max(seen), seen


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photo", type=Path)
    parser.add_argument("--style", default="starry_night")
    parser.add_argument("--checkpoint", help="translate with this one instead of painting")
    parser.add_argument("--megapixels", type=float, nargs="*", default=[12, 33])
    parser.add_argument("--batch", type=int, help="paint so many copies of the photo in one process")
    parser.add_argument("--json", type=Path, metavar="FILE")
    arguments = parser.parse_args()
    photo, _ = read_image(arguments.photo)
    verb = ["translate", "--checkpoint", arguments.checkpoint] if arguments.checkpoint else []
    verb = verb or ["stylize", "--style", arguments.style]
    program = [sys.executable, "-m", "ppgan_lite", *verb, "--overwrite"]
    rows = []
    with tempfile.TemporaryDirectory() as scratch:
        if arguments.batch:
            folder = Path(scratch, "photos")
            for number in range(arguments.batch):
                write_image(folder / f"{number}.jpg", photo)
            seconds, _, seen = run([*program, str(folder), "-o", str(Path(scratch, "painted"))])
            parts = {share: max(seen[: max(int(len(seen) * share), 1)]) / 1e9 for share in (0.2, 0.6, 1.0)}
            print(f"{arguments.batch} pictures: {seconds:.0f} s")
            for share, memory in parts.items():
                print(f"  up to picture {round(share * arguments.batch)}: {memory:.2f} GB")
            rows.append({"pictures": arguments.batch, "seconds": seconds, "gigabytes": list(parts.values())})
        for megapixels in [] if arguments.batch else arguments.megapixels:
            path, target = Path(scratch, "photo.jpg"), Path(scratch, "result.jpg")
            write_image(path, repeated(photo, megapixels), overwrite=True)
            seconds, memory, _ = run([*program, str(path), "-o", str(target)])
            print(f"{megapixels:g} MP: {seconds:.1f} s, {seconds / megapixels:.2f} s/MP, {memory / 1e9:.2f} GB")
            rows.append({"megapixels": megapixels, "seconds": seconds, "gigabytes": memory / 1e9})
    if arguments.json:
        arguments.json.write_text(json.dumps({**machine(), "versions": versions(), "rows": rows}, indent=2))


if __name__ == "__main__":
    main()
