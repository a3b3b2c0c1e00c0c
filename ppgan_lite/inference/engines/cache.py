"""The files that engines keep for the next start: graphs, compiled graphs, measured agreements.

A file's name is a digest of all that it depends on, so an update never uses an old one. The folder is bounded: the file
that was used longest ago goes first. Two processes may make the same file at the same time; the last one to finish
wins, and both are right.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from pathlib import Path

from ppgan_lite import __version__
from ppgan_lite.errors import EngineError
from ppgan_lite.inference.engines.subgraph import Subgraph
from ppgan_lite.inference.onnx.fingerprint import fingerprint
from ppgan_lite.runtime.cache import cache_folder
from ppgan_lite.runtime.files import replace_file
from ppgan_lite.runtime.packages import installed_version

_MAX_BYTES = 1_000_000_000


def folder() -> Path:
    """Return the folder of these files."""
    return cache_folder() / "graphs"


def digest(*words: str) -> str:
    """Return a digest of some words, and of the sources and versions that make graphs."""
    versions = [f"{name} {installed_version(name)}" for name in ("paddlepaddle", "paddlepaddle-gpu", "paddle2onnx")]
    text = json.dumps([fingerprint(), __version__, *versions, *words])
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def words_of(subgraph: Subgraph) -> tuple[str, ...]:
    """Return all that tells the graph of a subgraph from those of others, for `digest`."""
    upsampling = () if subgraph.convolve_before_upsampling else ("upsampling first",)
    return subgraph.name, subgraph.key, *upsampling


def cached(name: str) -> Path | None:
    """Return a file of the cache, marked as just used; None if it is not there."""
    path = folder() / name
    if not path.is_file():
        return None
    with contextlib.suppress(OSError):
        os.utime(path)
    return path


def store(name: str, data: bytes) -> Path:
    """Write a file of the cache, whole or not at all; files that were used longest ago make room for it.

    Raises:
        EngineError: It cannot be written.
    """
    path = folder() / name
    try:
        replace_file(path, data, make_folder=True)
    except OSError as error:
        remedy = "Set PPGAN_LITE_CACHE to a folder that can be written"
        raise EngineError(path, f"the cache folder cannot be written ({error.strerror})", remedy=remedy) from error
    _evict(keep=path)
    return path


def _evict(keep: Path) -> None:
    """Delete the files that were used longest ago until the folder is small enough."""
    with contextlib.suppress(OSError):
        files = sorted(
            ((file.stat().st_atime_ns, file.stat().st_size, file) for file in folder().iterdir()), reverse=True
        )
        total = 0
        for _, size, file in files:
            total += size
            if total > _MAX_BYTES and file != keep:
                file.unlink(missing_ok=True)
