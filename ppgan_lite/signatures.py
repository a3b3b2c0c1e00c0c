"""Check JSON values of a YAML or a checkpoint against the signature of the class that they are passed to.

A net, recipe or dataset is built from JSON values by keyword. Its signature, with type hints, is their schema, so that
a new class needs no second description.
"""

from __future__ import annotations

import functools
import inspect
import types
import typing
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ppgan_lite.tables import did_you_mean


@dataclass(frozen=True)
class Fault:
    """A fault in a set of arguments: its key, the value found, the value expected, and a remedy."""

    key: str
    found: str
    expected: str = ""
    remedy: str = ""

    def __str__(self) -> str:
        text = f"{self.key}: {self.found}"
        if self.expected:
            text += f"; expected {self.expected}"
        return text + (f". {self.remedy}" if self.remedy else "")


@dataclass(frozen=True)
class Within:
    """The range of a parameter, including its ends: `amount: Annotated[float, Within(0, 0.5)]`."""

    lowest: float
    highest: float
    odd: bool = False

    def __contains__(self, value: float) -> bool:
        return self.lowest <= value <= self.highest and (not self.odd or value % 2 == 1)  # NaN is in no range

    def __str__(self) -> str:
        return f"from {self.lowest:g} to {self.highest:g}{', odd' if self.odd else ''}"


def argument_faults(
    target: type | Callable[..., Any], arguments: Mapping[str, Any], *, supplied: Collection[str] = ()
) -> list[Fault]:
    """Compare JSON values with a signature: find unknown names, wrong types and ranges, and missing arguments.

    Args:
        target: A class, or a function.
        arguments: Name -> JSON value.
        supplied: Parameters that the caller supplies, which are not part of the schema.
    """
    parameters = {name: item for name, item in _parameters(target).items() if name not in supplied}
    owner = getattr(target, "__name__", str(target))
    faults = [unknown_key(name, parameters, owner) for name in arguments if name not in parameters]
    for name, parameter in parameters.items():
        hint = Any if parameter.annotation is parameter.empty else parameter.annotation
        if name not in arguments:
            if parameter.default is parameter.empty:
                faults.append(Fault(name, "missing", _words(hint)))
        elif not fits(arguments[name], hint):
            faults.append(Fault(name, shown(arguments[name]), _words(hint)))
    return faults


@functools.lru_cache(maxsize=256)
def _parameters(target: Callable[..., Any]) -> dict[str, inspect.Parameter]:
    """Return the parameters that can be passed by name, with evaluated hints."""
    return {
        name: parameter
        for name, parameter in inspect.signature(target, eval_str=True).parameters.items()
        if parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY)
    }


def with_defaults(cls: type | Callable[..., Any], arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments with defaults filled in, as JSON values in the order of the signature."""
    resolved = {}
    for name, parameter in inspect.signature(cls).parameters.items():
        if name in arguments:
            resolved[name] = arguments[name]
        elif parameter.default is not parameter.empty:
            resolved[name] = list(parameter.default) if isinstance(parameter.default, tuple) else parameter.default
    return resolved


def unknown_key(key: str, known: Iterable[str], owner: str) -> Fault:
    """Return the fault of an unknown key."""
    known = list(known)
    return Fault(key, f"{owner} has no such key", f"one of {', '.join(known) or 'none'}", did_you_mean(key, known))


def fits(value: Any, hint: Any) -> bool:
    """Return whether a JSON value matches a type hint.

    An int matches float, a list matches a tuple; a bool matches no number.
    """
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Annotated:
        ranges = [item for item in arguments[1:] if isinstance(item, Within)]
        return fits(value, arguments[0]) and all(value is None or value in item for item in ranges)
    if hint is Any:
        return True
    if origin is typing.Literal:
        return any(value == choice and type(value) is type(choice) for choice in arguments)
    if origin in (typing.Union, types.UnionType):
        return any(fits(value, choice) for choice in arguments)
    if hint is None or hint is type(None):
        return value is None
    if hint is float:
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    if hint is int:
        return isinstance(value, int) and not isinstance(value, bool)
    kind = origin or hint
    if kind is tuple:
        if not isinstance(value, (list, tuple)):
            return False
        if len(arguments) == 2 and arguments[1] is Ellipsis:
            return all(fits(item, arguments[0]) for item in value)
        return not arguments or (len(value) == len(arguments) and all(map(fits, value, arguments)))
    if isinstance(kind, type) and kind not in (str, bool) and issubclass(kind, Mapping):
        return isinstance(value, Mapping) and (
            not arguments or all(fits(key, arguments[0]) and fits(item, arguments[1]) for key, item in value.items())
        )
    if isinstance(kind, type) and kind is not str and issubclass(kind, Iterable):
        return isinstance(value, (list, tuple)) and (not arguments or all(fits(item, arguments[0]) for item in value))
    return isinstance(value, kind) if isinstance(kind, type) else True


def shown(value: Any) -> str:
    """Return a value for a message: shortened, with its type."""
    text = repr(value)
    return f"{text if len(text) <= 60 else text[:57] + '...'} ({_kind(value)})"


def _kind(value: Any) -> str:
    if value is None:
        return "nothing"
    kinds = {bool: "true/false", int: "an integer", float: "a number", str: "text", list: "a list", dict: "a mapping"}
    return kinds.get(type(value), type(value).__name__)


def _words(hint: Any) -> str:
    """Return a type hint in words."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Annotated:
        ranges = [str(item) for item in arguments[1:] if isinstance(item, Within)]
        return " ".join([_words(arguments[0]), *ranges])
    if origin is typing.Literal:
        return " or ".join(repr(choice) for choice in arguments)
    if origin in (typing.Union, types.UnionType):
        return " or ".join(_words(choice) for choice in arguments)
    words: dict[Any, str] = {bool: "true or false", int: "an integer", float: "a number", str: "text", Any: "any value"}
    if hint is None or hint is type(None):
        return "null"
    if hint in words:
        return words[hint]
    kind = origin or hint
    if kind is tuple and arguments and arguments[-1] is not Ellipsis:
        return f"a list of {len(arguments)}: {', '.join(map(_words, arguments))}"
    if isinstance(kind, type) and issubclass(kind, Mapping):
        return "a mapping"
    if isinstance(kind, type) and issubclass(kind, Iterable):
        return f"a list, each {_words(arguments[0])}" if arguments else "a list"
    return getattr(hint, "__name__", str(hint))
