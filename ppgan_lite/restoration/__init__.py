"""The checkpoint that ships for restoring photos."""

from __future__ import annotations

from pathlib import Path

from ppgan_lite.errors import UsageError

FILE = Path(__file__).parent / "photos.ppgan"


def restorer() -> Path:
    """Return the checkpoint that restores photos.

    Raises:
        UsageError: This installation has none.
    """
    if not FILE.exists():
        remedy = "Give one with --checkpoint, or install ppgan-lite again"
        raise UsageError("restoration", f"the checkpoint that ships, {FILE}, is missing", remedy=remedy)
    return FILE
