"""Check JSON values of a YAML or a checkpoint against the signature of the class that they are passed to.

A net, recipe or dataset is built from JSON values by keyword. Its signature, with type hints, is their schema, so that
a new class needs no second description.
"""

from __future__ import annotations

import functools
import inspect
import math
import types
import typing
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from ppgan_lite.tables import did_you_mean

_MAX_UNKNOWN = 100  # faults of this kind that are described, each with the name that may have been meant


class Fault(NamedTuple):
    """A fault in a set of arguments: its key, the value found, the value expected, and a remedy.

    Attributes:
        is_range: Whether the value is of the right type, but outside of its range.
    """

    key: str
    found: str
    expected: str = ""
    remedy: str = ""
    is_range: bool = False

    def __str__(self) -> str:
        text = f"{self.key}: {self.found}"
        if self.expected:
            text += f"; expected {self.expected}"
        return text + (f". {self.remedy}" if self.remedy else "")


@dataclass(frozen=True)
class Within:
    """The range of a parameter: `amount: Annotated[float, Within(0, 0.5)]`. NaN and infinity are in no range.

    Attributes:
        lowest, highest: Its ends, which are part of it.
        odd: Whether the number must be odd.
        above: Whether `lowest` is not part of it.
        below: Whether `highest` is not part of it.
    """

    lowest: float
    highest: float = math.inf
    odd: bool = False
    above: bool = False
    below: bool = False

    def __contains__(self, value: float) -> bool:
        if not self.lowest <= value <= self.highest or abs(value) == math.inf or (self.odd and value % 2 == 0):
            return False
        return not (self.above and value == self.lowest) and not (self.below and value == self.highest)

    def __str__(self) -> str:
        if self.highest == math.inf:
            text = f"above {self.lowest:g}" if self.above else f"{self.lowest:g} or more"
        elif self.above:
            text = f"above {self.lowest:g} and {'below' if self.below else 'up to'} {self.highest:g}"
        else:
            text = f"from {self.lowest:g} to {'below ' if self.below else ''}{self.highest:g}"
        return text + (", odd" if self.odd else "")


class ArgumentsOf(NamedTuple):
    """The net whose arguments a mapping holds: `net: Annotated[dict[str, Any], ArgumentsOf("StyleTransferNet")]`."""

    net: str


# A file or a folder: `~` and variables of the environment are expanded in a config.
FilePath = typing.Annotated[str, "path"]
NonNegativeInt = typing.Annotated[int, Within(0)]
PositiveInt = typing.Annotated[int, Within(1)]
NonNegative = typing.Annotated[float, Within(0)]
Positive = typing.Annotated[float, Within(0, above=True)]


def argument_faults(
    target: type | Callable[..., Any], arguments: Mapping[str, Any], *, supplied: Collection[str] = ()
) -> list[Fault]:
    """Compare JSON values with a signature: find unknown names, wrong types, missing arguments and, last, wrong ranges.

    Args:
        target: A class, or a function.
        arguments: Name -> JSON value.
        supplied: Parameters that the caller supplies, which are not part of the schema.
    """
    parameters = {name: item for name, item in _parameters(target).items() if name not in supplied}
    owner = getattr(target, "__name__", str(target))
    unknown = [name for name in arguments if name not in parameters]
    faults = [unknown_key(name, parameters, owner) for name in unknown[:_MAX_UNKNOWN]]
    for name, parameter in parameters.items():
        hint = Any if parameter.annotation is parameter.empty else parameter.annotation
        if name not in arguments:
            if parameter.default is parameter.empty:
                faults.append(Fault(name, "missing", _words(hint)))
        elif not fits(arguments[name], hint):
            faults.append(_fault(name, arguments[name], hint))
    return sorted(faults, key=lambda fault: fault.is_range)


def _fault(name: str, value: Any, hint: Any) -> Fault:
    """Return the fault of a value that does not fit a type hint."""
    is_union = typing.get_origin(hint) in (typing.Union, types.UnionType)
    choices = typing.get_args(hint) if is_union else (hint,)
    if not fits(value, hint, ranges=False):
        takes_text = any(choice is str or typing.get_args(choice)[:1] == (str,) for choice in choices)
        remedy = "Put it in quotes" if takes_text and isinstance(value, (bool, int, float)) else ""
        return Fault(name, shown(value), _words(hint), remedy)
    for choice in choices if isinstance(value, (int, float)) else ():
        limits = [item for item in getattr(choice, "__metadata__", ()) if isinstance(item, Within)]
        if limits and fits(value, choice, ranges=False) and value not in (math.inf, -math.inf):
            expected = str(limits[0]) if limits[0].highest == math.inf else _words(choice)
            return Fault(name, shown(value), expected, is_range=True)
    fitting = [_words(choice, whole=True) for choice in choices if fits(value, choice, ranges=False)]
    expected = "a finite number" if isinstance(value, float) else " or ".join(fitting)
    return Fault(name, shown(value), expected, is_range=True)


