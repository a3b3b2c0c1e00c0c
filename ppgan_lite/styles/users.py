"""Styles of the user's own: one checkpoint each, in a folder of the user's data."""

from __future__ import annotations

import contextlib
import json
import re
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ppgan_lite.checkpoint import SUFFIX, Header, read_checkpoint, read_header
from ppgan_lite.errors import CheckpointError, PpganError, UsageError
from ppgan_lite.runtime.files import replace_file
from ppgan_lite.runtime.user_folders import data_folder
from ppgan_lite.styles import catalogue, shipped
from ppgan_lite.tables import did_you_mean

THUMBNAIL = "thumbnail"  # tensor of a style's file: uint8 height x width x 3, RGB
_MAX_NAME = 60
_MAX_TITLE = 200
_MAX_THUMBNAIL_PX = 1024
_TITLES = "titles.json"  # in the folder of the styles: name -> title that the user gave; files keep their own
_RESERVED = re.compile(r"(?i)con|prn|aux|nul|(com|lpt)\d")  # by Windows


class UserStyle(NamedTuple):
    """A style of the user's own.

    Attributes:
        name: Its name on the command line; that of its file.
        title: Its name for people.
        about: What the file says about its origin: painting, minutes, settings.
        path: Its file.
    """

    name: str
    title: str
    about: dict[str, Any]
    path: Path

    def thumbnail(self) -> np.ndarray | None:
        """Return a small picture painted in this style, uint8 height x width x 3, RGB; None if the file has none.

        Raises:
            CheckpointError: The file is damaged.
        """
        picture = read_checkpoint(self.path)[1].get(THUMBNAIL)
        if picture is None or picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] != 3:
            return None
        return picture if picture.size and max(picture.shape) <= _MAX_THUMBNAIL_PX else None

    @property
    def minutes(self) -> float | None:
        """For how long it was learned; None if the file does not say."""
        minutes = self.about.get("minutes")
        return float(minutes) if isinstance(minutes, (int, float)) and not isinstance(minutes, bool) else None


def styles_folder() -> Path:
    """Return the folder of the user's styles."""
    return data_folder() / "styles"


def runs_folder() -> Path:
    """Return the folder of the trainings that made them, a folder for each."""
    return data_folder() / "runs"


def user_styles() -> tuple[list[UserStyle], list[PpganError]]:
    """Return the user's styles, the newest first, and an error for each file that is none."""
    found, errors = [], []
    try:
        # A file that is gone by now is one that another process has just removed.
        files = [path for path in styles_folder().glob(f"[!.]*{SUFFIX}") if path.exists()]
        files.sort(key=lambda path: (-path.stat().st_mtime, path.name))
    except OSError as error:
        return [], [PpganError(styles_folder(), f"cannot be read ({error.strerror})", remedy="Check its rights")]
    for path in files:
        try:
            found.append(read_style(path))
        except PpganError as error:
            errors.append(error)
        except OSError as error:
            errors.append(CheckpointError(path, f"cannot be read ({error.strerror})"))
    return found, errors


def read_style(path: Path) -> UserStyle:
    """Read the description of a style's file.

    Raises:
        CheckpointError: It is damaged, or holds no style.
    """
    header = read_header(path)
    predictor = next(iter(header.predictors.values()), None)
    if predictor is None or predictor.task != "stylize" or "style" in predictor.inputs:
        found = "holds no predictor" if predictor is None else f"its task is {predictor.task}"
        if predictor is not None and "style" in predictor.inputs:
            found = "paints in the style of any picture"
        raise CheckpointError(path, found, "a checkpoint that paints in one style")
    given = _given_titles().get(path.stem) if path.parent == styles_folder() else None
    return UserStyle(path.stem, given or _title(header) or path.stem, header.about, path)


def find_user_style(name: str) -> Path | None:
    """Return the file of a style of the user's; None if there is none of that name."""
    if not is_name(name):
        return None
    path = styles_folder() / f"{name}{SUFFIX}"
    with contextlib.suppress(OSError):
        return path if path.is_file() else None
    return None


def find_style_file(name: str) -> Path | None:
    """Return the checkpoint that a style's name or "any" stands for; None if there is none of that name.

    Where a style that ships and one of the user's have the same name, it is that of the first.
    """
    return shipped(name) or find_user_style(name)


