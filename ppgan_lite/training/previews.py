"""Previews: the pictures of a recipe for a few fixed samples, on one sheet with captions, and how much they differ."""

from __future__ import annotations

import io
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from PIL.PngImagePlugin import PngInfo

from ppgan_lite.metrics.diversity import diversity, thumbnail

PAINTING = "style"  # the picture that all samples share where there is one painting
LAYOUT_KEY = "preview"  # of the text in the PNG file that tells where its columns are
CAPTION_PX = 22  # height of the row of captions
_FONT_PX = 13
_GAP_PX = 4
_INK = (60, 60, 60)
_LEAST_ROW_PX = 16
# The names of recipes' pictures, where they are no words.
_CAPTIONS = {"fake_a": "b to a", "fake_b": "a to b", "cycle_a": "a to b to a", "cycle_b": "b to a to b"}
_CAPTIONS |= {"style": "painting", "half": "half strength", "identity": "no strength", "below": "level below"}


@dataclass(frozen=True)
class Column:
    """The place of the pictures of one name on a sheet, in pixels."""

    name: str
    left: int
    width: int


@dataclass(frozen=True, eq=False)
class Preview:
    """The sheet of a preview.

    Attributes:
        image: uint8 (height, width, 3) RGB on white: a row of captions, below it a row for each sample.
        columns: From left to right.
        diversity: See `metrics.diversity`; by the name of a result.
    """

    image: np.ndarray
    columns: tuple[Column, ...]
    diversity: dict[str, float]

    def encode(self) -> bytes:
        """Return the sheet as PNG, with its columns in a text."""
        layout = {"top": CAPTION_PX, "columns": [[column.name, column.left, column.width] for column in self.columns]}
        text = PngInfo()
        text.add_text(LAYOUT_KEY, json.dumps(layout))
        file = io.BytesIO()
        Image.fromarray(self.image).save(file, "PNG", pnginfo=text, compress_level=1)
        return file.getvalue()


def draw_preview(
    samples: Sequence[Mapping[str, np.ndarray]], *, results: Sequence[tuple[str, str]] = (), once: Collection[str] = ()
) -> Preview:
    """Arrange the pictures of some samples in a grid with captions.

    Args:
        samples: For each sample, name -> float array (1, 3 or 1, height, width) in [0, 1]; sizes may differ.
        results: See `Recipe.results`.
        once: Names that are the same picture in all samples: shown in the first row, no larger than the others.
    """
    columns, left = [], 0
    tiles = {name: [to_pixels(sample[name]) for sample in samples] for name in samples[0]}
    rows_px = max(
        (max(len(tile) for tile in column) for name, column in tiles.items() if name not in once), default=_LEAST_ROW_PX
    )
    tiles |= {name: [_fitted(tiles[name][0], rows_px)] for name in once if name in tiles}
    font = ImageFont.load_default(size=_FONT_PX)
    for name, column in tiles.items():
        width = max(*(tile.shape[1] for tile in column), round(font.getlength(_caption(name))))
        columns.append(Column(name, left, width))
        left += width + _GAP_PX
    height = CAPTION_PX + len(samples) * (rows_px + _GAP_PX) - _GAP_PX
    sheet = Image.new("RGB", (left - _GAP_PX, height), "white")
    draw = ImageDraw.Draw(sheet)
    for place in columns:
        draw.text((place.left, CAPTION_PX - 4), _caption(place.name), font=font, fill=_INK, anchor="ls")
        for row, tile in enumerate(tiles[place.name]):
            sheet.paste(Image.fromarray(tile), (place.left, CAPTION_PX + row * (rows_px + _GAP_PX)))
    found = {name: value for name, source in results if (value := _differing(samples, name, source)) is not None}
    return Preview(np.array(sheet), tuple(columns), found)


def _differing(samples: Sequence[Mapping[str, np.ndarray]], result: str, source: str) -> float | None:
    """Return the diversity of a result of some samples; None where it cannot be told."""
    if result not in samples[0]:
        return None
    return diversity(*([thumbnail(to_pixels(sample[name])) for sample in samples] for name in (result, source)))


def _caption(name: str) -> str:
    return _CAPTIONS.get(name, name)


def to_pixels(image: np.ndarray) -> np.ndarray:
    """Return a float picture (1, 3 or 1, height, width) in [0, 1] as uint8 (height, width, 3)."""
    pixels = np.clip(np.rint(np.nan_to_num(image[0]) * 255), 0, 255).astype(np.uint8).transpose(1, 2, 0)
    return np.broadcast_to(pixels, (*pixels.shape[:2], 3)).copy()


def _fitted(tile: np.ndarray, most_px: int) -> np.ndarray:
    """Return a picture reduced to a height."""
    if len(tile) <= most_px:
        return tile
    width = max(1, round(tile.shape[1] * most_px / len(tile)))
    return np.array(Image.fromarray(tile).resize((width, most_px), Image.Resampling.LANCZOS))
