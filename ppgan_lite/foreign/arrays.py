"""Arrays of pickled files: stand-ins for the NumPy objects that a pickle names, and arrays under joined names."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from ppgan_lite.errors import CheckpointError
from ppgan_lite.foreign.opcodes import LongText
from ppgan_lite.foreign.pickles import Buildable, set_items
from ppgan_lite.runtime.files import is_stream

# Published files of weights have up to half a gigabyte.
MAX_FILE_BYTES = 8_000_000_000

_TYPES = ("f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "b1")

# Added by paddle.save to a state dict: our name -> the name that the parameter had in that process.
_NAME_TABLE = "StructuredToParameterName@@"

# Bounds of the growth that a forged file can reach by references to the same objects.
_MAX_ENTRIES = 100_000
_MAX_DEPTH = 8
_MAX_NAME = 500
_MAX_NAMES = 5_000_000  # letters of all joined names
_MAX_DIMENSIONS = 32
_MAX_COUNT = 2**63
_MAX_EMPTY = 2**48
_MAX_STATE = 16  # of a numpy.dtype; it has nine parts


def read_bytes(path: Path, expected: str) -> bytes:
    """Return the bytes of a file.

    Args:
        path: The file.
        expected: The kind of file that it should be, for messages.

    Raises:
        CheckpointError: It is missing, a folder, a pipe, empty, too large or cannot be read.
    """
    if path.is_dir():
        raise CheckpointError(path, "is a folder", expected, "Give the file itself")
    if is_stream(path):
        raise CheckpointError(path, "is a pipe or a device", "a file", "Save it to a file first")
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


class Leaf(ABC):
    """A stand-in for an array."""

    @property
    @abstractmethod
    def array(self) -> np.ndarray | None:
        """The array; None if the file never gave its values."""


def flattened(content: Any, path: Path) -> dict[str, np.ndarray]:
    """Return the arrays and numbers of nested dicts, lists and tuples under their joined names, in the file's order.

    The names of nested dicts and the places in lists are joined by "/": {"net_dec": {"conv.weight": array}, "epoch": 3}
    gives "net_dec/conv.weight" and "epoch". Numbers become arrays without dimensions; texts, bytes and other programs'
    settings are left out.

    Raises:
        CheckpointError: It is nested too deep, has too many entries, keys other than names, or arrays without values.
    """
    found: dict[str, np.ndarray] = {}
    waiting = [("", content, 0)]
    entries_so_far = letters = 0

    def check(is_fine: bool) -> None:
        if not is_fine:
            raise CheckpointError(path, "is nested too deep or has too many entries", "a file of weights")

    while waiting:
        name, value, depth = waiting.pop()
        check(depth <= _MAX_DEPTH)
        if isinstance(value, tuple) and len(value) == 2 and isinstance(value[0], str) and isinstance(value[1], Leaf):
            value = value[1]  # a tensor that Paddle saved with the name that it had in its process
        if isinstance(value, (bool, int, float, np.generic)):
            found[name] = np.asarray(value)
            if found[name].dtype.kind == "O":
                raise CheckpointError(path, f"{name!r} is a number of more than 64 bits")
        elif isinstance(value, (dict, list, tuple)):
            entries_so_far += len(value)
            check(entries_so_far <= _MAX_ENTRIES)
            entries = list(value.items() if isinstance(value, dict) else enumerate(value))
            for key, entry in reversed(entries):
                if len(str(key)) > _MAX_NAME:
                    raise CheckpointError(path, f"{name!r} has a key that is no name", "names of arrays")
                if key != _NAME_TABLE:
                    waiting.append((f"{name}/{key}" if name else str(key), entry, depth + 1))
                    letters += len(waiting[-1][0])
                    check(letters <= _MAX_NAMES)
        elif isinstance(value, Leaf):
            if value.array is None:
                raise CheckpointError(path, f"{name!r} has no numbers", remedy="Copy or download it again")
            found[name] = value.array
    return found


def checked_shape(shape: Any) -> tuple[int, ...]:
    """Return a shape from a file, or raise ValueError if it is impossible."""
    sizes = checked_strides(shape)
    # Where one side is 0, no size of the file bounds the others.
    if 0 in sizes and math.prod(size or 1 for size in sizes) >= _MAX_EMPTY:
        raise ValueError("it has an array of an impossible shape")
    return sizes


def checked_strides(strides: Any) -> tuple[int, ...]:
    """Return the steps of an array from a file, or raise ValueError if they are impossible."""
    if not isinstance(strides, tuple) or len(strides) > _MAX_DIMENSIONS:
        raise ValueError("it has an array of an impossible shape")
    if not all(type(step) is int and 0 <= step < _MAX_COUNT for step in strides):
        raise ValueError("it has an array of an impossible shape")
    return strides


class OrderedDict(dict[Any, Any], Buildable):
    """Stand-in for a collections.OrderedDict, which may carry attributes that no reader needs."""

    def __init__(self, pairs: Iterable[Any] = ()) -> None:
        super().__init__()
        set_items(self, pairs)  # Python 2 writes lists of two

    def build(self, state: Any) -> None:
        """Ignore the attributes: PyTorch adds the versions of a net's layers."""


