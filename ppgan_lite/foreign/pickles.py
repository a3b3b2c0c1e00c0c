"""Read pickles as data: a small interpreter of the opcodes that files of weights are written with.

`pickle.load` calls any function that a file names. Here nothing is imported, and a file chooses nothing that is called:
the globals that a reader knows stand for functions of the reader, every other one is refused, and allocations are
bounded by the file's own size.
"""

from __future__ import annotations

import io
import pickletools
from collections.abc import Callable, Mapping
from typing import Any, Protocol, runtime_checkable

from ppgan_lite.errors import CheckpointError

# (module, name) -> stand-in. The two are compared as they are, so a dotted name finds nothing.
Globals = Mapping[tuple[str, str], Any]

# A tensor takes about thirty opcodes.
MAX_OPCODES = 1_000_000

_CONSTANTS: dict[str, Any] = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
_EMPTY: dict[str, Callable[[], Any]] = {"EMPTY_DICT": dict, "EMPTY_LIST": list, "EMPTY_TUPLE": tuple}
_VALUES = {
    *("BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT"),
    *("BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8", "BINBYTES", "SHORT_BINBYTES", "BINBYTES8"),
    *("BINSTRING", "SHORT_BINSTRING"),  # the texts of Python 2
}
_TUPLES = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}


@runtime_checkable
class Buildable(Protocol):
    """A stand-in that takes the state which a file gives it."""

    def build(self, state: Any) -> None:
        """Check and take the state."""


def read_pickle(
    data: bytes | io.BytesIO, known: Globals, *, where: object, stored: Callable[[Any], Any] | None = None
) -> Any:
    """Return the content of a pickle of protocol 2 to 4: collections, texts, bytes, numbers, and stand-ins of `known`.

    Args:
        data: The pickle, or a stream, which is then at the pickle's end.
        known: The stand-in of each global that may be named. A callable is called with the file's arguments and must
            check them; an object with a `build` method gets the file's state.
        where: The file, for messages.
        stored: Resolves a persistent id, by which a pickle refers to data outside it, and must check it. Without it
            such ids are refused.

    Raises:
        CheckpointError: The pickle is damaged, or asks for anything beyond that.
    """
    try:
        return _run(data, known, where, stored)
    except CheckpointError:
        raise
    except Exception as error:  # Forged opcodes and arguments can fail in any way.
        detail = str(error)[:120] or type(error).__name__
        detail = "".join(letter if letter.isprintable() else "?" for letter in detail)
        raise CheckpointError(
            where, f"is damaged or not a pickle ({detail})", remedy="Copy or download it again"
        ) from error


def pickle_globals(data: bytes | io.BytesIO) -> list[str]:
    """Return every global that a pickle asks for, as "module.name" in the order of its opcodes; nothing is looked up.

    A name that only running the pickle would tell is "?"; of a damaged pickle, those before the damage are returned.
    """
    found: dict[str, None] = {}
    pushed: list[Any] = []  # by the opcodes so far; None for anything but text
    memo: dict[Any, Any] = {}
    try:
        for count, (opcode, argument, _) in enumerate(pickletools.genops(data)):
            name = opcode.name
            if count >= MAX_OPCODES:
                break
            if name in ("GLOBAL", "INST"):
                found[str(argument).replace(" ", ".", 1)] = None
                pushed.append(None)
            elif name == "STACK_GLOBAL":
                texts = [text if isinstance(text, str) else "?" for text in pushed[-2:]]
                found[".".join(texts)] = None
                pushed.append(None)
            elif name == "MEMOIZE":
                memo[len(memo)] = pushed[-1] if pushed else None
            elif name in ("BINPUT", "LONG_BINPUT", "PUT"):
                memo[argument] = pushed[-1] if pushed else None
            elif name in ("BINGET", "LONG_BINGET", "GET"):
                pushed.append(memo.get(argument))
            elif name not in ("PROTO", "FRAME"):
                pushed.append(argument if isinstance(argument, str) else None)
    except Exception:  # noqa: BLE001 - forged opcodes can fail in any way
        return list(found)
    return list(found)


def _run(data: bytes | io.BytesIO, known: Globals, where: object, stored: Callable[[Any], Any] | None) -> Any:
    stack: list[Any] = []
    below: list[list[Any]] = []  # the stack under each open mark, out of reach until the mark is closed
    memo: dict[Any, Any] = {}

    def pop_to_mark() -> list[Any]:
        nonlocal stack
        items, stack = stack, below.pop()
        return items

    for count, (opcode, argument, _) in enumerate(pickletools.genops(data)):
        name = opcode.name
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
            _expect(stack[-1], list).extend(values)
        elif name in ("SETITEM", "SETITEMS"):
            values = pop_to_mark() if name == "SETITEMS" else [stack.pop(-2), stack.pop()]
            _expect(stack[-1], dict).update(zip(values[::2], values[1::2], strict=True))
        elif name in ("BINPUT", "LONG_BINPUT"):
            memo[argument] = stack[-1]
        elif name == "MEMOIZE":
            memo[len(memo)] = stack[-1]
        elif name in ("BINGET", "LONG_BINGET"):
            stack.append(memo[argument])
        elif name in ("GLOBAL", "STACK_GLOBAL"):
            module, attribute = str(argument).split(" ", 1) if name == "GLOBAL" else (stack.pop(-2), stack.pop())
            stack.append(_global(module, attribute, known, where))
        elif name == "REDUCE":
            arguments = _expect(stack.pop(), tuple)
            function = stack.pop()
            if not callable(function):
                raise ValueError("it calls what is no function")
            stack.append(function(*arguments))
        elif name == "BUILD":
            state = stack.pop()
            if not isinstance(stack[-1], Buildable):
                raise ValueError(f"it gives a state to a {type(stack[-1]).__name__}")
            stack[-1].build(state)
        elif name == "BINPERSID" and stored is not None:
            stack.append(stored(stack.pop()))
        elif name == "STOP":
            [result] = stack
            return result
        elif name not in ("PROTO", "FRAME"):
            raise ValueError(f"opcode {name} has no place in a file of weights")
    raise ValueError("it has no end")


def _global(module: Any, name: Any, known: Globals, where: object) -> Any:
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
