"""The base class of every net that a checkpoint can name."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

from paddle import nn


class Net(nn.Layer):
    """A layer that keeps the arguments of its constructor, so that a checkpoint can build it again.

    The constructor takes JSON values only, and its signature is their schema.

    Attributes:
        arguments: All of them by name, defaults included; tuples as lists, as JSON has them.
    """

    arguments: dict[str, Any]

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if "__init__" in cls.__dict__:
            cls.__init__ = _recording(cls.__init__)


def _recording(init: Callable[..., None]) -> Callable[..., None]:
    """Wrap a constructor so that it first records its arguments; those of the class that is built count."""
    signature = inspect.signature(init)

    @functools.wraps(init)
    def recorded(self: Net, *arguments: Any, **named: Any) -> None:
        if "arguments" not in self.__dict__:
            bound = signature.bind(self, *arguments, **named)
            bound.apply_defaults()
            values = {name: _as_json(value) for name, value in list(bound.arguments.items())[1:]}
            # Paddle's own `__setattr__` works only after `nn.Layer.__init__`.
            object.__setattr__(self, "arguments", values)
        init(self, *arguments, **named)

    return recorded


def _as_json(value: Any) -> Any:
    return [_as_json(item) for item in value] if isinstance(value, (list, tuple)) else value
