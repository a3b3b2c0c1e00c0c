"""Features of pictures by the nets that metrics need, in float32; a net is built when it is needed first."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from ppgan_lite.images import long_side_at_most, short_side_to
from ppgan_lite.metrics.perceptual import unit_length
from ppgan_lite.pretrained import VGG_16, load_encoder, load_inception, load_lpips_net
from ppgan_lite.runtime.startup import require_paddle

if TYPE_CHECKING:
    from collections.abc import Callable

    import paddle

Features = dict[str, np.ndarray]

# The short side of pictures whose features are averaged, and of those that are compared with a painting.
MEASURED_PX = 256
# Pictures with more pixels are reduced before VGG-16: 4 GB of features, at most.
MOST_PIXELS = 1 << 21


class FeatureNets:
    """The nets, and what they make of pictures: uint8 (height, width, 3) RGB.

    Args:
        encoder: That of `encoded`; see `pretrained.load_encoder`.
    """

    def __init__(self, encoder: str = "small") -> None:
        require_paddle()
        self.encoder_name = encoder

    def lpips(self, image: np.ndarray) -> Features:
        """Return relu1_2 .. relu5_3 of torchvision's VGG-16: layer -> channels x height x width."""
        return _of_each_layer(self._lpips_net, _bounded(image))

    def vgg16(self, image: np.ndarray) -> Features:
        """Return relu1_2 .. relu4_3 of the VGG-16 that ships."""
        return _of_each_layer(self._vgg16, _bounded(image))

    def encoded(self, image: np.ndarray) -> Features:
        """Return the features by which style and content are compared, of the picture at `MEASURED_PX`."""
        return _of_each_layer(self._encoder, short_side_to(image, MEASURED_PX))

    def pooled(self, image: np.ndarray, net: str) -> np.ndarray:
        """Return a picture's features by which sets are compared, of "inception" or "vgg16", averaged over places.

        Those of VGG-16 have a mean square of 1 at every place: as they are, they are of no certain magnitude.
        """
        if net == "vgg16":
            features = unit_length(self.vgg16(short_side_to(image, MEASURED_PX))["relu4_3"])
            return len(features) ** 0.5 * features.mean(axis=(1, 2), dtype=np.float64)
        from ppgan_lite.nets.inception import SIDE_PX  # imports Paddle

        return _outcome(self._inception, resized_as_tensorflow(image, SIDE_PX) / 128 - 1)[0].astype(np.float64)

    @cached_property
    def _lpips_net(self) -> Callable[..., dict[str, paddle.Tensor]]:
        return load_lpips_net()

    @cached_property
    def _vgg16(self) -> Callable[..., dict[str, paddle.Tensor]]:
        return load_encoder(VGG_16, precision="f32")

    @cached_property
    def _encoder(self) -> Callable[..., dict[str, paddle.Tensor]]:
        return load_encoder(self.encoder_name, precision="f32")

    @cached_property
    def _inception(self) -> Callable[[paddle.Tensor], paddle.Tensor]:
        return load_inception()


def resized_as_tensorflow(image: np.ndarray, side: int) -> np.ndarray:
    """Resize a uint8 picture to a square as TensorFlow 1 does, which FID's features expect: float32, 0 .. 255.

    Bilinear without antialiasing, places counted from the corner of the first pixel.
    """
    for axis in (0, 1):
        size = image.shape[axis]
        at = np.arange(side, dtype=np.float32) * np.float32(size / side)
        low = at.astype(np.int64)
        share = (at - low).reshape((-1, 1, 1) if axis == 0 else (1, -1, 1))
        first, second = (image.take(place, axis).astype(np.float32) for place in (low, np.minimum(low + 1, size - 1)))
        image = first + (second - first) * share
    return image


def _bounded(image: np.ndarray) -> np.ndarray:
    """Return a picture of at most `MOST_PIXELS`."""
    height, width = image.shape[:2]
    if height * width <= MOST_PIXELS:
        return image
    scale = (MOST_PIXELS / (height * width)) ** 0.5
    return long_side_at_most(image, int(max(height, width) * scale))


def _of_each_layer(net: Callable[..., dict[str, paddle.Tensor]], image: np.ndarray) -> Features:
    return {layer: features[0] for layer, features in _outcome(net, image / np.float32(255)).items()}


def _outcome(net: Callable[..., Any], image: np.ndarray) -> Any:
    """Return what a net makes of a picture (height, width, 3), as NumPy arrays."""
    import paddle

    with paddle.no_grad():
        found = net(paddle.to_tensor(np.ascontiguousarray(image.transpose(2, 0, 1)[None], np.float32)))
    return {name: tensor.numpy() for name, tensor in found.items()} if isinstance(found, dict) else found.numpy()
