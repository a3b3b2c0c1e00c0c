"""The Laplacian pyramid that painters work on, and the net that paints the detail of one of its levels.

Lin et al., "Drafting and Revision: Laplacian Pyramid Network for Fast High-Quality Artistic Style Transfer", CVPR 2021.
"""

from __future__ import annotations

import paddle
from paddle import nn
from paddle.nn import functional as F

from ppgan_lite.nets.blocks import ReflectConv, ResidualBlock, SameConv, resize_bilinear, upsample_nearest


def laplacian(x: paddle.Tensor) -> paddle.Tensor:
    """Return the detail that bilinear downsampling and upsampling loses; N x C x H x W, the shape of `x`."""
    height, width = x.shape[2], x.shape[3]
    return x - resize_bilinear(resize_bilinear(x, *coarser_size(height, width)), height, width)


def pyramid(photo: paddle.Tensor, levels: int) -> tuple[paddle.Tensor, list[paddle.Tensor]]:
    """Return the photo downsampled `levels` times, and the `laplacian` of each level, the coarsest first."""
    details = []
    for _ in range(levels):
        details.append(laplacian(photo))
        photo = resize_bilinear(photo, *coarser_size(photo.shape[2], photo.shape[3]))
    return photo, details[::-1]


def coarser_size(height: int, width: int) -> tuple[int, int]:
    """Return height and width of the next coarser level."""
    if not paddle.in_dynamic_mode():
        return height // 2, width // 2  # a graph may not ask how large its picture is
    return max(height // 2, 1), max(width // 2, 1)


class RevisionNet(nn.Layer):
    """Adds the detail of one pyramid level to an upsampled draft (paper, section 3.3).

    Args:
        channels: Width; 64 is the published net.
    """

    def __init__(self, channels: int = 64) -> None:
        super().__init__()
        self.conv1 = ReflectConv(6, channels)
        self.down = ReflectConv(channels, channels, stride=2)
        self.residual = ResidualBlock(channels)
        self.up = ReflectConv(channels, channels)
        self.to_rgb = ReflectConv(channels, 3)
        self.to_rgb.weight.set_value(self.to_rgb.weight * 0.1)  # fresh weights leave the draft nearly as it is

    def forward(self, detail: paddle.Tensor, draft: paddle.Tensor) -> paddle.Tensor:
        """Return the residual to add to `draft`.

        Args:
            detail: N x 3 x H x W, the photo's Laplacian at this level, about [-1, 1].
            draft: N x 3 x H x W, the coarser result, upsampled.
        """
        height, width = draft.shape[2], draft.shape[3]
        x = F.relu(self.conv1(paddle.concat([detail, draft], axis=1)))
        x = self.residual(F.relu(self.down(x)))
        x = upsample_nearest(x)[:, :, :height, :width]
        return self.to_rgb(F.relu(self.up(x)))


class HalfSizeRevisionNet(nn.Layer):
    """Adds the detail of one pyramid level to an upsampled draft, computed at half of its size: four times as fast.

    Each place there is a cell of four pixels. The last convolution gives their colors as channels, as in Shi et al.,
    "Real-Time Single Image and Video Super-Resolution Using an Efficient Sub-Pixel Convolutional Neural Network", CVPR
    2016.

    Args:
        channels: Width; processors compute in blocks of 16.
    """

    def __init__(self, channels: int = 16) -> None:
        super().__init__()
        self.down = SameConv(6, channels, 5, "reflect", stride=2)
        self.convs = nn.LayerList([ReflectConv(channels, channels) for _ in range(2)])
        self.to_cells = ReflectConv(channels, 12)
        self.to_cells.weight.set_value(self.to_cells.weight * 0.1)  # fresh weights leave the draft nearly as it is

    def forward(self, detail: paddle.Tensor, draft: paddle.Tensor) -> paddle.Tensor:
        """Return the residual to add to `draft`, with one more row or column where the draft's are odd.

        Args:
            detail: See `RevisionNet.forward`.
            draft: Likewise.
        """
        x = F.relu(self.down(paddle.concat([detail, draft], axis=1)))
        for conv in self.convs:
            x = F.relu(conv(x))
        return F.pixel_shuffle(self.to_cells(x), 2)
