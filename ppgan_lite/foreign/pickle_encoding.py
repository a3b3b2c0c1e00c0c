"""Encode dicts, arrays and texts as pickle opcodes.

`pickle` would need the classes that a file names: PyTorch's, and those of a NumPy old enough for PaddleGAN. Written by
hand, the opcodes need neither.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping

import numpy as np

EMPTY_ORDERED_DICT = b"ccollections\nOrderedDict\n)R"
FALSE = b"\x89"
REDUCE = b"R"


def encode_dict(entries: Mapping[str, bytes]) -> bytes:
    """Encode a dict of names to encoded values."""
    return b"}" + encode_items(entries)


def encode_items(entries: Mapping[str, bytes]) -> bytes:
    """Encode names and encoded values as items of the dict before them."""
    return b"(" + b"".join(encode_text(name) + value for name, value in entries.items()) + b"u"


def encode_array(array: np.ndarray) -> bytes:
    """Encode a NumPy array as every version of NumPy reads it."""
    data = array.tobytes()
    code, order = array.dtype.str[1:], array.dtype.str[0]
    empty = encode_tuple([encode_global("numpy", "ndarray"), encode_tuple([encode_int(0)]), b"C\x01b"])
    dtype = encode_global("numpy", "dtype") + encode_tuple([encode_text(code), FALSE, b"\x88"]) + REDUCE
    no_fields = [b"N", b"N", b"N", encode_int(-1), encode_int(-1), encode_int(0)]
    dtype += encode_tuple([encode_int(3), encode_text(order), *no_fields]) + b"b"
    state = [encode_int(1), encode_shape(array.shape), dtype, FALSE, b"B" + struct.pack("<I", len(data)) + data]
    return encode_global("numpy.core.multiarray", "_reconstruct") + empty + REDUCE + encode_tuple(state) + b"b"


def encode_shape(shape: Iterable[int]) -> bytes:
    """Encode integers as a tuple."""
    return encode_tuple(map(encode_int, shape))


def encode_tuple(items: Iterable[bytes]) -> bytes:
    """Encode encoded items as a tuple."""
    return b"(" + b"".join(items) + b"t"


def encode_global(module: str, name: str) -> bytes:
    """Encode a reference to a function or class."""
    return f"c{module}\n{name}\n".encode()


def encode_text(text: str) -> bytes:
    """Encode a string."""
    data = text.encode()
    return b"X" + struct.pack("<I", len(data)) + data


def encode_int(number: int) -> bytes:
    """Encode an integer of up to 64 bits."""
    if -(2**31) <= number < 2**31:
        return b"J" + struct.pack("<i", number)
    return b"\x8a\x08" + struct.pack("<q", number)
