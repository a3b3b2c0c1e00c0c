"""Intel's OpenVINO as an engine."""

from __future__ import annotations

import contextlib
import functools
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from types import ModuleType
from typing import TYPE_CHECKING, Any

from ppgan_lite.errors import EngineError
from ppgan_lite.inference.engines import cache
from ppgan_lite.inference.engines.engine import message_of, required_package
from ppgan_lite.inference.engines.subgraph import AT_ONCE, Subgraph
from ppgan_lite.runtime import startup
from ppgan_lite.runtime.device import INTEL
from ppgan_lite.runtime.packages import is_installed
from ppgan_lite.runtime.threads import processor, threads

if TYPE_CHECKING:
    import numpy as np

_HINTS = {"float32": "f32", "bfloat16": "bf16", "float16": "f16"}


@dataclass
class OpenVinoEngine:
    """OpenVINO, on any x86 or ARM processor; on the device "intel", an Intel GPU, it has not been tried."""

    name = "openvino"
    device: str = "cpu"
    precision: str = "float32"
    concurrent: bool = field(default=False, init=False)

    @staticmethod
    def offers(precision: str, device: str) -> bool:
        if device not in ("cpu", INTEL) or not is_installed("openvino"):
            return False
        if device == INTEL:
            has_gpu = any(other.startswith("GPU") for other in bare_core().available_devices)
            return has_gpu and precision in ("float16", "float32")
        if precision == "bfloat16":
            return "BF16" in bare_core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
        return precision == "float32"

    def identity(self) -> tuple[str, ...]:
        name = bare_core().get_property(self._place, "FULL_DEVICE_NAME")
        return _bindings().get_version(), name, processor(), json.dumps(self.settings())

    def load(self, subgraph: Subgraph) -> None:
        if self.load_cached(subgraph):
            return
        settings = self._settings_of(subgraph)
        from ppgan_lite.inference.onnx.graphs import graph_of  # which imports NumPy

        core, graph = openvino_core(), graph_of(subgraph)
        try:
            compiled = core.compile_model(core.read_model(graph, b""), self._place, settings)
        except RuntimeError as error:
            raise EngineError(subgraph.name, f"OpenVINO cannot compile it ({message_of(error)})") from error
        request = Request(compiled)
        self._use(request, request.another if subgraph.in_tiles else None)
        try:
            exported = compiled.export_model().getvalue()
        except RuntimeError:
            return  # compiled again at the next start
        # The first picture is computed by the same graph as every later one.
        if self._import(exported, subgraph):
            cache.keep(self._compiled_name(subgraph), exported)

    def load_cached(self, subgraph: Subgraph) -> bool:
        exported = cache.read(self._compiled_name(subgraph))
        return exported is not None and self._import(exported, subgraph)

    def _import(self, exported: bytes, subgraph: Subgraph) -> bool:
        """Load a graph that OpenVINO compiled before, in a fifth of the time; False if it refuses it."""
        load = functools.partial(import_compiled, exported, self._place, self._settings_of(subgraph))
        try:
            request = load()
        except RuntimeError:
            return False
        if subgraph.in_tiles:
            self._use(request, request.another)
        else:
            self._use(request, load if subgraph.at_once else None, threading.Semaphore(AT_ONCE))
        return True

    def _use(
        self,
        request: Request,
        another: Callable[[], Request] | None,
        room: contextlib.AbstractContextManager[Any] | None = None,
    ) -> None:
        """Run a request, and make more of them for other threads if that is possible and there is room."""
        self._idle = [request]
        self._another = another
        self.concurrent = another is not None and self.device == "cpu"
        self._room = room or contextlib.nullcontext()

    @property
    def _place(self) -> str:
        return "GPU" if self.device == INTEL else "CPU"

    def settings(self) -> dict[str, Any]:
        """Return the options that a graph is compiled with."""
        settings: dict[str, Any] = {
            "INFERENCE_PRECISION_HINT": _HINTS[self.precision],
            "PERFORMANCE_HINT": "LATENCY",
        }
        if self.device == "cpu":
            settings["INFERENCE_NUM_THREADS"] = threads()
            # By default its threads are pinned to cores, the same ones in each process: several processes of one thread
            # each would share the first core, and no thread can give way to another program.
            settings["ENABLE_CPU_PINNING"] = False
        return settings

    def _settings_of(self, subgraph: Subgraph) -> dict[str, Any]:
        """Return the options for a subgraph: each core computes a tile of its own, or all of them the same."""
        settings = self.settings()
        if subgraph.in_tiles and self.device == "cpu":
            del settings["PERFORMANCE_HINT"]
            settings["NUM_STREAMS"] = threads()
        return settings

    def _compiled_name(self, subgraph: Subgraph) -> str:
        options = json.dumps(self._settings_of(subgraph))
        return f"{cache.digest(*self.identity(), options, *cache.words_of(subgraph))}.blob"

    def run(self, *inputs: np.ndarray) -> tuple[np.ndarray, ...]:
        with self._room:
            try:
                request = self._idle.pop()
            except IndexError:  # all of them are at work, for other threads
                assert self._another is not None
                request = self._another()
            outputs = tuple(output.copy() for output in request(*inputs))
            self._idle.append(request)
        return outputs

    def close(self) -> None:
        self._idle, self._another = [], None


class Request:
    """A compiled model's executor, on one thread at a time.

    Args:
        compiled: The model, of the package or of its module in C++.
        memory: That the model uses, if any; it is kept as long as this.
    """

    def __init__(self, compiled: Any, memory: Any = None) -> None:
        self._compiled = compiled
        self._memory = memory
        self._tensor = _bindings().Tensor
        self._request = compiled.create_infer_request()
        self._outputs = range(len(compiled.outputs))

    def another(self) -> Request:
        """Return what executes the same model, on another thread."""
        return Request(self._compiled, self._memory)

    def __call__(self, *inputs: np.ndarray) -> list[np.ndarray]:
        """Return the outputs, arrays that the next call changes."""
        for number, array in enumerate(inputs):
            values = array if array.flags.c_contiguous else array.copy()
            self._request.set_input_tensor(number, self._tensor(values, shared_memory=True))
        self._request.start_async({}, None)
        self._request.wait()
        return [self._request.get_output_tensor(number).data for number in self._outputs]


def import_compiled(exported: bytes, device: str, settings: dict[str, Any]) -> Request:
    """Load a model that OpenVINO compiled before.

    Raises:
        RuntimeError: OpenVINO refuses it.
    """
    import numpy as np  # which OpenVINO imports now, too

    # From bytes OpenVINO (2026.4) reads as from a Python stream: it waits for its turn in Python at each of many reads,
    # 50 ms and more while another thread imports modules. A tensor it reads at once, and may go on using.
    tensor = _bindings().Tensor(np.frombuffer(exported, np.uint8))
    try:
        return Request(bare_core().import_model(tensor, device, settings), tensor)
    except TypeError:  # a version that knows streams only
        return Request(bare_core().import_model(exported, device, settings))


def openvino_core() -> Any:
    """Return OpenVINO's core; see `runtime.startup.openvino_core`.

    Raises:
        EngineError: OpenVINO is not installed, or cannot be loaded.
    """
    with required_package("openvino"):
        return startup.openvino_core()


def bare_core() -> Any:
    """Return a core for compiled models; see `runtime.startup.bare_openvino_core`.

    Raises:
        EngineError: OpenVINO is not installed, or cannot be loaded.
    """
    with required_package("openvino"):
        return startup.bare_openvino_core()


def _bindings() -> ModuleType:
    with required_package("openvino"):
        return startup.openvino_bindings()
