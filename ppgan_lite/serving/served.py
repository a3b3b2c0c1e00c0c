"""The offer of a service: styles, and checkpoints that its operator named. Clients choose among these by name only."""

from __future__ import annotations

import io
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from PIL import Image

from ppgan_lite.errors import PpganError, UsageError
from ppgan_lite.foreign.loading import open_checkpoint
from ppgan_lite.inference.loading import choose_predictor
from ppgan_lite.inference.shares import label_of, shares_given, weighted
from ppgan_lite.restoration import restorer
from ppgan_lite.runtime.packages import is_installed
from ppgan_lite.styles import ANY, catalogue, shipped
from ppgan_lite.styles.users import UserStyle, find_user_style, read_style, unknown_style, user_styles
from ppgan_lite.tables import did_you_mean

Found = TypeVar("Found")


@dataclass(frozen=True)
class ServedStyle:
    """A style that clients may ask for.

    Attributes:
        name: By which they do.
        source: For `load_predictor`: a style's name or a checkpoint's file.
        title: For people, by language.
        artist: The same; empty where there is none.
        year: When it was painted, in words; "" where that is not known.
        thumbnail: A small JPEG of a photo in this style; None without.
        needs_painting: Whether a painting comes with each photo.
    """

    name: str
    source: str
    title: Mapping[str, str]
    artist: Mapping[str, str]
    year: str = ""
    thumbnail: bytes | None = None
    needs_painting: bool = False


@dataclass(frozen=True)
class ServedCheckpoint:
    """A checkpoint that translates or restores.

    Attributes:
        name: By which clients ask for it: that of its file without suffix.
        path: The file.
        task: "translate" or "restore".
        directions: Names of its predictors; the first is taken where none is named.
    """

    name: str
    path: Path
    task: str
    directions: tuple[str, ...]


@dataclass(frozen=True)
class Choice:
    """The style, or mixture of styles, that a client asks for.

    Attributes:
        shares: Source, as of `load_predictor`, -> its share, 1 together; of a mixture of paintings, the painter.
        name: As it is stored in the result: the style's; "" for a checkpoint, which is stored with its hash, and for a
            mixture of painters.
        label: Part of the name of the result.
        paintings: Which of the paintings that come with the photo, counted from 0, and its share.
    """

    shares: Mapping[str, float]
    name: str
    label: str
    paintings: Mapping[int, float]


@dataclass(frozen=True)
class Served:
    """All that is offered.

    Attributes:
        styles: In the order in which they are shown.
        checkpoints: The first of a task is taken where none is named.
    """

    styles: tuple[ServedStyle, ...]
    checkpoints: tuple[ServedCheckpoint, ...]

    def style(self, name: str) -> ServedStyle:
        """Return the style of a name.

        Raises:
            UsageError: None of this name is offered.
        """
        return _named("style", name, {style.name: style for style in self.styles})

    def choose(self, texts: Sequence[str], paintings: int) -> Choice:
        """Return what a client asks for.

        Args:
            texts: Styles, each a name, with a weight where there are several: "udnie:0.6", or "udnie:0.6,the_dance:0.4"
                in one. One that needs a painting takes the next one.
            paintings: How many come with the photo.

        Raises:
            UsageError: A style is not offered, a weight is none, or they do not mix.
        """
        known = {style.name for style in self.styles}
        entries = [entry.strip() for text in texts for entry in ([text] if text in known else text.split(","))]
        pairs = [weighted(entry, known.__contains__) for entry in entries]
        styles = [self.style(name) for name, _ in pairs]
        needed = sum(style.needs_painting for style in styles)
        if needed != paintings:
            said = "is missing" if needed > paintings else "is not wanted"
            raise UsageError("painting", said, "a picture with this style, and none with others", code="painting")
        if len(styles) == 1 or not needed:
            shares = shares_given(pairs, dashes="")
            sources = {self.style(name).source: share for name, share in shares.items()}
            first = styles[0]
            named = "" if len(shares) > 1 or Path(first.source).is_file() else next(iter(shares))
            return Choice(sources, named, label_of(shares), {0: 1.0} if needed else {})
        if {style.source for style in styles} != {ANY}:
            expected = f"{ANY} with several paintings, or several painters such as the styles that ship"
            raise UsageError("style", f"these do not mix: {', '.join(style.name for style in styles)}", expected)
        names = [f"{ANY}_{number}" for number in range(1, needed + 1)]
        shares = shares_given([(name, weight) for name, (_, weight) in zip(names, pairs)], dashes="")
        order = {names.index(name): share for name, share in shares.items()}
        return Choice({ANY: 1.0}, ANY, label_of(shares), order)

    def of_task(self, task: str) -> dict[str, ServedCheckpoint]:
        """Return the checkpoints of a task by name."""
        return {found.name: found for found in self.checkpoints if found.task == task}

    def checkpoint(self, task: str, name: str | None) -> ServedCheckpoint:
        """Return a checkpoint of a task, the first where none is named.

        Raises:
            UsageError: None of this name is offered, or none at all.
        """
        known = self.of_task(task)
        if not known:
            raise UsageError(task, "this service has no checkpoint for it", code="nothing_served")
        return _named("checkpoint", name, known) if name else next(iter(known.values()))


