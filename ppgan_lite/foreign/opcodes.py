"""Read the opcodes of a pickle as data, one after the other.

`pickletools.genops` copies each argument and decodes each text, however long, which can take five times the memory of
the file. Here bytes and long texts stay views of it.
"""

from __future__ import annotations

import pickletools
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

# Names and settings are shorter; protocol 2 stores the bytes of arrays as longer texts.
_LONG_TEXT = 65_536
_MAX_LINE = 4096
# LONG4 and LONG1: numbers of more bytes have no place in a file of weights.
_MAX_INT_BYTES = 255

Value = Any
Read = Callable[[memoryview, int], tuple[Value, int]]


@dataclass(frozen=True)
class LongText:
    """A long text that is not decoded.

    Attributes:
        data: Its bytes in the file.
        encoding: Theirs.
    """

    data: memoryview
    encoding: str

    def latin_1(self) -> bytes | memoryview:
        """Return the text as Latin-1 bytes, as protocol 2 stores bytes.

        Raises:
            ValueError: It has other letters.
        """
        if self.encoding == "latin-1":
            return self.data
        # No letter of Latin-1 has a larger byte in UTF-8. A single other letter would make four bytes of each.
        if int(np.frombuffer(self.data, np.uint8).max()) > 0xC3:
            raise ValueError("it has a long text of other letters than Latin-1")
        return str(self.data, self.encoding).encode("latin-1")


def read_opcodes(data: memoryview, start: int = 0) -> Iterator[tuple[str, Value, int]]:
    """Yield the name of each opcode of a pickle, its argument, and the place after it, to the end of the pickle.

    Args:
        data: The file.
        start: Where the pickle begins.

    Raises:
        ValueError: The data are not opcodes, or end before the pickle does.
    """
    place = start
    while place < len(data):
        opcode = _OPCODES.get(data[place])
        if opcode is None:
            raise ValueError(f"{bytes(data[place : place + 1])!r} is no opcode")
        name, read = opcode
        argument, place = (None, place + 1) if read is None else read(data, place + 1)
        yield name, argument, place
        if name == "STOP":
            return
    raise ValueError("it has no end")


def _slice(data: memoryview, start: int, size: int) -> tuple[memoryview, int]:
    if not 0 <= size <= len(data) - start:
        raise ValueError(f"an argument of {size} bytes goes beyond the file")
    return data[start : start + size], start + size


def _number(code: str) -> Read:
    number = struct.Struct(code)

    def read(data: memoryview, start: int) -> tuple[Value, int]:
        taken, end = _slice(data, start, number.size)
        return number.unpack(taken)[0], end

    return read


def _sized(code: str, convert: Callable[[memoryview], Value]) -> Read:
    """Return a reader of arguments that begin with their size."""
    size = _number(code)

    def read(data: memoryview, start: int) -> tuple[Value, int]:
        count, start = size(data, start)
        taken, end = _slice(data, start, count)
        return convert(taken), end

    return read


def _lines(count: int) -> Read:
    """Return a reader of arguments that are lines of text, joined by a space."""

    def read(data: memoryview, start: int) -> tuple[str, int]:
        lines = []
        for _ in range(count):
            end = bytes(data[start : start + _MAX_LINE]).find(b"\n")
            if end < 0:
                raise ValueError("an argument has no end of line")
            lines.append(bytes(data[start : start + end]).decode("utf-8", "backslashreplace"))
            start += end + 1
        return " ".join(lines), start

    return read


def _text(encoding: str) -> Callable[[memoryview], str | LongText]:
    def decode(data: memoryview) -> str | LongText:
        return str(data, encoding, "backslashreplace") if len(data) <= _LONG_TEXT else LongText(data, encoding)

    return decode


def _int(data: memoryview) -> int:
    if len(data) > _MAX_INT_BYTES:
        raise ValueError(f"a number has {len(data)} bytes")
    return int.from_bytes(data, "little", signed=True)


# Name of an argument's kind in `pickletools` -> its reader.
_ARGUMENTS: dict[str, Read] = {
    "uint1": _number("<B"),
    "uint2": _number("<H"),
    "int4": _number("<i"),
    "uint4": _number("<I"),
    "uint8": _number("<Q"),
    "float8": _number(">d"),
    "long1": _sized("<B", _int),
    "long4": _sized("<i", _int),
    "string1": _sized("<B", _text("latin-1")),
    "string4": _sized("<i", _text("latin-1")),
    "unicodestring1": _sized("<B", _text("utf-8")),
    "unicodestring4": _sized("<I", _text("utf-8")),
    "unicodestring8": _sized("<Q", _text("utf-8")),
    "bytes1": _sized("<B", lambda data: data),
    "bytes4": _sized("<I", lambda data: data),
    "bytes8": _sized("<Q", lambda data: data),
    "bytearray8": _sized("<Q", lambda data: data),
    **dict.fromkeys(("decimalnl_short", "decimalnl_long", "stringnl", "unicodestringnl", "floatnl"), _lines(1)),
    "stringnl_noescape": _lines(1),
    "stringnl_noescape_pair": _lines(2),
}
_OPCODES: dict[int, tuple[str, Read | None]] = {
    ord(opcode.code): (opcode.name, None if opcode.arg is None else _ARGUMENTS[opcode.arg.name])
    for opcode in pickletools.opcodes
}
