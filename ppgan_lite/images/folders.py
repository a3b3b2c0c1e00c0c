"""Find the pictures of a folder, and name their results."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from ppgan_lite.errors import ImageError
from ppgan_lite.images.reading import READABLE_SUFFIXES, reason
from ppgan_lite.images.writing import WRITABLE

# The first bytes of these formats, in the same order.
_MAGIC = re.compile(
    rb"\xff\xd8\xff|\x89PNG\r\n\x1a\n|RIFF.{4}WEBP|II[*+]\0|MM\0[*+]|BM.{4}\0{4}|GIF8[79]a|P[1-6]\s[\d#]|.{4}ftypavi[fs]",
    re.DOTALL,
)


def find_images(folder: str | Path, *, by_content: bool = False, without: str | Path | None = None) -> list[Path]:
    """Return the files below a folder with the suffix of a picture, in natural order, without hidden ones.

    Args:
        folder: Searched recursively.
        by_content: Also return files of other suffixes, or none, whose first bytes are those of a picture.
        without: A folder of results. Where it lies inside `folder`, it is not searched; it may also be `folder` itself
            or contain it.

    Raises:
        ImageError: It is not a folder, or cannot be listed.
    """
    folder = Path(folder)
    if not os.path.isdir(folder):
        problem = "is not a folder" if os.path.exists(folder) else "does not exist"
        raise ImageError(folder, problem, "a folder of pictures")
    found: list[tuple[list[Any], Path]] = []
    keys: dict[str, list[Any]] = {str(folder): []}
    results = None if without is None else _identity(without)
    try:
        os.scandir(folder).close()  # os.walk ignores folders that it cannot list
        for parent, folders, names in os.walk(folder):
            folders[:] = [name for name in folders if not name.startswith(".")]
            if results is not None:
                folders[:] = [name for name in folders if _identity(os.path.join(parent, name)) != results]
            key = keys.pop(parent)
            keys |= {os.path.join(parent, name): [*key, natural_key(name)] for name in folders}
            for name in names:
                path = os.path.join(parent, name)
                if name.startswith(".") or not os.path.isfile(path):
                    continue
                if os.path.splitext(name)[1].lower() in READABLE_SUFFIXES or (by_content and _begins_as_picture(path)):
                    found.append(([*key, natural_key(name)], Path(path)))
    except OSError as error:
        raise ImageError(folder, f"cannot be listed ({reason(error)})") from error
    return [path for _, path in sorted(found)]


def _identity(folder: str | Path) -> tuple[int, int] | None:
    """Return device and number of a folder, the same for all paths that lead to it; None if there is none."""
    try:
        status = os.stat(folder)
    except (OSError, ValueError):
        return None
    return status.st_dev, status.st_ino


def _begins_as_picture(path: str) -> bool:
    with open(path, "rb") as file:
        return _MAGIC.match(file.read(16)) is not None


def natural_key(name: str) -> list[tuple[int, str]]:
    """Return a sort key that puts photo2 before photo10."""
    pieces = re.findall(r"[0-9]+|[^0-9]+", name.casefold())
    return [(int(piece), "") if piece[0] in "0123456789" else (-1, piece) for piece in pieces] + [(-2, name)]


def result_name(source: Path, *labels: str) -> str:
    """Return the name of a picture's result: the labels added, in the picture's format if it can be written, or PNG."""
    suffix = source.suffix if source.suffix.lower() in WRITABLE else ".png"
    return "_".join([source.stem, *labels]) + suffix
