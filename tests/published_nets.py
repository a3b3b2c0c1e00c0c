"""The generators of CycleGAN, pix2pix and CUT written out from their papers, as one sequence of layers each.

An independent second version to compare with: nothing of the package is used. Layers are numbered by place, so the
names of their state dicts are those of the published programs.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import paddle
from paddle import nn
from paddle.nn import functional as F

MakeNorm = Callable[[int], nn.Layer]


def plain_instance(channels: int) -> nn.Layer:
    """Without weights: PyTorch's of both repositories."""
    return nn.InstanceNorm2D(channels, weight_attr=False, bias_attr=False)


def batch_of_picture(channels: int) -> nn.Layer:
    """A batch norm that normalizes by the statistics of the batch, in evaluation too."""
    return nn.BatchNorm(channels, trainable_statistics=True)


class Whole(nn.Layer):
    def __init__(self, model: nn.Layer) -> None:
        super().__init__()
        self.model = model

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        return self.model(x)


class Residual(nn.Layer):
    def __init__(self, width: int, norm: MakeNorm, bias: bool | None, dropout: bool, reflect: bool) -> None:
        super().__init__()
        layers: list[nn.Layer] = []
        for number in range(2):
            layers += [nn.Pad2D(1, mode="reflect")] if reflect else []
            layers += [nn.Conv2D(width, width, 3, padding=0 if reflect else 1, bias_attr=bias), norm(width)]
            if number == 0:
                layers += [nn.ReLU(), *([nn.Dropout(0.5)] if dropout else [])]
        self.conv_block = nn.Sequential(*layers)

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        return x + self.conv_block(x)


class Blur(nn.Layer):
    """Zhang 2019: a fixed filter, then every second pixel; or zeros between the pixels, then the filter."""

    def __init__(self, channels: int, up: bool) -> None:
        super().__init__()
        row = paddle.to_tensor([1.0, 3.0, 3.0, 1.0] if up else [1.0, 2.0, 1.0])
        self.up = up
        self.register_buffer("filt", (row.outer(row) / 16).tile([channels, 1, 1, 1]))

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        if not self.up:
            return F.conv2d(F.pad(x, [1, 1, 1, 1], "reflect"), self.filt, stride=2, groups=x.shape[1])
        padded = F.pad(x, [1, 1, 1, 1], "replicate")
        return F.conv2d_transpose(padded, self.filt, stride=2, groups=x.shape[1])[:, :, 3:-3, 3:-3]


