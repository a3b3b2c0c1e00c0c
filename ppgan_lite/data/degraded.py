"""Clean pictures, degraded on the fly, for training restoration and colorization."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ppgan_lite.data.crops import Resize, Side, policy
from ppgan_lite.data.pictures import Channels, Pictures, Source, pictures_in, to_array
from ppgan_lite.degradations import check_chain, degrade, varies
from ppgan_lite.errors import DataError
from ppgan_lite.images import resize
from ppgan_lite.signatures import FilePath, PositiveInt

# Degraded with the crop and cut off afterwards, so that a blur takes in the surroundings, as in a whole photo.
_SURROUNDINGS_PX = 32


class Degraded:
    """A crop ("b") and its degraded version ("a"), float32 CHW in [0, 1]. The noise differs in every epoch.

    A `downscale` in the chain makes "a" smaller than "b" by its factor.

    Args:
        clean: Folders (searched recursively, by content) or files of clean pictures.
        chain: Degradations in order, each with its arguments: [{"name": "salt_and_pepper", "amount": 0.1}, ...].
            Ranges, {"between": [lowest, highest]}, are drawn for each crop.
        size, resize, resize_to, flip, augment: The crop, see `crops.policy`.
        channels_a: Of the degraded picture: 3, or 1 for its luma.
        channels_b: Of the clean picture: 3, or 1 for grayscale.
        exclude: File names (without folder) to leave out.
    """

    gives = ("a", "b")

    def __init__(
        self,
        *,
        clean: Sequence[FilePath],
        chain: Sequence[dict[str, Any]],
        size: PositiveInt = 256,
        resize: Resize = "short_side",
        resize_to: Side | None = None,
        flip: bool = True,
        augment: bool = True,
        channels_a: Channels = 3,
        channels_b: Channels = 3,
        exclude: Sequence[str] = (),
    ) -> None:
        check_chain(chain)
        self.policy = policy(size, resize, resize_to, flip=flip, augment=augment)
        self.chain = list(chain)
        self.scale = _scale_of(self.chain, size)
        self.channels = channels_a, channels_b
        self.files = pictures_in(clean, "clean pictures", exclude=exclude)
        self._pictures = Pictures(3 if 3 in self.channels else 1, self.policy.largest)

    def __len__(self) -> int:
        return len(self.files)

    def get(self, index: int, rng: np.random.Generator) -> dict[str, np.ndarray]:
        """Return a random crop of picture `index`, degraded and clean."""
        image = self._pictures[self.files[index]]
        where = self.policy.choose(image, rng)
        rows = _Span(where.top, where.size, where.height, self.scale)
        columns = _Span(where.left, where.size, where.width, self.scale)
        around = resize(image, where.width, where.height)[rows.wide, columns.wide]
        worse = degrade(np.ascontiguousarray(around), self.chain, rng=rng)[rows.small, columns.small]
        clean = around[rows.inner, columns.inner]
        if where.flip:
            worse, clean = worse[:, ::-1], clean[:, ::-1]
        return {"a": to_array(worse, self.channels[0]), "b": to_array(clean, self.channels[1])}

    def sources(self) -> list[Source]:
        """Return the files of the dataset, for the doctor."""
        return [Source("clean", tuple(self.files), self.policy.size, max(self.channels))]


@dataclass(frozen=True)
class _Span:
    """The extent of the crop along one axis: in the picture, with its surroundings, and degraded."""

    start: int
    size: int
    whole: int
    scale: int

    @property
    def before(self) -> int:
        """Pixels of surroundings before the crop; a multiple of the scale: the crop starts on a degraded pixel."""
        return min(self.start, _SURROUNDINGS_PX) // self.scale * self.scale

    @property
    def wide(self) -> slice:
        """The crop and its surroundings in the picture."""
        after = min(self.whole - self.start - self.size, _SURROUNDINGS_PX) // self.scale * self.scale
        return slice(self.start - self.before, self.start + self.size + after)

    @property
    def inner(self) -> slice:
        """The crop within `wide`."""
        return slice(self.before, self.before + self.size)

    @property
    def small(self) -> slice:
        """The crop within `wide`, degraded."""
        return slice(self.before // self.scale, (self.before + self.size) // self.scale)


def _scale_of(chain: Sequence[dict[str, Any]], size: int) -> int:
    """Return the factor by which a chain shrinks a crop.

    Raises:
        DataError: It is not an integer for crops of that size.
    """
    for step in chain:
        if step["name"] == "downscale" and varies(step.get("factor")):
            raise DataError("chain", f"downscale by {step['factor']}", "one factor: the net enlarges by it")
    small = degrade(np.zeros((size, size, 3), np.uint8), chain, rng=np.random.default_rng(0)).shape[0]
    if size % small:
        raise DataError("size", f"{size}, of which the chain makes {small}", "a multiple of what the chain divides by")
    return size // small
