"""Read safetensors files: a header of JSON, then the tensors.

Each claim of the header is checked before anything of its size is allocated, and the error names the tensor, its fault
and a remedy. The `safetensors` package writes these files; reading with it (0.8) copies every tensor, which costs 2 ms
more at a cold start with `any.ppgan` and twice the memory for large files, and gives NumPy no bfloat16.
"""

from __future__ import annotations

import codecs
import contextlib
import io
import json
import math
import os
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from ppgan_lite.errors import CheckpointError
from ppgan_lite.runtime import files

# A header lists tensors and settings: kilobytes. The bound keeps a forged length from reserving memory.
_MAX_HEADER_BYTES = 4_000_000  # as Python objects these can take thirty times as much
_MAX_DIMENSIONS = 32
_MAX_BYTES = 2**48
_TYPES = {
    name: np.dtype(code)
    for name, code in (
        *(("F64", "<f8"), ("F32", "<f4"), ("F16", "<f2"), ("BF16", "<u2")),  # NumPy has no bfloat16
        *(("I64", "<i8"), ("I32", "<i4"), ("I16", "<i2"), ("I8", "i1"), ("U8", "u1"), ("BOOL", "?")),
    )
}
# The number of the format, then who made it or the graph itself.
_ONNX = re.compile(rb"\x08[\x03-\x1f][\x12:]")
OURS_REMEDY = "Give a .ppgan file that `paddlegan train` wrote"
_DAMAGED_REMEDY = "Copy or download it again"


def read_front(path: str | Path) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """Read and check the header of any safetensors file, and no tensor.

    Returns:
        Its metadata, and name -> {"dtype", "shape", "data_offsets"} of each tensor.

    Raises:
        CheckpointError: The file is missing, damaged or of another kind.
    """
    path = Path(path)
    with _opened(path) as file:
        return _parse_front(file, path)


def read_tensors(path: str | Path) -> dict[str, np.ndarray]:
    """Read the tensors of any safetensors file.

    Returns:
        Name -> read-only array, in the header's order; bfloat16 is widened to float32.

    Raises:
        CheckpointError: The file is missing, damaged or of another kind.
    """
    path = Path(path)
    return parse_tensors(read_bytes(path), path)


def read_bytes(path: Path) -> bytes:
    """Read a whole file.

    Raises:
        CheckpointError: It is missing, or cannot be read.
    """
    with _opened(path) as file:
        return file.read()


def parse_tensors(data: bytes, path: Path) -> dict[str, np.ndarray]:
    """Read the tensors from the bytes of a safetensors file; `path` is for messages. See `read_tensors`."""
    return parse_file(data, path)[1]


def parse_file(data: bytes, path: Path) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Read metadata and tensors from the bytes of a safetensors file; `path` is for messages. See `read_tensors`."""
    metadata, entries = _parse_front(io.BytesIO(data), path)
    view = memoryview(data)
    tensors = view[8 + int.from_bytes(view[:8], "little") :]
    return metadata, {name: _array(tensors, entry) for name, entry in entries.items()}


def widen_bfloat16(values: np.ndarray) -> np.ndarray:
    """Return bfloat16 numbers, given as uint16, as the float32 numbers of the same value."""
    return (values.astype(np.uint32) << 16).view(np.float32)


def replace_file(path: str | Path, data: bytes | bytearray) -> None:
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
    """Parse a JSON object of a file's header.

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


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    if path.is_dir():
        raise CheckpointError(path, "is a folder", "a checkpoint file", OURS_REMEDY, code="is_folder")
    if not path.exists():
        raise CheckpointError(path, "there is no such file", "a checkpoint file", "Check the path", code="missing")
    if files.is_stream(path):
        raise CheckpointError(path, "is a pipe or a device", "a file", "Save it to a file first")
    try:
        with path.open("rb") as file:
            yield file
    except OSError as error:
        raise CheckpointError(path, f"cannot be read ({error.strerror})", remedy="Check its rights") from error