@functools.lru_cache(maxsize=256)
def _parameters(target: Callable[..., Any]) -> dict[str, inspect.Parameter]:
    """Return the parameters that can be passed by name, with evaluated hints."""
    return {
        name: parameter
        for name, parameter in inspect.signature(target, eval_str=True).parameters.items()
        if parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY)
    }


def with_floats(target: type | Callable[..., Any], arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return arguments with integers as floats where a signature wants these: Paddle takes no other."""
    floats = {name for name, item in _parameters(target).items() if _is_float(item.annotation)}
    is_integer = {name for name, value in arguments.items() if type(value) is int}
    return {name: float(value) if name in floats & is_integer else value for name, value in arguments.items()}


def _is_float(hint: Any) -> bool:
    """Return whether a type is that of floats, or of floats and null."""
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        return all(map(_is_float, (choice for choice in typing.get_args(hint) if choice is not type(None))))
    return (typing.get_args(hint)[0] if typing.get_origin(hint) is typing.Annotated else hint) is float


def parameter_type(target: type | Callable[..., Any], name: str) -> Any:
    """Return the type hint of a parameter."""
    return _parameters(target)[name].annotation


def marks_of(target: type | Callable[..., Any]) -> dict[str, list[Any]]:
    """Return the metadata of the `Annotated` types of each parameter, such as "path" for `FilePath`."""
    return {name: list(_metadata(item.annotation)) for name, item in _parameters(target).items()}


def _metadata(hint: Any) -> Iterator[Any]:
    yield from getattr(hint, "__metadata__", ())
    for choice in typing.get_args(hint):
        yield from _metadata(choice)


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


def fits(value: Any, hint: Any, *, ranges: bool = True) -> bool:
    """Return whether a JSON value matches a type hint.

    An int matches float, a list matches a tuple; a bool matches no number.

    Args:
        value: The value.
        hint: The type.
        ranges: Whether numbers must also be finite, and in their ranges.
    """
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Annotated:
        limits = [item for item in arguments[1:] if ranges and isinstance(item, Within)]
        return fits(value, arguments[0], ranges=ranges) and all(value is None or value in item for item in limits)
    if hint is Any:
        return True
    if origin is typing.Literal:
        return any(value == choice and type(value) is type(choice) for choice in arguments)
    if origin in (typing.Union, types.UnionType):
        return any(fits(value, choice, ranges=ranges) for choice in arguments)
    if hint is None or hint is type(None):
        return value is None
    if hint is float:
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        return is_number and (not ranges or abs(value) < math.inf)
    if hint is int:
        return isinstance(value, int) and not isinstance(value, bool)
    kind = origin or hint
    if kind is tuple:
        if not isinstance(value, (list, tuple)):
            return False
        if len(arguments) == 2 and arguments[1] is Ellipsis:
            return all(fits(item, arguments[0], ranges=ranges) for item in value)
        return not arguments or (
            len(value) == len(arguments)
            and all(fits(item, each, ranges=ranges) for item, each in zip(value, arguments))
        )
    if isinstance(kind, type) and kind not in (str, bool) and issubclass(kind, Mapping):
        return isinstance(value, Mapping) and (
            not arguments
            or all(
                fits(key, arguments[0], ranges=ranges) and fits(item, arguments[1], ranges=ranges)
                for key, item in value.items()
            )
        )
    if isinstance(kind, type) and kind is not str and issubclass(kind, Iterable):
        return isinstance(value, (list, tuple)) and (
            not arguments or all(fits(item, arguments[0], ranges=ranges) for item in value)
        )
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


def _words(hint: Any, *, whole: bool = False) -> str:
    """Return a type hint in words; `whole` with the ranges that have one end only."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Annotated:
        text = _words(arguments[0], whole=whole)
        for limit in (item for item in arguments[1:] if isinstance(item, Within)):
            text += f" {limit}" if limit.highest < math.inf else f", {limit}" if whole else ""
        return text
    if origin is typing.Literal:
        return " or ".join(repr(choice) for choice in arguments)
    if origin in (typing.Union, types.UnionType):
        return " or ".join(_words(choice, whole=whole) for choice in arguments)
    words: dict[Any, str] = {bool: "true or false", int: "an integer", float: "a number", str: "text", Any: "any value"}
    if hint is None or hint is type(None):
        return "null"
    if hint in words:
        return words[hint]
    kind = origin or hint
    if kind is tuple and arguments and arguments[-1] is not Ellipsis:
        return f"a list of {len(arguments)}: {', '.join(_words(item, whole=whole) for item in arguments)}"
    if isinstance(kind, type) and issubclass(kind, Mapping):
        return "a mapping"
    if isinstance(kind, type) and issubclass(kind, Iterable):
        return f"a list, each {_words(arguments[0], whole=whole)}" if arguments else "a list"
    return getattr(hint, "__name__", str(hint))