def find_served(styles: Sequence[str], checkpoints: Sequence[Path]) -> Served:
    """Find what is to be offered, and check it.

    Args:
        styles: Names; empty for all styles that ship, those of the user, and "any".
        checkpoints: Files. One that paints is offered as a style, by the name of its file.

    Raises:
        UsageError: There is no style of such a name, or two things have the same name.
        CheckpointError: A file is damaged or no checkpoint with a predictor.
    """
    found = [_style(name) for name in styles] if styles else _all_styles()
    others: list[ServedCheckpoint] = []
    for path in checkpoints:
        header, _ = open_checkpoint(path)
        task = header.predictors[choose_predictor(path, header, None)].task
        if task == "stylize":
            title = {"en": path.stem}
            takes = any("style" in spec.inputs for spec in header.predictors.values())
            found.append(ServedStyle(path.stem, str(path), title, {}, needs_painting=takes))
            continue
        directions = tuple(name for name, spec in header.predictors.items() if spec.task == task)
        others.append(ServedCheckpoint(path.stem, path, task, directions))
    if not any(other.task == "restore" for other in others) and is_installed("paddle"):
        others.append(ServedCheckpoint(restorer().stem, restorer(), "restore", ()))
    for names in ([style.name for style in found], [other.name for other in others]):
        if twice := next((name for name in names if names.count(name) > 1), None):
            raise UsageError("--checkpoints", f"{twice} is the name of two", "names that differ", "Rename a file")
    return Served(tuple(found), tuple(others))


def not_served(kind: str, name: str, known: Collection[str], found: str) -> UsageError:
    """Return the error about a name that is none of those that are offered."""
    names = ", ".join(known)
    values = {"name": name, "known": names}
    return UsageError(kind, found, f"one of {names}", did_you_mean(name, known), code="not_served", values=values)


def _named(kind: str, name: str, known: Mapping[str, Found]) -> Found:
    if name not in known:
        raise not_served(kind, name, known, f"{name!r} is not served")
    return known[name]


def _all_styles() -> list[ServedStyle]:
    names = [style.name for style in catalogue()]
    own = [style for style in user_styles()[0] if style.name not in names]
    return [*(_style(name) for name in names), *(_own(style) for style in own), _style(ANY)]


def _style(name: str) -> ServedStyle:
    for style in catalogue():
        if style.name == name:
            picture = style.thumbnail.read_bytes()
            return ServedStyle(name, name, style.title, style.artist, style.year, picture)
    if name == ANY and shipped(name):
        title = {"en": "A painting of yours", "zh": "自选画作"}
        return ServedStyle(name, name, title, {}, needs_painting=True)
    path = find_user_style(name)
    if path is None:
        raise unknown_style(name)
    return _own(read_style(path))


def _own(style: UserStyle) -> ServedStyle:
    return ServedStyle(style.name, style.name, {"en": style.title}, {}, thumbnail=_thumbnail(style))


def _thumbnail(style: UserStyle) -> bytes | None:
    try:
        pixels = style.thumbnail()
    except PpganError:
        return None  # the file is damaged, as whoever asks for the style will be told
    if pixels is None:
        return None
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=85)
    return buffer.getvalue()
