"""A net as stages, each of which is done for the whole picture before the next one begins.

A net that normalises by statistics of the whole picture can only so be given a picture of which no layer fits into
memory: a stage ends where a norm must have seen everything. See docs/decisions/tiles-in-inference.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Literal

import paddle
from paddle import nn
from paddle.nn import functional as F

from ppgan_lite.nets.blocks import crop
from ppgan_lite.nets.normalisation import fixed_statistics, instance_norms
from ppgan_lite.nets.resnet_generator import ResnetGenerator
from ppgan_lite.nets.unet_generator import UnetGenerator

PHOTO, RESULT = "photo", "result"


@dataclass(frozen=True)
class Stage:
    """A step of a net over the whole picture.

    Attributes:
        name: Distinguishes it within its net.
        reads: The maps that go in, all of one size: name -> channels. "photo" is what the net is given.
        writes: What the maps are called that come out; may be one of those that went in. "result" is the net's.
        norms: Whose statistics go in: name -> channels.
        measures: The norm that the last output is what it normalises; None if there is none.
        halo: How many rows above and below matter to a row of what goes in; a multiple of `multiple`.
        multiple: Where a strip may begin and end, unless the picture ends there.
        scale: How many rows come out for each that goes in, rounded up at the end of the picture.
        values: How many values the widest layer inside has for each position that goes in.
        compute: A list of maps in, a tuple of maps out.
        beside: What goes in too: "reduced", a copy of all that is read, reduced, because every position looks at all
            others; "size", a map as large as the part of the photo that is done, because of a doubled map more may come
            out than belongs to the photo; or nothing.
    """

    name: str
    reads: dict[str, int]
    writes: tuple[str, ...]
    norms: dict[str, int]
    measures: str | None
    halo: int
    multiple: int
    scale: float
    values: int
    compute: nn.Layer
    beside: Literal["", "reduced", "size"] = ""


@dataclass(frozen=True)
class Stages:
    """A net as stages.

    Attributes:
        all: In their order.
        bytes_per_pixel: What the maps need that are kept at one time, in half precision, for each pixel of the photo.
        multiple: Of which a photo's sides must be multiples, to which the net repeats its border.
    """

    all: tuple[Stage, ...]
    bytes_per_pixel: float
    multiple: int

    @property
    def measure(self) -> bool:
        """Whether the net normalises by statistics of the whole picture."""
        return any(stage.measures for stage in self.all)


def stages_of(net: nn.Layer) -> Stages | None:
    """Return a net's stages, None where it can only be done in tiles."""
    if isinstance(net, ResnetGenerator):
        return _resnet_stages(net)
    return _unet_stages(net) if isinstance(net, UnetGenerator) else None


class StageLayer(nn.Layer):
    """A stage as a layer, which an engine can execute.

    Args:
        net: Whose stage it is; shared, not copied.
        stage: Without norms, and with nothing beside.
    """

    def __init__(self, net: nn.Layer, stage: Stage) -> None:
        super().__init__()
        self.net = net
        self.stage = stage

    def forward(self, x: paddle.Tensor) -> tuple[paddle.Tensor, ...]:
        """Return what comes out, of what is read: 1 x all channels x H x W."""
        return self.stage.compute(self._maps(x))

    def _maps(self, x: paddle.Tensor) -> list[paddle.Tensor]:
        return paddle.split(x, list(self.stage.reads.values()), axis=1)

    def _beside(self, beside: paddle.Tensor) -> list[paddle.Tensor]:
        return self._maps(beside) if self.stage.beside == "reduced" else [beside]

    def _normed_by(self, statistics: paddle.Tensor) -> AbstractContextManager[None]:
        norms = self.stage.norms
        parts = paddle.split(statistics.reshape([2, 1, -1, 1, 1]), list(norms.values()), axis=2)
        return fixed_statistics(self.net, {name: (part[0], part[1]) for name, part in zip(norms, parts)})


class NormingStageLayer(StageLayer):
    """A stage with norms as a layer; `StageLayer`'s arguments."""

    def forward(self, x: paddle.Tensor, statistics: paddle.Tensor) -> tuple[paddle.Tensor, ...]:
        """Return what comes out.

        Args:
            x: As `StageLayer.forward`.
            statistics: Means and variances of the stage's norms, one norm after the other: 2 x their channels.
        """
        with self._normed_by(statistics):
            return self.stage.compute(self._maps(x))


class AidedStageLayer(StageLayer):
    """A stage with something beside as a layer; `StageLayer`'s arguments."""

    def forward(self, x: paddle.Tensor, beside: paddle.Tensor) -> tuple[paddle.Tensor, ...]:
        """Return what comes out.

        Args:
            x: As `StageLayer.forward`.
            beside: See `Stage.beside`.
        """
        return self.stage.compute([*self._maps(x), *self._beside(beside)])


