"""The files of checkpoints: written whole, read with all content checked, summed up."""

from __future__ import annotations

import hashlib
import json
import math
import re
import zlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from ppgan_lite.aliases import current_tensor
from ppgan_lite.checkpoint.header import FORMAT, Header, parse_header
from ppgan_lite.errors import CheckpointError
from ppgan_lite.safetensors_files import (
    OURS_REMEDY,
    damaged,
    parse_file,
    parse_json,
    read_bytes,
    read_front,
    replace_file,
)

# The checksum as it stands in a file's header, in JSON inside of JSON: that of the whole file with zeros in its place.
# CRC-32 finds every flipped byte, and other damage but for one case in four billion. It takes 0.2 ms for a style, a
# fifth of the time of SHA-256. It is no signature.
_CHECKSUM = re.compile(rb'\\"checksum\\": \\"crc32 ([0-9a-f]{8})\\"')
_NO_SUM = "crc32 00000000"


def read_header(path: str | Path) -> Header:
    """Read the header of a checkpoint, without tensors and without Paddle.

    Raises:
        CheckpointError: The file is missing, damaged, of another program or of a newer format.
    """
    path = Path(path)
    header, _ = _read_front(path)
    return header


def read_checkpoint(path: str | Path) -> tuple[Header, dict[str, np.ndarray]]:
    """Read a whole checkpoint, without Paddle.

    Returns:
        The header, and name -> read-only array; float16 and bfloat16 are widened to float32.

    Raises:
        CheckpointError: As `read_header`, the checksum is not that of the file, or a tensor holds NaN or infinity.
    """
    path = Path(path)
    data = read_bytes(path)
    metadata, stored = parse_file(data, path)
    about_itself = _about_itself(path, metadata)
    header = parse_header(path, about_itself)
    end = 8 + int.from_bytes(data[:8], "little")
    _verify(path, about_itself, data[:end], [memoryview(data)[end:]])
    tensors = {}
    for name, tensor in stored.items():
        tensors[current_tensor(name)] = tensor.astype(np.float32) if tensor.dtype == np.float16 else tensor
        if tensor.dtype.kind == "f" and not np.isfinite(tensor).all():
            remedy = "Its training diverged or the file is damaged; use an earlier checkpoint"
            raise CheckpointError(path, f"tensor {name} holds NaN or infinity", "finite numbers", remedy)
    return header, tensors


def training_record(header: Header) -> dict[str, Any]:
    """Return what made a checkpoint of a training, for those who get the file: without folders of its maker's."""
    # Texts are names, and some the paths of encoders.
    recipe = {key: Path(value).name if isinstance(value, str) else value for key, value in header.recipe.items()}
    return {
        "program": header.program,
        "iterations": header.training["iteration"],
        "seconds": round(header.training["seconds"]),
        "recipe": recipe,
    }


def write_checkpoint(
    path: str | Path, header: Header, tensors: Mapping[str, np.ndarray], *, half: bool = False
) -> None:
    """Write a checkpoint, whole or not at all.

    Args:
        path: The file; replaced if it exists.
        header: Its header.
        tensors: Name -> array, named as docs/checkpoint-format.md says.
        half: Store float32 as float16, except tensors outside of its range.

    Raises:
        CheckpointError: The folder is missing or cannot be written.
    """
    from safetensors.numpy import save

    # `checked` repeats that there is a checksum: a flipped byte in that word would hide it.
    about_itself = {"format": FORMAT, "checksum": _NO_SUM, **asdict(header), "checked": True}
    del about_itself["source"]
    text = json.dumps(about_itself, ensure_ascii=False, allow_nan=False)
    # A path that is not UTF-8 has surrogates, for which no file has room; \udce9 is JSON's own name of one.
    text = text.encode("utf-8", "backslashreplace").decode()
    # safetensors copies raw memory: a transposed view would be stored in the wrong order.
    stored = {name: np.array(_halved(tensor) if half else tensor, order="C") for name, tensor in tensors.items()}
    replace_file(path, _with_checksum(save(stored, {FORMAT: text})))


