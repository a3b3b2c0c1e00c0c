"""The pictures of an evaluation: found in folders, paired by name, read when they are needed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np

from ppgan_lite.data.layouts import TWO_FOLDERS, both_folders, one_folder, splits_of
from ppgan_lite.errors import DataError
from ppgan_lite.images import find_images, read_image, short_side_to

Half = Literal["", "left", "right"]
_MEASURED_SPLITS = ("test", "val", "validation", "valid")  # pictures that nothing was trained on


@dataclass(frozen=True)
class Picture:
    """A picture file, or one half of it.

    Attributes:
        path: The file.
        name: Its path below its folder, without suffix; what pairs have in common.
        half: Which half, where it holds two pictures side by side.
        size_px: The short side to which it is reduced; 0 for its own size.
    """

    path: Path
    name: str
    half: Half = ""
    size_px: int = 0

    def __call__(self) -> np.ndarray:
        """Read it: uint8 (height, width, 3) RGB.

        Raises:
            ImageError: It cannot be read.
            DataError: It has no halves.
        """
        image, _ = read_image(self.path)
        if self.half:
            width = image.shape[1]
            if width % 2:
                raise DataError(self.path, f"is {width} px wide", "an even width: A and B side by side")
            image = image[:, : width // 2] if self.half == "left" else image[:, width // 2 :]
        if self.size_px and min(image.shape[:2]) > self.size_px:
            image = short_side_to(image, self.size_px)
        return np.ascontiguousarray(image)


@dataclass(frozen=True)
class Pairs:
    """Two lists of pictures.

    Attributes:
        a, b: All pictures of each.
        matched: Those with the same name.
        alone: Those of either without a partner; empty if nothing matches.
    """

    a: Sequence[Picture]
    b: Sequence[Picture]
    matched: Sequence[tuple[Picture, Picture]] = ()
    alone: Sequence[Picture] = field(default=())


def pictures_in(folder: Path, *, size_px: int = 0) -> list[Picture]:
    """Return the pictures of a folder, searched recursively.

    Raises:
        DataError: It holds none.
        ImageError: It is no folder.
    """
    found = [
        Picture(path, path.relative_to(folder).with_suffix("").as_posix(), size_px=size_px)
        for path in find_images(folder, by_content=True)
    ]
    if not found:
        raise DataError(folder, "holds no picture", "a folder of pictures")
    return found


def paired(a: Sequence[Picture], b: Sequence[Picture]) -> Pairs:
    """Match two lists by name; of several files of one name the first counts."""
    of_a, of_b = ({picture.name: picture for picture in reversed(side)} for side in (a, b))
    matched = [(of_a[picture.name], of_b[picture.name]) for picture in a if of_b.get(picture.name)]
    matched = list(dict.fromkeys(matched))
    taken = {picture for pair in matched for picture in pair}
    alone = [picture for picture in (*a, *b) if picture not in taken] if matched else []
    return Pairs(a, b, matched, alone)


def pictures_to_measure(folder: Path, split: str | None, *, side_by_side: bool, size_px: int = 0) -> Pairs:
    """Find the pictures to measure on: those of two domains or of pairs, or only of a, in any layout that trains.

    Args:
        folder: testA/ and testB/, test/A/ and test/B/, A/ and B/ and the like; or a folder of pictures.
        split: Which; None for test, else val, else what there is where nothing is split.
        side_by_side: Whether the pictures of a folder without A and B are pairs side by side.
        size_px: See `Picture`.

    Raises:
        DataError: There are none, or there are only pictures to train on.
        ImageError: It is no folder.
    """
    splits = splits_of(folder) if folder.is_dir() else []
    chosen = split or next((name for name in _MEASURED_SPLITS if name in splits), "train")
    if splits and (chosen not in splits or (split is None and chosen == "train")):
        wanted = f"a split {split!r}" if split else "pictures to measure on (testA/ and testB/, or test/)"
        raise DataError(folder, f"holds {', '.join(splits)}", wanted, "Choose one of these with --split")
    both = both_folders(folder, chosen) if folder.is_dir() else None
    if both is not None:
        return paired(*(pictures_in(side, size_px=size_px) for side in both))
    root = one_folder(folder, chosen) if folder.is_dir() else folder
    if root is None:
        raise DataError(folder, f"has no pictures of a split {chosen!r}", f"{TWO_FOLDERS}, or a folder of pictures")
    found = pictures_in(root, size_px=size_px)
    if not side_by_side:
        return Pairs(found, [])
    left, right = ([Picture(one.path, one.name, half, size_px) for one in found] for half in ("left", "right"))
    return paired(left, right)