def resnet(
    *,
    channels: tuple[int, int] = (3, 3),
    base: int = 4,
    blocks: int = 2,
    norm: MakeNorm = plain_instance,
    bias: bool = True,
    dropout: bool = False,
    reflect: bool = True,
    blurred: bool = False,
    resized: bool = False,
) -> Whole:
    """CycleGAN's generator (Zhu et al., 2017, appendix 7.2): c7s1-k, d2k, d4k, R4k ..., u2k, uk, c7s1-3."""
    attr = None if bias else False
    layers: list[nn.Layer] = [nn.Pad2D(3, mode="reflect"), nn.Conv2D(channels[0], base, 7, bias_attr=attr)]
    layers += [norm(base), nn.ReLU()]
    for width in (2 * base, 4 * base):
        stride = 1 if blurred else 2
        layers += [nn.Conv2D(width // 2, width, 3, stride=stride, padding=1, bias_attr=attr), norm(width), nn.ReLU()]
        layers += [Blur(width, up=False)] if blurred else []
    layers += [Residual(4 * base, norm, attr, dropout, reflect) for _ in range(blocks)]
    for width in (2 * base, base):
        if resized:
            layers += [nn.Upsample(scale_factor=2), nn.Pad2D(1, mode="reflect")]
            layers += [nn.Conv2D(2 * width, width, 3, bias_attr=attr)]
        elif blurred:
            layers += [Blur(2 * width, up=True), nn.Conv2D(2 * width, width, 3, padding=1, bias_attr=attr)]
        else:
            up = nn.Conv2DTranspose(2 * width, width, 3, stride=2, padding=1, output_padding=1, bias_attr=attr)
            layers += [up]
        layers += [norm(width), nn.ReLU()]
    layers += [nn.Pad2D(3, mode="reflect"), nn.Conv2D(base, channels[1], 7), nn.Tanh()]
    return Whole(nn.Sequential(*layers))


class Skip(nn.Layer):
    """One size of a U-Net, the smaller ones inside it."""

    def __init__(self, *layers: nn.Layer, joins: bool) -> None:
        super().__init__()
        self.model = nn.Sequential(*layers)
        self.joins = joins

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        return paddle.concat([x, self.model(x)], axis=1) if self.joins else self.model(x)


def unet(
    *,
    channels: tuple[int, int] = (3, 3),
    base: int = 2,
    depth: int = 5,
    norm: MakeNorm = batch_of_picture,
    bias: bool = False,
    dropout: bool = False,
) -> Whole:
    """pix2pix's generator (Isola et al., 2017, appendix 6.1): C64-C128-C256-C512-... with skips."""
    attr = None if bias else False
    widths = [base * min(2**level, 8) for level in range(depth)]

    def down(a: int, b: int) -> nn.Layer:
        return nn.Conv2D(a, b, 4, stride=2, padding=1, bias_attr=attr)

    def up(a: int, b: int, bias_attr: bool | None = attr) -> nn.Layer:
        return nn.Conv2DTranspose(a, b, 4, stride=2, padding=1, bias_attr=bias_attr)

    slope = nn.LeakyReLU(0.2)
    outer, inner = widths[-2:]
    block = Skip(slope, down(outer, inner), nn.ReLU(), up(inner, outer), norm(outer), joins=True)
    for level in range(depth - 2, 0, -1):
        outer, inner = widths[level - 1], widths[level]
        layers = [slope, down(outer, inner), norm(inner), block, nn.ReLU(), up(2 * inner, outer), norm(outer)]
        layers += [nn.Dropout(0.5)] if dropout and outer == inner else []
        block = Skip(*layers, joins=True)
    last = up(2 * base, channels[1], None)
    return Whole(Skip(down(channels[0], base), block, nn.ReLU(), last, nn.Tanh(), joins=False))


def shaken(net: nn.Layer, seed: int = 0) -> nn.Layer:
    """Give a net weights that are large enough to tell a mistake, and statistics unlike fresh ones; in evaluation."""
    rng = np.random.default_rng(seed)
    for name, value in net.state_dict().items():
        part = name.rpartition(".")[2]
        if part == "filt" or part == "scale" or (part == "bias" and f"{name[:-4]}scale" in net.state_dict()):
            continue
        deviation = 1.5 / np.sqrt(np.prod(value.shape[1:])) if value.ndim == 4 else 0.2
        center = 1.0 if part == "_variance" or (part == "weight" and value.ndim == 1) else 0.0
        value.set_value(paddle.to_tensor((center + deviation * rng.normal(size=value.shape)).astype(np.float32)))
        if part == "_variance":
            value.set_value(value.abs() + 0.5)
    net.eval()
    return net


def as_torch(net: nn.Layer, prefix: str = "") -> dict[str, np.ndarray]:
    """Return a net's arrays under PyTorch's names, with PyTorch's count of batches."""
    state: dict[str, np.ndarray] = {}
    for name, value in net.state_dict().items():
        layer, _, part = name.rpartition(".")
        part = {"_mean": "running_mean", "_variance": "running_var"}.get(part, part)
        state[f"{prefix}{layer}.{part}"] = value.numpy()
        if part == "running_var":
            state[f"{prefix}{layer}.num_batches_tracked"] = np.array(5)
    return state


def as_paddle(net: nn.Layer) -> dict[str, np.ndarray]:
    return {name: value.numpy() for name, value in net.state_dict().items()}
