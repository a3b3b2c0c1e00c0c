"""A net as stages, each of which is computed for the whole picture before the next one begins.

A net that normalizes by statistics of the whole picture can be run on a picture of which no layer fits into memory only
in this way: a stage ends where a norm needs statistics of all of it. See docs/decisions/tiles-in-inference.md.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import Literal

import paddle
from paddle import nn
from paddle.nn import functional as F

from ppgan_lite.nets.blocks import crop
from ppgan_lite.nets.normalization import fixed_statistics, instance_norms
from ppgan_lite.nets.resnet_generator import ResnetGenerator, activate
from ppgan_lite.nets.unet_generator import UnetGenerator

PHOTO, RESULT = "photo", "result"

# An input of a stage beside its maps: "reduced_maps", a reduced copy of these, because every position attends to all
# others; "photo_size", a map as large as the photo's strip, because an upsampled map may be larger than the photo was.
ExtraInput = Literal["reduced_maps", "photo_size"]


@dataclass(frozen=True)
class Stage:
    """A step of a net over the whole picture.

    Attributes:
        name: Distinguishes it within its net.
        reads: The maps that go in, all of one size: name -> channels. "photo" is the net's input.
        writes: The names of the maps that come out; may be one of those that went in. "result" is the net's output.
        norms: The norms whose statistics go in: name -> channels.
        measures: The norm that takes the last output, before it is normalized; None if there is none.
        halo: How many rows above and below matter to a row of the input; a multiple of `multiple`.
        multiple: Where a strip may begin and end, unless the picture ends there.
        scale: Rows of output for each row of input, rounded up at the end of the picture.
        values: Values of the widest layer inside for each position of the input.
        compute: A list of maps in, a tuple of maps out.
        extra: Another input; None for no such.
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
    extra: ExtraInput | None = None


@dataclass(frozen=True)
class Stages:
    """A net as stages.

    Attributes:
        all: In their order.
        bytes_per_pixel: Of the maps that are kept at one time, in half precision, for each pixel of the photo.
        multiple: Of which a photo's sides must be multiples, to which the net repeats its border.
    """

    all: tuple[Stage, ...]
    bytes_per_pixel: float
    multiple: int

    @property
    def has_norms(self) -> bool:
        """Whether the net normalizes by statistics of the whole picture."""
        return any(stage.measures for stage in self.all)


def stages_of(net: nn.Layer) -> Stages | None:
    """Return a net's stages; None for a net that can only be run in tiles."""
    if isinstance(net, ResnetGenerator):
        return _resnet_stages(net)
    return _unet_stages(net) if isinstance(net, UnetGenerator) else None


class StageLayer(nn.Layer):
    """A stage as a layer, which an engine can execute.

    Args:
        net: Whose stage it is; shared, not copied.
        stage: As there.
    """

    def __init__(self, net: nn.Layer, stage: Stage) -> None:
        super().__init__()
        self.net = net
        self.stage = stage

    def forward(
        self, x: paddle.Tensor, second: paddle.Tensor | None = None, third: paddle.Tensor | None = None
    ) -> tuple[paddle.Tensor, ...]:
        """Return the stage's outputs.

        Args:
            x: All maps that the stage reads, 1 x all channels x H x W.
            second: The stage's `extra` input, if it has one; else the statistics of its norms, if it has any: means and
                variances, one norm after the other, 2 x their channels.
            third: The statistics of a stage that has both.
        """
        maps = self._split(x)
        if self.stage.extra is not None:
            maps += self._split(second) if self.stage.extra == "reduced_maps" else [second]
        with self._fixed(third if self.stage.extra is not None else second):
            return self.stage.compute(maps)

    def _split(self, x: paddle.Tensor) -> list[paddle.Tensor]:
        return paddle.split(x, list(self.stage.reads.values()), axis=1)

    def _fixed(self, statistics: paddle.Tensor | None) -> contextlib.AbstractContextManager[None]:
        norms = self.stage.norms
        if not norms:
            return contextlib.nullcontext()
        parts = paddle.split(statistics.reshape([2, 1, -1, 1, 1]), list(norms.values()), axis=2)
        return fixed_statistics(self.net, {name: (part[0], part[1]) for name, part in zip(norms, parts)})


def layer_of(net: nn.Layer, stage: Stage) -> nn.Layer:
    """Return a stage as a layer, in evaluation mode."""
    layer = StageLayer(net, stage)
    layer.eval()
    return layer


class _UpToNorm(nn.Layer):
    """Layers in a row; the last one ends before its norm."""

    def __init__(self, *layers: nn.Layer) -> None:
        super().__init__()
        self.earlier = nn.LayerList(layers[:-1])
        self.last = layers[-1]

    def forward(self, maps: list[paddle.Tensor]) -> tuple[paddle.Tensor]:
        x = maps[0]
        for layer in self.earlier:
            x = layer(x)
        return (self.last.conv(self.last.before(x)),)


class _Sequence(nn.Layer):
    """Layers in a row."""

    def __init__(self, *layers: nn.Layer) -> None:
        super().__init__()
        self.layers = nn.LayerList(layers)

    def forward(self, maps: list[paddle.Tensor]) -> tuple[paddle.Tensor]:
        x = maps[0]
        for layer in self.layers:
            x = layer(x)
        return (x,)


