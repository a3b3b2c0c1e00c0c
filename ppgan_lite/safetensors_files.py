"""Safetensors files: a header of JSON, then the numbers. All is checked before anything of its size is allocated.

Needs neither Paddle nor the safetensors package to read.
"""

from __future__ import annotations

import codecs
import contextlib
import json
import math
import os
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from ppgan_lite.errors import CheckpointError
from ppgan_lite.runtime import files

# A header lists tensors and settings: kilobytes. The bound keeps a forged length from reserving memory.
_MAX_HEADER_BYTES = 8_000_000
_TYPES = {
    name: np.dtype(code)
    for name, code in (
        *(("F64", "<f8"), ("F32", "<f4"), ("F16", "<f2"), ("I64", "<i8"), ("I32", "<i4"), ("I16", "<i2"), ("I8", "i1")),
        *(("U8", "u1"), ("BOOL", "?")),
    )
}
OURS_REMEDY = "Give a .ppgan file that `paddlegan train` wrote"
_DAMAGED_REMEDY = "Copy or download it again"


def read_front(path: str | Path) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """Read and check the front of any safetensors file, no tensor.

    Returns:
        Its metadata, and name -> {"dtype", "shape", "data_offsets"} of each tensor.

    Raises:
        CheckpointError: The file is missing, damaged or of another kind.
    """
    path = Path(path)
    if path.is_dir():
        raise CheckpointError(path, "is a folder", "a checkpoint file", OURS_REMEDY)
    if not path.exists():
        raise CheckpointError(path, "there is no such file", "a checkpoint file", "Check the path")
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            start = file.read(4096)
            length = int.from_bytes(start[:8], "little")
            if size == 0:
                raise CheckpointError(path, "is empty (0 bytes)", "a checkpoint file", _DAMAGED_REMEDY)
            if start[8:9] != b"{":
                raise CheckpointError(path, f"is not a checkpoint but {kind_of_file(start)}", remedy=OURS_REMEDY)
            if 8 + length > size or length > _MAX_HEADER_BYTES:
                raise damaged(path, f"truncated: its header has {length} bytes, the file {size}")
            file.seek(8)
            front = parse_json(path, file.read(length))
    except OSError as error:
        raise CheckpointError(path, f"cannot be read ({error.strerror})", remedy="Check its rights") from error
    metadata = front.pop("__metadata__", None) or {}
    if not isinstance(metadata, dict):
        raise damaged(path, "its metadata is not a JSON object")
    places = sorted(_place_of(path, name, entry) for name, entry in front.items())
    if any(begin != end for (_, end), (begin, _) in pairwise([(0, 0), *places])):
        raise damaged(path, "its tensors overlap or leave gaps")
    end = places[-1][1] if places else 0
    if 8 + length + end != size:
        found = "truncated" if 8 + length + end > size else "longer than it says"
        raise damaged(path, f"{found}: its tensors end at byte {8 + length + end}, the file at {size}")
    return metadata, front


def read_tensors(path: str | Path) -> dict[str, np.ndarray]:
    """Read the tensors of any safetensors file: name -> read-only array, in the header's order.

    Raises:
        CheckpointError: The file is missing, damaged or of another kind.
    """
    path = Path(path)
    _, entries = read_front(path)
    try:
        data = memoryview(path.read_bytes())
    except OSError as error:
        raise CheckpointError(path, f"cannot be read ({error.strerror})", remedy="Check its rights") from error
    tensors = data[8 + int.from_bytes(data[:8], "little") :]
    found = {}
    for name, entry in entries.items():
        begin, end = entry["data_offsets"]
        # Views of the file's bytes: nothing is there twice.
        found[name] = np.frombuffer(tensors[begin:end], _TYPES[entry["dtype"]]).reshape(entry["shape"])
    return found


def replace_file(path: str | Path, data: bytes) -> None:
    """Write a file so that a crash at any moment leaves the old one or the new one, never half of one.

    Raises:
        CheckpointError: The folder is missing or cannot be written.
    """
    try:
        files.replace_file(Path(path), data, durable=True)
    except OSError as error:
        raise CheckpointError(
            path, f"cannot be written ({error.strerror})", remedy="Check the folder, its rights and the free space"
        ) from error


def parse_json(path: Path, text: bytes | str) -> dict[str, Any]:
    """Return a JSON object of a file's header.

    Raises:
        CheckpointError: It is something else.
    """
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise damaged(path, f"its header is not JSON ({one_line(error)})") from error
    if not isinstance(value, dict):
        raise damaged(path, "its header is not a JSON object")
    return value


def _place_of(path: Path, name: str, entry: Any) -> tuple[int, int]:
    """Check one tensor of a safetensors header; return where its bytes begin and end, from the end of the header."""
    try:
        shape, (begin, end), dtype = entry["shape"], entry["data_offsets"], entry["dtype"]
        sizes = [*shape, begin, end]
        if not all(type(size) is int and size >= 0 for size in sizes) or not isinstance(dtype, str):
            raise ValueError
    except (TypeError, KeyError, ValueError) as error:
        raise damaged(path, f"tensor {name} is not described as safetensors does") from error
    if dtype not in _TYPES:
        raise CheckpointError(path, f"tensor {name} is of type {dtype}", f"one of {', '.join(_TYPES)}")
    if end - begin != math.prod(shape) * _TYPES[dtype].itemsize:
        raise damaged(path, f"tensor {name} of shape {shape} does not have the bytes that it needs")
    return begin, end


def kind_of_file(start: bytes) -> str:
    """Say what a file that is no checkpoint seems to be, from its first bytes."""
    for beginnings, kind in (
        (
            (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05"),
            "a Python pickle (.pdparams, .pkl), which is not opened",
        ),
        ((b"PK\x03\x04",), "a zip archive (.pth, .npz, .zip)"),
        ((b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"BM", b"II*\0", b"MM\0*"), "a picture"),
        ((b"\x89HDF",), "an HDF5 file (.h5)"),
        ((b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"7z\xbc\xaf"), "a compressed archive"),
    ):
        if start.startswith(beginnings):
            return kind
    if start[:4] == b"RIFF" and start[8:12] == b"WEBP":
        return "a picture"
    with contextlib.suppress(UnicodeDecodeError):
        # The incremental decoder lets the last character be cut in two.
        text = codecs.getincrementaldecoder("utf-8")().decode(start)
        if "".join(text.split()).isprintable():
            return "text"
    return "a file of an unknown kind"


def damaged(path: Path, detail: str) -> CheckpointError:
    """Return the error that a file is damaged, and in what way."""
    return CheckpointError(path, f"is damaged ({detail})", remedy=_DAMAGED_REMEDY)


def one_line(error: BaseException) -> str:
    """Return what an error of another package says, its first line, not too long."""
    lines: Iterator[str] = (line.strip() for line in str(error).splitlines())
    text = next((line for line in lines if line), type(error).__name__)
    return text if len(text) <= 160 else text[:157] + "..."
