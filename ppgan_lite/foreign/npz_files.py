"""Read NumPy's archives (.npz) of arrays. Nothing is unpickled, and no more unpacked than was asked for."""

from __future__ import annotations

import io
import math
import re
from pathlib import Path

import numpy as np

from ppgan_lite.errors import CheckpointError
from ppgan_lite.foreign.arrays import checked_shape, read_bytes
from ppgan_lite.foreign.zip_files import open_zip
from ppgan_lite.safetensors_files import one_line

_MAX_GROWTH = 100_000_000  # bytes that a compressed archive may have more in memory; weights hardly shrink


def read_npz(path: Path, pattern: str, *, expected: str) -> dict[str, np.ndarray]:
    """Read the arrays of an archive whose names match a pattern.

    Args:
        path: The file.
        pattern: A regular expression.
        expected: The kind of file that it should be, for messages.

    Returns:
        Name -> read-only array of numbers.

    Raises:
        CheckpointError: The file is missing, damaged or of another kind, or grows too much.
    """
    try:
        data = read_bytes(path, expected)
        with open_zip(data, path) as archive:
            entries = {entry.filename.removesuffix(".npy"): entry for entry in archive.infolist()}
            wanted = {name: entry for name, entry in entries.items() if re.fullmatch(pattern, name)}
            unpacked = sum(entry.file_size for entry in wanted.values())
            if unpacked > len(data) + _MAX_GROWTH:
                raise ValueError(f"it unpacks to {unpacked / 1e6:.0f} MB")
            return {name: _array(archive.read(entry)) for name, entry in wanted.items()}
    except CheckpointError as error:
        raise CheckpointError(path, f"cannot be read ({error.found})", expected, error.remedy) from error
    except Exception as error:  # A damaged archive can fail in any way.
        raise CheckpointError(path, f"cannot be read ({one_line(error)})", expected) from error


def _array(data: bytes) -> np.ndarray:
    """Return the array of a .npy file without a copy; `numpy.load` would allocate what its header claims.

    Raises:
        ValueError: It holds other things than numbers, or not as many as it claims.
    """
    stream = io.BytesIO(data)
    version = np.lib.format.read_magic(stream)
    read_header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, fortran, dtype = read_header(stream)
    if dtype.kind not in "fiu" or math.prod(checked_shape(shape)) * dtype.itemsize != len(data) - stream.tell():
        raise ValueError(f"an array of {shape} {dtype} does not have the bytes that it needs")
    return np.frombuffer(data, dtype, offset=stream.tell()).reshape(shape, order="F" if fortran else "C")
