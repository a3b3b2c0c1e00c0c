"""Zip archives, checked before anything is read out of them; PyTorch writes its own without compression."""

from __future__ import annotations

import io
import zipfile
import zlib
from itertools import pairwise
from pathlib import Path

from ppgan_lite.errors import CheckpointError
from ppgan_lite.safetensors_files import damaged

_LOCAL = b"PK\x03\x04"
_CENTRAL = b"PK\x01\x02"
_LOCAL_HEADER_BYTES = 30
# A zip entry takes a kilobyte of memory while it is read; a training has a few hundred tensors.
_MAX_ENTRIES = 20_000
STATE_DICT = "a state dict that torch.save wrote"
SAVE_REMEDY = "Save net.state_dict() instead, in the program that made it"


def open_zip(data: bytes, path: Path) -> zipfile.ZipFile:
    """Read the table of contents of a zip archive.

    Raises:
        CheckpointError: It is damaged, or has too many entries.
    """
    if data.count(_CENTRAL) > _MAX_ENTRIES:
        raise CheckpointError(path, f"is a zip archive of more than {_MAX_ENTRIES} entries", "a file of weights")
    try:
        return zipfile.ZipFile(io.BytesIO(data))
    except (zipfile.BadZipFile, ValueError, OSError, EOFError, NotImplementedError, IndexError, KeyError) as error:
        raise damaged(path, f"truncated or not a zip archive: {error!s:.100}") from error


def torch_entries(data: bytes, path: Path) -> dict[str, memoryview]:
    """Check a zip archive and return its entries, uncompressed as torch.save writes them, as views of the file."""
    with open_zip(data, path) as archive:
        found = archive.infolist()
    names = [entry.filename for entry in found]
    if any(name.endswith(".npy") for name in names):
        raise CheckpointError(path, "is a NumPy archive (.npz)", STATE_DICT)
    if any(name.endswith(("/constants.pkl", "/model.json")) for name in names):
        raise CheckpointError(path, "is a TorchScript archive: a program with its weights", STATE_DICT, SAVE_REMEDY)
    entries: dict[str, memoryview] = {}
    taken: list[tuple[int, int]] = []
    for entry in found:
        name = entry.filename
        parts = name.split("/")
        if name in entries or "\\" in name or ":" in name or not name.isprintable() or {"", ".", ".."} & set(parts):
            raise CheckpointError(path, f"has a zip entry named {name[:80]!r}", "plain names, each once")
        if entry.flag_bits & 1:
            raise CheckpointError(path, f"has an encrypted zip entry {name[:80]!r}", STATE_DICT)
        if entry.compress_type != zipfile.ZIP_STORED or entry.compress_size != entry.file_size:
            found_size = f"has a compressed zip entry {name[:80]!r} of {entry.file_size} bytes"
            raise CheckpointError(path, found_size, "uncompressed entries, as torch.save writes them")
        start, end = _place(data, entry, path)
        taken.append((entry.header_offset, end))
        entries[name] = memoryview(data)[start:end]
    taken.sort()
    # Before the checksums, which many entries of the same bytes would make endless.
    if any(following[0] < previous[1] for previous, following in pairwise(taken)):
        raise CheckpointError(path, "has zip entries that overlap", STATE_DICT)
    for entry in found:
        if zlib.crc32(entries[entry.filename]) != entry.CRC:
            raise damaged(path, f"the checksum of {entry.filename[:80]!r} does not fit its bytes")
    return entries


def _place(data: bytes, entry: zipfile.ZipInfo, path: Path) -> tuple[int, int]:
    """Return the begin and end of a zip entry's bytes, from its local header."""
    header = data[entry.header_offset : entry.header_offset + _LOCAL_HEADER_BYTES]
    if entry.header_offset < 0 or len(header) < _LOCAL_HEADER_BYTES or not header.startswith(_LOCAL):
        raise damaged(path, f"the zip entry {entry.filename[:80]!r} is not where it should be")
    name_length, extra_length = int.from_bytes(header[26:28], "little"), int.from_bytes(header[28:30], "little")
    name_start = entry.header_offset + _LOCAL_HEADER_BYTES
    if data[name_start : name_start + name_length] != entry.orig_filename.encode():
        raise damaged(path, f"the zip entry {entry.filename[:80]!r} has another name in its own header")
    start = name_start + name_length + extra_length
    if start + entry.file_size > len(data):
        raise damaged(path, f"truncated: the zip entry {entry.filename[:80]!r} goes beyond the file")
    return start, start + entry.file_size
