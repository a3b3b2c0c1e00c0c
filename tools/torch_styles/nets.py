"""The nets of `StyleTransferNet` and `AnyStyleNet` in PyTorch: the same numbers, the same names of parameters.

`ppgan_lite.nets` says what they are and why; tests/test_torch_styles.py holds the two beside each other.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

EPSILON = 1e-5  # of instance normalization
DEVIATION_EPSILON = 1e-2  # of the predictor, see ppgan_lite.nets.any_style
LEAK = 0.2

Offset = tuple[Tensor, Tensor]  # of a norm's scale and shift, N x C x 1 x 1 each


def reflect_pad(x: Tensor, width: int) -> Tensor:
    """Pad by mirrored pixels, with slices: `F.pad` of PyTorch is slower on both CPUs and GPUs."""
    x = torch.cat([x[:, :, 1 : width + 1].flip(2), x, x[:, :, -width - 1 : -1].flip(2)], 2)
    return torch.cat([x[..., 1 : width + 1].flip(3), x, x[..., -width - 1 : -1].flip(3)], 3)


class SameConv(nn.Conv2d):
    """A convolution that keeps the size, with reflect padding."""

    def __init__(self, in_channels: int, out_channels: int, kernel: int, stride: int = 1, bias: bool = True) -> None:
        super().__init__(in_channels, out_channels, kernel, stride=stride, bias=bias)
        self.border = kernel // 2

    def forward(self, x: Tensor) -> Tensor:
        return F.conv2d(reflect_pad(x, self.border), self.weight, self.bias, self.stride)


class ResizeConv(nn.Module):
    """Upsample by nearest neighbor, then convolve."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.conv = SameConv(in_channels, out_channels, 3, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(F.interpolate(x, scale_factor=2, mode="nearest"))


class ScaledNorm(nn.Module):
    """Instance normalization with learned scales and shifts, to which a style may add."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor, offset: Offset | None = None) -> Tensor:
        if offset is None:
            return F.instance_norm(x, weight=self.weight, bias=self.bias, eps=EPSILON)
        scale = self.weight.view(1, -1, 1, 1) + offset[0]
        shift = self.bias.view(1, -1, 1, 1) + offset[1]
        return F.instance_norm(x, eps=EPSILON) * scale + shift


class NormedConv(nn.Module):
    """A convolution, a norm and, if asked for, a ReLU."""

    def __init__(self, conv: nn.Module, channels: int, rectified: bool = True) -> None:
        super().__init__()
        self.conv = conv
        self.norm = ScaledNorm(channels)
        self.rectified = rectified

    def forward(self, x: Tensor, offset: Offset | None = None) -> Tensor:
        x = self.norm(self.conv(x), offset)
        return F.relu(x) if self.rectified else x


class NormedResidual(nn.Module):
    """x + norm(conv(relu(norm(conv(x)))))."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = NormedConv(SameConv(channels, channels, 3, bias=False), channels)
        self.second = NormedConv(SameConv(channels, channels, 3, bias=False), channels, rectified=False)

    def forward(self, x: Tensor, first: Offset | None = None, second: Offset | None = None) -> Tensor:
        return x + self.second(self.first(x, first), second)


class TransformNet(nn.Module):
    """Paints a small photo; see `ppgan_lite.nets.style_transfer.TransformNet`."""

    def __init__(self, channels: int, blocks: int) -> None:
        super().__init__()
        wide, widest = 2 * channels, 4 * channels
        self.norm_channels = (channels, wide, widest, *[widest] * (2 * blocks), wide, channels)
        self.stem = NormedConv(SameConv(3, channels, 5, bias=False), channels)
        self.down1 = NormedConv(SameConv(channels, wide, 3, stride=2, bias=False), wide)
        self.down2 = NormedConv(SameConv(wide, widest, 3, stride=2, bias=False), widest)
        self.blocks = nn.ModuleList([NormedResidual(widest) for _ in range(blocks)])
        self.up1 = NormedConv(ResizeConv(widest, wide), wide)
        self.up2 = NormedConv(ResizeConv(wide, channels), channels)
        self.to_rgb = SameConv(channels, 3, 5)
        with torch.no_grad():
            self.to_rgb.weight *= 0.1

    def forward(
        self, photo: Tensor, strength: Tensor, scales: Tensor | None = None, shifts: Tensor | None = None
    ) -> Tensor:
        """Paint N x 3 x H x W in [0, 1] with strengths N x 1; a style's norms are N x S each."""
        offsets = self._offsets(strength, scales, shifts)
        half = self.down1(self.stem(photo, next(offsets)), next(offsets))
        x = self.down2(half, next(offsets))
        for block in self.blocks:
            x = block(x, next(offsets), next(offsets))
        x = self.up1(x, next(offsets))[:, :, : half.shape[2], : half.shape[3]]
        x = half + strength[..., None, None] * (x - half)
        x = self.up2(x, next(offsets))[:, :, : photo.shape[2], : photo.shape[3]]
        return torch.sigmoid(self.to_rgb(x))

    def _offsets(self, strength: Tensor, scales: Tensor | None, shifts: Tensor | None) -> Iterator[Offset | None]:
        if scales is None or shifts is None:
            return itertools.repeat(None)
        scales, shifts = (strength * scales)[..., None, None], (strength * shifts)[..., None, None]
        return zip(scales.split(self.norm_channels, dim=1), shifts.split(self.norm_channels, dim=1), strict=True)


