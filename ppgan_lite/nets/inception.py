"""The Inception net whose features FID and KID compare.

Szegedy et al., "Rethinking the Inception Architecture for Computer Vision", CVPR 2016, as the TensorFlow graph of
5 December 2015 has it, which FID's authors took: averages do not count padding, and the last block takes a maximum
where the others take an average. Names of layers are those of its PyTorch file; batch norms are folded into the
convolutions.
"""

from __future__ import annotations

from collections.abc import Sequence

import paddle
from paddle import nn
from paddle.nn import functional as F

from ppgan_lite.nets.net import Net

SIDE_PX = 299
FEATURES = 2048

_Branch = Sequence[tuple[str, int, tuple[int, int], int]]  # name, channels, kernel, stride of each convolution


class InceptionV3(Net):
    """Pictures of 299 x 299 pixels to 2048 features each."""

    def __init__(self) -> None:
        super().__init__()
        self.Conv2d_1a_3x3 = _Conv(3, 32, (3, 3), 2, "valid")
        self.Conv2d_2a_3x3 = _Conv(32, 32, (3, 3), 1, "valid")
        self.Conv2d_2b_3x3 = _Conv(32, 64, (3, 3))
        self.Conv2d_3b_1x1 = _Conv(64, 80, (1, 1))
        self.Conv2d_4a_3x3 = _Conv(80, 192, (3, 3), 1, "valid")
        self.Mixed_5b = _block_a(192, 32)
        self.Mixed_5c = _block_a(256, 64)
        self.Mixed_5d = _block_a(288, 64)
        self.Mixed_6a = _Block(
            288,
            [("branch3x3", 384, (3, 3), 2)],
            [("branch3x3dbl_1", 64, (1, 1), 1), ("branch3x3dbl_2", 96, (3, 3), 1), ("branch3x3dbl_3", 96, (3, 3), 2)],
        )
        self.Mixed_6b = _block_c(128)
        self.Mixed_6c = _block_c(160)
        self.Mixed_6d = _block_c(160)
        self.Mixed_6e = _block_c(192)
        self.Mixed_7a = _Block(
            768,
            [("branch3x3_1", 192, (1, 1), 1), ("branch3x3_2", 320, (3, 3), 2)],
            [
                ("branch7x7x3_1", 192, (1, 1), 1),
                ("branch7x7x3_2", 192, (1, 7), 1),
                ("branch7x7x3_3", 192, (7, 1), 1),
                ("branch7x7x3_4", 192, (3, 3), 2),
            ],
        )
        self.Mixed_7b = _ForkedBlock(1280, pool="average")
        self.Mixed_7c = _ForkedBlock(2048, pool="maximum")

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        """Return features, N x 2048.

        Args:
            x: N x 3 x 299 x 299, RGB in [-1, 1).
        """
        x = self.Conv2d_2b_3x3(self.Conv2d_2a_3x3(self.Conv2d_1a_3x3(x)))
        x = F.max_pool2d(x, 3, 2)
        x = self.Conv2d_4a_3x3(self.Conv2d_3b_1x1(x))
        x = F.max_pool2d(x, 3, 2)
        for block in (self.Mixed_5b, self.Mixed_5c, self.Mixed_5d, self.Mixed_6a, self.Mixed_6b, self.Mixed_6c):
            x = block(x)
        for block in (self.Mixed_6d, self.Mixed_6e, self.Mixed_7a, self.Mixed_7b, self.Mixed_7c):
            x = block(x)
        return x.mean(axis=[2, 3])


