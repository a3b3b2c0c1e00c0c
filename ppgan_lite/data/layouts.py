"""Folder layouts of two domains or of pairs: the folders of A and B of a split."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from ppgan_lite.errors import DataError

SPLITS = ("train", "val", "validation", "valid", "test")
TWO_FOLDERS = "A/ and B/, or trainA/, trainB/, testA/, testB/"


def both_folders(folder: Path, split: str) -> tuple[Path, Path] | None:
    """Return the folders of domain A and domain B of a split; None if there are none.

    Searched in this order: trainA/ trainB/, train/A/ train/B/, A/train/ B/train/; and for the split "train" A/ B/, if
    there are no splits.
    """
    for a, b in _candidates(folder, split):
        if a.is_dir() and b.is_dir():
            return a, b
    if split == "train" and not splits_of(folder) and (folder / "A").is_dir() and (folder / "B").is_dir():
        return folder / "A", folder / "B"
    return None


def one_folder(folder: Path, split: str) -> Path | None:
    """Return the folder of a split without subfolders for A and B: train/, or the whole folder if there are no splits.

    None if there is no such split, or if there is a folder for A or B only, whose other half must be missing.
    """
    halves = [half for name in SPLITS for both in _candidates(folder, name) for half in both]
    if any(half.is_dir() for half in (folder / "A", folder / "B", *halves)):
        return None
    if (folder / split).is_dir():
        return folder / split
    return folder if split == "train" and not splits_of(folder) else None


def splits_of(folder: Path) -> list[str]:
    """Return the splits of a folder, such as train and test."""
    return [
        split
        for split in SPLITS
        if (folder / split).is_dir() or any(a.is_dir() and b.is_dir() for a, b in _candidates(folder, split))
    ]


def domains(folder: str | None, split: str, a: Sequence[str], b: Sequence[str]) -> tuple[Sequence[str], Sequence[str]]:
    """Return the folders or files of domain A and of domain B, from one folder for both or from separate arguments.

    Raises:
        DataError: Neither or both are given, or the folder has another layout.
    """
    if folder is None and a and b:
        return a, b
    if folder is None or a or b:
        found = "neither `folder` nor both of `a` and `b`" if folder is None else "`folder` and `a` or `b` at once"
        raise DataError("data", found, "either `folder`, or `a` and `b`")
    root = existing(folder)
    both = both_folders(root, split)
    if both is None:
        raise no_split(root, split, TWO_FOLDERS)
    return [str(both[0])], [str(both[1])]


def existing(folder: str) -> Path:
    """Return the path of a folder.

    Raises:
        DataError: It is not a folder.
    """
    path = Path(folder)
    if not path.is_dir():
        raise DataError(path, "is a file" if path.exists() else "there is no such folder", "a folder of pictures")
    return path


def no_split(folder: Path, split: str, expected: str) -> DataError:
    """Return the error of a folder without the layout that a dataset needs."""
    splits = splits_of(folder)
    if splits and split not in splits:
        return DataError(folder, f"has no split {split!r}", f"one of {', '.join(splits)}", "Say which with data.split")
    within = ", ".join(sorted(path.name + "/" for path in folder.iterdir() if path.is_dir())) or "no folders"
    found = f"holds {within}" + ("" if splits or split == "train" else f", nothing of a split {split!r}")
    return DataError(folder, found, expected, "Name the folders with data.a and data.b otherwise")


def _candidates(folder: Path, split: str) -> Iterator[tuple[Path, Path]]:
    yield folder / f"{split}A", folder / f"{split}B"
    yield folder / split / "A", folder / split / "B"
    yield folder / "A" / split, folder / "B" / split