# Which of three rows lies under each of five; see `ppgan_lite.nets.pyramid`.
_PAIRS = [[1.0, 1.0, 0.0, 0.0, 0.0], [0.0, 0.0, 1.0, 1.0, 0.0], [0.0, 0.0, 0.0, 0.0, 1.0]]


class RevisionNet(nn.Module):
    """Gives the painted detail of one pyramid level; see `ppgan_lite.nets.pyramid.RevisionNet`."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = SameConv(6, channels, 3)
        self.down = SameConv(channels, channels, 3, stride=2)
        self.residual = nn.ModuleDict({name: SameConv(channels, channels, 3) for name in ("conv1", "conv2")})
        self.up = SameConv(channels, channels, 3)
        self.to_rgb = SameConv(channels, 3, 3)
        with torch.no_grad():
            self.to_rgb.weight *= 0.1
            nn.init.zeros_(self.to_rgb.bias)

    def forward(self, detail: Tensor, coarser: Tensor) -> Tensor:
        """Return what is to be added to the bilinear draft, from the photo's Laplacian and the draft."""
        height, width = detail.shape[2:]
        draft = F.interpolate(coarser, scale_factor=2, mode="nearest")[:, :, :height, :width]
        x = F.relu(self.down(F.relu(self.conv1(torch.cat([detail, draft], 1)))))
        x = x + self.residual["conv2"](F.relu(self.residual["conv1"](x)))
        x = F.interpolate(x, scale_factor=2, mode="nearest")[:, :, :height, :width]
        return self.to_rgb(F.relu(self.up(x)))