class AidedNormingStageLayer(StageLayer):
    """A stage with norms and something beside as a layer; `StageLayer`'s arguments."""

    def forward(self, x: paddle.Tensor, beside: paddle.Tensor, statistics: paddle.Tensor) -> tuple[paddle.Tensor, ...]:
        """Return what comes out; arguments as of the layers above."""
        with self._normed_by(statistics):
            return self.stage.compute([*self._maps(x), *self._beside(beside)])


def layer_of(net: nn.Layer, stage: Stage) -> nn.Layer:
    """Return a stage as a layer, in evaluation mode."""
    if stage.norms:
        kind = AidedNormingStageLayer if stage.beside else NormingStageLayer
    else:
        kind = AidedStageLayer if stage.beside else StageLayer
    layer = kind(net, stage)
    layer.eval()
    return layer


class _UpToNorm(nn.Layer):
    """Layers in a row, of the last one what comes before its norm."""

    def __init__(self, *layers: nn.Layer) -> None:
        super().__init__()
        self.earlier = nn.LayerList(layers[:-1])
        self.last = layers[-1]

    def forward(self, maps: list[paddle.Tensor]) -> tuple[paddle.Tensor]:
        x = maps[0]
        for layer in self.earlier:
            x = layer(x)
        return (self.last.conv(self.last.before(x)),)


class _AllOf(nn.Layer):
    """Layers in a row."""

    def __init__(self, *layers: nn.Layer) -> None:
        super().__init__()
        self.layers = nn.LayerList(layers)

    def forward(self, maps: list[paddle.Tensor]) -> tuple[paddle.Tensor]:
        x = maps[0]
        for layer in self.layers:
            x = layer(x)
        return (x,)


