"""Clips, and the file that each becomes."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ppgan_lite.errors import UsageError, VideoError
from ppgan_lite.runtime.files import identity_of
from ppgan_lite.video.codecs import ANIMATIONS, CONTAINERS, is_animation

_DEFAULT = ".mp4"


@dataclass(frozen=True)
class ClipPlan:
    """A clip to read and the file to write.

    Attributes:
        source: The clip.
        target: The file.
        is_done: Whether the target is there and whole, where a stopped command goes on.
    """

    source: Path
    target: Path
    is_done: bool = False


def plan_clips(
    sources: Sequence[Path],
    output: str | None,
    *,
    label: str,
    overwrite: bool,
    resume: bool = False,
    inputs: Mapping[str, str | None] | None = None,
) -> list[ClipPlan]:
    """Choose the file that each clip becomes, and refuse all that cannot be before any work is done.

    Args:
        sources: The clips.
        output: A file for a single clip, or a folder; None puts each result next to its clip.
        label: Part of the name of a result next to its clip.
        overwrite: Whether results may replace files; never those that are read.
        resume: Whether a stopped command goes on: a target of which nothing is left to do is done.
        inputs: Option -> another file that is read, if it is one.

    Raises:
        VideoError: A target exists, is read or that of another clip, or its folder is missing.
        UsageError: The target's format is none that is written.
    """
    plans = [ClipPlan(source, _target(source, output, label, alone=len(sources) == 1)) for source in sources]
    read = {identity_of(source): "is one of the clips" for source in sources}
    read |= {identity_of(path): f"is the file of {option}" for option, path in (inputs or {}).items() if path}
    read.pop(None, None)
    taken: dict[str, Path] = {}
    for plan in plans:
        source, target = plan.source, plan.target
        expected = ANIMATIONS if is_animation(source) else CONTAINERS
        if target.suffix.lower() not in expected:
            raise UsageError(
                target, f"{source.name} cannot become a {target.suffix or 'file without a suffix'}", " ".join(expected)
            )
        if (identity := identity_of(target)) in read:
            found = "is the clip itself" if identity == identity_of(source) else read[identity]
            raise VideoError(target, found, "another name or folder for the result")
        if target.exists() and not (overwrite or resume):
            raise VideoError(target, "is there already", remedy="Use --overwrite to replace it")
        if not target.parent.is_dir():
            raise VideoError(target.parent, "there is no such folder")
        other = taken.setdefault(os.path.realpath(target), source)
        if other != source:
            raise VideoError(source, f"its result {target} is that of {other} too")
    if not resume or overwrite:
        return plans
    return [
        dataclasses.replace(plan, is_done=plan.target.exists() and not parts_folder(plan.target).exists())
        for plan in plans
    ]


def parts_folder(target: Path) -> Path:
    """Return the folder of what is needed to go on with a target, beside it."""
    return target.with_name(f".{target.name}.parts")


def target_suffix(source: Path) -> str:
    """Return the suffix of a clip's result: its own, where that is written."""
    return source.suffix if source.suffix.lower() in (*CONTAINERS, *ANIMATIONS) else _DEFAULT


def _target(source: Path, output: str | None, label: str, *, alone: bool) -> Path:
    kept = target_suffix(source)
    if output is None:
        return source.with_name(f"{source.stem}_{label}{kept}")
    folder = Path(output)
    if folder.is_dir() or output.endswith(("/", "\\")) or not alone:
        if not folder.is_dir():
            raise VideoError(folder, "there is no such folder", "a folder for several clips")
        return folder / f"{source.stem}{kept}"
    return folder
