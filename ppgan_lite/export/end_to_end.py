"""A predictor end to end as one layer: tensors in, one tensor out."""

from __future__ import annotations

import numpy as np
import paddle
from paddle import nn

from ppgan_lite.nets.input_noise import soft_noise
from ppgan_lite.nets.painting import PaintingNet

NOISE_SIDE_PX = 512  # of the input noise in a graph for any size; beyond it stands its mirror image

_MAX_FLOAT16 = float(np.finfo(np.float16).max)


class EndToEndPainter(nn.Layer):
    """A painter end to end: pyramid, input noise, draft, revisions.

    Args:
        net: Shared, not copied.
        levels: The photo is drafted at 1 / 2 ** `levels` of its size.
        noise_std: Standard deviation of the input noise, as in a checkpoint's settings.
        draft_size: Height and width of the draft; None for any.
    """

    def __init__(
        self,
        net: PaintingNet,
        *,
        levels: int,
        noise_std: float,
        draft_size: tuple[int, int] | None,
    ) -> None:
        super().__init__()
        self.net = net
        self.levels = levels
        self.draft_size = draft_size
        self.has_noise = noise_std > 0
        if self.has_noise:
            # The same that a predictor adds to a draft of this size.
            size = draft_size or (NOISE_SIDE_PX, NOISE_SIDE_PX)
            noise = soft_noise(np.random.default_rng(0).standard_normal(size, np.float32))
            self.register_buffer("noise", paddle.to_tensor(noise_std * noise[None, None]), persistable=False)

    def forward(self, photo: paddle.Tensor, style: paddle.Tensor | None = None) -> paddle.Tensor:
        """Paint a photo.

        Args:
            photo: 1 x 3 x H x W, RGB in [0, 1].
            style: The painting, 1 x 3 x h x w, RGB in [0, 1], unless the net has a style of its own.

        Returns:
            1 x 3 x H x W, about [0, 1].
        """
        statistics = self.net.own_statistics() if self.net.own_style else self.net.style_statistics(style)
        return self.net(photo, statistics, levels=self.levels, noise=self._noise_of if self.has_noise else None)

    def _noise_of(self, small: paddle.Tensor) -> paddle.Tensor:
        if self.draft_size:
            return self.noise
        rows = self.noise.index_select(_mirrored(small.shape[2]), axis=2)
        return rows.index_select(_mirrored(small.shape[3]), axis=3)


def _mirrored(count: int) -> paddle.Tensor:
    """Return the rows of the noise for a draft of `count` rows: 0, 1, ... 510, 511, 511, 510, ..."""
    place = paddle.arange(count) % (2 * NOISE_SIDE_PX)
    return paddle.minimum(place, 2 * NOISE_SIDE_PX - 1 - place)


class Float16Weights(nn.Layer):
    """A layer whose parameters are stored as float16 and widened before they are used.

    Some GPUs alone compute in float16; every runtime reads a file of half the size. Parameters that float16 cannot
    represent stay as they are, and so do buffers, which are small.

    Args:
        net: Is changed: its parameters move into this layer.
    """

    def __init__(self, net: nn.Layer) -> None:
        super().__init__()
        self.net = net
        self.places: list[tuple[nn.Layer, str, str]] = []
        for number, layer in enumerate(net.sublayers(include_self=True)):
            for name, parameter in list(layer._parameters.items()):
                if parameter is None or float(parameter.abs().max()) > _MAX_FLOAT16:
                    continue
                half = self.create_parameter(
                    parameter.shape,
                    dtype="float16",
                    default_initializer=nn.initializer.Assign(parameter.numpy().astype(np.float16)),
                )
                key = f"half{number}_{name}"
                self.add_parameter(key, half)
                self.places.append((layer, name, key))
                del layer._parameters[name]

    def forward(self, photo: paddle.Tensor, style: paddle.Tensor | None = None) -> paddle.Tensor:
        """Call the layer with its parameters widened."""
        for layer, name, key in self.places:
            layer.__dict__[name] = self._parameters[key].astype("float32")
        return self.net(photo) if style is None else self.net(photo, style)
