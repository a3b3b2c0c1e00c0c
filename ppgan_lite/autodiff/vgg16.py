"""VGG-16 as losses use it: with constant weights, and a gradient with respect to pictures.

Paddle's own convolutions reach a quarter of a processor's speed (3.3), and VGG-16 is most of what a step of training a
painter computes. Where the processor has bfloat16 it takes half of the time of float32, and a painter learns the same.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import paddle

from ppgan_lite.autodiff import operations as ops
from ppgan_lite.autodiff.executor import Executors, has_openvino, on_cpu
from ppgan_lite.autodiff.tape import Precision, Tape, Value
from ppgan_lite.nets.relative_distance import EPSILON
from ppgan_lite.nets.vgg16 import CONVS, LAYERS, VGG16, stages_up_to


class FrozenVGG16(VGG16):
    """A `VGG16` whose weights do not change any more.

    Pictures in float32 on a CPU go through OpenVINO; all others, and those in a program that is traced, through Paddle.

    Args:
        net: Whose weights it takes.
        precision: "bf16" is faster where the processor computes in it, and taken there if none is given.

    Attributes:
        executors: Of the shapes that were used last.
    """

    def __init__(self, net: VGG16, precision: Precision | None = None) -> None:
        super().__init__(**net.arguments)
        self.arguments = net.arguments  # those of the net that it is a copy of
        self.set_state_dict(net.state_dict())
        self.eval()
        for parameter in self.parameters():
            parameter.stop_gradient = True
        self.executors = Executors(precision)

    def forward(self, x: paddle.Tensor, last: str | None = None) -> dict[str, paddle.Tensor]:
        """Return relu1_2 .. `last`; see `VGG16.forward`."""
        if not on_cpu(x):
            return super().forward(x, last)
        layers = LAYERS[: stages_up_to(last, self.layers, x)]

        def record(tape: Tape, inputs: Sequence[Value]) -> list[Value]:
            return [*self._record(tape, inputs[0], len(layers)).values()]

        return dict(zip(layers, self.executors(layers, record, [x]), strict=True))

    def describe(
        self,
        x: paddle.Tensor,
        *,
        grams: Collection[str],
        content: Collection[str] = (),
        photo: paddle.Tensor | None = None,
    ) -> tuple[dict[str, paddle.Tensor], dict[str, paddle.Tensor]]:
        """Return Gram matrices, and distances from a photo's features; see `VGG16.describe`."""
        pictures = [x, photo.detach()] if photo is not None and content else [x]
        if not on_cpu(*pictures):
            return super().describe(x, grams=grams, content=content, photo=photo)
        described, compared = ([layer for layer in LAYERS if layer in wanted] for wanted in (grams, content))
        stages = stages_up_to(max({*described, *compared}, key=LAYERS.index), self.layers, x)

        def record(tape: Tape, inputs: Sequence[Value]) -> list[Value]:
            found = self._record(tape, inputs[0], stages)
            outputs = [ops.gram(tape, found[layer]) for layer in described]
            if len(inputs) > 1:
                wanted = self._record(tape, inputs[1], LAYERS.index(compared[-1]) + 1)
                outputs += [
                    ops.relative_distance(tape, found[layer], wanted[layer], epsilon=EPSILON) for layer in compared
                ]
            return outputs

        results = self.executors((*described, "content", *compared), record, pictures)
        return dict(zip(described, results)), dict(zip(compared, results[len(described) :]))

    def _record(self, tape: Tape, x: Value, stages: int) -> dict[str, Value]:
        # Red comes first, so channels of means and filters are turned around instead of the picture's.
        x = ops.affine(tape, x, scale=255.0, shift=-self.means.numpy()[:, ::-1])
        found: dict[str, Value] = {}
        for stage in range(stages):
            if stage:
                x = ops.max_pool(tape, x)
            for number in range(CONVS[stage]):
                conv = self._sub_layers[f"conv{stage + 1}_{number + 1}"]
                weight = conv.weight.numpy()
                if (stage, number) == (0, 0):
                    weight = weight[:, ::-1].copy()
                x = ops.convolve(tape, x, tape.constant(weight))
                bias = tape.constant(conv.bias.numpy().reshape(1, -1, 1, 1))
                x = ops.relu(tape, ops.add(tape, x, bias))
            found[LAYERS[stage]] = x
        return found


def frozen(net: VGG16, precision: Precision | None = None) -> VGG16:
    """Return a net whose weights will not change, to be executed by OpenVINO where that is installed.

    Args:
        net: Whose weights it takes.
        precision: See `FrozenVGG16`.
    """
    return FrozenVGG16(net, precision) if has_openvino() else net