class _UpsampleTwice(nn.Layer):
    """Both upsamplings of a residual generator, cropped as it does.

    Args:
        net: The generator.
        to_image: Whether to go on to the picture; else it ends before the norm of the second upsampling.
    """

    def __init__(self, net: ResnetGenerator, *, to_image: bool) -> None:
        super().__init__()
        self.ups = net.ups
        self.to_image = net.to_image if to_image else None
        self.output = net.output
        self.crops_each = net.crops_each

    def forward(self, maps: list[paddle.Tensor]) -> tuple[paddle.Tensor]:
        x, size = maps
        height, width = size.shape[2:]
        half = self.ups[0](x)
        if self.crops_each:
            half = crop(half, (height + 1) // 2, (width + 1) // 2)
        if self.to_image is None:
            return (self.ups[1].conv(self.ups[1].before(half)),)
        full = self.ups[1](half)
        if self.crops_each:
            full = crop(full, height, width)
        return (activate(crop(self.to_image(full), height, width), self.output),)


class _Conv1(nn.Layer):
    """The first half of a residual block, after the sum that ends the one before."""

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
    """The sum that ends the last block, and the attention after it."""

    def __init__(self, block: nn.Layer, attention: nn.Layer | None) -> None:
        super().__init__()
        self.norm = block.norm2
        self.attention = attention

    def forward(self, maps: list[paddle.Tensor]) -> tuple[paddle.Tensor]:
        x = maps[0] + self.norm(maps[1])
        return (x if self.attention is None else self.attention(x, maps[2] + self.norm(maps[3])),)


class _Downsample(nn.Layer):
    """A downsampling of a U-Net without its norm, after the norm of the one before."""

    def __init__(self, down: nn.Layer, before: nn.Layer | None) -> None:
        super().__init__()
        self.down = down
        self.norm = nn.Identity() if before is None else before.norm

    def forward(self, maps: list[paddle.Tensor]) -> tuple[paddle.Tensor]:
        return (self.down.before_norm(self.norm(maps[0])),)


class _Upsample(nn.Layer):
    """An upsampling of a U-Net without its norm, after the norms of its skip and of the upsampling before."""

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
    """Cut a residual generator into stages.

    Layers at full and half size are computed anew for each norm: that is cheap, and their maps would fill the memory.
    """
    base = net.arguments["base_channels"]
    wide = 4 * base
    channels = {name: norm.channels for name, norm in instance_norms(net).items()}
    photo, x, y = {PHOTO: net.arguments["in_channels"]}, {"x": wide}, {"y": wide}

    def norms(*names: str) -> dict[str, int]:
        return {name: channels[name] for name in names if name in channels}

    def measured(name: str) -> str | None:
        return name if name in channels else None

    downs, down_norms = [net.stem, *net.downs], ["stem.norm", "downs.0.norm", "downs.1.norm"]
    # A blur downsamples after the norm, and reaches one row further each time.
    scales, halo = ((1, 1, 0.5), 12) if net.arguments["antialias"] else ((1, 0.5, 0.25), 8)
    stages = [
        Stage(name, photo, (), norms(*down_norms[:place]), measured(name), halo, 4, scales[place], base, compute)
        for place, name in enumerate(down_norms)
        for compute in [_UpToNorm(*downs[: place + 1])]
    ]
    stages.append(Stage("quarter", photo, ("x",), norms(*down_norms), None, halo, 4, 0.25, base, _Sequence(*downs)))
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
        has_attention = net.arguments["attention"]
        join = _Join(before, net.attention if has_attention else None)
        extra: ExtraInput | None = "reduced_maps" if has_attention else None
        stages.append(Stage("join", x | y, ("x",), norms(before_norm), None, 0, 1, 1, 2 * wide, join, extra))
    first, second = "ups.0.norm", "ups.1.norm"
    values = 12 * base
    stages += [
        Stage(first, x, (), {}, measured(first), 2, 1, 2, values, _UpToNorm(net.ups[0])),
        Stage(
            second,
            x,
            (),
            norms(first),
            measured(second),
            2,
            1,
            4,
            values,
            _UpsampleTwice(net, to_image=False),
            "photo_size",
        ),
        Stage(
            "image",
            x,
            (RESULT,),
            norms(first, second),
            None,
            3,
            1,
            4,
            values,
            _UpsampleTwice(net, to_image=True),
            "photo_size",
        ),
    ]
    needed = tuple(stage for stage in stages if stage.writes or stage.measures)
    return Stages(needed, 2 * 2 * wide / 16, 1)


def _unet_stages(net: UnetGenerator) -> Stages:
    """Cut a U-Net into stages, one for each convolution."""
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
        compute = _Downsample(down, before)
        stages.append(Stage(own, reads, (f"down{level}",), norms(given), measured(own), 2, 2, 0.5, values, compute))
        reads, before = {f"down{level}": widths[level]}, down
    previous = None
    for place in range(depth):
        # `ups[0]` takes the innermost map alone; each later one, and `to_image`, also the output of the previous one.
        level, is_last = depth - 1 - place, place == depth - 1
        reads = {f"down{level}": widths[level]}
        if previous is not None:
            reads[f"up{place - 1}"] = widths[level]
        own = f"ups.{place}.norm"
        compute = _Upsample(
            net.to_image if is_last else net.ups[place].conv, net.downs[level], previous, is_last=is_last
        )
        given = norms(f"downs.{level}.norm", f"ups.{place - 1}.norm")
        values = max(2 * widths[level], 32)
        stages.append(
            Stage(own, reads, (RESULT if is_last else f"up{place}",), given, measured(own), 1, 1, 2, values, compute)
        )
        previous = None if is_last else net.ups[place]
    # The outermost maps, of a quarter of the photo's positions, are kept twice; those of the next size once.
    return Stages(tuple(stages), 2 * (2 * widths[0] / 4 + widths[1] / 16 + widths[1] / 16), net.multiple)
