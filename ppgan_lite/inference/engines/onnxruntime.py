"""Microsoft's ONNX Runtime as an engine."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ppgan_lite.errors import EngineError
from ppgan_lite.inference.engines.engine import message_of, required_package
from ppgan_lite.inference.engines.subgraph import Subgraph
from ppgan_lite.inference.onnx.graphs import cached_graph, graph_of
from ppgan_lite.runtime.packages import installed_version, is_installed
from ppgan_lite.runtime.threads import processor, threads


@dataclass
class OnnxRuntimeEngine:
    """ONNX Runtime, on a CPU."""

    name = "onnxruntime"
    device: str = "cpu"
    precision: str = "float32"
    concurrent: bool = field(default=False, init=False)

    @staticmethod
    def offers(precision: str, device: str) -> bool:
        return (precision, device) == ("float32", "cpu") and is_installed("onnxruntime")

    def identity(self) -> tuple[str, ...]:
        return str(installed_version("onnxruntime")), str(threads()), processor()

    def load(self, subgraph: Subgraph) -> None:
        self._load(subgraph, graph_of(subgraph))

    def load_cached(self, subgraph: Subgraph) -> bool:
        graph = cached_graph(subgraph)
        if graph is not None:
            self._load(subgraph, graph)
        return graph is not None

    def _load(self, subgraph: Subgraph, graph: bytes) -> None:
        with required_package("onnxruntime"):
            import onnxruntime
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads()
        options.log_severity_level = 3
        try:
            self._session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # Its errors have no common class but Exception.
            raise EngineError(subgraph.name, f"ONNX Runtime cannot load it ({message_of(error)})") from error
        self._names = [port.name for port in self._session.get_inputs()]

    def run(self, *inputs: np.ndarray) -> tuple[np.ndarray, ...]:
        return tuple(self._session.run(None, dict(zip(self._names, inputs))))

    def close(self) -> None:
        self._session = None
