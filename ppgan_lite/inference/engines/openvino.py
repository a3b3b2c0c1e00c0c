"""Intel's OpenVINO as an engine."""

from __future__ import annotations

import json
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np

from ppgan_lite.errors import EngineError
from ppgan_lite.inference.engines import cache
from ppgan_lite.inference.engines.engine import message_of, required_package
from ppgan_lite.inference.engines.subgraph import Subgraph
from ppgan_lite.inference.onnx.graphs import graph_of
from ppgan_lite.runtime import startup
from ppgan_lite.runtime.device import INTEL
from ppgan_lite.runtime.packages import is_installed
from ppgan_lite.runtime.threads import processor, threads

_HINTS = {"float32": "f32", "bfloat16": "bf16", "float16": "f16"}


@dataclass
class OpenVinoEngine:
    """OpenVINO, on any x86 or ARM processor; on the device "intel", an Intel GPU, it has not been tried."""

    name = "openvino"
    device: str = "cpu"
    precision: str = "float32"

    @staticmethod
    def offers(precision: str, device: str) -> bool:
        if device not in ("cpu", INTEL) or not is_installed("openvino"):
            return False
        if device == INTEL:
            has_gpu = any(other.startswith("GPU") for other in openvino_core().available_devices)
            return has_gpu and precision in ("float16", "float32")
        if precision == "bfloat16":
            return "BF16" in openvino_core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
        return precision == "float32"

    def identity(self) -> tuple[str, ...]:
        name = openvino_core().get_property(self._place, "FULL_DEVICE_NAME")
        return _openvino().__version__, name, processor(), json.dumps(self._settings())

    def load(self, subgraph: Subgraph) -> None:
        if self.load_cached(subgraph):
            return
        core, graph = openvino_core(), graph_of(subgraph)
        try:
            self._compiled = core.compile_model(core.read_model(graph, b""), self._place, self._settings())
        except RuntimeError as error:
            raise EngineError(subgraph.name, f"OpenVINO cannot compile it ({message_of(error)})") from error
        try:
            exported = self._compiled.export_model().getvalue()
        except RuntimeError:
            return  # compiled again at the next start
        # The first picture is computed by the same graph as every later one.
        if self._import(exported):
            cache.keep(self._compiled_name(subgraph), exported)

    def load_cached(self, subgraph: Subgraph) -> bool:
        exported = cache.read(self._compiled_name(subgraph))
        return exported is not None and self._import(exported)

    def _import(self, exported: bytes) -> bool:
        """Load a graph that OpenVINO compiled before, in a fifth of the time; False if it refuses it."""
        try:
            self._compiled = openvino_core().import_model(exported, self._place, self._settings())
        except RuntimeError:
            return False
        return True

    @property
    def _place(self) -> str:
        return "GPU" if self.device == INTEL else "CPU"

    def _settings(self) -> dict[str, Any]:
        settings: dict[str, Any] = {
            "INFERENCE_PRECISION_HINT": _HINTS[self.precision],
            "PERFORMANCE_HINT": "LATENCY",
        }
        if self.device == "cpu":
            settings["INFERENCE_NUM_THREADS"] = threads()
        return settings

    def _compiled_name(self, subgraph: Subgraph) -> str:
        return f"{cache.digest(*self.identity(), *cache.words_of(subgraph))}.blob"

    def run(self, *inputs: np.ndarray) -> tuple[np.ndarray, ...]:
        found = self._compiled(list(inputs))
        return tuple(found[port] for port in self._compiled.outputs)

    def close(self) -> None:
        self._compiled = None


def openvino_core() -> Any:
    """Return OpenVINO's core; see `runtime.startup.openvino_core`.

    Raises:
        EngineError: OpenVINO is not installed, or cannot be loaded.
    """
    with required_package("openvino"):
        return startup.openvino_core()


def _openvino() -> ModuleType:
    with required_package("openvino"):
        return startup.import_openvino()
