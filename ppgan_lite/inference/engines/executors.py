"""The engines: eager Paddle, OpenVINO, ONNX Runtime."""

from __future__ import annotations

import contextlib
import functools
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np

from ppgan_lite.errors import EngineError
from ppgan_lite.inference.engines import graphs
from ppgan_lite.inference.engines.piece import Piece
from ppgan_lite.runtime.device import INTEL, inference_mode
from ppgan_lite.runtime.startup import import_openvino, require_paddle
from ppgan_lite.runtime.threads import threads


@dataclass
class PaddleEngine:
    """Eager Paddle: the reference that the others are measured by, and the way to an NVIDIA GPU.

    In bfloat16 it uses Paddle's automatic mixed precision (O1). That is for GPUs alone, and has not been tried on one.
    """

    name = "paddle"
    device: str = "cpu"
    precision: str = "float32"

    def load(self, piece: Piece) -> None:
        require_paddle()
        self._layer: Any = piece.build()

    def load_kept(self, piece: Piece) -> bool:
        return False  # a net is not in the cache, and Paddle is for the thread that uses it

    def run(self, *inputs: np.ndarray) -> tuple[np.ndarray, ...]:
        import paddle

        # Nets are not traced (to_static), which would be done again for each size of picture.
        with (
            inference_mode("cpu" if self.device == INTEL else self.device),
            paddle.amp.auto_cast(self.precision != "float32", dtype="bfloat16"),
        ):
            found = self._layer(*(paddle.to_tensor(array) for array in inputs))
        tensors = found if isinstance(found, (list, tuple)) else (found,)
        return tuple(tensor.astype("float32").numpy() for tensor in tensors)

    def close(self) -> None:
        self._layer = None


@dataclass
class OpenVinoEngine:
    """Intel's OpenVINO, on any x86 or ARM processor; on the device "intel", an Intel GPU, it has not been tried."""

    name = "openvino"
    device: str = "cpu"
    precision: str = "float32"

    def load(self, piece: Piece) -> None:
        if self.load_kept(piece):
            return
        path = graphs.graph_file(piece)
        core = openvino_core()
        try:
            self._compiled = core.compile_model(core.read_model(path), self._place, self._settings())
        except RuntimeError as error:
            raise EngineError(piece.name, f"OpenVINO cannot compile it ({_line(error)})") from error
        with contextlib.suppress(RuntimeError, EngineError):  # it is only for the next start
            graphs.keep(self._compiled_name(piece), self._compiled.export_model().getvalue())

    def load_kept(self, piece: Piece) -> bool:
        # What OpenVINO made of a graph before loads in a fifth of the time. It checks by itself that it is whole, and
        # of its own version.
        path = graphs.kept(self._compiled_name(piece))
        with contextlib.suppress(OSError, RuntimeError):
            if path is not None:
                core, data = openvino_core(), path.read_bytes()
                self._compiled = core.import_model(data, self._place, self._settings())
                return True
        return False

    @property
    def _place(self) -> str:
        return "GPU" if self.device == INTEL else "CPU"

    def _settings(self) -> dict[str, Any]:
        settings: dict[str, Any] = {
            "INFERENCE_PRECISION_HINT": {"float32": "f32", "bfloat16": "bf16", "float16": "f16"}[self.precision],
            "PERFORMANCE_HINT": "LATENCY",
        }
        if self.device == "cpu":
            settings["INFERENCE_NUM_THREADS"] = threads()
        return settings

    def _compiled_name(self, piece: Piece) -> str:
        processor = openvino_core().get_property(self._place, "FULL_DEVICE_NAME")
        words = (_openvino().__version__, processor, json.dumps(self._settings()), piece.name, piece.key)
        return f"{graphs.digest(*words)}.blob"

    def run(self, *inputs: np.ndarray) -> tuple[np.ndarray, ...]:
        found = self._compiled(list(inputs))
        return tuple(found[port] for port in self._compiled.outputs)

    def close(self) -> None:
        self._compiled = None


@dataclass
class OnnxRuntimeEngine:
    """Microsoft's ONNX Runtime, on a CPU."""

    name = "onnxruntime"
    device: str = "cpu"
    precision: str = "float32"

    def load(self, piece: Piece) -> None:
        with _needing("onnxruntime"):
            import onnxruntime as runtime
        options = runtime.SessionOptions()
        options.intra_op_num_threads = threads()
        options.log_severity_level = 3
        path = graphs.graph_file(piece)
        try:
            self._session = runtime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        except Exception as error:  # Its errors have no common class but Exception.
            raise EngineError(piece.name, f"ONNX Runtime cannot load it ({_line(error)})") from error
        self._names = [port.name for port in self._session.get_inputs()]

    def load_kept(self, piece: Piece) -> bool:
        if graphs.kept_graph(piece) is None:
            return False
        self.load(piece)
        return True

    def run(self, *inputs: np.ndarray) -> tuple[np.ndarray, ...]:
        return tuple(self._session.run(None, dict(zip(self._names, inputs))))

    def close(self) -> None:
        self._session = None


_making_the_core = threading.Lock()


def openvino_core() -> Any:
    """Return OpenVINO's core, the same one always, on any thread.

    On processors with AMX it gives the thread a stack for signals, and frees that with the last core (2026.4): Ctrl-C
    would then end the process with a segmentation fault.
    """
    with _making_the_core:
        return _core()


@functools.cache
def _core() -> Any:
    return _openvino().Core()


def _openvino() -> ModuleType:
    with _needing("openvino"):
        return import_openvino()


@contextlib.contextmanager
def _needing(name: str) -> Iterator[None]:
    """Say which package an engine lacks."""
    try:
        yield
    except ImportError as error:
        remedy = f"Install it with: pip install {name}"
        raise EngineError("engine", f"{name} is not installed ({error})", remedy=remedy) from error


def _line(error: BaseException) -> str:
    return " ".join(str(error).split())[:200]
