"""Execution of a tape's graphs, as functions that Paddle differentiates."""

from __future__ import annotations

import functools
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

    def __call__(
        self, name: object, record: Recorder, inputs: Sequence[paddle.Tensor], weights: Sequence[paddle.Tensor] = ()
    ) -> list[paddle.Tensor]:
        """Compute a function of each picture of a batch; Paddle can differentiate the results.

        Args:
            name: Of the function.
            record: Records it for one picture.
            inputs: N x ..., or 1 x ... where all pictures have the same; in float32, on a CPU.
            weights: Further inputs, of any shapes, that all pictures have in common.
        """
        count = max(len(tensor) for tensor in inputs)
        split = [len(tensor) == count for tensor in inputs] + [False] * len(weights)
        tensors = [*inputs, *weights]
        shapes = tuple((1, *x.shape[1:]) if own else tuple(x.shape) for x, own in zip(tensors, split))
        wanted = tuple(paddle.is_grad_enabled() and not tensor.stop_gradient for tensor in tensors)
        streams = min(count, threads())
        key = name, shapes, wanted, streams
        executor = self._compiled.pop(key, None) or _Executor(record, shapes, wanted, self._precision, streams)
        self._compiled[key] = executor
        if len(self._compiled) > KEPT_FUNCTIONS:
            del self._compiled[next(iter(self._compiled))]
        if any(wanted):
            return list(_Function.apply(executor, split, *tensors))
        return executor.forward(tensors, split)[0]


class _Function(PyLayer):
    @staticmethod
    def forward(
        context: PyLayerContext, executor: _Executor, split: Sequence[bool], *inputs: paddle.Tensor
    ) -> tuple[paddle.Tensor, ...]:
        context.executor = executor
        outputs, context.activations = executor.forward(inputs, split)
        return tuple(outputs)

    @staticmethod
    def backward(context: PyLayerContext, *gradients: paddle.Tensor) -> tuple[paddle.Tensor | None, ...]:
        return tuple(context.executor.backward(context.activations, gradients))


class _Executor:
    """The compiled graphs of a function of one picture, for inputs of some shapes.

    The pictures of a batch are computed side by side: what is small, or only moves numbers, gains nothing from a second
    thread (2026.4).

    Args:
        record: Records the function.
        shapes: Of its inputs.
        differentiable: Which of them have gradients.
        precision: In which it is computed.
        streams: How many pictures are computed at a time.
    """

    def __init__(
        self,
        record: Recorder,
        shapes: Sequence[Shape],
        differentiable: Sequence[bool],
        precision: Precision,
        streams: int,
    ) -> None:
        options = {
            "INFERENCE_PRECISION_HINT": precision,
            "INFERENCE_NUM_THREADS": threads(),
            "NUM_STREAMS": streams,
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
        self._backward: Any = None if self._graphs.backward is None else compiled(self._graphs.backward)
        self._unused: list[Any] = []  # requests whose activations nobody needs any more
        self._of_backward: list[Any] = []  # requests, one for each picture

    def forward(
        self, inputs: Sequence[paddle.Tensor], split: Sequence[bool]
    ) -> tuple[list[paddle.Tensor], _Activations]:
        """Return the outputs, and what `backward` needs of this call.

        Args:
            inputs: Of the function.
            split: Which of them have a part for each picture.
        """
        arrays = [_array(tensor) for tensor in inputs]
        count = max(len(array) for array, own in zip(arrays, split) if own)
        pictures = [[_part(array, k) if own else array for array, own in zip(arrays, split)] for k in range(count)]
        requests = [self._unused.pop() if self._unused else self._forward.create_infer_request() for _ in pictures]
        activations = _Activations(requests, pictures, split, self)
        _run(requests, pictures)
        return [_tensor(_outputs(requests, place)) for place in range(self._graphs.outputs)], activations

    def backward(self, activations: _Activations, gradients: Sequence[paddle.Tensor]) -> list[paddle.Tensor | None]:
        """Return the gradient of each input, from those of the outputs; None for those that have none."""
        arrays = [_array(gradient) for gradient in gradients]
        kept = range(self._graphs.outputs, len(self._forward.outputs))
        missing = len(activations.pictures) - len(self._of_backward)
        self._of_backward += [self._backward.create_infer_request() for _ in range(missing)]
        requests = self._of_backward[: len(activations.pictures)]
        inputs = []
        for k, (request, source, picture) in enumerate(zip(requests, activations.requests, activations.pictures)):
            for place, output in enumerate(kept):
                request.set_input_tensor(place, source.get_output_tensor(output))
            inputs.append([*(picture[number] for number in self._graphs.used), *(_part(array, k) for array in arrays)])
        _run(requests, inputs, first=len(kept))
        places = iter(range(sum(self._differentiable)))
        return [
            _tensor(_outputs(requests, next(places)), summed=not own) if wanted else None
            for own, wanted in zip(activations.split, self._differentiable)
        ]

    def give_back(self, requests: Sequence[Any]) -> None:
        """Take back requests whose activations are not needed any more."""
        self._unused += requests


class _Activations:
    """The state that a call of `_Executor.forward` keeps, as long as its gradient may be asked for."""

    def __init__(
        self, requests: Sequence[Any], pictures: Sequence[list[np.ndarray]], split: Sequence[bool], executor: _Executor
    ) -> None:
        self.requests = requests
        self.pictures = pictures  # the inputs of each
        self.split = split
        self._executor = executor

    def __del__(self) -> None:
        self._executor.give_back(self.requests)


def _run(requests: Sequence[Any], inputs: Sequence[Sequence[np.ndarray]], first: int = 0) -> None:
    """Run requests side by side, on contiguous arrays, which they hold without a copy and do not keep alive."""
    tensor = import_openvino().Tensor
    try:
        for request, arrays in zip(requests, inputs, strict=True):
            for place, array in enumerate(arrays, start=first):
                request.set_input_tensor(place, tensor(array, shared_memory=True))
            request.start_async()
    finally:  # none runs on when Ctrl-C has ended this
        for request in requests:
            request.wait()


def _outputs(requests: Sequence[Any], place: int) -> list[np.ndarray]:
    return [request.get_output_tensor(place).data for request in requests]


def _part(array: np.ndarray, number: int) -> np.ndarray:
    return array[number : number + 1]


def _tensor(parts: Sequence[np.ndarray], *, summed: bool = False) -> paddle.Tensor:
    """Return a copy of the parts of a batch, or of their sum, always in the same order."""
    if len(parts) == 1:
        return paddle.to_tensor(parts[0])
    return paddle.to_tensor(functools.reduce(np.add, parts) if summed else np.concatenate(parts))


def _array(tensor: paddle.Tensor) -> np.ndarray:
    return np.ascontiguousarray(tensor.numpy())


def fastest_precision() -> Precision:
    """Return "bf16" where the processor computes in bfloat16."""
    return "bf16" if "BF16" in openvino_core().get_property("CPU", "OPTIMIZATION_CAPABILITIES") else "f32"


def on_cpu(*tensors: paddle.Tensor) -> bool:
    """Return whether OpenVINO can take tensors: in float32 on a CPU, and not in a program that is traced."""
    return paddle.in_dynamic_mode() and all(x.place.is_cpu_place() and x.dtype == paddle.float32 for x in tensors)


def has_openvino() -> bool:
    """Return whether OpenVINO can be imported."""
    try:
        import_openvino()
    except ImportError:
        return False
    return True
