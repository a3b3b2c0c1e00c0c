"""Arrays of pickled files: stand-ins for the NumPy objects that a pickle names, and arrays under joined names."""

from __future__ import annotations

import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np

from ppgan_lite.errors import CheckpointError

# Published files of weights have up to half a gigabyte.
MAX_FILE_BYTES = 8_000_000_000

_TYPES = ("f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "b1")

# Added by paddle.save to a state dict: our name -> the name that the parameter had in that process.
_NAME_TABLE = "StructuredToParameterName@@"

# Bounds of the growth that a forged file can reach by references to the same objects.
_MAX_ENTRIES = 100_000
_MAX_DEPTH = 8
_MAX_NAME = 500
_MAX_DIMENSIONS = 32


def read_bytes(path: Path, expected: str) -> bytes:
    """Return the bytes of a file.

    Args:
        path: The file.
        expected: The kind of file that it should be, for messages.

    Raises:
        CheckpointError: It is missing, a folder, empty, too large or cannot be read.
    """
    if path.is_dir():
        raise CheckpointError(path, "is a folder", expected, "Give the file itself")
    try:
        size = path.stat().st_size
        if size > MAX_FILE_BYTES:
            raise CheckpointError(path, f"has {size / 1e9:.1f} GB", f"at most {MAX_FILE_BYTES / 1e9:.0f} GB")
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise CheckpointError(path, "there is no such file", expected, "Check the path") from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise CheckpointError(path, f"cannot be read ({reason})", expected) from error
    if not data:
        raise CheckpointError(path, "is empty (0 bytes)", expected, "Copy or download it again")
    return data


@runtime_checkable
class Leaf(Protocol):
    """A stand-in for an array: the array, or None if the file never gave its values."""

    array: np.ndarray | None


def flattened(content: Any, path: Path) -> dict[str, np.ndarray]:
    """Return the arrays and numbers of nested dicts, lists and tuples under their joined names, in the file's order.

    The names of nested dicts and the places in lists are joined by "/": {"net_dec": {"conv.weight": array}, "epoch": 3}
    gives "net_dec/conv.weight" and "epoch". Numbers become arrays without dimensions, texts are left out.

    Raises:
        CheckpointError: It is nested too deep, has too many entries, keys other than names, or arrays without values.
    """
    found: dict[str, np.ndarray] = {}
    waiting = [("", content, 0)]
    visited = 0
    while waiting:
        name, value, depth = waiting.pop()
        visited += 1
        if depth > _MAX_DEPTH or visited > _MAX_ENTRIES:
            raise CheckpointError(path, "is nested too deep or has too many entries", "a file of weights")
        if isinstance(value, tuple) and len(value) == 2 and isinstance(value[0], str) and isinstance(value[1], Leaf):
            value = value[1]  # a tensor that Paddle saved with the name that it had in its process
        if isinstance(value, (bool, int, float, np.generic)):
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
        elif isinstance(value, Leaf):
            if value.array is None:
                raise CheckpointError(path, f"{name!r} has no numbers", remedy="Copy or download it again")
            found[name] = value.array
    return found


def checked_shape(shape: Any) -> tuple[int, ...]:
    """Return a shape from a file, or raise ValueError if it is impossible."""
    if not isinstance(shape, tuple) or len(shape) > _MAX_DIMENSIONS:
        raise ValueError("it has an array of an impossible shape")
    if not all(type(size) is int and size >= 0 for size in shape):
        raise ValueError("it has an array of an impossible shape")
    return shape


class OrderedDict(dict[Any, Any]):
    """Stand-in for a collections.OrderedDict, which may carry attributes that no reader needs."""

    def __init__(self, pairs: Iterable[Any] = ()) -> None:
        super().__init__()
        if not isinstance(pairs, list) and pairs != ():
            raise ValueError("it makes a dict of something else than pairs")
        for key, value in pairs:  # Python 2 writes lists of two
            self[key] = value

    def build(self, state: Any) -> None:
        """Ignore the attributes: PyTorch adds the versions of a net's layers."""


class DType:
    """Stand-in for a numpy.dtype: numbers of a fixed size in little-endian order."""

    def __init__(self, code: str, align: bool = False, copy: bool = True) -> None:
        if code not in _TYPES:
            raise ValueError(f"it has an array of type {code!s:.20}")
        self.dtype = np.dtype(code)

    def build(self, state: Any) -> None:
        _, order, *parts = state
        if order not in ("<", "|") or any(part is not None for part in parts[:3]):
            raise ValueError("it has an array of a type with another byte order or with fields")


class Array:
    """Stand-in for a numpy.ndarray: empty until its state comes."""

    array: np.ndarray | None = None

    def build(self, state: Any) -> None:
        _, shape, of_type, fortran, data = state
        if not isinstance(of_type, DType) or not isinstance(data, bytes):
            raise ValueError("it has an array of other things than numbers")
        if math.prod(checked_shape(shape)) * of_type.dtype.itemsize != len(data):
            raise ValueError(f"an array of shape {shape} does not have the bytes that it needs")
        # A view: arrays that share their bytes cost nothing.
        self.array = np.frombuffer(data, of_type.dtype).reshape(shape, order="F" if fortran else "C")


def _scalar(of_type: Any, data: Any) -> np.generic:
    if not isinstance(of_type, DType):
        raise ValueError("it has a number of an unknown type")
    [number] = np.frombuffer(data, of_type.dtype)
    return number


def numpy_globals(size: int) -> dict[tuple[str, str], Any]:
    """Return the stand-in of each global that a pickle of NumPy arrays may name, in a file of `size` bytes."""
    ndarray = "numpy.ndarray"  # only ever an argument
    budget = size

    def reconstruct(kind: Any, shape: Any, code: Any) -> Array:
        if kind is not ndarray:
            raise ValueError("it makes an array of an unknown kind")
        return Array()

    def encode(text: str, encoding: str) -> bytes:
        """Encode text as bytes, as protocol 2 stores them; together they are never more than the file."""
        nonlocal budget
        budget -= len(text)
        if encoding != "latin1" or budget < 0:
            raise ValueError("it has bytes in another encoding or more than it can hold")
        return text.encode("latin1")

    def same(pair: tuple[Any, ...]) -> tuple[Any, ...]:
        """Return the tuple: paddle.save writes a tensor as tuple((name, array))."""
        if type(pair) is not tuple:
            raise ValueError("it makes a tuple of something else")
        return pair

    known: dict[tuple[str, str], Any] = {
        ("numpy", "ndarray"): ndarray,
        ("numpy", "dtype"): DType,
        ("collections", "OrderedDict"): OrderedDict,
        ("_codecs", "encode"): encode,
    }
    for module in ("numpy.core.multiarray", "numpy._core.multiarray"):  # until NumPy 1.26, from 2.0 on
        known[module, "_reconstruct"] = reconstruct
        known[module, "scalar"] = _scalar
    for module in ("builtins", "__builtin__"):  # protocol 2 writes the name of Python 2
        known[module, "tuple"] = same
        known[module, "bytes"] = lambda: b""
    return known
