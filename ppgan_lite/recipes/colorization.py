"""Colorization: gray photos in, colored ones out.

Zhang, Isola and Efros, "Colorful Image Colorization", ECCV 2016.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import numpy as np
import paddle
from paddle.nn import functional as F

from ppgan_lite.checkpoint import PredictorSpec
from ppgan_lite.errors import UsageError
from ppgan_lite.metrics.pairs import psnr_and_ssim
from ppgan_lite.nets.colorizer import BINS, STRIDE, Colorizer, chroma_of, soft_bins, with_chroma
from ppgan_lite.nets.vgg16 import VGG16
from ppgan_lite.pretrained import VGG_16, load_encoder
from ppgan_lite.recipes.building import adam, to_net
from ppgan_lite.recipes.painter import freeze
from ppgan_lite.recipes.recipe import Beta, LearningRate, Recipe
from ppgan_lite.signatures import ArgumentsOf, FilePath, Within

_PRIOR_KEPT = 0.99  # of the running mean of the colors, in each iteration


class Colorization(Recipe):
    """Trains a `Colorizer` to classify the colors of photos of which it gets the luma.

    The loss is the cross entropy between bins of chroma, rare colors weighted up (paper, section 2.2): a mean of all
    plausible colors, which a distance between pictures asks for, is brown. Departure: how frequent colors are is
    measured while training.

    Args:
        net: Arguments of `Colorizer`; the widths of its encoder are those of `encoder`.
        encoder: A VGG-16, which stays as it is; see `load_encoder`.
        uniform: How much the frequencies of colors are evened out before these are weighted by them: 1 for no weights,
            towards 0 for weights that make all colors count the same; the paper's is 0.5.
        learning_rate: Adam's.
        beta1: Adam's.
    """

    needs = ("a", "b")
    averaged = ("colorizer",)
    best = "cross_entropy"
    measures = ("cross_entropy", "psnr", "ssim")
    results = (("colorized", "gray"),)
    targets = (("colorized", "true"),)

    def __init__(
        self,
        *,
        net: Annotated[dict[str, Any], ArgumentsOf("Colorizer")] | None = None,
        encoder: FilePath = VGG_16,
        uniform: Annotated[float, Within(0, 1, above=True)] = 0.5,
        learning_rate: LearningRate = 1e-3,
        beta1: Beta = 0.9,
    ) -> None:
        super().__init__()
        self.encoder = load_encoder(encoder)
        if not isinstance(self.encoder, VGG16):
            raise UsageError("recipe.encoder", encoder, "vgg16 or the file of a VGG-16: the net is built on its layers")
        self.net = Colorizer(**{**(net or {}), "encoder_channels": self.encoder.arguments["channels"]})
        self.net.encoder.set_state_dict(self.encoder.state_dict())
        freeze(self.net.encoder)
        self.nets = {"colorizer": self.net}
        self.groups = {"colorizer": adam(self.nets, learning_rate, beta1=beta1)}
        self.uniform = uniform
        self.prior = paddle.full([BINS], 1 / BINS)

    def update(self, batch: dict[str, paddle.Tensor]) -> dict[str, float]:
        """Do one step; see `Recipe.update`."""
        wanted = self._wanted(batch)
        kept = min(_PRIOR_KEPT, 1 - 1 / self.iteration) if self.iteration else 0.0
        self.prior = kept * self.prior + (1 - kept) * wanted.mean(axis=[0, 2, 3])
        loss = self._cross_entropy(self._logits(batch), wanted, self._weights(wanted))
        self.groups["colorizer"].backward_step(loss)
        return {"cross_entropy": float(loss)}

    def _logits(self, batch: Mapping[str, paddle.Tensor]) -> paddle.Tensor:
        with paddle.no_grad():
            features = self.encoder(to_net(self._gray(batch), 3, (0.0, 1.0)))
        return self.net.logits(features)

    def _gray(self, batch: Mapping[str, paddle.Tensor]) -> paddle.Tensor:
        return to_net(batch["a"], 1, (0.0, 1.0))

    def _wanted(self, batch: Mapping[str, paddle.Tensor]) -> paddle.Tensor:
        """Return the shares of the bins at each place that is classified."""
        return soft_bins(F.avg_pool2d(chroma_of(batch["b"]), STRIDE))

    def _weights(self, wanted: paddle.Tensor) -> paddle.Tensor:
        """Return the weight of each place, N x h x w, one on average over the colors seen so far (equation 4)."""
        rarity = 1 / ((1 - self.uniform) * self.prior + self.uniform / BINS)
        rarity = rarity / (rarity * self.prior).sum()
        return (wanted * rarity.reshape([1, -1, 1, 1])).sum(axis=1)

    def _cross_entropy(self, logits: paddle.Tensor, wanted: paddle.Tensor, weights: paddle.Tensor) -> paddle.Tensor:
        # Bins last: along another axis Paddle's softmax takes ten times as long on a CPU (3.3).
        logits, wanted = (x.transpose([0, 2, 3, 1]) for x in (logits, wanted))
        return -(weights * (wanted * F.log_softmax(logits)).sum(axis=-1)).mean()

    def preview(self, batch: dict[str, paddle.Tensor]) -> dict[str, paddle.Tensor]:
        """Return the gray photo, the colorized one and the true one."""
        return {"gray": self._gray(batch), "colorized": self._colorized(batch, self._logits(batch)), "true": batch["b"]}

    def _colorized(self, batch: Mapping[str, paddle.Tensor], logits: paddle.Tensor) -> paddle.Tensor:
        gray = self._gray(batch)
        chroma = F.interpolate(self.net.chroma(logits), size=gray.shape[2:], mode="bilinear")
        return with_chroma(gray, chroma).clip(0, 1)

    def validate(self, batch: dict[str, paddle.Tensor]) -> dict[str, float]:
        """Return the cross entropy, and PSNR and SSIM of the result, which a dull one has high too."""
        logits, wanted = self._logits(batch), self._wanted(batch)
        entropy = self._cross_entropy(logits, wanted, self._weights(wanted))
        pairs = psnr_and_ssim(self._colorized(batch, logits).numpy(), batch["b"].numpy())
        return {"cross_entropy": float(entropy), **pairs}

    def predictors(self) -> dict[str, PredictorSpec]:
        """Return the one that colorizes."""
        return {"colorize": PredictorSpec("colorizer", "translate", value_range=self.net.value_range)}

    def state(self) -> dict[str, np.ndarray]:
        """Return how frequent the colors are; see `Recipe.state`."""
        return {"prior": self.prior.numpy()}

    def load_state(self, state: Mapping[str, np.ndarray]) -> None:
        """Take it back."""
        self.prior = paddle.to_tensor(state["prior"])
