"""The VGG-19 encoder, in any width: features of a picture at five depths."""

from __future__ import annotations

from collections.abc import Sequence

import paddle
from paddle import nn
from paddle.nn import functional as F

from ppgan_lite.nets.blocks import ReflectConv
from ppgan_lite.nets.net import Net
from ppgan_lite.nets.vgg16 import MEANS_BGR, VGG16
from ppgan_lite.signatures import PositiveInt

PUBLISHED_CHANNELS = (64, 128, 256, 512, 512)
PUBLISHED_CONVS = (2, 2, 4, 4, 1)
VGG16_DRAFT_CONVS = (2, 2, 3, 1, 1)  # of an encoder that is a VGG-16 up to relu4_1, which is where drafts end
VGG16_SCALE = 200.0  # about the mean of the published VGG-16's activations on photos, up to relu4_1
LAYERS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")


class VGGEncoder(Net):
    """VGG-19 (Simonyan and Zisserman, 2015) up to relu5_1, with reflect padding as in AdaIN and LapStyle.

    A first 1x1 convolution maps RGB in [0, 1] to the input range of the filters (mean-subtracted BGR for the published
    weights).

    Args:
        channels: Width of each of the five stages. (64, 128, 256, 512, 512) is the published net.
        convs: Convolutions of each stage. (2, 2, 4, 4, 1) is the published net.
    """

    def __init__(
        self, channels: Sequence[PositiveInt] = PUBLISHED_CHANNELS, convs: Sequence[PositiveInt] = PUBLISHED_CONVS
    ) -> None:
        super().__init__()
        self.conv0 = nn.Conv2D(3, 3, 1)
        # Fresh weights get colors of about mean 0 and std 1; published ones have their own.
        self.conv0.weight.set_value(4 * paddle.eye(3).reshape([3, 3, 1, 1]))
        self.conv0.bias.set_value(paddle.full([3], -2.0))
        self.steps: list[str] = []  # names of convolutions, with "pool" between the stages
        in_channels = 3
        for stage, (width, count, _) in enumerate(zip(channels, convs, LAYERS, strict=True), start=1):
            for number in range(1, count + 1):
                name = f"conv{stage}_{number}"
                self.add_sublayer(name, ReflectConv(in_channels, width))
                self.steps.append(name)
                in_channels = width
            self.steps.append("pool")

    def forward(self, x: paddle.Tensor, last: str = "relu5_1") -> dict[str, paddle.Tensor]:
        """Return relu1_1 .. `last` of an image batch.

        Args:
            x: N x 3 x H x W, RGB in [0, 1]. Stage k has the size of the picture divided by 2 ** (k - 1), rounded up.
            last: The deepest layer wanted; those after it are not computed.

        Returns:
            Layer name -> N x channels x h x w, never negative.
        """
        found: dict[str, paddle.Tensor] = {}
        x = self.conv0(x)
        for step in self.steps[: self.steps.index(last.replace("relu", "conv")) + 1]:
            if step == "pool":
                x = F.max_pool2d(x, 2, ceil_mode=True)
            else:
                x = F.relu(self._sub_layers[step](x))
                if step.endswith("_1"):
                    found[step.replace("conv", "relu")] = x
        return found


def set_vgg16(encoder: VGGEncoder, vgg16: VGG16) -> None:
    """Make an encoder with `VGG16_DRAFT_CONVS` a VGG-16 up to relu4_1; its last convolution stays as it is.

    All activations are divided by `VGG16_SCALE`: fresh decoders expect values of about one. Departure: reflect padding.
    """
    encoder.conv0.weight.set_value(255 * paddle.eye(3).flip(0).reshape([3, 3, 1, 1]))
    encoder.conv0.bias.set_value(-paddle.to_tensor(MEANS_BGR))
    for step in encoder.steps:
        if step != "pool" and not step.startswith("conv5"):
            ours, published = encoder._sub_layers[step], vgg16._sub_layers[step]
            ours.weight.set_value(published.weight / VGG16_SCALE if step == "conv1_1" else published.weight)
            ours.bias.set_value(published.bias / VGG16_SCALE)
