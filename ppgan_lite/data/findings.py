"""Findings about training pictures: one function for each kind, computed from facts without reading files."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from ppgan_lite.data.inspection import THUMBNAIL_PX, Facts
from ppgan_lite.data.pictures import Source
from ppgan_lite.images import walk_folders

# Correlation of two thumbnails above which they are taken for the same picture. Photos that were halved, brightened or
# compressed again keep 0.98 to 1; no two of 850 different photos, paintings and facades reach 0.976.
ALIKE = 0.985
# Standard deviation, of 255, below which a thumbnail has too little contrast to be compared.
_FLAT = 4.0
_BLOCK = 1024
# Relative difference in aspect that rounding can cause in two pictures of one scene.
_SAME_ASPECT = 0.01


@dataclass(frozen=True)
class Finding:
    """A fault of one file or folder.

    Attributes:
        severity: An "error" stops a training, a "warning" does not.
        kind: The kind, such as "unreadable", by which findings are grouped.
        file: The file, folder or setting.
        text: The fault.
        remedy: Advice, as a sentence without the full stop.
    """

    severity: Literal["error", "warning"]
    kind: str
    file: str
    text: str
    remedy: str


def unreadable(files: Iterable[Path], facts: Mapping[Path, Facts]) -> Iterator[Finding]:
    """Find files that cannot be decoded completely."""
    for file in files:
        if fault := facts[file].fault:
            kind = "truncated" if "truncated" in fault else "unreadable"
            yield Finding("error", kind, str(file), fault, "Replace it or take it out")


def duplicates(files: Sequence[Path], facts: Mapping[Path, Facts]) -> Iterator[Finding]:
    """Find files with the same bytes, and pictures that look the same."""
    first: dict[str, Path] = {}
    for file in files:
        other = first.setdefault(facts[file].digest, file)
        if other != file:
            remedy = "Take one of the two out: it counts twice"
            yield Finding("warning", "duplicate", str(file), f"is the same file as {other}", remedy)
    single = list(first.values())
    thumbnails = _thumbnails(single, facts)
    for index, other_index in alike(thumbnails, thumbnails, earlier=True):
        remedy = "Look at both, and take one out if they are one picture"
        text = f"looks the same as {single[other_index]}"
        yield Finding("warning", "near-duplicate", str(single[index]), text, remedy)


def leaks(training: Sequence[Path], validation: Sequence[Path], facts: Mapping[Path, Facts]) -> Iterator[Finding]:
    """Find pictures that are used for both training and validation."""
    remedy = "Take it out of one of the two: validation on training pictures measures nothing"
    paths = {file.resolve() for file in training}
    shared = [file for file in validation if file.resolve() in paths]
    if shared:
        more = f", and so are {len(shared) - 1} more of {len(validation)}" if len(shared) > 1 else ""
        yield Finding("warning", "leak", str(shared[0]), f"is for training and for validation{more}", remedy)
    others = [file for file in validation if file.resolve() not in paths]
    digests = {facts[file].digest: file for file in reversed(training)}
    for file in others:
        if (same := digests.get(facts[file].digest)) is not None:
            yield Finding("warning", "leak", str(file), f"is for validation, and the same file as {same}", remedy)
    others = [file for file in others if facts[file].digest not in digests]
    for index, other in alike(_thumbnails(others, facts), _thumbnails(training, facts)):
        text = f"is for validation, and looks the same as {training[other]}"
        yield Finding("warning", "leak", str(others[index]), text, remedy)


def small(source: Source, facts: Mapping[Path, Facts]) -> Iterator[Finding]:
    """Find pictures smaller than the crop."""
    for file in source.files:
        width, height = facts[file].width // (2 if source.halves else 1), facts[file].height
        if min(width, height) < source.crop_px:
            text = f"has {width} x {height} px and is enlarged for the crop of {source.crop_px} px"
            yield Finding("warning", "small", str(file), text, "Take it out, or make data.size smaller")


def odd_ones_out(source: Source, facts: Mapping[Path, Facts]) -> Iterator[Finding]:
    """Find grayscale pictures among colored ones, and vice versa."""
    gray = [file for file in source.files if facts[file].gray]
    colored = [file for file in source.files if not facts[file].gray]
    few, many = sorted((gray, colored), key=len)
    if source.channels == 1 or len(few) == len(many):
        return
    kind, text = ("gray", "shows no color") if few is gray else ("colored", "shows colors")
    for file in few:
        found = f"{text}, unlike {len(many)} of {len(source.files)} pictures"
        yield Finding("warning", kind, str(file), found, "Take it out if colors matter")


def pair_sizes(
    pairs: Iterable[tuple[Path, Path]], scale: int, resized: bool, facts: Mapping[Path, Facts]
) -> Iterator[Finding]:
    """Find pairs whose pictures cannot show the same part of a scene, or only after resizing.

    Args:
        pairs: Inputs and targets.
        scale: Expected size of the target relative to the input.
        resized: Whether both are resized before the crop.
        facts: Facts about the files.
    """
    for file, target in pairs:
        (width, height), (other_width, other_height) = ((facts[f].width, facts[f].height) for f in (file, target))
        if (width * scale, height * scale) == (other_width, other_height):
            continue
        by = f" times {scale}" if scale > 1 else ""
        text = f"has {width} x {height} px{by}, its partner {target} {other_width} x {other_height} px"
        same_aspect = abs(width * other_height / (height * other_width) - 1) <= _SAME_ASPECT
        if same_aspect and resized:
            yield Finding("warning", "pair sizes", str(file), text, "Nothing, if they show the same: both are resized")
        else:
            yield Finding("error", "pair sizes", str(file), text, "Crop or resize one of them, or take the pair out")


def odd_widths(source: Source, facts: Mapping[Path, Facts]) -> Iterator[Finding]:
    """Find files of odd width, which cannot hold two pictures side by side."""
    for file in source.files:
        if source.halves and facts[file].width % 2:
            text = f"is {facts[file].width} px wide; A and B side by side need an even width"
            yield Finding("error", "pair sizes", str(file), text, "Crop it, or take it out")


def empty_folders(root: Path, pictures: Iterable[Path]) -> Iterator[Finding]:
    """Find the topmost folders below a root that contain none of the pictures at any depth."""
    holders = {file.parent for file in pictures}
    filled = {root, *holders, *(parent for folder in holders for parent in folder.parents)}
    for parent, folders, _ in walk_folders(root):
        folders.sort()
        empty = [name for name in folders if Path(parent, name) not in filled]
        folders[:] = [name for name in folders if name not in empty]
        for name in empty:
            folder = os.path.join(parent, name)
            yield Finding("warning", "empty folder", folder, "holds no picture", "Fill it or remove it")


def alike(thumbnails: np.ndarray, among: np.ndarray, *, earlier: bool = False) -> list[tuple[int, int]]:
    """Return (index, other) for each thumbnail that looks like one of the others, brightness and contrast aside.

    Args:
        thumbnails: uint8 (pictures, pixels).
        among: The thumbnails to compare with, of the same form.
        earlier: Whether both are the same pictures, each to be compared with those before it only.
    """
    (own, own_order), (others, other_order) = _unit_vectors(thumbnails), _unit_vectors(among)
    found = []
    if len(own) and len(others):
        # Similar vectors are close in every direction; sorting along that of most variance leaves few to compare with.
        direction = np.linalg.eigh(others.T @ others)[1][:, -1]
        reach = np.sqrt(2 - 2 * ALIKE)
        place, other_place = own @ direction, others @ direction
        order, other_sorted = np.argsort(place, kind="stable"), np.argsort(other_place, kind="stable")
        for start in range(0, len(order), _BLOCK):
            block = order[start : start + _BLOCK]
            low, high = np.searchsorted(
                other_place[other_sorted], (place[block[0]] - reach, place[block[-1]] + reach), side="left"
            )
            window = other_sorted[low:high]
            if not len(window):
                continue
            similarity = own[block] @ others[window].T
            if earlier:
                similarity[other_order[window][None] >= own_order[block][:, None]] = -1
            best = similarity.argmax(axis=1)
            for row in np.flatnonzero(similarity[np.arange(len(block)), best] >= ALIKE):
                found.append((int(own_order[block[row]]), int(other_order[window[best[row]]])))
    return sorted(found)


def _unit_vectors(thumbnails: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return thumbnails normalized to mean 0 and length 1, float32, without flat ones; and their indices."""
    vectors = thumbnails.astype(np.float32)
    vectors -= vectors.mean(axis=1, keepdims=True)
    lengths = np.linalg.norm(vectors, axis=1)
    kept = np.flatnonzero(lengths > _FLAT * np.sqrt(vectors.shape[1]))
    return vectors[kept] / lengths[kept, None], kept


def _thumbnails(files: Sequence[Path], facts: Mapping[Path, Facts]) -> np.ndarray:
    thumbnails = b"".join(facts[file].thumbnail for file in files)
    return np.frombuffer(thumbnails, np.uint8).reshape(len(files), THUMBNAIL_PX * THUMBNAIL_PX)
