"""Execution of a tape's graphs, as functions that Paddle differentiates."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import paddle
from paddle.autograd import PyLayer, PyLayerContext

from ppgan_lite.autodiff.tape import Precision, Shape, Tape, Value
from ppgan_lite.runtime.startup import import_openvino, openvino_core
from ppgan_lite.runtime.threads import threads

KEPT_FUNCTIONS = 6  # compiled functions that an `Executors` keeps: those of a training, its previews and its painting

Recorder = Callable[[Tape, Sequence[Value]], Sequence[Value]]  # records a function of inputs; returns its outputs


class Executors:
    """The compiled functions of a net, of the shapes that were used last.

    Args:
        precision: In which they compute; the fastest if not given.
    """

    def __init__(self, precision: Precision | None = None) -> None:
        self._precision = precision or fastest_precision()
        self._compiled: dict[tuple[Any, ...], _Executor] = {}  # the one used last is last

    def __len__(self) -> int:
        return len(self._compiled)

    def __call__(self, name: object, record: Recorder, inputs: Sequence[paddle.Tensor]) -> list[paddle.Tensor]:
        """Compute a function; Paddle can differentiate the results.

        Args:
            name: Of the function.
            record: Records it.
            inputs: In float32, on a CPU.
        """
        wanted = tuple(paddle.is_grad_enabled() and not tensor.stop_gradient for tensor in inputs)
        key = name, tuple(tuple(tensor.shape) for tensor in inputs), wanted
        executor = self._compiled.pop(key, None) or _Executor(record, key[1], wanted, self._precision)
        self._compiled[key] = executor
        if len(self._compiled) > KEPT_FUNCTIONS:
            del self._compiled[next(iter(self._compiled))]
        if any(wanted):
            return list(_Function.apply(executor, *inputs))
        return executor.forward([_array(tensor) for tensor in inputs])[0]


class _Function(PyLayer):
    @staticmethod
    def forward(context: PyLayerContext, executor: _Executor, *inputs: paddle.Tensor) -> tuple[paddle.Tensor, ...]:
        context.executor = executor
        outputs, context.activations = executor.forward([_array(tensor) for tensor in inputs])
        return tuple(outputs)

    @staticmethod
    def backward(context: PyLayerContext, *gradients: paddle.Tensor) -> tuple[paddle.Tensor | None, ...]:
        return tuple(context.executor.backward(context.activations, [_array(gradient) for gradient in gradients]))


class _Executor:
    """The compiled graphs of a function for inputs of some shapes.

    Args:
        record: Records the function.
        shapes: Of its inputs.
        differentiable: Which of them have gradients.
        precision: In which it is computed.
    """

    def __init__(
        self, record: Recorder, shapes: Sequence[Shape], differentiable: Sequence[bool], precision: Precision
    ) -> None:
        options = {
            "INFERENCE_PRECISION_HINT": precision,
            "INFERENCE_NUM_THREADS": threads(),
            "NUM_STREAMS": 1,
            # Several processes that train would have their first threads on the same core (2026.4).
            "ENABLE_CPU_PINNING": False,
        }
        tape = Tape(precision)
        inputs = [tape.input(shape, differentiable=wanted) for shape, wanted in zip(shapes, differentiable)]
        self._differentiable = differentiable
        self._graphs = tape.graphs(record(tape, inputs), differentiable=any(differentiable))

        def compiled(model: Any) -> Any:
            return openvino_core().compile_model(model, "CPU", options)

        self._forward = compiled(self._graphs.forward)
        self._backward: Any = None
        if self._graphs.backward is not None:
            self._backward = compiled(self._graphs.backward).create_infer_request()
        self._unused: list[Any] = []  # requests whose activations nobody needs any more

    def forward(self, inputs: list[np.ndarray]) -> tuple[list[paddle.Tensor], _Activations]:
        """Return the outputs, and what `backward` needs of this call."""
        request = self._unused.pop() if self._unused else self._forward.create_infer_request()
        activations = _Activations(request, inputs, self)
        _set_inputs(request, inputs)
        request.infer()
        outputs = [request.get_output_tensor(place).data for place in range(self._graphs.outputs)]
        return [paddle.to_tensor(output) for output in outputs], activations

    def backward(self, activations: _Activations, gradients: Sequence[np.ndarray]) -> list[paddle.Tensor | None]:
        """Return the gradient of each input, from those of the outputs; None for those that have none."""
        request = self._backward
        kept = range(self._graphs.outputs, len(self._forward.outputs))
        for place, output in enumerate(kept):
            request.set_input_tensor(place, activations.request.get_output_tensor(output))
        used = [activations.inputs[number] for number in self._graphs.used]
        _set_inputs(request, [*used, *gradients], first=len(kept))
        request.infer()
        found = (paddle.to_tensor(request.get_output_tensor(place).data) for place in range(sum(self._differentiable)))
        return [next(found) if wanted else None for wanted in self._differentiable]

    def give_back(self, request: Any) -> None:
        """Take back a request whose activations are not needed any more."""
        self._unused.append(request)


class _Activations:
    """What a call of `_Executor.forward` keeps, as long as its gradient may be asked for."""

    def __init__(self, request: Any, inputs: list[np.ndarray], executor: _Executor) -> None:
        self.request = request
        self.inputs = inputs
        self._executor = executor

    def __del__(self) -> None:
        self._executor.give_back(self.request)


def _set_inputs(request: Any, arrays: Sequence[np.ndarray], first: int = 0) -> None:
    """Hand contiguous arrays to a request, which holds them without a copy and does not keep them alive."""
    tensor = import_openvino().Tensor
    for place, array in enumerate(arrays, start=first):
        request.set_input_tensor(place, tensor(array, shared_memory=True))


def _array(tensor: paddle.Tensor) -> np.ndarray:
    return np.ascontiguousarray(tensor.numpy())


def fastest_precision() -> Precision:
    """Return "bf16" where the processor computes in bfloat16."""
    return "bf16" if "BF16" in openvino_core().get_property("CPU", "OPTIMIZATION_CAPABILITIES") else "f32"


def on_cpu(*tensors: paddle.Tensor) -> bool:
    """Return whether OpenVINO can take tensors: in float32 on a CPU, and not in a program that is traced."""
    return paddle.in_dynamic_mode() and all(x.place.is_cpu_place() and x.dtype == paddle.float32 for x in tensors)


def is_installed() -> bool:
    """Return whether OpenVINO is there."""
    try:
        import_openvino()
    except ImportError:
        return False
    return True
