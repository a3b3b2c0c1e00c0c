"""The data files of a run: noted at its start, and compared with those of a resume.

A run is resumed bit for bit only on the same files: their number and order decide on the order of samples.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ppgan_lite.runtime import files

logger = logging.getLogger(__name__)

_SHOWN = 3


def data_files(section: Mapping[str, Any], dataset: Any) -> list[str]:
    """Return the files of a dataset in its order, each as "kind<tab>folder/file", the same after the folder was moved.

    Args:
        section: The `data` section of a config.
        dataset: The dataset that it describes; one without `sources` has no files.
    """
    if not hasattr(dataset, "sources"):
        return []
    entries = {Path(text) for text in _texts(section.values())}
    return [
        f"{source.name}\t{_from_its_entry(file, entries)}".replace("\\", "/").replace("\n", "\\n")
        for source in dataset.sources()
        for file in source.files
    ]


def note_data_files(path: Path, now: Sequence[str], *, resumed: bool) -> None:
    """Write the data files of a run to a file; tell which are gone or new since it was written, if the run is resumed.

    Raises:
        OSError: It cannot be written.
    """
    before = _noted(path) if resumed else None
    if before is not None and before != list(now):
        gone, new = sorted({*before} - {*now}), sorted({*now} - {*before})
        if gone:
            logger.warning("data: %s gone since the run was saved: %s", _are(gone), _short(gone))
        if new:
            logger.warning("data: %s new since the run was saved: %s", _are(new), _short(new))
        logger.warning("data: the files changed, so samples come in another order than without the interruption")
    if now or path.exists():
        text = "".join(f"{line}\n" for line in (f"# {len(now)} files", *now))
        files.replace_file(path, os.fsencode(text), durable=True)


def _noted(path: Path) -> list[str] | None:
    """Return the files that were noted; None if they are not known."""
    try:
        text = os.fsdecode(path.read_bytes())
    except FileNotFoundError:
        return None
    first, *lines, rest = text.split("\n") if "\n" in text else (text, "")
    if first == f"# {len(lines)} files" and not rest and "\0" not in text:
        return lines
    aside = files.set_aside(path, "damaged")
    logger.warning("%s: is damaged, renamed to %s; whether data files are gone cannot be told", path, aside.name)
    return None


def _texts(values: Iterable[Any]) -> Iterator[str]:
    for value in values:
        if isinstance(value, str):
            yield value
        elif isinstance(value, (list, tuple)):
            yield from (item for item in value if isinstance(item, str))


def _from_its_entry(file: Path, entries: set[Path]) -> str:
    """Return the path of a file from the config's entry that it belongs to, which is a part of it."""
    for folder in (file, *file.parents):
        if folder in entries:
            return str(Path(folder.name) / file.relative_to(folder))
    return str(file)


def _are(names: Sequence[str]) -> str:
    return "1 file is" if len(names) == 1 else f"{len(names)} files are"


def _short(names: Sequence[str]) -> str:
    shown = ", ".join(name.partition("\t")[2] for name in names[:_SHOWN])
    return shown + (", ..." if len(names) > _SHOWN else "")
