"""From a layer to a Paddle program, and from that to an ONNX file."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from ppgan_lite.errors import EngineError
from ppgan_lite.inference.engines.engine import message_of
from ppgan_lite.inference.engines.subgraph import Shape
from ppgan_lite.runtime.files import scratch_folder
from ppgan_lite.runtime.startup import paddle_lock, require_paddle, silenced

if TYPE_CHECKING:
    from paddle import nn

OPSET = 17


def save_program(layer: nn.Layer, inputs: Mapping[str, Shape], stem: Path, *, name: str) -> None:
    """Trace a layer and write it as a Paddle program: `stem`.json and `stem`.pdiparams.

    Args:
        layer: In evaluation mode; as it was when this returns.
        inputs: The name of each input, and its shape.
        stem: The files' path without a suffix.
        name: Of the layer, for messages.

    Raises:
        EngineError: Paddle is missing or cannot trace the layer.
    """
    paddle = require_paddle()
    specs = [
        paddle.static.InputSpec([-1 if side is None else side for side in shape], "float32", key)
        for key, shape in inputs.items()
    ]
    with paddle_lock:
        try:
            with _making_graph(name):
                paddle.jit.save(paddle.jit.to_static(layer, input_spec=specs, full_graph=True), str(stem))
        finally:
            if isinstance(layer.forward, paddle.jit.dy2static.program_translator.StaticFunction):
                layer.forward.rollback()  # to_static changes the layer itself, which the eager engine may have too


def convert_program(stem: Path, *, name: str, convolve_before_upsampling: bool = True) -> bytes:
    """Convert a program that `save_program` has written to an ONNX file.

    Args:
        stem: As there.
        name: Of the layer, for messages.
        convolve_before_upsampling: As in `Subgraph`.

    Raises:
        EngineError: paddle2onnx is missing or does not know an operation of the program.
    """
    from ppgan_lite.inference.onnx.passes import apply_passes

    paddle2onnx = require_paddle2onnx(name)
    with scratch_folder() as scratch, _making_graph(name):
        path = scratch / "graph.onnx"
        # Its own folding takes half a minute and gains nothing: engines fold by themselves.
        paddle2onnx.export(f"{stem}.json", f"{stem}.pdiparams", str(path), OPSET, optimize_tool=None, verbose=False)
        return apply_passes(path.read_bytes(), convolve_before_upsampling=convolve_before_upsampling)


def require_paddle2onnx(name: str) -> ModuleType:
    """Import paddle2onnx.

    Raises:
        MissingDependencyError: Paddle is missing.
        EngineError: It is missing; `name` is the layer that cannot become a graph.
    """
    require_paddle()  # paddle2onnx would import it in one thread, and all later engines with it
    try:
        with silenced():
            import paddle2onnx
    except ImportError as error:
        remedy = 'Install it with: pip install "ppgan-lite[cpu]"'
        raise EngineError(name, f"no graph without paddle2onnx ({error})", remedy=remedy) from error
    return paddle2onnx


@contextlib.contextmanager
def _making_graph(name: str) -> Iterator[None]:
    """Silence Paddle and paddle2onnx, and raise their errors as ours."""
    try:
        with silenced():
            yield
    except Exception as error:  # Two foreign programs, each with errors of its own.
        found = f"Paddle cannot make a graph of it ({type(error).__name__}: {message_of(error)})"
        raise EngineError(name, found) from error
