"""Time the painting of one photo, after loading: python benchmarks/stylize_speed.py [--style NAME] [--runs 7]"""

import argparse
import platform
import time

import numpy as np
from skimage import data

from ppgan_lite import __version__
from ppgan_lite.images import resize
from ppgan_lite.inference.device import physical_cores, require_paddle
from ppgan_lite.inference.predictor import load_predictor
from ppgan_lite.styles import catalogue


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--style", default=catalogue()[0].name)
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--sizes", type=int, nargs="*", default=[256, 512, 1024])
    arguments = parser.parse_args()
    started = time.perf_counter()
    paddle = require_paddle()
    imported = time.perf_counter()
    predictor = load_predictor(arguments.style)
    loaded = time.perf_counter()
    print(f"ppgan_lite {__version__}, paddle {paddle.__version__}, {platform.machine()}, {physical_cores()} cores")
    print(f"import paddle {imported - started:.2f} s, load {arguments.style} {loaded - imported:.2f} s")
    for size in arguments.sizes:
        photo = resize(data.astronaut(), size, size)
        predictor(photo)
        seconds = []
        for _ in range(arguments.runs):
            started = time.perf_counter()
            predictor(photo)
            seconds.append(time.perf_counter() - started)
        print(f"{size} x {size}: median {np.median(seconds):.3f} s, {min(seconds):.3f} to {max(seconds):.3f}")


if __name__ == "__main__":
    main()
