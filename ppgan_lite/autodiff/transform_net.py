"""The net that paints a draft, in training.

Paddle (3.3) computes it at a tenth of a processor's speed, forward and backward, and hardly gains from a second core.
"""

from __future__ import annotations

from collections.abc import Sequence

import paddle

from ppgan_lite.autodiff import operations as ops
from ppgan_lite.autodiff.executor import Executors, has_openvino, on_cpu
from ppgan_lite.autodiff.layers import Layers, layers_with_weights, weights_of
from ppgan_lite.autodiff.tape import Precision, Tape, Value
from ppgan_lite.nets.normalization import EPSILON
from ppgan_lite.nets.style_transfer import ConditionalConv, TransformNet

_SIDES = 4  # pictures have sides that are multiples: each upsampling doubles what a downsampling has halved


class DifferentiableTransform:
    """A `TransformNet` that OpenVINO executes on a CPU while it is trained, with gradients of its parameters.

    Other calls go to the net itself: those with a map of strokes, of pictures of other sizes, on other devices, of
    other types.

    Args:
        net: Whose parameters are used as they are at each call.
        precision: In which it computes; the fastest if not given.
    """

    def __init__(self, net: TransformNet, precision: Precision | None = None) -> None:
        self._net = net
        self._executors = Executors(precision)
        self._convolutions = layers_with_weights(net)  # all layers but the norms, which a style may add to

    def __call__(
        self,
        photo: paddle.Tensor,
        strength: paddle.Tensor,
        scales: paddle.Tensor | None = None,
        shifts: paddle.Tensor | None = None,
    ) -> paddle.Tensor:
        """See `TransformNet.forward`; the photo gets no gradient."""
        fits = not any(side % _SIDES for side in photo.shape[2:])
        if not (fits and photo.stop_gradient and on_cpu(photo, *self._net.parameters())):
            return self._net(photo, strength, scales, shifts)
        share = strength.detach().reshape([-1, 1, 1, 1])
        norms = self._net.norm_weights(self._net.offsets(strength, scales, shifts))
        return self._executors("paint", self._record, [photo, share, *norms], [*weights_of(self._convolutions)])[0]

    def _record(self, tape: Tape, inputs: Sequence[Value]) -> list[Value]:
        net, (photo, share, *rest) = self._net, inputs
        count = 2 * len(net.norm_channels)
        norms = zip(rest[:count:2], rest[1:count:2], strict=True)
        layers = Layers(tape, self._convolutions, rest[count:])

        def layer(part: ConditionalConv, x: Value) -> Value:
            x = layers.convolve(part.conv, x)
            return ops.normalize(tape, x, *next(norms), epsilon=EPSILON, rectified=part.rectified)

        half = layer(net.down1, layer(net.stem, photo))
        x = layer(net.down2, half)
        for block in net.blocks:
            x = ops.add(tape, x, layer(block.second, layer(block.first, x)))
        x = layer(net.up2, ops.blend(tape, half, layer(net.up1, x), share))
        return [ops.sigmoid(tape, layers.convolve(net.to_rgb, x))]


def differentiable(net: TransformNet, precision: Precision | None = None) -> DifferentiableTransform | TransformNet:
    """Return a net to be executed by OpenVINO in training where that is installed.

    Args:
        net: The net.
        precision: See `DifferentiableTransform`.
    """
    return DifferentiableTransform(net, precision) if has_openvino() else net
