"""Installed packages and their versions, without importing them."""

from __future__ import annotations

import contextlib
import functools
import importlib.util
import os
import sys


@functools.cache
def installed_version(distribution: str) -> str | None:
    """Return the version of an installed distribution; None if it is not installed.

    Taken from the name of the folder that its installer left, "paddlepaddle-3.3.1.dist-info": importlib.metadata takes
    longer to load, with the e-mail package that it parses with, than all of Pillow.
    """
    start, end = distribution.replace("-", "_").lower() + "-", ".dist-info"
    for folder in sys.path:
        with contextlib.suppress(OSError):
            for name in os.listdir(folder or "."):
                if name.lower().startswith(start) and name.endswith(end):
                    return name[len(start) : -len(end)]
    return None


def is_installed(package: str) -> bool:
    """Say whether a package can be imported, as far as that can be told without importing it."""
    return importlib.util.find_spec(package) is not None
