"""PaddlePaddle's `.pdparams` files: pickled state dicts, as `paddle.save` writes them.

`paddle.load` is a plain `pickle.load` (3.3): a planted function runs. This reader knows the few names that such a file
has a reason to use, see `_known`, and refuses every other. It needs no Paddle.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np

from ppgan_lite.errors import CheckpointError
from ppgan_lite.foreign.pickles import Globals, read_pickle

SUFFIX = ".pdparams"

# Added by paddle.save to a state dict: our name -> the name that the parameter had in that process.
_NAME_TABLE = "StructuredToParameterName@@"
# What paddle.save protocol 2 leaves where it has cut an array of more than a gigabyte into slices.
_SLICED = "UnpackBigParamInfor@@"
_TYPES = ("f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "b1")

# Bounds of what a forged file can make of references to the same things.
_MAX_ENTRIES = 100_000
_MAX_DEPTH = 8
_MAX_NAME = 500


def read_pdparams(path: str | Path) -> dict[str, np.ndarray]:
    """Read the arrays of a `.pdparams` file.

    Args:
        path: A file that `paddle.save` wrote: a state dict, or a dict of state dicts and optimizer states.

    Returns:
        Name -> read-only array. The names of nested dicts and the places in lists are joined by "/":
        {"net_dec": {"final_conv.1.weight": array}, "epoch": 3} gives "net_dec/final_conv.1.weight" and "epoch"; numbers
        become arrays without dimensions, texts are left out.

    Raises:
        CheckpointError: The file is missing, damaged, hostile, or holds something else than numbers.
    """
    path = Path(path)
    if path.is_dir():
        raise CheckpointError(path, "is a folder", f"a {SUFFIX} file")
    try:
        data = path.read_bytes()
    except OSError as error:
        raise CheckpointError(path, f"cannot be read ({error.strerror})", f"a {SUFFIX} file") from error
    if not data:
        raise CheckpointError(path, "is empty (0 bytes)", f"a {SUFFIX} file", "Copy or download it again")
    if data[:1] != b"\x80":
        raise CheckpointError(path, "does not begin like a pickle", f"a {SUFFIX} file that paddle.save wrote")
    content = read_pickle(data, _known(len(data)), where=path)
    if not isinstance(content, dict):
        raise CheckpointError(path, f"holds a {type(content).__name__}", "a dict of named arrays")
    if _SLICED in content:
        raise CheckpointError(path, "holds arrays cut into slices", "whole arrays", "Save it with protocol=4")
    return _flattened(content, path)


def _flattened(content: Any, path: Path) -> dict[str, np.ndarray]:
    """Return the arrays and numbers of nested dicts, lists and tuples under their joined names, in the file's order."""
    found: dict[str, np.ndarray] = {}
    waiting = [("", content, 0)]
    visited = 0
    while waiting:
        name, value, depth = waiting.pop()
        visited += 1
        if depth > _MAX_DEPTH or visited > _MAX_ENTRIES:
            raise CheckpointError(path, "is nested too deep or has too many entries", "a file of weights")
        if isinstance(value, tuple) and len(value) == 2 and isinstance(value[0], str) and isinstance(value[1], _Array):
            value = value[1]  # a tensor that was saved with the name that it had in its process
        if isinstance(value, _Array):
            if value.array is None:
                raise CheckpointError(path, f"{name!r} has no numbers", remedy="Copy or download it again")
            found[name] = value.array
        elif isinstance(value, (bool, int, float, np.generic)):
            found[name] = np.asarray(value)
            if found[name].dtype.kind == "O":
                raise CheckpointError(path, f"{name!r} is a number of more than 64 bits")
        elif isinstance(value, (dict, list, tuple)):
            entries = list(value.items() if isinstance(value, dict) else enumerate(value))
            for key, entry in reversed(entries):
                if not isinstance(key, (str, int)) or len(str(key)) > _MAX_NAME:
                    raise CheckpointError(path, f"{name!r} has a key that is no name", "names of arrays")
                if key != _NAME_TABLE:
                    waiting.append((f"{name}/{key}" if name else str(key), entry, depth + 1))
    return found


class _DType:
    """What stands for a numpy.dtype: numbers of a fixed size in little-endian order."""

    def __init__(self, code: str, align: bool = False, copy: bool = True) -> None:
        if code not in _TYPES:
            raise ValueError(f"it has an array of type {code!s:.20}")
        self.dtype = np.dtype(code)

    def build(self, state: Any) -> None:
        _, order, *parts = state
        if order not in ("<", "|") or any(part is not None for part in parts[:3]):
            raise ValueError("it has an array of a type with another byte order or with fields")


class _Array:
    """What stands for a numpy.ndarray: empty until its state comes."""

    array: np.ndarray | None = None

    def build(self, state: Any) -> None:
        _, shape, of_type, fortran, data = state
        if not isinstance(of_type, _DType) or not isinstance(data, bytes):
            raise ValueError("it has an array of other things than numbers")
        if not all(type(size) is int and size >= 0 for size in shape) or len(shape) > 32:
            raise ValueError("it has an array of an impossible shape")
        if math.prod(shape) * of_type.dtype.itemsize != len(data):
            raise ValueError(f"an array of shape {shape} does not have the bytes that it needs")
        # A view: arrays that share their bytes cost nothing.
        self.array = np.frombuffer(data, of_type.dtype).reshape(shape, order="F" if fortran else "C")


def _scalar(of_type: Any, data: Any) -> np.generic:
    if not isinstance(of_type, _DType):
        raise ValueError("it has a number of an unknown type")
    [number] = np.frombuffer(data, of_type.dtype)
    return number


def _known(size: int) -> Globals:
    """Return what stands for each global that a `.pdparams` file of so many bytes may name."""
    ndarray = "numpy.ndarray"  # only ever an argument
    budget = size

    def reconstruct(kind: Any, shape: Any, code: Any) -> _Array:
        if kind is not ndarray:
            raise ValueError("it makes an array of an unknown kind")
        return _Array()

    def encode(text: str, encoding: str) -> bytes:
        """Protocol 2 writes bytes as text; together they are never more than the file."""
        nonlocal budget
        budget -= len(text)
        if encoding != "latin1" or budget < 0:
            raise ValueError("it has bytes in another encoding or more than it can hold")
        return text.encode("latin1")

    def same(pair: tuple[Any, ...]) -> tuple[Any, ...]:
        """How paddle.save writes a tensor: tuple((name, array))."""
        if type(pair) is not tuple:
            raise ValueError("it makes a tuple of something else")
        return pair

    known: dict[tuple[str, str], Any] = {
        ("numpy", "ndarray"): ndarray,
        ("numpy", "dtype"): _DType,
        ("collections", "OrderedDict"): lambda: {},
        ("_codecs", "encode"): encode,
    }
    for module in ("numpy.core.multiarray", "numpy._core.multiarray"):  # until NumPy 1.26, from 2.0 on
        known[module, "_reconstruct"] = reconstruct
        known[module, "scalar"] = _scalar
    for module in ("builtins", "__builtin__"):  # protocol 2 writes the name of Python 2
        known[module, "tuple"] = same
        known[module, "bytes"] = lambda: b""
    return known
