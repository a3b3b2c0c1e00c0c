"""Make the picture of mixed styles: python benchmarks/blends.py [--photo FILE] [--pair A B ...] [-o FILE].

Each row has two styles, the mixtures between them at 75, 50 and 25 percent, and, for comparison, the two painted
pictures faded into each other by half. A style is a name, or the file of a picture for both of a row. The JPEG's
quality falls until the file is small enough. How far the nets of the styles that ship resemble each other is printed.
"""

from __future__ import annotations

import argparse
import io
import itertools
from pathlib import Path

import numpy as np
from PIL import Image

from ppgan_lite.checkpoint import read_checkpoint
from ppgan_lite.contact_sheet import Tile, draw_sheet
from ppgan_lite.images import SAMPLE_PHOTO, read_image, resize
from ppgan_lite.inference.faces.sparing import spare_faces
from ppgan_lite.inference.loading import load_blend, load_stylizer
from ppgan_lite.inference.stylization.blending import resemblance
from ppgan_lite.styles import catalogue

PAIRS = (("wheat_field", "street_berlin"), ("composition_1916", "the_dance"))
SHARES = (0.75, 0.5, 0.25)
QUALITIES = (90, 86, 82, 78, 74, 70, 66, 60)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photo", type=Path, default=SAMPLE_PHOTO)
    parser.add_argument("--pair", nargs=2, action="append", metavar=("A", "B"), help="default: two pairs that ship")
    parser.add_argument("-o", "--output", type=Path, default=Path("docs/images/blends.jpg"))
    parser.add_argument("--cell", type=int, default=216, help="width of a picture in pixels")
    parser.add_argument("--max-kb", type=int, default=150)
    arguments = parser.parse_args()
    photo, _ = read_image(arguments.photo)
    strokes = spare_faces(photo)  # as the command line does by default
    tiles: list[Tile] = []
    for pair in arguments.pair or PAIRS:
        tiles += row_of(*pair, photo, strokes, arguments.cell)
    sheet = Image.fromarray(draw_sheet(tiles, columns=len(SHARES) + 3))
    for quality in QUALITIES:
        buffer = io.BytesIO()
        sheet.save(buffer, "JPEG", quality=quality, optimize=True, progressive=True)
        if buffer.tell() <= arguments.max_kb * 1000:
            break
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    arguments.output.write_bytes(buffer.getvalue())
    print(f"{arguments.output}: {sheet.width} x {sheet.height}, {buffer.tell() / 1000:.0f} kB, quality {quality}")
    painters = []
    for style in catalogue():
        header, tensors = read_checkpoint(style.path)
        painters.append((next(iter(header.predictors.values())), tensors))
    alike = [resemblance(*pair) for pair in itertools.combinations(painters, 2)]
    print(f"correlation of the filters of {len(painters)} styles, by pairs: {min(alike):.2f} to {max(alike):.2f}")


def row_of(first: str, second: str, photo: np.ndarray, strokes: np.ndarray | None, width: int) -> list[Tile]:
    """Paint a photo in two styles and between them."""
    ends = [load_stylizer(style)(photo, strokes=strokes) for style in (first, second)]
    between = [load_blend({first: share, second: 1 - share})(photo, strokes=strokes) for share in SHARES]
    faded = np.rint((ends[0].astype(np.float32) + ends[1]) / 2).astype(np.uint8)
    names = [Path(style).stem for style in (first, second)]
    titles = [names[0], *(f"{100 * share:.0f} %" for share in SHARES), names[1], "cross-fade, 50 %"]
    height = round(photo.shape[0] * width / photo.shape[1])
    pictures = [ends[0], *between, ends[1], faded]
    return [Tile(resize(picture, width, height), title) for picture, title in zip(pictures, titles, strict=True)]


if __name__ == "__main__":
    main()