class _Doubled(nn.Layer):
    """Both doublings of a residual generator, each cut to the size that it had before it was halved.

    Args:
        ups: The doublings.
        to_image: What makes a picture of them; None for what comes before the norm of the second.
    """

    def __init__(self, ups: Sequence[nn.Layer], to_image: nn.Layer | None = None) -> None:
        super().__init__()
        self.ups = nn.LayerList(ups)
        self.to_image = to_image

    def forward(self, maps: list[paddle.Tensor]) -> tuple[paddle.Tensor]:
        x, size = maps
        height, width = size.shape[2:]
        half = crop(self.ups[0](x), (height + 1) // 2, (width + 1) // 2)
        if self.to_image is None:
            return (self.ups[1].conv(self.ups[1].before(half)),)
        return (paddle.tanh(self.to_image(crop(self.ups[1](half), height, width))),)


class _Conv1(nn.Layer):
    """The first half of a residual block, behind the sum that ends the one before."""

    def __init__(self, block: nn.Layer, before: nn.Layer | None) -> None:
        super().__init__()
        self.conv = block.conv1
        self.norm = None if before is None else before.norm2

    def forward(self, maps: list[paddle.Tensor]) -> tuple[paddle.Tensor, ...]:
        if self.norm is None:
            return (self.conv(maps[0]),)
        x = maps[0] + self.norm(maps[1])
        return x, self.conv(x)


class _Conv2(nn.Layer):
    """The second half of a residual block, without its norm."""

    def __init__(self, block: nn.Layer) -> None:
        super().__init__()
        self.norm = block.norm1
        self.conv = block.conv2

    def forward(self, maps: list[paddle.Tensor]) -> tuple[paddle.Tensor]:
        return (self.conv(F.relu(self.norm(maps[0]))),)


class _Join(nn.Layer):
    """The sum that ends the last block, and the attention behind it."""

    def __init__(self, block: nn.Layer, attention: nn.Layer | None) -> None:
        super().__init__()
        self.norm = block.norm2
        self.attention = attention

    def forward(self, maps: list[paddle.Tensor]) -> tuple[paddle.Tensor]:
        x = maps[0] + self.norm(maps[1])
        return (x if self.attention is None else self.attention(x, maps[2] + self.norm(maps[3])),)


class _Shrink(nn.Layer):
    """A halving of a U-Net without its norm, behind that of the one before."""

    def __init__(self, down: nn.Layer, before: nn.Layer | None) -> None:
        super().__init__()
        self.down = down
        self.norm = nn.Identity() if before is None else before.norm

    def forward(self, maps: list[paddle.Tensor]) -> tuple[paddle.Tensor]:
        return (self.down.before_norm(self.norm(maps[0])),)


class _Grow(nn.Layer):
    """A doubling of a U-Net without its norm, behind those of its skip and of the doubling before."""

    def __init__(self, conv: nn.Layer, skip: nn.Layer, before: nn.Layer | None, *, is_last: bool) -> None:
        super().__init__()
        self.conv = conv
        self.skip_norm = skip.norm
        self.norm = None if before is None else before.norm
        self.is_last = is_last

    def forward(self, maps: list[paddle.Tensor]) -> tuple[paddle.Tensor]:
        x = self.skip_norm(maps[0])
        if self.norm is not None:
            x = paddle.concat([x, self.norm(maps[1])], axis=1)
        x = self.conv(F.relu(x))
        return (paddle.tanh(x) if self.is_last else x,)


def _resnet_stages(net: ResnetGenerator) -> Stages:
    """What is at full and half size is computed anew for each norm: it is cheap, and would fill the memory."""
    base = net.arguments["base_channels"]
    wide = 4 * base
    channels = {name: norm.channels for name, norm in instance_norms(net).items()}
    photo, x, y = {PHOTO: net.arguments["in_channels"]}, {"x": wide}, {"y": wide}

    def norms(*names: str) -> dict[str, int]:
        return {name: channels[name] for name in names if name in channels}

    def measured(name: str) -> str | None:
        return name if name in channels else None

    halving, halving_norms = [net.stem, *net.downs], ["stem.norm", "downs.0.norm", "downs.1.norm"]
    # A blur halves behind the norm, and sees one row more each time.
    scales, halo = ((1, 1, 0.5), 12) if net.arguments["antialias"] else ((1, 0.5, 0.25), 8)
    stages = [
        Stage(name, photo, (), norms(*halving_norms[:place]), measured(name), halo, 4, scales[place], base, compute)
        for place, name in enumerate(halving_norms)
        for compute in [_UpToNorm(*halving[: place + 1])]
    ]
    stages.append(Stage("quarter", photo, ("x",), norms(*halving_norms), None, halo, 4, 0.25, base, _AllOf(*halving)))
    before, before_norm = None, ""
    for place, block in enumerate(net.blocks):
        first, second = f"blocks.{place}.norm1", f"blocks.{place}.norm2"
        reads, writes = (x, ("y",)) if before is None else (x | y, ("x", "y"))
        compute = _Conv1(block, before)
        stages.append(
            Stage(f"{place} a", reads, writes, norms(before_norm), measured(first), 1, 1, 1, 2 * wide, compute)
        )
        stages.append(Stage(f"{place} b", y, ("y",), norms(first), measured(second), 1, 1, 1, 2 * wide, _Conv2(block)))
        before, before_norm = block, second
    if before is not None:
        looks = net.arguments["attention"]
        join = _Join(before, net.attention if looks else None)
        beside: Literal["", "reduced"] = "reduced" if looks else ""
        stages.append(Stage("join", x | y, ("x",), norms(before_norm), None, 0, 1, 1, 2 * wide, join, beside))
    first, second = "ups.0.norm", "ups.1.norm"
    values = 12 * base
    stages += [
        Stage(first, x, (), {}, measured(first), 2, 1, 2, values, _UpToNorm(net.ups[0])),
        Stage(second, x, (), norms(first), measured(second), 2, 1, 4, values, _Doubled(net.ups), "size"),
        Stage(
            "image", x, (RESULT,), norms(first, second), None, 3, 1, 4, values, _Doubled(net.ups, net.to_image), "size"
        ),
    ]
    needed = tuple(stage for stage in stages if stage.writes or stage.measures)
    return Stages(needed, 2 * 2 * wide / 16, 1)


def _unet_stages(net: UnetGenerator) -> Stages:
    widths = [down.conv.weight.shape[0] for down in net.downs]
    depth = len(widths)
    channels = {name: norm.channels for name, norm in instance_norms(net).items()}

    def norms(*names: str) -> dict[str, int]:
        return {name: channels[name] for name in names if name in channels}

    def measured(name: str) -> str | None:
        return name if name in channels else None

    stages, before = [], None
    reads = {PHOTO: net.arguments["in_channels"]}
    for level, down in enumerate(net.downs):
        own, given = f"downs.{level}.norm", f"downs.{level - 1}.norm"
        values = max(*reads.values(), 32)
        compute = _Shrink(down, before)
        stages.append(Stage(own, reads, (f"down{level}",), norms(given), measured(own), 2, 2, 0.5, values, compute))
        reads, before = {f"down{level}": widths[level]}, down
    elder = None
    for place in range(depth):
        # `ups[0]` takes the innermost map alone; each later one, and `to_image`, what its elder gave beside a skip.
        level, is_last = depth - 1 - place, place == depth - 1
        reads = {f"down{level}": widths[level]}
        if elder is not None:
            reads[f"up{place - 1}"] = widths[level]
        own = f"ups.{place}.norm"
        compute = _Grow(net.to_image if is_last else net.ups[place].conv, net.downs[level], elder, is_last=is_last)
        given = norms(f"downs.{level}.norm", f"ups.{place - 1}.norm")
        values = max(2 * widths[level], 32)
        stages.append(
            Stage(own, reads, (RESULT if is_last else f"up{place}",), given, measured(own), 1, 1, 2, values, compute)
        )
        elder = None if is_last else net.ups[place]
    # The outermost maps, of a quarter of the photo's positions, are kept twice; those of the next size once.
    return Stages(tuple(stages), 2 * (2 * widths[0] / 4 + widths[1] / 16 + widths[1] / 16), net.multiple)
