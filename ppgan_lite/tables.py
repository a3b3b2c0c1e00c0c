"""Look up classes in literal tables of names.

`NETS`, `RECIPES` and `DATASETS` are dicts of name -> "module:Class". They are tables rather than decorators, so that
go-to-definition works, the order of imports does not matter, and reading a table imports no class.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Mapping

from ppgan_lite.errors import UsageError

_LONGEST_NAME = 200  # that is compared with others; the time grows with its length


def resolve(table: Mapping[str, str], name: str, kind: str) -> type:
    """Import and return a class of a table.

    Args:
        table: Name -> "module:Class".
        name: A key of the table.
        kind: The kind of class in the table, for the message ("net", "recipe").

    Raises:
        UsageError: The table has no such name.
    """
    if name not in table:
        raise UsageError(
            kind, f"{name!r} is not known", f"one of {', '.join(sorted(table))}", did_you_mean(name, table)
        )
    module, _, attribute = table[name].partition(":")
    return getattr(importlib.import_module(module), attribute)


def name_in(table: Mapping[str, str], cls: type, kind: str) -> str:
    """Return the name of a class in a table: the inverse of `resolve`.

    Raises:
        UsageError: The table has no such class.
    """
    address = f"{cls.__module__}:{cls.__qualname__}"
    for name, target in table.items():
        if target == address:
            return name
    raise UsageError(kind, f"{address} is not in the table of {kind}s", remedy=f"Add it to the table of {kind}s")


def did_you_mean(name: str, candidates: Iterable[str]) -> str:
    """Return "Did you mean 'x'?" for the candidate closest to a misspelled name; "" if none is close."""
    if len(str(name)) > _LONGEST_NAME:
        return ""
    import difflib  # for those who err

    by_lower_case = {candidate.lower(): candidate for candidate in candidates}
    near = difflib.get_close_matches(str(name).lower(), by_lower_case, n=1, cutoff=0.6)
    return f"Did you mean {by_lower_case[near[0]]!r}?" if near else ""