def _parse_front(file: BinaryIO, path: Path) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    start = file.read(4096)
    length = int.from_bytes(start[:8], "little")
    if size == 0:
        raise CheckpointError(path, "is empty (0 bytes)", "a checkpoint file", _DAMAGED_REMEDY, code="empty")
    if start[8:9] != b"{":
        remedy = files.GIT_LFS_REMEDY if start.startswith(files.GIT_LFS_POINTER) else OURS_REMEDY
        raise CheckpointError(
            path, f"is not a checkpoint but {kind_of_file(start)}", remedy=remedy, code="no_checkpoint"
        )
    if 8 + length > size:
        raise damaged(path, f"truncated: its header has {length} bytes, the file {size}")
    if length > _MAX_HEADER_BYTES:
        raise CheckpointError(path, f"has a header of {length} bytes", f"at most {_MAX_HEADER_BYTES}")
    file.seek(8)
    front = parse_json(path, file.read(length))
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


def _place_of(path: Path, name: str, entry: Any) -> tuple[int, int]:
    """Check one tensor of a header; return the begin and end of its bytes, counted from the end of the header."""
    try:
        shape, (begin, end), dtype = entry["shape"], entry["data_offsets"], entry["dtype"]
        if not isinstance(shape, list) or not isinstance(dtype, str) or len(shape) > _MAX_DIMENSIONS:
            raise ValueError
        if not all(type(size) is int and 0 <= size < _MAX_BYTES for size in [*shape, begin, end]):
            raise ValueError
        if math.prod(size or 1 for size in shape) >= _MAX_BYTES:  # NumPy refuses it even where another side is 0
            raise ValueError
    except (TypeError, KeyError, ValueError) as error:
        raise damaged(path, f"tensor {name} is not described as safetensors does") from error
    if dtype not in _TYPES:
        raise CheckpointError(path, f"tensor {name} is of type {dtype}", f"one of {', '.join(_TYPES)}")
    if end - begin != math.prod(shape) * _TYPES[dtype].itemsize:
        raise damaged(path, f"tensor {name} of shape {shape} does not have the bytes that it needs")
    return begin, end


def _array(tensors: memoryview, entry: dict[str, Any]) -> np.ndarray:
    begin, end = entry["data_offsets"]
    values = np.frombuffer(tensors[begin:end], _TYPES[entry["dtype"]])  # a view of the file's bytes
    if entry["dtype"] == "BF16":
        values = widen_bfloat16(values)
    values.flags.writeable = False
    return values.reshape(entry["shape"])


def kind_of_file(start: bytes) -> str:
    """Name the kind of a file that is no checkpoint, from its first bytes."""
    for beginnings, kind in (
        (
            (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05"),
            "a Python pickle (.pdparams, .pkl), which is not opened",
        ),
        ((b"PK\x03\x04",), "a zip archive (.pth, .npz, .zip)"),
        ((b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"BM", b"II*\0", b"MM\0*"), "a picture"),
        ((b"\x89HDF",), "an HDF5 file (.h5)"),
        ((b"\x04\0\0\0\x01\0\0\0", b"\x04\0\0\0\x02\0\0\0"), "a file of Lua's Torch (.t7)"),
        ((b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"7z\xbc\xaf"), "a compressed archive"),
    ):
        if start.startswith(beginnings):
            return kind
    if start.startswith(files.GIT_LFS_POINTER):
        return "a Git LFS pointer"
    if _ONNX.match(start):
        return "an ONNX graph (.onnx)"
    if start[:4] == b"RIFF" and start[8:12] == b"WEBP":
        return "a picture"
    with contextlib.suppress(UnicodeDecodeError):
        # The incremental decoder lets the last character be cut in two.
        text = codecs.getincrementaldecoder("utf-8")().decode(start)
        if "".join(text.split()).isprintable():
            return "text"
    return "a file of an unknown kind"


def damaged(path: Path, detail: str) -> CheckpointError:
    """Return the error that a file is damaged."""
    return CheckpointError(path, f"is damaged ({detail})", remedy=_DAMAGED_REMEDY, code="damaged_checkpoint")


def one_line(error: BaseException) -> str:
    """Return the first line of another package's error message, cut to 160 characters."""
    lines: Iterator[str] = (line.strip() for line in str(error).splitlines())
    text = next((line for line in lines if line), type(error).__name__)
    return text if len(text) <= 160 else text[:157] + "..."
