"""The files that engines keep for the next start: graphs, compiled graphs, measured agreements.

A file's name is a digest of all that its content depends on, so an update never uses an old one. What a picture looks
like does not depend on the cache: where it cannot be used, all of it is made at each start.
"""

from __future__ import annotations

import hashlib
import json
import threading

from ppgan_lite import __version__
from ppgan_lite.inference.engines.subgraph import Subgraph
from ppgan_lite.inference.onnx.fingerprint import fingerprint
from ppgan_lite.runtime.file_cache import FileCache
from ppgan_lite.runtime.packages import installed_version

GRAPHS = FileCache("graphs", 1_000_000_000)

_MAX_BYTES_IN_MEMORY = 200_000_000
_in_memory: dict[str, tuple[bytes, str]] = {}  # what could not be written, and why; the oldest first
_memory_lock = threading.Lock()


def digest(*words: str) -> str:
    """Return a digest of some words, and of the sources that make graphs."""
    text = json.dumps([fingerprint(), __version__, *words])
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def words_of(subgraph: Subgraph) -> tuple[str, ...]:
    """Return all that tells the graph of a subgraph from those of others, for `digest`."""
    upsampling = () if subgraph.convolve_before_upsampling else ("upsampling first",)
    maker = (subgraph.template.digest,) if subgraph.template else paddle_versions()
    return subgraph.name, subgraph.key, *upsampling, *maker


def paddle_versions() -> tuple[str, ...]:
    """Return the versions of Paddle and of the program that makes graphs of its nets."""
    return tuple(f"{name} {installed_version(name)}" for name in ("paddlepaddle", "paddlepaddle-gpu", "paddle2onnx"))


def read(name: str) -> bytes | None:
    """Return a file of the cache; None if it is not there."""
    data = GRAPHS.read(name)
    return _in_memory.get(name, (None, ""))[0] if data is None else data


def keep(name: str, data: bytes) -> None:
    """Write a file of the cache, or keep it in memory where that is impossible."""
    try:
        GRAPHS.write(name, data)
    except OSError as error:
        with _memory_lock:
            _in_memory[name] = data, error.strerror or type(error).__name__
            while sum(len(kept) for kept, _ in _in_memory.values()) > _MAX_BYTES_IN_MEMORY:
                del _in_memory[next(iter(_in_memory))]


def why_not_written(name: str) -> str:
    """Return why a file could not be written when it was made; "" if it could, or was not made by this process."""
    return _in_memory.get(name, (b"", ""))[1]