def unknown_style(name: str, *, or_file: bool = False) -> UsageError:
    """Return the error that there is no style of some name; it names those that there are.

    Args:
        name: What was given.
        or_file: Whether it could have been a file as well.
    """
    ship, own = [style.name for style in catalogue()], own_names()
    found = f"{name!r} does not ship{', nor is it one of yours' if own else ''}"
    found += ", nor is there such a file" if or_file else ""
    titles = [] if name.isascii() else [title for style in catalogue() for title in style.title.values()]
    remedy = did_you_mean(name, [*ship, *own, *titles])
    return UsageError("style", found, f"one of {', '.join([*ship, *own])}", remedy)


def remove_style(name: str) -> Path:
    """Delete a style of the user's, and the run that learned it; return the file that it was.

    Raises:
        UsageError: There is neither.
        OSError: It cannot be deleted.
    """
    run = runs_folder() / name
    has_run = is_name(name) and run.is_dir()
    path = styles_folder() / f"{name}{SUFFIX}"
    if not has_run and find_user_style(name) is None:
        own = own_names()
        found = f"{name!r} ships with the program" if shipped(name) else f"{name!r} is none of yours"
        expected = f"one of {', '.join(own)}" if own else "a style of your own; you have none yet"
        raise UsageError("--remove", found, expected, did_you_mean(name, own))
    path.unlink(missing_ok=True)
    _give_title(name, "")
    if has_run:
        import shutil  # takes longer to load than this module

        shutil.rmtree(run)
    return path


def rename_style(name: str, title: str) -> UserStyle:
    """Give a style of the user's another title; its name and its file, by which results know it, stay as they are.

    Args:
        name: Of the style.
        title: The new one; "" gives back the one that its file tells.

    Raises:
        UsageError: There is no such style of the user's.
        OSError: It cannot be written.
    """
    path = find_user_style(name)
    if path is None:
        raise unknown_style(name)
    _give_title(name, _printable(title))
    return read_style(path)


def add_style(file: Path) -> UserStyle:
    """Copy a checkpoint that paints in one style to the user's styles.

    Its name is the file's.

    Raises:
        CheckpointError: It is damaged, or paints in no style.
        UsageError: The name is taken, or none.
    """
    style = read_style(file)
    read_checkpoint(file)  # checks all of it
    name = name_of(file.stem)
    require_free(name)
    target = styles_folder() / f"{name}{SUFFIX}"
    replace_file(target, file.read_bytes(), make_folder=True)
    return UserStyle(name, style.title, style.about, target)


def name_of(title: str) -> str:
    """Return the name of a style with a title: letters, digits and underscores, in lower case.

    Raises:
        UsageError: No letter or digit is left.
    """
    name = re.sub(r"[\W_]+", "_", title.casefold()).strip("_")[:_MAX_NAME].strip("_")
    if not name or _RESERVED.fullmatch(name):
        raise UsageError("--name", f"{title!r} gives no name for a file", "a name with letters or digits")
    return name


def is_name(name: str) -> bool:
    """Return whether a text can be the name of a style of the user's; never with a folder in it."""
    return bool(re.fullmatch(r"[\w-]{1,100}", name))


def require_free(name: str) -> None:
    """Refuse the name of a style that ships or that the user has.

    Raises:
        UsageError: It is taken.
    """
    if shipped(name):
        raise UsageError("--name", f"{name} is the name of a style that ships", "another one")
    if find_user_style(name):
        remedy = f"Go on with it: --resume; remove it: paddlegan styles --remove {name}"
        raise UsageError("--name", f"you have a style of the name {name}", "another one", remedy)


def own_names() -> list[str]:
    with contextlib.suppress(OSError):
        return sorted(path.stem for path in styles_folder().glob(f"[!.]*{SUFFIX}"))
    return []


def _given_titles() -> dict[str, str]:
    """Return the titles that the user gave, by the names of the styles."""
    with contextlib.suppress(OSError, ValueError):
        found = json.loads((styles_folder() / _TITLES).read_text(encoding="utf-8"))
        if isinstance(found, dict):
            return {name: _printable(title) for name, title in found.items() if isinstance(title, str)}
    return {}


def _give_title(name: str, title: str) -> None:
    titles = _given_titles()
    changed = {**titles, name: title} if title else {other: titles[other] for other in titles if other != name}
    if changed != titles:
        replace_file(styles_folder() / _TITLES, json.dumps(changed, ensure_ascii=False).encode())


def _title(header: Header) -> str:
    """Return the title that a file tells, made printable; "" if it tells none."""
    title = header.about.get("title")
    text = title.get("en") if isinstance(title, dict) else title
    return _printable(text) if isinstance(text, str) else ""


def _printable(title: str) -> str:
    return "".join(letter for letter in title if letter.isprintable())[:_MAX_TITLE].strip()
