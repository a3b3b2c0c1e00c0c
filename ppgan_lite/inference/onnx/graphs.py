"""The graph of a subgraph: a filled template, or made once by Paddle, then found in the cache."""

from __future__ import annotations

from ppgan_lite.errors import EngineError, UsageError
from ppgan_lite.inference.engines import cache
from ppgan_lite.inference.engines.subgraph import Subgraph
from ppgan_lite.inference.preparation import TRACING, tell
from ppgan_lite.runtime.files import scratch_folder
from ppgan_lite.runtime.startup import paddle_lock


def graph_of(subgraph: Subgraph) -> bytes:
    """Return the graph of a subgraph, made by Paddle and kept now if it has no template and is not in the cache.

    Raises:
        EngineError: Paddle or paddle2onnx cannot make it.
    """
    graph = cached_graph(subgraph)
    if graph is None:
        with paddle_lock:
            graph = cached_graph(subgraph)  # another thread may have made it meanwhile
            if graph is None:
                tell(TRACING)
                graph = make_graph(subgraph)
                cache.keep(_name(subgraph), graph)
    return graph


def cached_graph(subgraph: Subgraph) -> bytes | None:
    """Return the graph of a subgraph if it has a template or is in the cache."""
    return cache.read(_name(subgraph)) if subgraph.template is None else subgraph.template.graph()


def make_graph(subgraph: Subgraph) -> bytes:
    """Make the graph of a subgraph: an ONNX file with dynamic height and width.

    Raises:
        EngineError: Paddle or paddle2onnx is missing, or one of them does not know an operation of the net; or there
            is no folder for temporary files.
    """
    # Not needed where the graph is in the cache.
    from ppgan_lite.inference.onnx.tracing import convert_program, require_paddle2onnx, save_program

    inputs = {f"input{number}": shape for number, shape in enumerate(subgraph.inputs)}
    require_paddle2onnx(subgraph.name)  # its absence is told before the net is traced
    try:
        with paddle_lock, scratch_folder() as scratch:
            stem, upsample_last = scratch / "subgraph", subgraph.convolve_before_upsampling
            save_program(subgraph.build(), inputs, stem, name=subgraph.name)
            return convert_program(stem, name=subgraph.name, convolve_before_upsampling=upsample_last)
    except UsageError as error:
        raise EngineError(subgraph.name, error.found, remedy=error.remedy) from error


def _name(subgraph: Subgraph) -> str:
    return f"{cache.digest(*cache.words_of(subgraph))}.onnx"
