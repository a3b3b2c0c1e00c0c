"""Expand `~` and variables of the environment in the paths of a config."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Any

from ppgan_lite.signatures import Fault, marks_of

_VARIABLE = re.compile(r"\$(\w+|\{[^}]*\})")


def expand(path: str) -> str:
    """Return a path with `~`, `$NAME` and `${NAME}` expanded; a path that exists as it is stays.

    What cannot be expanded stays too: the name of a variable that is not set, `~` without a home folder.
    """
    return path if os.path.lexists(path) else os.path.expandvars(os.path.expanduser(path))


def expand_arguments(cls: type, arguments: Mapping[str, Any]) -> tuple[dict[str, Any], list[Fault]]:
    """Return the arguments of a class with the paths in them expanded, and the faults of those that cannot be.

    Args:
        cls: Its signature says which arguments are paths (`FilePath`).
        arguments: Name -> JSON value, of any type.
    """
    marks, expanded, faults = marks_of(cls), dict(arguments), []
    for name, value in arguments.items():
        if "path" not in marks.get(name, ()):
            continue
        paths = [item for item in (value if isinstance(value, (list, tuple)) else [value]) if isinstance(item, str)]
        for path in paths:
            if (fault := _fault(expand(path))) and not os.path.lexists(path):
                faults.append(Fault(name, f"{path}: {fault}", "the path of a file or folder"))
        if isinstance(value, str):
            expanded[name] = expand(value)
        elif isinstance(value, (list, tuple)):
            expanded[name] = [expand(item) if isinstance(item, str) else item for item in value]
    return expanded, faults


def _fault(path: str) -> str:
    """Return what of an expanded path was not expanded; empty if all was."""
    if match := _VARIABLE.search(path):
        return f"the variable {match[1].strip('{}')} is not set"
    return "~ is no home folder here" if path.startswith("~") else ""