class DType(Buildable):
    """Stand-in for a numpy.dtype: numbers of a fixed size in little-endian order."""

    def __init__(self, code: str, align: bool = False, copy: bool = True) -> None:
        if not isinstance(code, str) or code not in _TYPES:
            raise ValueError(f"it has an array of type {code if isinstance(code, str) else type(code).__name__!s:.20}")
        self.dtype = np.dtype(code)

    def build(self, state: Any) -> None:
        if not isinstance(state, tuple) or len(state) > _MAX_STATE:
            raise ValueError("it has an array of an unknown type")
        _, order, *parts = state
        if order not in ("<", "|") or any(part is not None for part in parts[:3]):
            raise ValueError("it has an array of a type with another byte order or with fields")


class Array(Leaf, Buildable):
    """Stand-in for a numpy.ndarray: empty until its state comes."""

    def __init__(self) -> None:
        self._array: np.ndarray | None = None

    @property
    def array(self) -> np.ndarray | None:
        return self._array

    def build(self, state: Any) -> None:
        _, shape, of_type, fortran, data = state
        if isinstance(data, LongText):
            data = data.latin_1()  # Python 2 stores bytes as text
        if not isinstance(of_type, DType) or not isinstance(data, (bytes, memoryview)):
            raise ValueError("it has an array of other things than numbers")
        if math.prod(checked_shape(shape)) * of_type.dtype.itemsize != len(data):
            raise ValueError(f"an array of shape {shape} does not have the bytes that it needs")
        # A view: arrays that share their bytes cost nothing.
        self._array = np.frombuffer(data, of_type.dtype).reshape(shape, order="F" if fortran else "C")


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

    def encode(text: str | LongText, encoding: str) -> bytes | memoryview:
        """Encode text as bytes, as protocol 2 stores them; together they are never more than the file."""
        nonlocal budget
        encoded = text.latin_1() if isinstance(text, LongText) else text.encode("latin1")
        budget -= len(encoded)
        if encoding != "latin1" or budget < 0:
            raise ValueError("it has bytes in another encoding or more than it can hold")
        return encoded

    def ordered(pairs: Any = ()) -> OrderedDict:
        """Return an ordered dict; all of them together name no more pairs than the file has bytes."""
        nonlocal budget
        if not isinstance(pairs, (list, tuple)):
            raise ValueError("it makes a dict of something else than pairs")
        budget -= len(pairs)
        if budget < 0:
            raise ValueError("it makes dicts of the same pairs again and again")
        return OrderedDict(pairs)

    def same(pair: tuple[Any, ...]) -> tuple[Any, ...]:
        """Return the tuple: paddle.save writes a tensor as tuple((name, array))."""
        if type(pair) is not tuple:
            raise ValueError("it makes a tuple of something else")
        return pair

    known: dict[tuple[str, str], Any] = {
        ("numpy", "ndarray"): ndarray,
        ("numpy", "dtype"): DType,
        ("collections", "OrderedDict"): ordered,
        ("_codecs", "encode"): encode,
    }
    for module in ("numpy.core.multiarray", "numpy._core.multiarray"):  # until NumPy 1.26, from 2.0 on
        known[module, "_reconstruct"] = reconstruct
        known[module, "scalar"] = _scalar
    for module in ("builtins", "__builtin__"):  # protocol 2 writes the name of Python 2
        known[module, "tuple"] = same
        known[module, "bytes"] = lambda: b""
    return known