class HalfSizeRevisionNet(nn.Module):
    """The same, computed at half of the level's size; see `ppgan_lite.nets.pyramid.HalfSizeRevisionNet`."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.down = SameConv(6, channels, 5, stride=2)
        self.convs = nn.ModuleList([SameConv(channels, channels, 3) for _ in range(2)])
        self.to_cells = SameConv(channels, 12, 3)
        with torch.no_grad():
            self.to_cells.weight *= 0.1
            nn.init.zeros_(self.to_cells.bias)

    def forward(self, detail: Tensor, coarser: Tensor) -> Tensor:
        """See `RevisionNet.forward`; odd sides become even."""
        of_detail, of_coarser = self.down.weight.split(3, dim=1)
        pairs = of_coarser.new_tensor(_PAIRS)
        x = F.conv2d(F.pad(detail, [2] * 4, mode="reflect"), of_detail, self.down.bias, stride=2)
        x = F.relu(x + F.conv2d(F.pad(coarser, [1] * 4, mode="replicate"), pairs @ of_coarser @ pairs.T))
        for conv in self.convs:
            x = F.relu(conv(x))
        return F.pixel_shuffle(self.to_cells(x), 2)


REVISION_NETS: dict[str, type[RevisionNet] | type[HalfSizeRevisionNet]] = {
    "full": RevisionNet,
    "half": HalfSizeRevisionNet,
}


def revise(revision: nn.Module, detail: Tensor, draft: Tensor) -> Tensor:
    """Carry a draft up to the size of the photo's Laplacian."""
    height, width = detail.shape[2:]
    coarser = F.pad(draft, [0, 1, 0, 1], mode="replicate")[:, :, : (height + 1) // 2, : (width + 1) // 2]
    return resize(draft, height, width) + revision(detail, coarser)[:, :, :height, :width]


def resize(x: Tensor, height: int, width: int) -> Tensor:
    """Resize by bilinear interpolation without antialiasing, as the pyramid of ppgan_lite does."""
    return F.interpolate(x, size=(height, width), mode="bilinear", align_corners=False)


class Encoder(nn.Module):
    """The small VGG with reflect padding that `AnyStyleNet` reads paintings with; see `ppgan_lite.nets.vgg`."""

    def __init__(self, channels: Sequence[int], convs: Sequence[int]) -> None:
        super().__init__()
        self.convs = tuple(convs)
        self.conv0 = nn.Conv2d(3, 3, 1)
        in_channels = 3
        for stage, (width, count) in enumerate(zip(channels, convs, strict=True), start=1):
            for number in range(1, count + 1):
                self.add_module(f"conv{stage}_{number}", SameConv(in_channels, width, 3))
                in_channels = width

    def forward(self, x: Tensor) -> list[Tensor]:
        """Return relu1_1 .. relu5_1 of N x 3 x H x W, RGB in [0, 1]."""
        found = []
        x = self.conv0(x)
        for stage, count in enumerate(self.convs, start=1):
            if stage > 1:
                x = F.max_pool2d(x, 2, ceil_mode=True)
            for number in range(1, count + 1):
                x = F.relu(self.get_submodule(f"conv{stage}_{number}")(x))
                if number == 1:
                    found.append(x)
        return found


class StylePredictor(nn.Module):
    """Reads a painting; see `ppgan_lite.nets.any_style.StylePredictor`."""

    running_mean: Tensor
    running_std: Tensor

    def __init__(
        self, encoder_channels: Sequence[int], encoder_convs: Sequence[int], code_channels: int, norm_channels: int
    ) -> None:
        super().__init__()
        self.encoder = Encoder(encoder_channels, encoder_convs)
        statistics = 2 * sum(encoder_channels)
        self.register_buffer("running_mean", torch.zeros(1, statistics))
        self.register_buffer("running_std", torch.ones(1, statistics))
        self.code = nn.Linear(statistics, code_channels)
        self.to_norms = nn.Linear(code_channels, 2 * norm_channels)
        with torch.no_grad():
            self.to_norms.weight *= 0.1

    def statistics(self, painting: Tensor) -> Tensor:
        """Return means and standard deviations of all channels of all layers, N x 2K."""
        features = self.encoder(painting)
        means = [layer.mean((2, 3)) for layer in features]
        centered = [layer - layer.mean((2, 3), keepdim=True) for layer in features]
        deviations = [(layer.square().mean((2, 3)) + EPSILON).sqrt() for layer in centered]
        return torch.cat([*means, *deviations], 1)

    def norms(self, statistics: Tensor) -> tuple[Tensor, Tensor]:
        """Return what a style adds to the norms' scales and shifts, N x S each."""
        code = self.code((statistics - self.running_mean) / (self.running_std + DEVIATION_EPSILON))
        scales, shifts = self.to_norms(F.leaky_relu(code, LEAK)).chunk(2, 1)
        return scales, shifts

    def forward(self, painting: Tensor) -> tuple[Tensor, Tensor]:
        return self.norms(self.statistics(painting))


class StyleTransferNet(nn.Module):
    """Paints in one style, by default of the size that ships; see `ppgan_lite.nets.style_transfer.StyleTransferNet`."""

    image_mean: Tensor
    image_covariance: Tensor

    def __init__(
        self,
        channels: int = 16,
        blocks: int = 4,
        revision_channels: int = 16,
        revisions: int = 1,
        revision_size: str = "half",
    ) -> None:
        super().__init__()
        self.transform = TransformNet(channels, blocks)
        make = REVISION_NETS[revision_size]
        self.revisions = nn.ModuleList([make(revision_channels) for _ in range(revisions)])
        self.register_buffer("image_mean", torch.zeros(1, 3, 1, 1))
        self.register_buffer("image_covariance", torch.zeros(1, 3, 3))


class AnyStyleNet(nn.Module):
    """Paints in the style of any painting; see `ppgan_lite.nets.any_style.AnyStyleNet`."""

    def __init__(
        self,
        channels: int = 24,
        blocks: int = 5,
        encoder_channels: Sequence[int] = (16, 32, 64, 128, 128),
        encoder_convs: Sequence[int] = (1, 2, 2, 2, 1),
        code_channels: int = 128,
        revision_channels: int = 16,
        revisions: int = 1,
        revision_size: str = "half",
    ) -> None:
        super().__init__()
        self.transform = TransformNet(channels, blocks)
        make = REVISION_NETS[revision_size]
        self.revisions = nn.ModuleList([make(revision_channels) for _ in range(revisions)])
        norm_channels = sum(self.transform.norm_channels)
        self.predictor = StylePredictor(encoder_channels, encoder_convs, code_channels, norm_channels)
