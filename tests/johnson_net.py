"""The net of Johnson et al. (2016), which fast neural style paints with, written out from the paper and its layer list.

An independent second version to compare with: nothing of the package is used. With it, the names that programs have for
its layers, and a photo to paint.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import paddle
from paddle.nn import functional as F

MEAN, STD = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])


@dataclass
class Johnson:
    """Johnson's net (Johnson et al., 2016) with instance norms, as a list of arrays and the functions between them.

    Attributes:
        width: Channels of the first convolution.
        blocks: Residual blocks.
        kernel: Side of the first and the last convolution.
        transposed: Whether it upsamples by transposed convolutions; else by repetition and a convolution.
        affine: Whether the norms have weights.
        pads: Padding of the first and the last convolution, of those that downsample, of the blocks, and of those that
            upsample.
    """

    width: int = 4
    blocks: int = 2
    kernel: int = 9
    transposed: bool = False
    affine: bool = True
    pads: tuple[str, str, str, str] = ("reflect", "reflect", "reflect", "reflect")
    seed: int = 0

    def __post_init__(self) -> None:
        rng = np.random.default_rng(self.seed)
        w = self.width
        sides = [(w, 3), (2 * w, w), (4 * w, 2 * w), *[(4 * w, 4 * w)] * (2 * self.blocks)]
        sides += [(2 * w, 4 * w), (w, 2 * w), (3, w)]
        self.convs = []
        for place, (there, here) in enumerate(sides):
            kernel = self.kernel if place in (0, len(sides) - 1) else 3
            swapped = self.transposed and len(sides) - 4 < place < len(sides) - 1
            shape = ((here, there) if swapped else (there, here)) + (kernel, kernel)
            weight = rng.normal(size=shape) * 1.5 / np.sqrt(here * kernel * kernel)
            self.convs.append((weight.astype(np.float32), rng.normal(size=there).astype(np.float32) * 0.3))
        self.norms = [
            tuple((center + 0.3 * rng.normal(size=there)).astype(np.float32) for center in (1, 0))
            for there, _ in sides[:-1]
        ]

    def state(self, convs: Sequence[str], norms: Sequence[str]) -> dict[str, np.ndarray]:
        """Return a state dict with names of the caller's, each norm after its convolution."""
        state = {}
        for place, name in enumerate(convs):
            state[f"{name}.weight"], state[f"{name}.bias"] = self.convs[place]
            if self.affine and place < len(norms):
                state[f"{norms[place]}.weight"], state[f"{norms[place]}.bias"] = self.norms[place]
        return state

    def __call__(self, x: paddle.Tensor) -> paddle.Tensor:
        """Return what the last convolution gives, as high and as wide as `x`."""
        height, width = x.shape[2:]
        count = len(self.convs)
        x = self._norm(self._conv(x, 0, self.pads[0]), 0, F.relu)
        for place in (1, 2):
            x = self._norm(self._conv(x, place, self.pads[1], stride=2), place, F.relu)
        for place in range(3, 3 + 2 * self.blocks, 2):
            inner = self._norm(self._conv(x, place, self.pads[2]), place, F.relu)
            x = x + self._norm(self._conv(inner, place + 1, self.pads[2]), place + 1, lambda y: y)
        for place in (count - 3, count - 2):
            if self.transposed:
                weight, bias = map(paddle.to_tensor, self.convs[place])
                x = F.conv2d_transpose(x, weight, bias, stride=2, padding=1, output_padding=1)
            else:
                x = self._conv(F.interpolate(x, scale_factor=2), place, self.pads[3])
            x = self._norm(x, place, F.relu)
        return self._conv(x, count - 1, self.pads[0])[:, :, :height, :width]

    def _conv(self, x: paddle.Tensor, place: int, pad: str, stride: int = 1) -> paddle.Tensor:
        weight, bias = map(paddle.to_tensor, self.convs[place])
        border = [weight.shape[2] // 2] * 4
        return F.conv2d(F.pad(x, border, "reflect" if pad == "reflect" else "constant"), weight, bias, stride=stride)

    def _norm(self, x: paddle.Tensor, place: int, after: Callable[[paddle.Tensor], paddle.Tensor]) -> paddle.Tensor:
        mean = x.mean(axis=[2, 3], keepdim=True)
        x = (x - mean) / ((x - mean).square().mean(axis=[2, 3], keepdim=True) + 1e-5).sqrt()
        if self.affine:
            scale, shift = (paddle.to_tensor(part).reshape([1, -1, 1, 1]) for part in self.norms[place])
            x = x * scale + shift
        return after(x)


# Names of the convolutions and norms of programs, for a number of blocks.


def example_names(blocks: int, ups: Sequence[str] = ("deconv1", "deconv2", "deconv3")) -> tuple[list[str], list[str]]:
    """PyTorch's examples and their descendants."""
    convs = ["conv1", "conv2", "conv3", *(f"res{i}.conv{j}" for i in range(1, blocks + 1) for j in (1, 2)), *ups]
    norms = ["in1", "in2", "in3", *(f"res{i}.in{j}" for i in range(1, blocks + 1) for j in (1, 2)), "in4", "in5"]
    return [f"{conv}.conv2d" for conv in convs], norms


def numbered_names(blocks: int, model: str, block: str, up: int) -> tuple[list[str], list[str]]:
    """One sequence with padding layers, `up` layers between a norm's ReLU and an upsampling convolution."""
    convs = [f"{model}.{place}" for place in (1, 4, 7)]
    convs += [f"{model}.{10 + i}.{block}.{j}" for i in range(blocks) for j in (1, 5)]
    first = 10 + blocks + up
    convs += [f"{model}.{place}" for place in (first, first + 3 + up, first + 3 + up + 4)]
    norms = [f"{name.rpartition('.')[0]}.{int(name.rpartition('.')[2]) + 1}" for name in convs[:-1]]
    return convs, norms


def strange(net: Johnson) -> dict[str, np.ndarray]:
    """A state dict of names that nobody knows."""
    count = len(net.convs)
    return net.state([f"layer{i}.c" for i in range(count)], [f"layer{i}.n" for i in range(count - 1)])


def normalized(net: Johnson, image: np.ndarray) -> np.ndarray:
    values = net(batch((image / 255 - MEAN) / STD))[0].numpy().transpose(1, 2, 0)
    return ((values * STD + MEAN) * 255).clip(0, 255)


def photo(height: int = 40, width: int = 56, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (height // 8 + 2, width // 8 + 2, 3), dtype=np.uint8)
    return np.ascontiguousarray(np.kron(coarse, np.ones((8, 8, 1), np.uint8))[:height, :width])


def batch(values: np.ndarray) -> paddle.Tensor:
    return paddle.to_tensor(values.transpose(2, 0, 1)[None].astype(np.float32))


def painted(net: Johnson, image: np.ndarray) -> np.ndarray:
    """Return float pixels in 0..255, as PyTorch's examples compute them."""
    return net(batch(image))[0].numpy().transpose(1, 2, 0).clip(0, 255)


def lively(net: Johnson) -> Johnson:
    """Let a net of 0..255 give colors all over that range."""
    weight, bias = net.convs[-1]
    net.convs[-1] = (weight * 60, bias * 20 + 128)
    return net
