"""Make the README's picture, one photo in every style: python benchmarks/styles_picture.py --photo FILE [-o FILE].

The first cell is the photo, four times as large as the others; below each of them stands the style's name as the
command line takes it. A last row that is not full is centered. The JPEG's quality falls until the file is small enough.
"""

from __future__ import annotations

import argparse
import io
import math
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from ppgan_lite.images import SAMPLE_PHOTO, read_image
from ppgan_lite.inference.faces.sparing import spare_faces
from ppgan_lite.inference.loading import load_stylizer
from ppgan_lite.styles import catalogue

PAPER, INK = (255, 255, 255), (48, 48, 48)
GAP_PX, CAPTION_PX, FONT_PX = 8, 22, 15
QUALITIES = (90, 86, 82, 78, 74, 70)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photo", type=Path, default=SAMPLE_PHOTO)
    parser.add_argument("-o", "--output", type=Path, default=Path("docs/images/styles.jpg"))
    parser.add_argument("--columns", type=int, help="default: as many as leave the fewest cells empty, 5 to 7")
    parser.add_argument("--cell", type=int, default=288, help="side of a painted picture in pixels")
    parser.add_argument("--max-kb", type=int, default=580)
    arguments = parser.parse_args()
    photo, _ = read_image(arguments.photo)
    strokes = spare_faces(photo)  # as the command line does by default
    painted = [(style.name, load_stylizer(style.name)(photo, strokes=strokes)) for style in catalogue()]
    page = draw_page(photo, painted, columns=arguments.columns or columns_for(len(painted)), cell_px=arguments.cell)
    for quality in QUALITIES:
        buffer = io.BytesIO()
        page.save(buffer, "JPEG", quality=quality, optimize=True, progressive=True)
        if buffer.tell() <= arguments.max_kb * 1000:
            break
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    arguments.output.write_bytes(buffer.getvalue())
    print(f"{arguments.output}: {page.width} x {page.height}, {buffer.tell() / 1000:.0f} kB, quality {quality}")


def draw_page(photo: np.ndarray, painted: list[tuple[str, np.ndarray]], *, columns: int, cell_px: int) -> Image.Image:
    """Lay out a photo of two by two cells and named pictures, uint8 (height, width, 3) RGB, on white."""
    across, down = cell_px + GAP_PX, cell_px + CAPTION_PX + GAP_PX
    beside = 2 * (columns - 2)
    below = max(0, len(painted) - beside)
    rows = 2 + math.ceil(below / columns)
    page = Image.new("RGB", (columns * across + GAP_PX, rows * down + GAP_PX), PAPER)
    draw = ImageDraw.Draw(page)
    font = ImageFont.load_default(size=FONT_PX)
    tall = 2 * down - GAP_PX - CAPTION_PX  # it has one caption where two cells below each other have two
    page.paste(_square(photo, tall).crop((0, 0, 2 * cell_px + GAP_PX, tall)), (GAP_PX, GAP_PX))
    draw.text((GAP_PX + 2, 2 * down - CAPTION_PX + 2), "the photo", font=font, fill=INK)
    for index, (name, picture) in enumerate(painted):
        if index < beside:
            row, column, indent = index // (columns - 2), 2 + index % (columns - 2), 0
        else:
            row, column = divmod(index - beside, columns)
            in_row = min(columns, below - row * columns)
            row, indent = row + 2, (columns - in_row) * across // 2
        x, y = GAP_PX + column * across + indent, GAP_PX + row * down
        page.paste(_square(picture, cell_px), (x, y))
        draw.text((x + 2, y + cell_px + 2), name, font=font, fill=INK)
    return page


def columns_for(count: int) -> int:
    """Choose how many columns leave the fewest cells empty, given that the photo takes four of them."""
    return min(range(5, 8), key=lambda columns: (-(count + 4) % columns, columns))


def _square(picture: np.ndarray, side_px: int) -> Image.Image:
    """Cut the middle square out of a picture and scale it."""
    image = Image.fromarray(picture)
    side = min(image.size)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    return image.crop((left, top, left + side, top + side)).resize((side_px, side_px), Image.Resampling.LANCZOS)


if __name__ == "__main__":
    main()
