"""Contact sheets: several pictures with captions on one."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFont

_PAPER = (255, 255, 255)
_TITLE_INK = (24, 24, 24)
_NOTE_INK = (112, 112, 112)
_MIN_CELL_PX = 240  # a caption needs this much, however small the picture


@dataclass(frozen=True, eq=False)
class Tile:
    """A picture, uint8 (height, width, 3) RGB, and the two lines of its caption."""

    image: np.ndarray
    title: str
    note: str = ""


def draw_sheet(tiles: Sequence[Tile], columns: int | None = None) -> np.ndarray:
    """Arrange pictures with captions in a grid on white; return uint8 (height, width, 3) RGB.

    By default the number of columns makes the sheet about 4:3.
    """
    width = max(_MIN_CELL_PX, *(tile.image.shape[1] for tile in tiles))
    height = max(tile.image.shape[0] for tile in tiles)
    title_px, note_px = max(15, round(width / 24)), max(12, round(width / 32))
    title_font, note_font = ImageFont.load_default(size=title_px), ImageFont.load_default(size=note_px)
    line = round(title_px * 1.3)
    gap = max(16, round(width / 16))
    cell_height = height + gap // 3 + line + round(note_px * 1.3)
    columns = columns or _columns(len(tiles), width + gap, cell_height + gap)
    rows = math.ceil(len(tiles) / columns)
    sheet = Image.new("RGB", (columns * (width + gap) + gap, rows * (cell_height + gap) + gap), _PAPER)
    draw = ImageDraw.Draw(sheet)
    for index, tile in enumerate(tiles):
        row, column = divmod(index, columns)
        x, y = gap + column * (width + gap), gap + row * (cell_height + gap)
        tile_height, tile_width = tile.image.shape[:2]
        sheet.paste(Image.fromarray(tile.image), (x + (width - tile_width) // 2, y + (height - tile_height) // 2))
        y += height + gap // 3
        draw.text((x, y), _fitted(tile.title, title_font, width), font=title_font, fill=_TITLE_INK)
        draw.text((x, y + line), _fitted(tile.note, note_font, width), font=note_font, fill=_NOTE_INK)
    return np.array(sheet)


def _columns(count: int, width: int, height: int) -> int:
    """Choose the number of columns for a sheet of about 4:3 with few empty cells."""

    def badness(columns: int) -> float:
        rows = math.ceil(count / columns)
        aspect = columns * width / (rows * height)
        return abs(math.log(aspect / (4 / 3))) + (columns * rows - count) / count

    return min(range(1, count + 1), key=badness)


def _fitted(text: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, width_px: int) -> str:
    """Shorten a text to a width, with an ellipsis for the omitted part.

    Pillow's own font, the only one available everywhere, has no accents: Cézanne becomes Cezanne.
    """
    text = text.translate({ord("–"): "-", ord("’"): "'", ord("ø"): "o", ord("ł"): "l", ord("ß"): "ss"})
    text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    if font.getlength(text) <= width_px:
        return text
    while text and font.getlength(text + "…") > width_px:
        text = text[:-1]
    return text.rstrip() + "…"
