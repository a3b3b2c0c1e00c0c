"""Translate pictures that a checkpoint was not trained on: a sheet to look at, PSNR and SSIM for pairs.

    python benchmarks/translation.py CHECKPOINT --pairs FOLDER [--split test] [--from-b] [--px 128] [--sheet SHEET.png]
    python benchmarks/translation.py CHECKPOINT --photos FOLDER [--direction b_to_a] [--px 128] [--sheet SHEET.png]
    python benchmarks/translation.py CHECKPOINT --colors FOLDER [--px 256] [--sheet SHEET.png]

Pairs are cropped as in validation (a square of --px pixels); PSNR and SSIM are means over all of them, for the results
and for the input itself. Without pairs there is no number, and the way there and back is shown. With --colors the net
gets color photos in gray, and the results are compared with these; "chroma" is the mean distance of a color from gray,
in levels of 255, so that dull results show.
"""

import argparse
from pathlib import Path

import numpy as np

from ppgan_lite.contact_sheet import Tile, draw_sheet
from ppgan_lite.data.paired import Paired
from ppgan_lite.degradations import grayscale
from ppgan_lite.images import find_images, read_image, short_side_to, write_image
from ppgan_lite.inference.loading import load_predictor
from ppgan_lite.metrics.pairs import psnr, ssim

OPPOSITE = {"a_to_b": "b_to_a", "b_to_a": "a_to_b"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", type=Path, nargs="?")
    parser.add_argument("--pairs", type=Path)
    parser.add_argument("--split", default="test")
    parser.add_argument("--from-b", action="store_true", help="B is the input of the pairs")
    parser.add_argument("--photos", type=Path)
    parser.add_argument("--colors", type=Path)
    parser.add_argument("--direction")
    parser.add_argument("--px", type=int, default=128)
    parser.add_argument("--rows", type=int, default=6)
    parser.add_argument("--sheet", type=Path)
    arguments = parser.parse_args()
    if arguments.checkpoint is None:
        print("translation.py: needs a CHECKPOINT and --pairs, --photos or --colors; nothing measured")
        return
    translate = load_predictor(arguments.checkpoint, predictor=arguments.direction)
    if arguments.pairs:
        tiles = of_pairs(translate, arguments)
    else:
        tiles = of_colors(translate, arguments) if arguments.colors else of_photos(translate, arguments)
    if arguments.sheet:
        write_image(arguments.sheet, draw_sheet(tiles, columns=6), overwrite=True, quality=80)


def of_pairs(translate, arguments: argparse.Namespace) -> list[Tile]:
    """Measure a folder of pairs; return the first rows to be looked at."""
    pairs = Paired(
        folder=str(arguments.pairs),
        split=arguments.split,
        direction="b_to_a" if arguments.from_b else "a_to_b",
        size=arguments.px,
        resize="square",
        augment=False,
    )
    tiles, scores = [], []
    for index in range(len(pairs)):
        sample = pairs.get(index, np.random.default_rng(0))
        given, wanted = (np.rint(sample[key] * 255).astype(np.uint8).transpose(1, 2, 0).copy() for key in "ab")
        found = translate(given)
        scores.append([psnr(given, wanted), ssim(given, wanted), psnr(found, wanted), ssim(found, wanted)])
        if index < arguments.rows:
            shown = zip(("input", "result", "target"), (given, found, wanted))
            tiles += [Tile(image, title, f"{arguments.split} {index + 1}") for title, image in shown]
    means = np.mean(scores, axis=0)
    print(f"{len(pairs)} pairs of {arguments.split} at {arguments.px} px\n{'':10}PSNR dB   SSIM")
    for name, (found, likeness) in zip(("input", "result"), means.reshape(2, 2)):
        print(f"{name:10}{found:7.2f} {likeness:6.4f}")
    return tiles


def of_photos(translate, arguments: argparse.Namespace) -> list[Tile]:
    """Return photos, their translations, and the way back where the checkpoint has one."""
    directions = translate.directions
    back = None
    if OPPOSITE.get(translate.direction) in directions:
        back = load_predictor(arguments.checkpoint, predictor=OPPOSITE[translate.direction])
    tiles = []
    for path in find_images(arguments.photos)[: arguments.rows]:
        photo = short_side_to(read_image(path)[0], arguments.px)
        found = translate(photo)
        shown = [("input", photo), (translate.direction, found)]
        if back is not None:
            shown.append(("and back", back(found)))
        tiles += [Tile(image, title, path.stem) for title, image in shown]
    return tiles


def of_colors(translate, arguments: argparse.Namespace) -> list[Tile]:
    """Colorize photos that were made gray; return the first rows to be looked at."""
    tiles, scores = [], []
    for path in find_images(arguments.colors):
        true = short_side_to(read_image(path)[0], arguments.px)
        gray = grayscale(true)
        found = translate(gray)
        scores.append([[psnr(one, true), ssim(one, true), chroma(one)] for one in (gray, found, true)])
        if len(tiles) < 3 * arguments.rows:
            tiles += [
                Tile(image, title, path.stem) for title, image in zip(("gray", "result", "true"), (gray, found, true))
            ]
    print(f"{len(scores)} photos at {arguments.px} px\n{'':10}PSNR dB   SSIM  chroma")
    for name, (closeness, likeness, distance) in zip(("gray", "result", "true"), np.mean(scores, axis=0)):
        print(f"{name:10}{closeness:7.2f} {likeness:6.4f} {distance:7.1f}")
    return tiles


def chroma(image: np.ndarray) -> float:
    """Return the mean distance of an image's colors from gray, in Cb and Cr of 255 levels."""
    red, green, blue = image.astype(np.float64).transpose(2, 0, 1)
    luma = 0.299 * red + 0.587 * green + 0.114 * blue
    return float(np.hypot((blue - luma) / 1.772, (red - luma) / 1.402).mean())


if __name__ == "__main__":
    main()
