"""The settings that are stored with a result, from the predictor that made it; and the files that they name."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from ppgan_lite.checkpoint import SUFFIX, sha256_of
from ppgan_lite.images import READABLE_SUFFIXES, NamedFile, ResultSettings
from ppgan_lite.inference.predictor import Predictor
from ppgan_lite.runtime.user_folders import cache_folder
from ppgan_lite.styles import ANY, shipped_name
from ppgan_lite.styles.users import find_style_file, styles_folder

_MOST_FILES = 500  # of a folder, that are hashed to find one of another name


def settings_of_result(
    predictor: Predictor,
    source: str,
    options: Mapping[str, Any],
    *,
    photo: NamedFile | None,
    painting: NamedFile | None = None,
    mask: NamedFile | None = None,
) -> ResultSettings:
    """Describe how a result was made.

    Args:
        predictor: Made it.
        source: As given to `load_predictor`: a style's name, a picture, or a checkpoint, which need not be named, nor
            what a mixture is made of.
        options: JSON values; see `ResultSettings`.
        photo: What it was made of.
        painting: What was given to the call, if anything.
        mask: Of the strength, if there was one.
    """
    is_picture = predictor.painting is not None and Path(source).suffix.lower() in READABLE_SUFFIXES
    painting = painting or predictor.painting
    mixes_pictures = any(part.kind == "painting" for part in predictor.blend)
    name = ANY if is_picture or mixes_pictures else shipped_name(source) or source
    is_style = bool(name) and find_style_file(name) is not None
    return ResultSettings(
        predictor.spec.task,
        dict(options),
        style=NamedFile(name, predictor.checkpoint.sha256) if is_style else None,
        checkpoint=None if is_style or predictor.blend else predictor.checkpoint,
        painting=painting,
        blend=predictor.blend,
        colors=predictor.colors,
        mask=mask,
        photo=photo,
        engine=predictor.engine,
        device=predictor.device,
    )


class Found(NamedTuple):
    """A file that settings name.

    Attributes:
        path: Where it is now.
        is_same: Whether its bytes are those that the settings name, as far as these tell.
    """

    path: Path
    is_same: bool


def find_weights(settings: ResultSettings, folders: Sequence[Path]) -> Found | None:
    """Find the weights of a result's style or checkpoint; None if they are gone.

    Args:
        settings: Of the result.
        folders: In which a checkpoint's file may be.
    """
    if settings.style is not None:
        path = find_style_file(settings.style.name)
        return None if path is None else Found(path, _is(path, settings.style))
    if settings.checkpoint is None:
        return None
    from ppgan_lite.published import MODELS  # whoever makes a picture needs none of it

    return find_file(settings.checkpoint, [*folders, styles_folder(), cache_folder() / MODELS], (SUFFIX,))


def find_file(file: NamedFile, folders: Sequence[Path], suffixes: Iterable[str] = READABLE_SUFFIXES) -> Found | None:
    """Find a file by its name and its bytes, or under another name; None if it is not there.

    Args:
        file: By name and hash.
        folders: Where to look, but not below.
        suffixes: Of the files of other names that are looked into.
    """
    named = [path for folder in folders if (path := folder / file.name).is_file()]
    for path in named:
        if _is(path, file):
            return Found(path, True)
    for folder in folders if file.sha256 is not None else ():
        others: list[Path] = []
        with contextlib.suppress(OSError):  # a folder that is gone or may not be listed
            others = sorted(path for path in folder.iterdir() if path.suffix.lower() in suffixes and path.is_file())
        for path in others[:_MOST_FILES]:
            if _is(path, file):
                return Found(path, True)
    return Found(named[0], False) if named else None


def compare(path: Path, file: NamedFile | None) -> Found:
    """Return a file that was found, and whether it is the one that settings name."""
    return Found(path, file is None or _is(path, file))


def _is(path: Path, file: NamedFile) -> bool:
    if file.sha256 is None:
        return True
    try:
        return sha256_of(path) == file.sha256
    except OSError:
        return False
