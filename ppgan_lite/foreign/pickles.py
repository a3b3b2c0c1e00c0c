"""Read pickles as data: a small interpreter of the opcodes that files of weights are written with.

`pickle.load` calls any function that a file names. Here nothing is imported, and a file chooses nothing that is called:
the globals that a reader knows stand for functions of the reader, every other one is refused, and allocations are
bounded by the file's own size.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ppgan_lite.errors import CheckpointError
from ppgan_lite.foreign.opcodes import read_opcodes

# (module, name) -> stand-in. The two are compared as they are, so a dotted name finds nothing.
Globals = Mapping[tuple[str, str], Any]

# A tensor takes about thirty opcodes.
MAX_OPCODES = 300_000
# Functions of honest files have up to seven arguments, and longer ones would be copied with each call.
_MAX_ARGUMENTS = 16
_MAX_GLOBALS = 1000
_MAX_GLOBAL_NAME = 200

_CONSTANTS: dict[str, Any] = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
_EMPTY: dict[str, Callable[[], Any]] = {"EMPTY_DICT": dict, "EMPTY_LIST": list, "EMPTY_TUPLE": tuple}
_VALUES = {
    *("BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT"),
    *("BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8", "BINBYTES", "SHORT_BINBYTES", "BINBYTES8"),
    *("BINSTRING", "SHORT_BINSTRING"),  # the texts of Python 2
}
_TUPLES = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}


class Buildable(ABC):
    """A stand-in that takes the state which a file gives it."""

    @abstractmethod
    def build(self, state: Any) -> None:
        """Check and take the state."""


class Ignored(Buildable):
    """Stand-in for a class whose objects lie beside the weights, such as settings: nothing of them is kept."""

    def __call__(self, *arguments: Any) -> Ignored:
        return self

    def build(self, state: Any) -> None:
        """Ignore the state."""


IGNORED = Ignored()


class UnreadableError(ValueError):
    """An honest content that has no counterpart here, as the `found` of a `CheckpointError`."""


def read_pickle(
    data: bytes | memoryview, known: Globals, *, where: object, stored: Callable[[Any], Any] | None = None
) -> Any:
    """Return the content of a pickle; see `read_pickle_at`."""
    return read_pickle_at(data, 0, known, where=where, stored=stored)[0]


def read_pickle_at(
    data: bytes | memoryview,
    start: int,
    known: Globals,
    *,
    where: object,
    stored: Callable[[Any], Any] | None = None,
) -> tuple[Any, int]:
    """Return the content of a pickle of protocol 2 to 4: collections, texts, bytes, numbers, and stand-ins of `known`.

    Args:
        data: The file; bytes in the content are views of it.
        start: Where the pickle begins.
        known: The stand-in of each global that may be named. A callable is called with the file's arguments and must
            check them; an object with a `build` method gets the file's state.
        where: The file, for messages.
        stored: Resolves a persistent id, by which a pickle refers to data outside it, and must check it. Without it
            such ids are refused.

    Returns:
        The content, and the place after the pickle.

    Raises:
        CheckpointError: The pickle is damaged, or asks for anything beyond that.
    """
    try:
        return _run(memoryview(data), start, known, where, stored)
    except CheckpointError:
        raise
    except UnreadableError as error:
        raise CheckpointError(where, str(error), "arrays of ordinary numbers") from error
    except Exception as error:  # Forged opcodes and arguments can fail in any way.
        detail = str(error)[:120] or type(error).__name__
        detail = "".join(letter if letter.isprintable() else "?" for letter in detail)
        raise CheckpointError(
            where, f"is damaged or not a pickle ({detail})", remedy="Copy or download it again"
        ) from error


def pickle_globals(data: bytes | memoryview, start: int = 0) -> tuple[list[str], int]:
    """Return every global that a pickle asks for, and the place after the pickle; nothing is looked up.

    A global is "module.name", in the order of the opcodes. A name that only running the pickle would tell is "?"; of a
    damaged pickle, those before the damage are returned, and the end of the data.

    Args:
        data: The file.
        start: Where the pickle begins.
    """
    found: dict[str, None] = {}
    pushed: list[Any] = []  # by the opcodes so far; None for anything but text
    memo: dict[Any, Any] = {}
    end = start
    try:
        for count, (name, argument, place) in enumerate(read_opcodes(memoryview(data), start)):
            end = place
            if count >= MAX_OPCODES or len(found) >= _MAX_GLOBALS:
                break
            if name in ("GLOBAL", "INST"):
                found[argument.replace(" ", ".", 1)[:_MAX_GLOBAL_NAME]] = None
                pushed.append(None)
            elif name == "STACK_GLOBAL":
                found[".".join(text or "?" for text in pushed[-2:])] = None
                pushed.append(None)
            elif name == "MEMOIZE":
                memo[len(memo)] = pushed[-1] if pushed else None
            elif name in ("BINPUT", "LONG_BINPUT", "PUT"):
                memo[argument] = pushed[-1] if pushed else None
            elif name in ("BINGET", "LONG_BINGET", "GET"):
                pushed.append(memo.get(argument))
            elif name not in ("PROTO", "FRAME"):
                pushed.append(argument[:_MAX_GLOBAL_NAME] if isinstance(argument, str) else None)
            if name == "STOP":
                return list(found), end
    except ValueError:
        pass
    return list(found), len(data)


def _run(
    data: memoryview, start: int, known: Globals, where: object, stored: Callable[[Any], Any] | None
) -> tuple[Any, int]:
    stack: list[Any] = []
    below: list[list[Any]] = []  # the stack under each open mark, out of reach until the mark is closed
    memo: dict[Any, Any] = {}

    def pop_to_mark() -> list[Any]:
        nonlocal stack
        items, stack = stack, below.pop()
        return items

    for count, (name, argument, end) in enumerate(read_opcodes(data, start)):
        if count >= MAX_OPCODES:
            raise CheckpointError(where, f"has more than {MAX_OPCODES} opcodes", "a file of weights")
        if name in _VALUES:
            stack.append(argument)
        elif name in _CONSTANTS:
            stack.append(_CONSTANTS[name])
        elif name in _EMPTY:
            stack.append(_EMPTY[name]())
        elif name == "MARK":
            below.append(stack)
            stack = []
        elif name == "TUPLE":
            items = pop_to_mark()
            stack.append(tuple(items))
        elif name in _TUPLES:
            items = [stack.pop() for _ in range(_TUPLES[name])]
            stack.append(tuple(reversed(items)))
        elif name in ("APPEND", "APPENDS"):
            values = pop_to_mark() if name == "APPENDS" else [stack.pop()]
            if stack[-1] is not IGNORED:
                _expect(stack[-1], list).extend(values)
        elif name in ("SETITEM", "SETITEMS"):
            values = pop_to_mark() if name == "SETITEMS" else [stack.pop(-2), stack.pop()]
            if stack[-1] is not IGNORED:
                set_items(_expect(stack[-1], dict), zip(values[::2], values[1::2], strict=True))
        elif name in ("BINPUT", "LONG_BINPUT"):
            memo[argument] = stack[-1]
        elif name == "MEMOIZE":
            memo[len(memo)] = stack[-1]
        elif name in ("BINGET", "LONG_BINGET"):
            stack.append(memo[argument])
        elif name in ("GLOBAL", "STACK_GLOBAL"):
            module, attribute = argument.split(" ", 1) if name == "GLOBAL" else (stack.pop(-2), stack.pop())
            stack.append(_global(module, attribute, known, where))
        elif name == "REDUCE":
            arguments = _expect(stack.pop(), tuple)
            function = stack.pop()
            if not callable(function) or len(arguments) > _MAX_ARGUMENTS:
                raise ValueError("it calls what is no function")
            stack.append(function(*arguments))
        elif name == "NEWOBJ" and stack[-2] is IGNORED:
            stack.pop()  # its arguments
        elif name == "BUILD":
            state = stack.pop()
            if not isinstance(stack[-1], Buildable):
                raise ValueError(f"it gives a state to a {type(stack[-1]).__name__}")
            stack[-1].build(state)
        elif name == "BINPERSID" and stored is not None:
            stack.append(stored(stack.pop()))
        elif name == "STOP":
            [result] = stack
            return result, end
        elif name not in ("PROTO", "FRAME"):
            raise ValueError(f"opcode {name} has no place in a file of weights")
    raise ValueError("it has no end")


def set_items(target: dict[Any, Any], pairs: Iterable[tuple[Any, Any]]) -> None:
    """Set the items of a dict that a file names.

    Raises:
        ValueError: A key is neither text nor an integer. To hash nested tuples can take forever.
    """
    for key, value in pairs:
        if isinstance(key, (str, int)):
            target[key] = value
        elif key is not IGNORED:
            raise ValueError("a dict has a key that is no name")


def _global(module: Any, name: Any, known: Globals, where: object) -> Any:
    if not isinstance(module, str) or not isinstance(name, str):
        raise ValueError("it asks for a global whose name is no text")
    if (module, name) not in known:
        raise CheckpointError(
            where,
            f"asks for {f'{module}.{name}'[:80]!r}, which no file of weights needs",
            remedy="Nothing of it was run; do not open it with other programs",
        )
    return known[module, name]


def _expect(value: Any, kind: type) -> Any:
    if not isinstance(value, kind):
        raise ValueError(f"a {type(value).__name__} stands where a {kind.__name__} must be")
    return value
