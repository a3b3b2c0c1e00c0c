"""Literal tables of what the package can build, and the one way to look something up in them.

`NETS`, `RECIPES` and `DATASETS` are dicts of name -> "module:Class". Tables rather than decorators: go-to-definition
works, nothing depends on which file was imported first, and reading a table imports no class.
"""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Iterable, Mapping

from ppgan_lite.errors import UsageError


def resolve(table: Mapping[str, str], name: str, what: str) -> type:
    """Return the class that a table names.

    Args:
        table: Name -> "module:Class".
        name: What to look up.
        what: What the table holds, for the message ("net", "recipe").

    Raises:
        UsageError: The table has no such name.
    """
    if name not in table:
        raise UsageError(
            what, f"{name!r} is not known", f"one of {', '.join(sorted(table))}", did_you_mean(name, table)
        )
    module, _, attribute = table[name].partition(":")
    return getattr(importlib.import_module(module), attribute)


def name_in(table: Mapping[str, str], cls: type, what: str) -> str:
    """Return the name under which a table holds a class: the way back of `resolve`.

    Raises:
        UsageError: The table does not hold the class.
    """
    address = f"{cls.__module__}:{cls.__qualname__}"
    for name, target in table.items():
        if target == address:
            return name
    raise UsageError(what, f"{address} is not in the table of {what}s", remedy=f"Add it to the table of {what}s")


def did_you_mean(name: str, candidates: Iterable[str]) -> str:
    """Return "Did you mean 'x'?" for the candidate nearest to a misspelled name, or "" if none is near."""
    by_lower_case = {candidate.lower(): candidate for candidate in candidates}
    near = difflib.get_close_matches(str(name).lower(), by_lower_case, n=1, cutoff=0.6)
    return f"Did you mean {by_lower_case[near[0]]!r}?" if near else ""
