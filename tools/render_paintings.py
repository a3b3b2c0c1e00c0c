"""Make synthetic paintings of very different manners, to train a painter of any picture.

    python tools/render_paintings.py photos/ -o rendered/ --palettes paintings/ --count 1200

Each is painted from a photo by one of the rules in `painting_rules`, with marks, directions and colors drawn at
random; of the pictures in --palettes (without it: of other photos) only the colors are taken. The same seed gives the
same pictures, whatever the number of workers.
"""

import argparse
import functools
import multiprocessing
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from painting_rules import RULES
from painting_rules.fields import to_bytes, to_floats
from painting_rules.palettes import recolored, with_contrast

from ppgan_lite.images import find_images, read_image, write_image

LONGEST = 1.6  # times the short side: panoramas are cut off
LENDER_PX = 64  # colors are taken from this size: more pixels give no better ones


@dataclass(frozen=True)
class Order:
    """Pictures to paint: from these photos, with the colors of these pictures."""

    photos: Sequence[Path]
    lenders: Sequence[Path]
    folder: Path
    short_side: int
    seed: int


def cropped(image: np.ndarray, short_side: int, rng: np.random.Generator) -> np.ndarray:
    """Cut a random part, at least 70 % of the height and width, out of an image, and give it the short side.

    Args:
        image: Uint8 (height, width, 3) RGB.
        short_side: In pixels.
        rng: Chooses the part, and whether it is mirrored.

    Returns:
        Float32 (height, width, 3) in [0, 1].
    """
    height, width = (round(side * rng.uniform(0.7, 1)) for side in image.shape[:2])
    height, width = min(height, round(width * LONGEST)), min(width, round(height * LONGEST))
    top, left = (rng.integers(whole - part + 1) for whole, part in zip(image.shape, (height, width)))
    part = image[top : top + height, left : left + width]
    scale = short_side / min(height, width)
    size = (max(short_side, round(width * scale)), max(short_side, round(height * scale)))
    part = cv2.resize(part, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    return to_floats(part[:, ::-1] if rng.uniform() < 0.5 else part)


def paint(photo: np.ndarray, lender: np.ndarray, rule: str, rng: np.random.Generator) -> np.ndarray:
    """Paint a photo by a rule, with its colors changed before or after.

    Args:
        photo: Float32 (height, width, 3) RGB in [0, 1].
        lender: A picture whose colors may be taken, of the same kind and any size.
        rule: A name in RULES.
        rng: Draws all other parameters.

    Returns:
        Uint8 (height, width, 3) RGB.
    """
    first = rng.uniform() < 0.7  # before: then the lines that a rule draws keep their own colors
    if first:
        photo = recolored(photo, lender, rng)
    image = np.clip(RULES[rule](photo, rng), 0, 1).astype(np.float32)
    return to_bytes(with_contrast(image if first else recolored(image, lender, rng)))


def render(order: Order, number: int) -> Path:
    """Paint and write one picture; which one depends on the order's seed and the number alone."""
    rng = np.random.default_rng([order.seed, number])
    rule = list(RULES)[number % len(RULES)]
    photo, _ = read_image(order.photos[rng.integers(len(order.photos))])
    lender, _ = read_image(order.lenders[rng.integers(len(order.lenders))])
    lender = to_floats(cv2.resize(lender, (LENDER_PX, LENDER_PX), interpolation=cv2.INTER_AREA))
    image = paint(cropped(photo, order.short_side, rng), lender, rule, rng)
    path = order.folder / f"{rule}_{number:05d}.jpg"
    write_image(path, image, overwrite=True)
    return path


def found(entries: Sequence[Path]) -> list[Path]:
    """Return the pictures in files and folders."""
    return [path for entry in entries for path in (find_images(entry) if entry.is_dir() else [entry])]


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", type=Path, nargs="+", metavar="PHOTOS_FOLDER")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--palettes", type=Path, nargs="+", default=[], metavar="FOLDER_OR_FILE")
    parser.add_argument("--count", type=int, default=1200)
    parser.add_argument("--short-side", type=int, default=384)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=1)
    chosen = parser.parse_args(arguments)
    photos = found(chosen.photos)
    lenders = [*found(chosen.palettes), *photos] if chosen.palettes else photos
    if not photos:
        parser.error(f"{', '.join(map(str, chosen.photos))}: no pictures there, expected at least one photo")
    chosen.output.mkdir(parents=True, exist_ok=True)
    order = Order(photos, lenders, chosen.output, chosen.short_side, chosen.seed)
    work = functools.partial(render, order)
    if chosen.workers == 1:
        for number in range(chosen.count):
            work(number)
    else:
        context = multiprocessing.get_context("spawn")  # a copy of a process with threads may deadlock
        with ProcessPoolExecutor(chosen.workers, context, cv2.setNumThreads, (1,)) as pool:
            list(pool.map(work, range(chosen.count), chunksize=4))
    print(f"{chosen.count} pictures in {chosen.output}")


if __name__ == "__main__":
    main()
