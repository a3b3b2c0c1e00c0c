"""Graphs of pieces, as ONNX: made by Paddle once, then kept in the cache folder.

A graph is known by its piece's key and by the versions of what made it. The folder is bounded: what was used longest
ago goes first. Two processes may make the same graph at the same time; the last one to finish wins, and both are right.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from ppgan_lite import __version__
from ppgan_lite.errors import EngineError
from ppgan_lite.inference.engines.piece import Piece, Shape
from ppgan_lite.runtime.cache import cache_folder
from ppgan_lite.runtime.files import replace_file
from ppgan_lite.runtime.packages import installed_version
from ppgan_lite.runtime.startup import require_paddle, silenced

if TYPE_CHECKING:
    from paddle import nn

logger = logging.getLogger(__name__)

_MAX_BYTES = 1_000_000_000
# The graph's own format: counted up when what `export` makes of the same net changes.
_FORMAT = 6
OPSET = 17
# What a decoder paints is aligned and painted over, so rounding grows: done before its doubling, 1.2 instead of 1.0 of
# 1000 values of the painter of any picture are further off than 6/255 in bfloat16. At a draft's size little is won.
_DOUBLED_FIRST = ("decode",)


def graph_file(piece: Piece) -> Path:
    """Return the piece's graph in the cache, made now if it is not there.

    Raises:
        EngineError: Paddle or paddle2onnx cannot make it, or it cannot be written.
    """
    return kept_graph(piece) or keep(_graph_name(piece), export(piece))


def kept_graph(piece: Piece) -> Path | None:
    """Return the piece's graph if it is in the cache."""
    return kept(_graph_name(piece))


def _graph_name(piece: Piece) -> str:
    return f"{digest(piece.name, piece.key)}.onnx"


def kept(name: str) -> Path | None:
    """Return a file of the cache, marked as just used; None if it is not there."""
    path = folder() / name
    if not path.is_file():
        return None
    with contextlib.suppress(OSError):
        os.utime(path)
    return path


def keep(name: str, data: bytes) -> Path:
    """Write a file of the cache; what was used longest ago makes room for it.

    Raises:
        EngineError: It cannot be written.
    """
    path = folder() / name
    write(path, data)
    _tidy(keep=path)
    return path


def folder() -> Path:
    """Return where graphs are kept."""
    return cache_folder() / "graphs"


def digest(*words: str) -> str:
    """Return the name of what is kept about some words and the versions that matter."""
    versions = [f"{name} {installed_version(name)}" for name in ("paddlepaddle", "paddlepaddle-gpu", "paddle2onnx")]
    text = json.dumps([_FORMAT, OPSET, __version__, *versions, *words])
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def write(path: Path, data: bytes) -> None:
    """Write a file of the cache whole or not at all.

    Raises:
        EngineError: It cannot be written.
    """
    try:
        replace_file(path, data, make_folder=True)
    except OSError as error:
        remedy = "Set PPGAN_LITE_CACHE to a folder that can be written"
        raise EngineError(path, f"cannot be written ({error.strerror})", remedy=remedy) from error


def export(piece: Piece, *, opset: int = OPSET) -> bytes:
    """Return a piece as an ONNX file with dynamic height and width.

    Raises:
        EngineError: Paddle or paddle2onnx is missing, or one of them does not know an operation of the net.
    """
    import tempfile  # as below: not needed where the graph is in the cache

    inputs = {f"input{number}": shape for number, shape in enumerate(piece.inputs)}
    with tempfile.TemporaryDirectory() as scratch:
        stem = Path(scratch, "piece")
        _paddle2onnx(piece.name)  # its absence is told before the net is traced
        save_program(piece.build(), inputs, stem, name=piece.name)
        return onnx_of(stem, name=piece.name, opset=opset)


def save_program(layer: nn.Layer, inputs: Mapping[str, Shape], stem: Path, *, name: str) -> None:
    """Trace a layer and write it as a Paddle program: `stem`.json and `stem`.pdiparams.

    Args:
        layer: In evaluation mode; as it was when this returns.
        inputs: What each input is called, and its shape.
        stem: The files' path without a suffix.
        name: What messages call the layer.

    Raises:
        EngineError: Paddle is missing or cannot trace the layer.
    """
    paddle = require_paddle()
    specs = [
        paddle.static.InputSpec([-1 if side is None else side for side in shape], "float32", key)
        for key, shape in inputs.items()
    ]
    try:
        with _making_a_graph(name):
            paddle.jit.save(paddle.jit.to_static(layer, input_spec=specs, full_graph=True), str(stem))
    finally:
        if isinstance(layer.forward, paddle.jit.dy2static.program_translator.StaticFunction):
            layer.forward.rollback()  # to_static changes the layer itself, which the eager engine may have too


def onnx_of(stem: Path, *, name: str, opset: int = OPSET) -> bytes:
    """Return a program that `save_program` has written as an ONNX file.

    Raises:
        EngineError: paddle2onnx is missing or does not know an operation of the program.
    """
    import tempfile

    from ppgan_lite.inference.engines.rewriting import rewritten  # not needed where the graph is in the cache

    paddle2onnx = _paddle2onnx(name)
    with tempfile.TemporaryDirectory() as scratch, _making_a_graph(name):
        path = Path(scratch, "graph.onnx")
        # Its own folding takes half a minute and gains nothing: engines fold by themselves.
        paddle2onnx.export(f"{stem}.json", f"{stem}.pdiparams", str(path), opset, optimize_tool=None, verbose=False)
        return rewritten(path.read_bytes(), before_doubling=name not in _DOUBLED_FIRST)


def _paddle2onnx(name: str) -> ModuleType:
    try:
        with silenced():
            import paddle2onnx
    except ImportError as error:
        raise EngineError(name, f"no graph without paddle2onnx ({error})", remedy=_INSTALL) from error
    return paddle2onnx


@contextlib.contextmanager
def _making_a_graph(name: str) -> Iterator[None]:
    """Let Paddle and paddle2onnx work in silence, and tell their errors as ours."""
    try:
        with silenced():
            yield
    except Exception as error:  # Two foreign programs, each with errors of its own.
        line = " ".join(str(error).split())[:200]
        raise EngineError(name, f"Paddle cannot make a graph of it ({type(error).__name__}: {line})") from error


_INSTALL = 'Install it with: pip install "ppgan-lite[cpu]"'


def _tidy(keep: Path) -> None:
    """Delete what was used longest ago until the folder is small enough."""
    with contextlib.suppress(OSError):
        files = sorted(
            ((file.stat().st_atime_ns, file.stat().st_size, file) for file in folder().iterdir()), reverse=True
        )
        total = 0
        for _, size, file in files:
            total += size
            if total > _MAX_BYTES and file != keep:
                file.unlink(missing_ok=True)
