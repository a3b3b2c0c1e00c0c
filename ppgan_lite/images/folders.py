"""Find the pictures of a folder, and name their results."""

from __future__ import annotations

import os
import re
import stat
from collections import Counter
from collections.abc import Callable, Container, Iterator
from pathlib import Path
from typing import Any

from ppgan_lite.errors import ImageError
from ppgan_lite.images.opening import READABLE_SUFFIXES, reason
from ppgan_lite.images.writing import WRITABLE
from ppgan_lite.runtime.files import identity_of

# The first bytes of these formats, in the same order.
_MAGIC = re.compile(
    rb"\xff\xd8\xff|\x89PNG\r\n\x1a\n|RIFF.{4}WEBP|II[*+]\0|MM\0[*+]|BM.{4}\0{4}|GIF8[79]a|P[1-6]\s[\d#]|.{4}ftypavi[fs]",
    re.DOTALL,
)

# Thumbnails and deleted files, kept by Synology, QNAP, Windows, macOS and Linux in folders that are not hidden by name.
_SYSTEM_FOLDERS = {
    *("@eadir", "#recycle", "#snapshot", "@recycle", "@recently-snapshot", "@__thumb"),
    *("$recycle.bin", "system volume information", "__macosx", "lost+found"),
}


def find_images(
    folder: str | Path,
    *,
    by_content: bool = False,
    without: str | Path | None = None,
    on_error: Callable[[ImageError], None] | None = None,
    left_out: Counter[str] | None = None,
) -> list[Path]:
    """Return the files below a folder with the suffix of a picture, in natural order.

    Links to folders are followed, except to one that contains the link. Hidden files and folders are left out, and so
    are the folders that systems and disk stations add.

    Args:
        folder: Searched recursively.
        by_content: Also return files of other suffixes, or none, whose first bytes are those of a picture.
        without: A folder of results. Where it lies inside `folder`, it is not searched; it may also be `folder` itself
            or contain it.
        on_error: Called for each folder inside `folder` that cannot be listed; None raises the error.
        left_out: Counts what is left out, by kind.

    Raises:
        ImageError: It is not a folder, or a folder cannot be listed.
    """
    folder = Path(folder)
    if not os.path.isdir(folder):
        problem = "is not a folder" if os.path.exists(folder) else "does not exist"
        raise ImageError(folder, problem, "a folder of pictures")
    found: list[tuple[list[Any], Path]] = []
    keys: dict[str, list[Any]] = {str(folder): []}
    for parent, folders, names in walk_folders(folder, without=without, on_error=on_error, left_out=left_out):
        key = keys.pop(parent)
        keys |= {os.path.join(parent, name): [*key, natural_key(name)] for name in folders}
        for name in names:
            path = os.path.join(parent, name)
            has_suffix = _has_picture_suffix(name)
            # Dangling links are returned too, so that reading them reports an error.
            if (has_suffix and _may_be_file(path)) or (not has_suffix and by_content and begins_as_picture(path)):
                found.append(([*key, natural_key(name)], Path(path)))
    return [path for _, path in sorted(found)]


def walk_folders(
    folder: Path,
    *,
    without: str | Path | None = None,
    on_error: Callable[[ImageError], None] | None = None,
    left_out: Counter[str] | None = None,
) -> Iterator[tuple[str, list[str], list[str]]]:
    """Yield each folder that `find_images` searches, with the names of folders and files in it, as os.walk does.

    Names that the caller takes off the list of folders are not searched. Arguments and errors as of `find_images`.
    """

    def fail(error: OSError) -> None:
        # A share that is gone, or a folder that may not be read: its pictures must not be left out silently.
        refused = ImageError(error.filename, f"cannot be listed ({reason(error)})")
        if on_error is None or error.filename == str(folder):
            raise refused from error
        on_error(refused)

    left_out = Counter() if left_out is None else left_out
    results = None if without is None else identity_of(without)
    above: dict[str, set[tuple[int, int] | None]] = {str(folder): {identity_of(folder)}}  # folder -> it and its parents
    for parent, folders, names in os.walk(folder, onerror=fail, followlinks=True):
        parents = above.pop(parent)
        kept = []
        for name in folders:
            identity = identity_of(os.path.join(parent, name))
            if name.casefold() in _SYSTEM_FOLDERS:
                left_out["folders of the system or a disk station"] += 1
            elif identity is not None and identity in parents:
                left_out["links to a folder that holds them"] += 1
            elif not name.startswith(".") and (identity is None or identity != results):
                kept.append(name)
                above[os.path.join(parent, name)] = {*parents, identity}
        folders[:] = kept
        shown = [name for name in names if not name.startswith(".")]
        if hidden := sum(map(_has_picture_suffix, names)) - sum(map(_has_picture_suffix, shown)):
            left_out["hidden pictures"] += hidden
        yield parent, folders, shown


def told_left_out(left_out: Counter[str]) -> str:
    """Return what `find_images` has counted as words; "" if it is nothing."""
    return ", ".join(f"{kind} ({count})" for kind, count in sorted(left_out.items()))


def _has_picture_suffix(name: str) -> bool:
    return os.path.splitext(name)[1].lower() in READABLE_SUFFIXES


def _may_be_file(path: str) -> bool:
    """Return whether a path is a regular file, or cannot be examined."""
    try:
        return stat.S_ISREG(os.stat(path).st_mode)
    except OSError:
        return True


def begins_as_picture(path: str | Path) -> bool:
    """Return whether a path is a regular file whose first bytes are those of a picture."""
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            return False
        with open(path, "rb") as file:
            return _MAGIC.match(file.read(16)) is not None
    except OSError:
        return False


def natural_key(name: str) -> list[tuple[int, str]]:
    """Return a sort key that puts photo2 before photo10."""
    pieces = re.findall(r"[0-9]+|[^0-9]+", name.casefold())
    return [(int(piece), "") if piece[0] in "0123456789" else (-1, piece) for piece in pieces] + [(-2, name)]


def free_path(path: Path, taken: Container[Path] = ()) -> Path:
    """Return a path that no file has and that is not taken: the one given, or with " (2)" or more before its suffix."""
    free, number = path, 1
    while free in taken or os.path.lexists(free):
        number += 1
        free = path.with_name(f"{path.stem} ({number}){path.suffix}")
    return free


def result_name(source: Path, *labels: str) -> str:
    """Return the name of a picture's result: the labels added, in the picture's format if it can be written, or PNG."""
    suffix = source.suffix if source.suffix.lower() in WRITABLE else ".png"
    return "_".join([source.stem, *labels]) + suffix
