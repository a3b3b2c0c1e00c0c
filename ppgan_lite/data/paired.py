"""Pairs of pictures of the same scene, for training pix2pix and restoration."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np

from ppgan_lite.data.crops import Policy, Resize, Side, cut, policy
from ppgan_lite.data.layouts import TWO_FOLDERS, both_folders, domains, existing, no_split, one_folder
from ppgan_lite.data.pictures import Channels, Pictures, Source, halves_of, pictures_in, to_array
from ppgan_lite.errors import DataError
from ppgan_lite.signatures import FilePath, PositiveInt

_SHOWN = 3


class UnmatchedError(DataError):
    """Files without a partner of the same name.

    Attributes:
        files: All of them, each with its fault.
    """

    def __init__(self, files: list[tuple[Path, str]]) -> None:
        self.files = files
        shown = "; ".join(f"{path} {text}" for path, text in files[:_SHOWN])
        more = f"; and {len(files) - _SHOWN} more" if len(files) > _SHOWN else ""
        super().__init__(
            "data",
            f"{len(files)} files do not pair: {shown}{more}",
            "the same names in A and B, whatever their suffixes",
            "Rename them or take them out; `paddlegan doctor` lists all of them",
        )


class Paired:
    """Crops of the same part of both pictures of a pair: "a" is the input, "b" the target, float32 CHW in [0, 1].

    Args:
        folder: Contains A/ and B/ (or trainA/ and trainB/, train/A/ and train/B/, A/train/ and B/train/) with files of
            the same names, whatever their suffixes; or files (in train/, test/, val/, or without splits) with A and B
            side by side.
        split: The split: "train", "test", "val".
        a, b: Instead of `folder`: folders (searched recursively, by content) or files, matched by name.
        direction: "b_to_a" makes B (or the right half) the input and A (the left half) the target.
        scale: Width and height of the target relative to the input, for super-resolution.
        size: Side of the target's crop in pixels.
        resize, resize_to, flip, augment: The crop, see `crops.policy`; in pixels of the target.
        channels_a, channels_b: Of input and target: 3 for RGB, 1 for grayscale, whatever the files contain.
        exclude: File names (without folder) to leave out.
    """

    gives = ("a", "b")

    def __init__(
        self,
        *,
        folder: FilePath | None = None,
        split: str = "train",
        a: Sequence[FilePath] = (),
        b: Sequence[FilePath] = (),
        direction: Literal["a_to_b", "b_to_a"] = "a_to_b",
        scale: PositiveInt = 1,
        size: PositiveInt = 256,
        resize: Resize = "short_side",
        resize_to: Side | None = None,
        flip: bool = True,
        augment: bool = True,
        channels_a: Channels = 3,
        channels_b: Channels = 3,
        exclude: Sequence[str] = (),
    ) -> None:
        if scale < 1 or size % scale:
            raise DataError("scale", str(scale), f"1 or more, and a divisor of the crop's {size} px")
        target = policy(size, resize, resize_to, flip=flip, augment=augment)
        # Drawn on the input, so that the crop lies on whole pixels of the target too.
        low, high = (side // scale for side in target.resize_to)
        self.policy = Policy(size // scale, resize, (low, high), flip, augment)
        self.scale = scale
        self.size = size
        self.channels = channels_a, channels_b
        self.reverse = direction == "b_to_a"
        together = _side_by_side_folder(folder, split)
        self.side_by_side = together is not None
        if together is not None:
            if scale != 1:
                raise DataError("scale", str(scale), "1 for pictures that lie side by side in one file")
            self.pairs = [(file, file) for file in pictures_in([str(together)], "pairs", exclude=exclude)]
            halves = Pictures(3 if 3 in self.channels else 1, self.policy.largest, halves=True)
            self._pictures = halves, halves
        else:
            pairs = matched(*domains(folder, split, a, b), exclude=exclude)
            self.pairs = [(second, first) for first, second in pairs] if self.reverse else pairs
            self._pictures = Pictures(channels_a, self.policy.largest), Pictures(channels_b, self._largest_target)

    def __len__(self) -> int:
        return len(self.pairs)

    def get(self, index: int, rng: np.random.Generator) -> dict[str, np.ndarray]:
        """Return crops of the same part of both pictures of pair `index`."""
        first, second = self._read(index)
        where = self.policy.choose(first, rng)
        return {
            "a": to_array(cut(first, where), self.channels[0]),
            "b": to_array(cut(second, where.times(self.scale)), self.channels[1]),
        }

    def sources(self) -> list[Source]:
        """Return the files of the dataset, for the doctor."""
        if self.side_by_side:
            return [Source("pair", tuple(file for file, _ in self.pairs), self.size, max(self.channels), halves=True)]
        inputs, targets = zip(*self.pairs, strict=True)
        return [
            Source("a", inputs, self.size // self.scale, self.channels[0]),
            Source("b", targets, self.size, self.channels[1]),
        ]

    def _read(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        """Read input and target of a pair."""
        (file_a, file_b), (pictures_a, pictures_b) = self.pairs[index], self._pictures
        if not self.side_by_side:
            return pictures_a[file_a], pictures_b[file_b]
        left, right = halves_of(pictures_a[file_a], file_a)
        return (right, left) if self.reverse else (left, right)

    def _largest_target(self, height: int, width: int) -> tuple[int, int]:
        of_input = self.policy.largest(-(-height // self.scale), -(-width // self.scale))
        return min(height, of_input[0] * self.scale), min(width, of_input[1] * self.scale)


def matched(a: Sequence[str], b: Sequence[str], *, exclude: Sequence[str] = ()) -> list[tuple[Path, Path]]:
    """Return the files of two lists of folders or files as pairs of the same name, in the order of the first.

    A name is the path below its folder, without the suffix.

    Raises:
        UnmatchedError: Files have no partner, or more than one.
        DataError: One of the lists has no picture.
    """
    named_a, twice_a = _by_name(a, "domain A", exclude)
    named_b, twice_b = _by_name(b, "domain B", exclude)
    faults = [(file, f"has the name of {other.name}, but for the suffix") for file, other in twice_a + twice_b]
    faults += [(file, "has no partner in B") for name, file in named_a.items() if name not in named_b]
    faults += [(file, "has no partner in A") for name, file in named_b.items() if name not in named_a]
    if faults:
        raise UnmatchedError(faults)
    return [(file, named_b[name]) for name, file in named_a.items()]


def _by_name(
    entries: Sequence[str], what: str, exclude: Sequence[str]
) -> tuple[dict[str, Path], list[tuple[Path, Path]]]:
    """Return name -> file, and the files whose name is taken, each with the first file of that name."""
    named: dict[str, Path] = {}
    twice = []
    for entry in entries:
        root = Path(entry)
        for file in pictures_in([entry], what, exclude=exclude):
            name = (file.relative_to(root) if file != root else Path(file.name)).with_suffix("").as_posix()
            if name in named:
                twice.append((file, named[name]))
            named.setdefault(name, file)
    return named, twice


def _side_by_side_folder(folder: str | None, split: str) -> Path | None:
    """Return the folder of files that hold A and B side by side; None if A and B have folders of their own."""
    if folder is None:
        return None
    root = existing(folder)
    if both_folders(root, split) is not None:
        return None
    together = one_folder(root, split)
    if together is None:
        raise no_split(root, split, f"{TWO_FOLDERS}, or files that hold A and B side by side")
    return together
