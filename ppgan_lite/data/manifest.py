"""The manifest of a degraded folder: its chain and seed, and a checksum of every source and result."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ppgan_lite import __version__
from ppgan_lite.aliases import current_chain
from ppgan_lite.errors import DataError
from ppgan_lite.images import Kept, write_file

FILE_NAME = "manifest.json"
_FORMAT = "ppgan_lite degraded folder"
_VERSION = 1


@dataclass(frozen=True)
class FileState:
    """The state of a file: its checksum, and its size and modification time, which are checked without reading it."""

    sha256: str
    size: int
    modified_ns: int

    @classmethod
    def of(cls, path: Path, data: bytes) -> FileState:
        """Return the state of a file that holds these bytes."""
        return cls(hashlib.sha256(data).hexdigest(), len(data), path.stat().st_mtime_ns)

    def fits(self, path: Path) -> bool:
        """Return whether a file is unchanged: by size and modification time, or else by checksum."""
        try:
            status = path.stat()
        except OSError:
            return False
        return status.st_size == self.size and (status.st_mtime_ns == self.modified_ns or self.proves(path))

    def proves(self, path: Path) -> bool:
        """Return whether a file has this checksum, whatever its modification time."""
        try:
            return hashlib.sha256(path.read_bytes()).hexdigest() == self.sha256
        except OSError:
            return False


@dataclass(frozen=True)
class Entry:
    """One picture: the path of its result in the folder, and the states of both files, None until it is made."""

    result: str
    source_state: FileState | None = None
    result_state: FileState | None = None


@dataclass
class Manifest:
    """The record of a degraded folder.

    Attributes:
        chain: The degradations with all parameters.
        seed: Seed of their random numbers.
        kept: What the results keep of the metadata of their sources.
        entries: Source (path below the source folder, with /) -> its entry.
    """

    chain: list[dict[str, Any]]
    seed: int
    kept: Kept = "all"
    entries: dict[str, Entry] = field(default_factory=dict)

    @classmethod
    def read(cls, folder: Path) -> Manifest | None:
        """Read the manifest of a folder; None if there is none.

        Raises:
            DataError: The file is damaged, of a newer version, or not a manifest.
        """
        path = folder / FILE_NAME
        try:
            content = json.loads(path.read_bytes())
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            raise _damaged(path, f"cannot be read ({error})") from error
        if not isinstance(content, dict) or content.get("format") != _FORMAT:
            raise DataError(path, "is not the manifest of a degraded folder", remedy="Choose another folder")
        if content.get("version") != _VERSION:
            found = f"is of version {content.get('version')}"
            raise DataError(path, found, f"version {_VERSION}", "Update ppgan_lite, or choose another folder")
        try:
            entries = {str(name): _entry(value) for name, value in content["files"].items()}
            chain = [dict(step) for step in current_chain(content["chain"])]
            return cls(chain, int(content["seed"]), content.get("metadata", "all"), entries)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise _damaged(path, "lacks what a manifest has") from error

    def write(self, folder: Path) -> None:
        """Write the manifest into its folder, whole or not at all.

        Raises:
            ImageError: It cannot be written.
        """
        about = {
            "format": _FORMAT,
            "version": _VERSION,
            "ppgan_lite": __version__,
            "seed": self.seed,
            "chain": self.chain,
            "metadata": self.kept,
        }
        head = json.dumps(about)[:-1]
        # A line for each file; the indentation of the json package is too slow.
        files = ",\n".join(f"{json.dumps(name)}: {json.dumps(_json(entry))}" for name, entry in self.entries.items())
        write_file(folder / FILE_NAME, f'{head}, "files": {{\n{files}\n}}}}\n'.encode("ascii"))


def _damaged(path: Path, found: str) -> DataError:
    return DataError(path, found, remedy="Remove it and run the same again with --overwrite")


def _json(entry: Entry) -> dict[str, Any]:
    states = {"source": entry.source_state, "result": entry.result_state}
    return {"path": entry.result, **{name: vars(state) for name, state in states.items() if state}}


def _entry(value: dict[str, Any]) -> Entry:
    source, result = (FileState(**value[name]) if name in value else None for name in ("source", "result"))
    return Entry(str(value["path"]), source, result)
