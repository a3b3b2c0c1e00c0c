"""The settings that made a picture, as its file holds them; docs/metadata.md describes them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ppgan_lite import __version__
from ppgan_lite.errors import ImageError

FORMAT = 1
VERBS = ("stylize", "translate", "restore")
_MAX_NAME = 255
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class NamedFile:
    """A file that had a part in a picture, by its name without the folder.

    Attributes:
        name: Of the file; of a style, as on the command line.
        sha256: Of its bytes, in hexadecimal digits; None if it is not known.
    """

    name: str
    sha256: str | None = None


UNNAMED = NamedFile("")  # of weights that no file holds


@dataclass(frozen=True)
class BlendPart:
    """One of the styles that a picture mixes.

    Attributes:
        share: 0 .. 1; those of all parts are 1 together.
        kind: "style" (by its name), "checkpoint" or "painting".
        file: The style, as above.
    """

    share: float
    kind: str
    file: NamedFile

    def to_json(self) -> dict[str, Any]:
        """Return the part as JSON values."""
        return {"share": self.share, self.kind: _file_json(self.file)}


BLENDED = ("style", "checkpoint", "painting")


@dataclass(frozen=True)
class ResultSettings:
    """All that is needed to make a picture again.

    Attributes:
        verb: Of the command line: "stylize", "translate" or "restore".
        options: Of the verb, by the names of its options with underscores: strength, keep_colors, brush, faces, with a
            mask strength_outside and feather; direction.
        style: The style, by its name; None if a checkpoint's file was given.
        checkpoint: The checkpoint; None if a style was named.
        painting: The picture whose style it has, with a painter of any style.
        blend: The styles that it mixes; empty where it has one. Of paintings, `style` is the painter of any.
        colors: The picture whose colors it has; None where they are the painting's or the photo's.
        mask: The picture that says where it has the style; None where it has it everywhere.
        photo: The photo.
        engine: That executed the net, with its precision.
        device: On which.
        program: That made it, with its version.
    """

    verb: str
    options: Mapping[str, Any] = field(default_factory=dict)
    style: NamedFile | None = None
    checkpoint: NamedFile | None = None
    painting: NamedFile | None = None
    blend: tuple[BlendPart, ...] = ()
    colors: NamedFile | None = None
    mask: NamedFile | None = None
    photo: NamedFile | None = None
    engine: str | None = None
    device: str | None = None
    program: str = f"ppgan_lite {__version__}"

    def to_json(self) -> dict[str, Any]:
        """Return the settings as JSON values, without what is None."""
        values = {key: value for key, value in vars(self).items() if value is not None and value != ()}
        for key, value in values.items():
            if isinstance(value, NamedFile):
                values[key] = _file_json(value)
        if self.blend:
            values["blend"] = [part.to_json() for part in self.blend]
        return {"format": FORMAT, **values}


def _file_json(file: NamedFile) -> dict[str, str]:
    return {name: value for name, value in vars(file).items() if value is not None}


def settings_text(settings: ResultSettings) -> str:
    """Return settings as the text that a file holds."""
    return json.dumps(settings.to_json(), sort_keys=True)


def parse_settings(text: str, where: object) -> ResultSettings | None:
    """Read settings, those of 0.1 and 0.2 too.

    Args:
        text: From a file.
        where: The file, for messages.

    Returns:
        None for a text that nothing of ours has written.

    Raises:
        ImageError: A newer version wrote them.
    """
    try:
        values = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(values, dict):
        return None
    if "format" not in values:
        from ppgan_lite.aliases import current_result_settings  # what it imports is needed by nothing else here

        values = current_result_settings(values)
    version = values.get("format")
    if isinstance(version, int) and version > FORMAT:
        raise ImageError(where, f"holds settings of format {version}", f"at most {FORMAT}", "Update ppgan_lite")
    options, verb = values.get("options", {}), values.get("verb")
    if version != FORMAT or verb not in VERBS or not isinstance(options, dict):
        return None
    return ResultSettings(
        verb,
        options,
        style=_named_file(values.get("style")),
        checkpoint=_named_file(values.get("checkpoint")),
        painting=_named_file(values.get("painting")),
        blend=_blend(values.get("blend")),
        colors=_named_file(values.get("colors")),
        mask=_named_file(values.get("mask")),
        photo=_named_file(values.get("photo")),
        engine=_text(values.get("engine")),
        device=_text(values.get("device")),
        program=_text(values.get("program")) or "",
    )


def _named_file(value: object) -> NamedFile | None:
    """Return a file that a foreign file names: its name never has a folder in it."""
    if not isinstance(value, dict) or not isinstance(value.get("name"), str):
        return None
    name = base_name(value["name"])
    digest = value.get("sha256")
    return NamedFile(name, digest if isinstance(digest, str) and _SHA256.fullmatch(digest) else None) if name else None


def _blend(value: object) -> tuple[BlendPart, ...]:
    """Return the styles that a foreign file says it mixes; none if one of them makes no sense."""
    parts = []
    for entry in value if isinstance(value, list) else ():
        share = entry.get("share") if isinstance(entry, dict) else None
        kind = next((kind for kind in BLENDED if isinstance(entry, dict) and kind in entry), None)
        file = None if kind is None else _named_file(entry[kind])
        if kind is None or file is None or not isinstance(share, float) or not 0 < share < 1:
            return ()
        parts.append(BlendPart(share, kind, file))
    return tuple(parts)


def _text(value: object) -> str | None:
    return _printable(value) if isinstance(value, str) else None


def base_name(path: str) -> str:
    """Return the name of a file without its folders, of whatever system."""
    name = re.split(r"[/\\]", path)[-1]
    return "" if name in (".", "..") else _printable(name)[:_MAX_NAME]


def _printable(text: str) -> str:
    return "".join(letter if letter.isprintable() else "?" for letter in text)
