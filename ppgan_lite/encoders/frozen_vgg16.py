"""VGG-16 as losses use it, executed by OpenVINO on a CPU, forward and backward.

Paddle's own convolutions reach a quarter of a processor's speed (3.3), and VGG-16 is most of what a step of training a
painter computes. Its weights stay as they are, so that its gradient with respect to a picture is a graph like any
other: convolutions with the filters turned around, and masks. Where the processor has bfloat16 both take half of the
time of float32, and a painter learns the same from them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import paddle
from paddle.autograd import PyLayer, PyLayerContext

from ppgan_lite.nets.vgg16 import CONVS, LAYERS, VGG16, stages_up_to
from ppgan_lite.runtime.startup import import_openvino, openvino_core
from ppgan_lite.runtime.threads import threads

Precision = Literal["f32", "bf16"]

KEPT_SHAPES = 6  # of pictures, for which graphs are kept: those of a training, its previews and its painting


class FrozenVGG16(VGG16):
    """A `VGG16` whose weights do not change any more.

    Pictures in float32 on a CPU go through OpenVINO; all others, and those in a program that is traced, through Paddle.

    Args:
        net: Whose weights it takes.
        precision: "bf16" is faster where the processor computes in it, and taken there if none is given.

    Attributes:
        executors: The compiled graphs of the shapes that were used last.
    """

    def __init__(self, net: VGG16, precision: Precision | None = None) -> None:
        super().__init__(**net.arguments)
        self.arguments = net.arguments  # those of the net that it is a copy of
        self.set_state_dict(net.state_dict())
        self.eval()
        for parameter in self.parameters():
            parameter.stop_gradient = True
        self._precision = precision or fastest_precision()
        self.executors: dict[tuple[Any, ...], _Executor] = {}  # the one used last is last

    def forward(self, x: paddle.Tensor, last: str | None = None) -> dict[str, paddle.Tensor]:
        """Return relu1_2 .. `last`; see `VGG16.forward`."""
        if not (paddle.in_dynamic_mode() and x.place.is_cpu_place() and x.dtype == paddle.float32):
            return super().forward(x, last)
        stages = stages_up_to(last, self.layers, x)
        differentiable = paddle.is_grad_enabled() and not x.stop_gradient
        executor = self._executor(tuple(x.shape), stages, differentiable)
        features = _Features.apply(x, executor) if differentiable else executor.features(x.numpy())[0]
        return dict(zip(LAYERS, features))

    def _executor(self, shape: tuple[int, ...], stages: int, differentiable: bool) -> _Executor:
        key = shape, stages, differentiable
        executor = self.executors.pop(key, None)
        if executor is None:
            weights = {name: tensor.numpy() for name, tensor in self.state_dict().items()}
            graphs = _Graphs(weights, self.means.numpy(), shape, stages, self._precision)
            executor = _Executor(graphs, differentiable=differentiable)
        self.executors[key] = executor
        if len(self.executors) > KEPT_SHAPES:
            del self.executors[next(iter(self.executors))]
        return executor


class _Features(PyLayer):
    """The features of pictures, with a gradient with respect to these."""

    @staticmethod
    def forward(context: PyLayerContext, x: paddle.Tensor, executor: _Executor) -> tuple[paddle.Tensor, ...]:
        context.executor = executor
        features, context.activations = executor.features(x.numpy())
        return tuple(features)

    @staticmethod
    def backward(context: PyLayerContext, *gradients: paddle.Tensor) -> paddle.Tensor:
        found = context.executor.gradient(context.activations, [gradient.numpy() for gradient in gradients])
        return paddle.to_tensor(found)


class _Executor:
    """The compiled graphs of pictures of one shape.

    Args:
        graphs: To compile.
        differentiable: Whether a gradient will be asked for.
    """

    def __init__(self, graphs: _Graphs, *, differentiable: bool) -> None:
        options = {
            "INFERENCE_PRECISION_HINT": graphs.precision,
            "INFERENCE_NUM_THREADS": threads(),
            "NUM_STREAMS": 1,
        }

        def compiled(model: Any) -> Any:
            return openvino_core().compile_model(model, "CPU", options)

        self._stages = graphs.stages
        self._forward = compiled(graphs.forward(keeps_activations=differentiable))
        self._backward: Any = compiled(graphs.backward()).create_infer_request() if differentiable else None
        self._unused: list[Any] = []  # requests whose activations nobody needs any more

    def features(self, x: np.ndarray) -> tuple[list[paddle.Tensor], _Activations]:
        """Return the features, and what `gradient` needs of this call."""
        activations = _Activations(self._unused.pop() if self._unused else self._forward.create_infer_request(), self)
        activations.request.infer([x], share_inputs=True)
        outputs = [activations.request.get_output_tensor(place).data for place in range(self._stages)]
        return [paddle.to_tensor(output) for output in outputs], activations

    def gradient(self, activations: _Activations, of_features: Sequence[np.ndarray]) -> np.ndarray:
        """Return the gradient with respect to the pictures, from that with respect to each layer's features."""
        request, place = self._backward, 0
        for output in range(self._stages, len(self._forward.outputs)):
            request.set_input_tensor(place, activations.request.get_output_tensor(output))
            place += 1
        openvino = import_openvino()
        kept = [openvino.Tensor(np.ascontiguousarray(gradient), shared_memory=True) for gradient in of_features]
        for gradient in kept:
            request.set_input_tensor(place, gradient)
            place += 1
        request.infer()
        return request.get_output_tensor(0).data

    def give_back(self, request: Any) -> None:
        """Take back a request whose activations are not needed any more."""
        self._unused.append(request)