class _Conv(nn.Layer):
    """A convolution and a ReLU; "same" padding, or "valid": none."""

    def __init__(
        self, in_channels: int, channels: int, kernel: tuple[int, int], stride: int = 1, padding: str = "same"
    ) -> None:
        super().__init__()
        pads = [side // 2 for side in kernel] if padding == "same" else 0
        self.conv = nn.Conv2D(in_channels, channels, list(kernel), stride, pads)

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        return F.relu(self.conv(x))


class _Block(nn.Layer):
    """Branches of convolutions side by side, and a pooled one; all halve the size where one has stride 2.

    Args:
        in_channels: Channels that go in.
        branches: Convolutions one after the other.
        pooled: Channels of the convolution after the average; 0 for none, after a maximum that halves the size.
    """

    def __init__(self, in_channels: int, *branches: _Branch, pooled: int = 0) -> None:
        super().__init__()
        self.branches = [[name for name, *_ in branch] for branch in branches]
        for branch in branches:
            inner = in_channels
            for name, channels, kernel, stride in branch:
                self.add_sublayer(name, _Conv(inner, channels, kernel, stride, "same" if stride == 1 else "valid"))
                inner = channels
        self.pooled = bool(pooled)
        if pooled:
            self.branch_pool = _Conv(in_channels, pooled, (1, 1))

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        outputs = []
        for names in self.branches:
            found = x
            for name in names:
                found = self._sub_layers[name](found)
            outputs.append(found)
        pooled = self.branch_pool(F.avg_pool2d(x, 3, 1, 1)) if self.pooled else F.max_pool2d(x, 3, 2)
        return paddle.concat([*outputs, pooled], axis=1)


class _ForkedBlock(nn.Layer):
    """The last two blocks, whose 3 x 3 convolutions end in a 1 x 3 and a 3 x 1 side by side."""

    def __init__(self, in_channels: int, *, pool: str) -> None:
        super().__init__()
        self.pool = F.avg_pool2d if pool == "average" else F.max_pool2d
        self.branch1x1 = _Conv(in_channels, 320, (1, 1))
        self.branch3x3_1 = _Conv(in_channels, 384, (1, 1))
        self.branch3x3_2a = _Conv(384, 384, (1, 3))
        self.branch3x3_2b = _Conv(384, 384, (3, 1))
        self.branch3x3dbl_1 = _Conv(in_channels, 448, (1, 1))
        self.branch3x3dbl_2 = _Conv(448, 384, (3, 3))
        self.branch3x3dbl_3a = _Conv(384, 384, (1, 3))
        self.branch3x3dbl_3b = _Conv(384, 384, (3, 1))
        self.branch_pool = _Conv(in_channels, 192, (1, 1))

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        once = self.branch3x3_1(x)
        twice = self.branch3x3dbl_2(self.branch3x3dbl_1(x))
        forks = [self.branch3x3_2a(once), self.branch3x3_2b(once)]
        forks += [self.branch3x3dbl_3a(twice), self.branch3x3dbl_3b(twice)]
        return paddle.concat([self.branch1x1(x), *forks, self.branch_pool(self.pool(x, 3, 1, 1))], axis=1)


def _block_a(in_channels: int, pooled: int) -> _Block:
    return _Block(
        in_channels,
        [("branch1x1", 64, (1, 1), 1)],
        [("branch5x5_1", 48, (1, 1), 1), ("branch5x5_2", 64, (5, 5), 1)],
        [("branch3x3dbl_1", 64, (1, 1), 1), ("branch3x3dbl_2", 96, (3, 3), 1), ("branch3x3dbl_3", 96, (3, 3), 1)],
        pooled=pooled,
    )


def _block_c(inner: int) -> _Block:
    return _Block(
        768,
        [("branch1x1", 192, (1, 1), 1)],
        [("branch7x7_1", inner, (1, 1), 1), ("branch7x7_2", inner, (1, 7), 1), ("branch7x7_3", 192, (7, 1), 1)],
        [
            ("branch7x7dbl_1", inner, (1, 1), 1),
            ("branch7x7dbl_2", inner, (7, 1), 1),
            ("branch7x7dbl_3", inner, (1, 7), 1),
            ("branch7x7dbl_4", inner, (7, 1), 1),
            ("branch7x7dbl_5", 192, (1, 7), 1),
        ],
        pooled=192,
    )
