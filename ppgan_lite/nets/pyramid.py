"""The Laplacian pyramid that painters work on, and the net that paints the detail of one of its levels.

Lin et al., "Drafting and Revision: Laplacian Pyramid Network for Fast High-Quality Artistic Style Transfer", CVPR 2021.
"""

from __future__ import annotations

import paddle
from paddle import nn
from paddle.nn import functional as F

from ppgan_lite.nets.blocks import (
    ReflectConv,
    ResidualBlock,
    SameConv,
    crop,
    reflect_pad,
    resize_bilinear,
    upsample_nearest,
)

# Which of three rows lies under each of five, at the rows -2 to 2 around the first one of a pair.
_PAIRS = [[1.0, 1.0, 0.0, 0.0, 0.0], [0.0, 0.0, 1.0, 1.0, 0.0], [0.0, 0.0, 0.0, 0.0, 1.0]]


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
    """Gives the painted detail of one pyramid level, of the photo's and the coarser result (paper, section 3.3).

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

    def forward(self, detail: paddle.Tensor, coarser: paddle.Tensor) -> paddle.Tensor:
        """Return the residual to add to the upsampled coarser result.

        Args:
            detail: N x 3 x H x W, the photo's Laplacian at this level, about [-1, 1].
            coarser: N x 3 x h x w, the coarser result, about [0, 1]; h and w are half of H and W, rounded up.
        """
        height, width = detail.shape[2], detail.shape[3]
        draft = crop(upsample_nearest(coarser), height, width)
        x = F.relu(self.conv1(paddle.concat([detail, draft], axis=1)))
        x = self.residual(F.relu(self.down(x)))
        x = upsample_nearest(x)[:, :, :height, :width]
        return self.to_rgb(F.relu(self.up(x)))


class HalfSizeRevisionNet(nn.Layer):
    """A revision net that computes at half of the level's size: four times as fast.

    Each place there is a cell of four pixels. The first convolution is one of 5x5 on the detail and the coarser result,
    repeated; there it has three rows and columns to see, so its values are summed up instead. The last convolution
    gives the colors of the cells as channels, as in Shi et al.,
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

    def forward(self, detail: paddle.Tensor, coarser: paddle.Tensor) -> paddle.Tensor:
        """Return the residual to add to the upsampled coarser result; its sides are even.

        Args:
            detail: See `RevisionNet.forward`.
            coarser: Likewise.
        """
        of_detail, of_coarser = self.down.weight.split(2, axis=1)
        pairs = paddle.to_tensor(_PAIRS)
        of_coarser = paddle.matmul(paddle.matmul(pairs, of_coarser), pairs, transpose_y=True)
        x = F.conv2d(reflect_pad(detail, 2), of_detail, self.down.bias, stride=2)
        x = F.relu(x + F.conv2d(F.pad(coarser, [1] * 4, mode="replicate"), of_coarser))
        for conv in self.convs:
            x = F.relu(conv(x))
        return F.pixel_shuffle(self.to_cells(x), 2)
