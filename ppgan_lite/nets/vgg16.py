"""The VGG-16 encoder: features of a picture at four or five depths, which perceptual losses and metrics compare.

Simonyan and Zisserman, "Very Deep Convolutional Networks for Large-Scale Image Recognition", ICLR 2015, configuration D
up to conv4_3 or conv5_3. The layers up to relu4_3 are those of Johnson et al., "Perceptual Losses for Real-Time Style
Transfer and Super-Resolution", ECCV 2016, all five those of LPIPS.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Annotated

import paddle
from paddle import nn
from paddle.nn import functional as F

from ppgan_lite.errors import UsageError
from ppgan_lite.nets.blocks import require_size
from ppgan_lite.nets.gram import gram
from ppgan_lite.nets.net import Net
from ppgan_lite.nets.relative_distance import relative_distance
from ppgan_lite.signatures import PositiveInt, Within

LAYERS = ("relu1_2", "relu2_2", "relu3_3", "relu4_3", "relu5_3")
CONVS = (2, 2, 3, 3, 3)  # of each stage
# Of ImageNet, in blue, green, red of 0 .. 255, which the published weights (Caffe's) expect to be subtracted.
MEANS_BGR = (103.939, 116.779, 123.68)


class VGG16(Net):
    """VGG-16 as published, without its classifier: zero padding, 2x2 max pooling that drops an odd row or column.

    Args:
        channels: Width of each stage, of four or five. The default is the published net up to conv4_3.
        means: Of the colors, blue first, in 0 .. 255: what the weights expect to be subtracted.

    Attributes:
        layers: Those it computes, from `LAYERS`.
    """

    def __init__(
        self,
        channels: Sequence[PositiveInt] = (64, 128, 256, 512),
        means: Sequence[Annotated[float, Within(0, 255)]] = MEANS_BGR,
    ) -> None:
        super().__init__()
        if not 4 <= len(channels) <= len(CONVS):
            raise UsageError("VGG16.channels", f"{len(channels)} stages", "four or five")
        if len(means) != 3:
            raise UsageError("VGG16.means", f"{len(means)} numbers", "three, for blue, green and red")
        self.layers = LAYERS[: len(channels)]
        # A buffer and not a 1x1 convolution: the zeros of the padding are added after the means are taken away.
        self.register_buffer("means", paddle.to_tensor(list(means), "float32").reshape([1, 3, 1, 1]), persistable=False)
        in_channels = 3
        for stage, (width, count) in enumerate(zip(channels, CONVS), start=1):
            for number in range(1, count + 1):
                self.add_sublayer(f"conv{stage}_{number}", nn.Conv2D(in_channels, width, 3, padding=1))
                in_channels = width

    def forward(self, x: paddle.Tensor, last: str | None = None) -> dict[str, paddle.Tensor]:
        """Return relu1_2 .. `last` of an image batch.

        Args:
            x: N x 3 x H x W, RGB in [0, 1]. Stage k has the size of the picture divided by 2 ** (k - 1), rounded down.
            last: The deepest layer wanted, one of `layers`; those after it are not computed. None for all.

        Returns:
            Layer name -> N x channels x h x w, never negative.

        Raises:
            UsageError: A side is too short for the deepest stage.
        """
        stages = stages_up_to(last, self.layers, x)
        found: dict[str, paddle.Tensor] = {}
        x = 255 * x.flip(1) - self.means
        for stage in range(1, stages + 1):
            if stage > 1:
                x = F.max_pool2d(x, 2)
            for number in range(1, CONVS[stage - 1] + 1):
                x = F.relu(self._sub_layers[f"conv{stage}_{number}"](x))
            found[LAYERS[stage - 1]] = x
        return found

    def describe(
        self,
        x: paddle.Tensor,
        *,
        grams: Collection[str],
        content: Collection[str] = (),
        photo: paddle.Tensor | None = None,
    ) -> tuple[dict[str, paddle.Tensor], dict[str, paddle.Tensor]]:
        """Return what perceptual losses compare of an image batch.

        Args:
            x: As `forward`.
            grams: Layers whose Gram matrices are wanted.
            content: Layers whose features are compared with the photo's.
            photo: Of the shape of `x`; it gets no gradient. None where nothing is compared with it.

        Returns:
            Layer name -> N x channels x channels, and layer name -> N; see `relative_distance`.
        """
        found = self(x, max({*grams, *content}, key=LAYERS.index))
        distances = {}
        if photo is not None and content:
            with paddle.no_grad():
                wanted = self(photo, max(content, key=LAYERS.index))
            distances = {layer: relative_distance(found[layer], wanted[layer]) for layer in content}
        return {layer: gram(found[layer]) for layer in grams}, distances


def stages_up_to(last: str | None, layers: Sequence[str], x: paddle.Tensor) -> int:
    """Return the number of stages up to a layer, or of all layers.

    Raises:
        UsageError: A side of the pictures is too short for the deepest.
    """
    count = len(layers) if last is None else layers.index(last) + 1
    require_size("VGG-16", x, 2 ** (count - 1), "Use a larger picture")
    return count