def sha256_of(path: str | Path) -> str:
    """Return the SHA-256 of a file as hexadecimal digits."""
    digest = hashlib.sha256()
    with Path(path).open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def describe(path: str | Path) -> dict[str, Any]:
    """Return a summary of a checkpoint as JSON values, without reading tensors or importing Paddle."""
    path = Path(path)
    metadata, entries = read_front(path)
    about_itself = _about_itself(path, metadata)
    summary = asdict(parse_header(path, about_itself))
    with path.open("rb") as file:
        start = file.read(8)
        front = start + file.read(int.from_bytes(start, "little"))
        _verify(path, about_itself, front, iter(lambda: file.read(1 << 20), b""))
    del summary["source"]
    parameters = Counter[str]()
    for key, entry in entries.items():
        kind, _, rest = key.partition("/")
        if kind == "net":
            parameters[rest.partition("/")[0]] += math.prod(entry["shape"])
    for name, net in summary["nets"].items():
        net["parameters"] = parameters[name]
    return {
        "file": str(path),
        "format": FORMAT,
        **summary,
        "tensors": len(entries),
        "size_bytes": path.stat().st_size,
        "sha256": sha256_of(path),
    }


def _read_front(path: Path) -> tuple[Header, dict[str, dict[str, Any]]]:
    """Read and check the header of a checkpoint; return it with the entries of its tensors."""
    metadata, front = read_front(path)
    return parse_header(path, _about_itself(path, metadata)), front


def _about_itself(path: Path, metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Return the JSON of the "ppgan_lite" key."""
    if not isinstance(metadata.get(FORMAT), str):
        raise CheckpointError(
            path, "is a safetensors file of another program", remedy=OURS_REMEDY, code="no_checkpoint"
        )
    return parse_json(path, metadata[FORMAT])


def _with_checksum(data: bytes) -> bytearray:
    """Return the bytes of a checkpoint that is written without its checksum, with it."""
    end = 8 + int.from_bytes(data[:8], "little")
    match = _CHECKSUM.search(data, 8, end)
    assert match, "safetensors writes metadata in another form"
    complete = bytearray(data)
    complete[slice(*match.span(1))] = b"%08x" % _crc32(data[:end], match.span(1), [memoryview(data)[end:]])
    return complete


def _verify(path: Path, about_itself: Mapping[str, Any], front: bytes, blocks: Iterable[bytes | memoryview]) -> None:
    """Compare the checksum of a checkpoint with its bytes; one of version 0.1 has none.

    Args:
        path: The file, for messages.
        about_itself: The JSON of its "ppgan_lite" key.
        front: Its bytes up to the end of the header.
        blocks: The other bytes, in order.

    Raises:
        CheckpointError: It is another one, or missing where there was one.
    """
    match = _CHECKSUM.search(front, 8)
    if match:
        if int(match[1], 16) != _crc32(front, match.span(1), blocks):
            raise damaged(path, "its checksum is not that of its bytes")
    elif "checksum" in about_itself or "checked" in about_itself:
        raise damaged(path, "its checksum cannot be read")


def _crc32(front: bytes, place: tuple[int, int], blocks: Iterable[bytes | memoryview]) -> int:
    """Return the CRC-32 of a file with zeros in the place of its checksum."""
    begin, end = place
    value = zlib.crc32(front[end:], zlib.crc32(b"0" * (end - begin), zlib.crc32(front[:begin])))
    for block in blocks:
        value = zlib.crc32(block, value)
    return value


def _halved(tensor: np.ndarray) -> np.ndarray:
    if tensor.dtype != np.float32:
        return tensor
    with np.errstate(over="ignore"):
        half = tensor.astype(np.float16)
    return half if np.isfinite(half).all() else tensor
