"""The styles that ship: a catalogue, and for each style one checkpoint and one thumbnail. Those of users: users.py."""

from __future__ import annotations

import functools
import json
import re
from pathlib import Path
from typing import Any, NamedTuple

FOLDER = Path(__file__).parent
ANY = "any"  # name of the painter of any picture
THUMBNAIL_PX = 160  # short side of a thumbnail


class Style(NamedTuple):
    """A style that ships.

    Attributes:
        name: Its name on the command line.
        title: The painting's title, by language ("en", "zh").
        artist: The painter's name, by language.
        year: When it was painted, in words.
        file: Name of the checkpoint in this folder.
        sha256: Of that file.
        training: How it came about: command, data, seconds, distances measured.
    """

    name: str
    title: dict[str, str]
    artist: dict[str, str]
    year: str
    file: str
    sha256: str
    training: dict[str, Any]

    @property
    def path(self) -> Path:
        """The checkpoint."""
        return FOLDER / self.file

    @property
    def thumbnail(self) -> Path:
        """A small JPEG of a photo painted in this style."""
        return FOLDER / f"{self.name}.jpg"


def year_in(language: str, year: str) -> str:
    """Return a year of the catalogue, such as "c. 1831" or "1890s", in another language."""
    return re.sub(r"(\d+)s$", r"\1 年代", year.replace("c. ", "约 ")) if language == "zh" else year


@functools.cache
def catalogue() -> tuple[Style, ...]:
    """Return the named styles, in the order in which they are shown."""
    entries = json.loads((FOLDER / "catalogue.json").read_text(encoding="utf-8"))
    return tuple(Style(**entry) for entry in entries["styles"])


def any_painting() -> Path:
    """Return the checkpoint that paints in the manner of any picture."""
    return FOLDER / f"{ANY}.ppgan"


def shipped_name(name: str) -> str | None:
    """Return the name of the style that a name, "any" or a title in any language stands for; None if none ships."""
    named = {ANY: ANY}
    for style in catalogue():
        named |= {text.casefold(): style.name for text in (style.name, *style.title.values())}
    return named.get(name.casefold())


def shipped(name: str) -> Path | None:
    """Return the checkpoint that a style's name, "any" or a title stands for; None if nothing of that name ships."""
    found = shipped_name(name)
    if found is None:
        return None
    return any_painting() if found == ANY else next(style.path for style in catalogue() if style.name == found)
