"""Time the degradation of a folder: python benchmarks/degrade_speed.py [--pictures 200] [--side 512] [--json]

Three questions, on pictures made of scikit-image's sample photos, salt-and-pepper noise and then a mean blur: how much
faster than a double Python loop is an array degraded, how near does a folder on one core come to decoding and encoding
alone (Pillow, with the options that this package writes with), and how much faster are two cores than one? What is
compared takes turns, so that a busy machine slows both; each number is the median of the rounds. The share by CPU time
leaves out what other programs took.
"""

from __future__ import annotations

import argparse
import json
import platform
import random
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image
from skimage import data

from ppgan_lite.data.degraded_folder import degrade_folder
from ppgan_lite.data.processes import available_cores
from ppgan_lite.degradations import mean_blur, rng_for, salt_and_pepper
from ppgan_lite.images import WRITABLE
from ppgan_lite.opencv import opencv

CHAIN = [{"name": "salt_and_pepper", "amount": 0.1}, {"name": "mean_blur", "size": 20}]
Times = dict[str, list[tuple[float, float]]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=int, default=200)
    parser.add_argument("--side", type=int, default=512, help="Of the pictures in the folder, in pixels.")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    opencv().setNumThreads(0)
    results: dict[str, str | float] = {"machine": f"{platform.machine()}, {available_cores()} cores"}
    results |= measure_arrays(4 * arguments.rounds)
    for suffix in (".jpg", ".png"):
        with tempfile.TemporaryDirectory() as folder:
            clean = Path(folder) / "clean"
            make_pictures(clean, arguments.pictures, arguments.side, suffix)
            measured = measure_folder(clean, arguments.rounds)
        results |= {f"{suffix[1:].upper()}: {name}": value for name, value in measured.items()}
    if arguments.json:
        print(json.dumps(results, indent=2))
    else:
        for name, value in results.items():
            print(f"{name:<56} {value if isinstance(value, str) else f'{value:.3g}'}")


def measure_arrays(rounds: int) -> dict[str, float]:
    image = data.astronaut()
    times = take_turns(
        {
            "loop": lambda: loop_of_the_original(image, 0.1),
            "arrays": lambda: mean_blur(salt_and_pepper(image, 0.1, rng=rng_for("a", 0)), 20),
        },
        rounds,
    )
    loop, arrays = (statistics.median(cpu for _, cpu in times[name]) for name in ("loop", "arrays"))
    return {
        "512 x 512: noise by a double loop, ms": loop * 1e3,
        "512 x 512: noise and blur on arrays, ms": arrays * 1e3,
        "512 x 512: times as fast as the loop": loop / arrays,
    }


def loop_of_the_original(image: np.ndarray, amount: float) -> np.ndarray:
    """Noise as the program that this one replaces makes it, pixel by pixel."""
    worse = np.zeros(image.shape, np.uint8)
    for row in range(image.shape[0]):
        for column in range(image.shape[1]):
            dice = random.random()
            if dice < amount:
                worse[row][column] = 0
            elif dice > 1 - amount:
                worse[row][column] = 255
            else:
                worse[row][column] = image[row][column]
    return worse


def make_pictures(folder: Path, number: int, side_px: int, suffix: str) -> None:
    """Write crops of photos, mirrored and darkened, so that no two files are the same."""
    folder.mkdir()
    rng = np.random.default_rng(0)
    photos = [Image.fromarray(photo) for photo in (data.astronaut(), data.chelsea(), data.coffee(), data.rocket())]
    for index in range(number):
        photo = photos[index % len(photos)]
        scale = rng.uniform(1.0, 1.5) * side_px / min(photo.size)
        width, height = (max(side_px, round(side * scale)) for side in photo.size)
        left, top = (int(rng.integers(side - side_px + 1)) for side in (width, height))
        crop = photo.resize((width, height)).crop((left, top, left + side_px, top + side_px))
        pixels = np.asarray(crop)[:, :: rng.choice([-1, 1])] * rng.uniform(0.6, 1.0)
        save(Image.fromarray(pixels.astype(np.uint8)), folder / f"{index:04}{suffix}")


def measure_folder(clean: Path, rounds: int) -> dict[str, float]:
    target = clean.with_name("result")
    times = take_turns(
        {
            "codec": lambda: decode_and_encode(clean, target),
            "one": lambda: degrade_folder(clean, target, CHAIN, workers=1),
            "two": lambda: degrade_folder(clean, target, CHAIN, workers=2),
        },
        rounds,
        before=lambda: shutil.rmtree(target, ignore_errors=True),
    )
    pictures = len(list(clean.iterdir()))
    wall = {name: [one for one, _ in values] for name, values in times.items()}
    cpu = {name: [one for _, one in values] for name, values in times.items()}
    return {
        "decode and encode alone, one core, ms a picture": statistics.median(wall["codec"]) / pictures * 1e3,
        "degrade, one core, ms a picture": statistics.median(wall["one"]) / pictures * 1e3,
        "degrade, two cores, ms a picture": statistics.median(wall["two"]) / pictures * 1e3,
        "share of the speed of the codec alone": ratio(wall["codec"], wall["one"]),
        "share of the speed of the codec alone, CPU time": ratio(cpu["codec"], cpu["one"]),
        "times as fast on two cores": ratio(wall["one"], wall["two"]),
    }


def decode_and_encode(clean: Path, target: Path) -> None:
    target.mkdir()
    for path in sorted(clean.iterdir()):
        with Image.open(path) as picture:
            pixels = np.asarray(picture)
        save(Image.fromarray(pixels), target / path.name)


def save(picture: Image.Image, path: Path) -> None:
    kind, options = WRITABLE[path.suffix]
    picture.save(path, kind, **options)


def ratio(above: list[float], below: list[float]) -> float:
    """Return the median of the ratios of what was measured in the same round."""
    return statistics.median(a / b for a, b in zip(above, below))


def take_turns(
    work: dict[str, Callable[[], object]], rounds: int, before: Callable[[], object] = lambda: None
) -> Times:
    """Return the wall time and the CPU time of this process, in seconds, of each piece of work in each round."""
    times: Times = {name: [] for name in work}
    for _ in range(rounds):
        for name, function in work.items():
            before()
            started, cpu_started = time.perf_counter(), time.process_time()
            function()
            times[name].append((time.perf_counter() - started, time.process_time() - cpu_started))
    return times


if __name__ == "__main__":
    main()
