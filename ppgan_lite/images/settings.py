"""The settings that made a picture, as its file holds them; docs/metadata.md describes them."""

from __future__ import annotations

import dataclasses
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
class ResultSettings:
    """All that is needed to make a picture again.

    Attributes:
        verb: Of the command line: "stylize", "translate" or "restore".
        options: Of the verb, by the names of its options with underscores: strength, keep_colors, brush, faces, with a
            mask strength_outside and feather; direction.
        style: The style, by its name; None if a checkpoint's file was given.
        checkpoint: The checkpoint; None if a style was named.
        painting: The picture whose style it has, with a painter of any style.
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
    mask: NamedFile | None = None
    photo: NamedFile | None = None
    engine: str | None = None
    device: str | None = None
    program: str = f"ppgan_lite {__version__}"

    def to_json(self) -> dict[str, Any]:
        """Return the settings as JSON values, without what is None."""
        values = {key: value for key, value in dataclasses.asdict(self).items() if value is not None}
        for key in _FILES & values.keys():
            values[key] = {name: value for name, value in values[key].items() if value is not None}
        return {"format": FORMAT, **values}


_FILES = {"style", "checkpoint", "painting", "mask", "photo"}


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


def _text(value: object) -> str | None:
    return _printable(value) if isinstance(value, str) else None


def base_name(path: str) -> str:
    """Return the name of a file without its folders, of whatever system."""
    name = re.split(r"[/\\]", path)[-1]
    return "" if name in (".", "..") else _printable(name)[:_MAX_NAME]


def _printable(text: str) -> str:
    return "".join(letter if letter.isprintable() else "?" for letter in text)