class _Activations:
    """What a call of `_Executor.features` keeps, as long as its gradient may be asked for."""

    def __init__(self, request: Any, executor: _Executor) -> None:
        self.request = request
        self._executor = executor

    def __del__(self) -> None:
        self._executor.give_back(self.request)


class _Graphs:
    """Builds the graphs of pictures of one shape, forward and backward.

    Args:
        weights: Of a `VGG16`, by name.
        means: Of the colors, blue first: 1 x 3 x 1 x 1.
        shape: Of the pictures: N x 3 x H x W.
        stages: How many stages are computed.
        precision: In which they are computed.
    """

    def __init__(
        self,
        weights: dict[str, np.ndarray],
        means: np.ndarray,
        shape: tuple[int, ...],
        stages: int,
        precision: Precision,
    ) -> None:
        openvino = import_openvino()
        from openvino import opset13

        self._op = opset13
        self._weights, self._means, self._shape = weights, means, shape
        self._convs = [(stage, number) for stage in range(stages) for number in range(CONVS[stage])]
        self.stages, self.precision = stages, precision
        # What is kept between the graphs must be what the forward one compared, or masks of maxima would not fit.
        self._kept_type = {"f32": openvino.Type.f32, "bf16": openvino.Type.bf16}[precision]
        self._float = openvino.Type.f32

    def forward(self, *, keeps_activations: bool) -> Any:
        """Build pictures -> each layer's features and, if they are to be kept, the outputs of all ReLUs."""
        op = self._op
        pictures = op.parameter(self._shape, self._float)
        # Red comes first, so channels of means and filters are turned around instead of the picture's.
        x = op.subtract(op.multiply(pictures, np.float32(255)), op.constant(self._means[:, ::-1].copy()))
        features, activations = [], []
        for stage, number in self._convs:
            if stage and not number:
                x = self._pooled(x)
            weight, bias = self._filters(stage, number), self._weights[f"conv{stage + 1}_{number + 1}.bias"]
            x = op.relu(op.add(self._convolved(x, weight), op.constant(bias.reshape(1, -1, 1, 1))))
            activations.append(self._as(x, self._kept_type))
            if number == CONVS[stage] - 1:
                features.append(self._as(x, self._float))
        return self._model([*features, *(activations if keeps_activations else [])], [pictures])

    def backward(self) -> Any:
        """Build (what `forward` keeps, the gradient of each layer's features) -> the gradient of the pictures."""
        op = self._op
        n, _, height, width = self._shape
        shapes = [
            (n, len(self._filters(stage, number)), height >> stage, width >> stage) for stage, number in self._convs
        ]
        activations = {conv: op.parameter(shape, self._kept_type) for conv, shape in zip(self._convs, shapes)}
        of_features = [
            op.parameter(shape, self._float)
            for (stage, number), shape in zip(self._convs, shapes)
            if number == CONVS[stage] - 1
        ]
        gradient = None
        for stage, number in reversed(self._convs):
            activation = activations[stage, number]
            if number == CONVS[stage] - 1:
                below = of_features[stage]
                if gradient is not None:
                    below = op.add(below, self._unpooled(gradient, activation, stage))
                gradient = below
            positive = self._as(op.greater(activation, op.constant(0.0, self._kept_type)), self._float)
            weight = self._filters(stage, number)
            turned = weight.transpose(1, 0, 2, 3)[:, :, ::-1, ::-1].copy()
            gradient = self._convolved(op.multiply(gradient, positive), turned)
        of_pictures = op.multiply(gradient, np.float32(255))
        return self._model([of_pictures], [*activations.values(), *of_features])

    def _filters(self, stage: int, number: int) -> np.ndarray:
        weight = self._weights[f"conv{stage + 1}_{number + 1}.weight"]
        return weight[:, ::-1].copy() if (stage, number) == (0, 0) else weight

    def _convolved(self, x: Any, weight: np.ndarray) -> Any:
        return self._op.convolution(x, self._op.constant(weight), [1, 1], [1, 1], [1, 1], [1, 1])

    def _pooled(self, x: Any) -> Any:
        return self._op.max_pool(x, [2, 2], [1, 1], [0, 0], [0, 0], [2, 2]).output(0)

    def _unpooled(self, gradient: Any, activation: Any, stage: int) -> Any:
        """Lead a gradient through a stage's pooling, to the largest of each four values; equal ones share it."""
        op = self._op
        largest = self._as(op.equal(activation, self._enlarged(self._pooled(activation), stage)), self._float)
        count = op.multiply(op.avg_pool(largest, [2, 2], [0, 0], [0, 0], [2, 2], False), np.float32(4))
        return op.multiply(self._enlarged(op.divide(gradient, count), stage), largest)

    def _enlarged(self, x: Any, stage: int) -> Any:
        """Repeat each value four times, to a stage's size; its odd row or column, which pooling drops, gets zeros."""
        op = self._op
        sides = [side >> stage for side in self._shape[2:]]
        odd = [side % 2 for side in sides]
        even = [side - rest for side, rest in zip(sides, odd)]
        size, axes = (op.constant(np.array(pair, np.int64)) for pair in (even, (2, 3)))
        x = op.interpolate(
            x, size, "nearest", "sizes", axes=axes, coordinate_transformation_mode="asymmetric", nearest_mode="floor"
        )
        if not any(odd):
            return x
        none, ends = (op.constant(np.array(pads, np.int64)) for pads in ((0, 0, 0, 0), (0, 0, *odd)))
        return op.pad(x, none, ends, "constant")

    def _as(self, x: Any, kind: Any) -> Any:
        return self._op.convert(x, kind.get_type_name())

    @staticmethod
    def _model(results: list[Any], parameters: list[Any]) -> Any:
        return import_openvino().Model(results, parameters)


def frozen(net: VGG16, precision: Precision | None = None) -> VGG16:
    """Return a net whose weights will not change, to be executed by OpenVINO where that is installed.

    Args:
        net: Whose weights it takes.
        precision: See `FrozenVGG16`.
    """
    try:
        import_openvino()
    except ImportError:
        return net
    return FrozenVGG16(net, precision)


def fastest_precision() -> Precision:
    """Return "bf16" where the processor computes in bfloat16."""
    return "bf16" if "BF16" in openvino_core().get_property("CPU", "OPTIMIZATION_CAPABILITIES") else "f32"
