"""Previews as pictures for a page: data URIs of bounded number and size, and the columns that have captions."""

from __future__ import annotations

import base64
import io
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image

from ppgan_lite.training.previews import LAYOUT_KEY

MOST_PICTURES = 20
MOST_PX = 900  # of either side
_QUALITY = 80
_NUMBERED = re.compile(r"(\d+)\.png")
_MOST_PIXELS = 40_000_000  # a preview is far smaller; what claims more is not read


@dataclass(frozen=True)
class Shot:
    """A preview at an iteration.

    Attributes:
        uri: A JPEG as data URI, without the row of captions.
        width, height: Of the picture in pixels.
        columns: Name of each column and its share of the width, gap included; empty if they are not known.
    """

    iteration: int
    uri: str
    width: int
    height: int
    columns: tuple[tuple[str, float], ...] = ()


@dataclass
class Shots:
    """The previews of a run; keeps those that were encoded, so that a renewal encodes only new ones."""

    folder: Path
    _encoded: dict[int, Shot | None] = field(default_factory=dict)

    def shots(self, *, at_most: int | None = None) -> list[Shot]:
        """Return previews from the first to the newest, about evenly spread.

        Args:
            at_most: The number of files to read now, the newest first; others that were not read yet are left out.
        """
        files = self._files()
        chosen = spread(sorted(files))
        new = [iteration for iteration in reversed(chosen) if iteration not in self._encoded]
        for iteration in new[:at_most]:
            self._encoded[iteration] = encode(files[iteration], iteration)
        self._encoded = {number: shot for number, shot in self._encoded.items() if number in chosen}
        return [shot for iteration in chosen if (shot := self._encoded.get(iteration)) is not None]

    def _files(self) -> dict[int, Path]:
        try:
            paths = list(self.folder.iterdir())
        except OSError:
            return {}
        return {int(match[1]): path for path in paths if (match := _NUMBERED.fullmatch(path.name))}


def spread(numbers: Sequence[int]) -> list[int]:
    """Return some of rising numbers: every one, every second, every fourth ..., and the last.

    As they grow in number, fewer of the earlier ones are chosen, but none that was not chosen before.
    """
    step = 1
    while (len(numbers) + step - 1) // step >= MOST_PICTURES:
        step *= 2
    return sorted({*numbers[::step], *numbers[-1:]})


def encode(path: Path, iteration: int) -> Shot | None:
    """Read a preview; None if it cannot be read."""
    try:
        with Image.open(path, formats=["PNG"]) as file:
            if file.width * file.height > _MOST_PIXELS:
                return None
            top, columns = _layout(file.info.get(LAYOUT_KEY), file.width, file.height)
            image = file.convert("RGB").crop((0, top, file.width, file.height))
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None
    image.thumbnail((MOST_PX, MOST_PX), Image.Resampling.BILINEAR, reducing_gap=2.0)
    data = io.BytesIO()
    image.save(data, "JPEG", quality=_QUALITY)
    uri = "data:image/jpeg;base64," + base64.b64encode(data.getvalue()).decode()
    return Shot(iteration, uri, image.width, image.height, columns)


def _layout(text: object, width: int, height: int) -> tuple[int, tuple[tuple[str, float], ...]]:
    """Return the height of the captions, and the columns; 0 and none if the file does not say."""
    try:
        layout = json.loads(text)  # type: ignore[arg-type]
        top, columns = layout["top"], layout["columns"]
        lefts = [left for _, left, _ in columns] + [width]
        found = tuple(
            (str(column[0]), (right - left) / width) for column, left, right in zip(columns, lefts, lefts[1:])
        )
        if not (type(top) is int and 0 <= top < height and all(0 < share <= 1 for _, share in found)):
            raise ValueError
    except (TypeError, ValueError, KeyError, RecursionError):
        return 0, ()
    return top, found
