"""Adversarial losses of a discriminator and of a generator.

Logits are the output of a discriminator, of any shape: one for each patch, or one for the whole picture; or a list of
those, for several scales. Every patch has the same weight within a scale, and every scale the same (pix2pixHD adds
scales up instead, so that its weights depend on their number).

Objectives, with D(x) the logits of x:

    name      discriminator minimizes                     generator minimizes   paper
    lsgan     (D(real) - 1)^2 + D(fake)^2                 (D(fake) - 1)^2       Mao et al., ICCV 2017, equation 9
    vanilla   -log D(real) - log(1 - D(fake))             -log D(fake)          Goodfellow et al., NIPS 2014, section 3
    hinge     max(0, 1 - D(real)) + max(0, 1 + D(fake))   -D(fake)              Miyato et al., ICLR 2018, equation 16
    wgan-gp   D(fake) - D(real) + 10 gradient_penalty     -D(fake)              Gulrajani et al., NIPS 2017, equation 3
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, TypeAlias

import paddle
from paddle.nn import functional as F

from ppgan_lite.errors import PpganError

Objective = Literal["lsgan", "vanilla", "hinge", "wgan-gp"]
Logits: TypeAlias = "paddle.Tensor | Sequence[paddle.Tensor]"


def generator_loss(fake: Logits, objective: Objective, *, probabilities: bool = False) -> paddle.Tensor:
    """Return the generator's loss, as a scalar.

    Args:
        fake: Logits of its pictures.
        objective: See the module.
        probabilities: Whether the discriminator ended in a sigmoid, so that these are probabilities.
    """
    if objective == "lsgan":
        return _mean(fake, lambda score: (score - 1).square().mean())
    if objective == "vanilla":
        return _mean(fake, lambda score: _cross_entropy(score, 1.0, probabilities))
    return _mean(fake, lambda score: -score.mean())


def discriminator_loss(
    real: Logits, fake: Logits, objective: Objective, *, probabilities: bool = False
) -> paddle.Tensor:
    """Return the discriminator's loss, as a scalar; without the gradient penalty.

    Args:
        real: Logits of real pictures.
        fake: Logits of pictures that carry no gradient to their generator.
        objective: See the module.
        probabilities: As in `generator_loss`.
    """
    if objective == "lsgan":
        return _mean(real, lambda score: (score - 1).square().mean()) + _mean(fake, lambda score: score.square().mean())
    if objective == "vanilla":
        return _mean(real, lambda score: _cross_entropy(score, 1.0, probabilities)) + _mean(
            fake, lambda score: _cross_entropy(score, 0.0, probabilities)
        )
    if objective == "hinge":
        return _mean(real, lambda score: F.relu(1 - score).mean()) + _mean(fake, lambda score: F.relu(1 + score).mean())
    return _mean(fake, paddle.mean) - _mean(real, paddle.mean)


def gradient_penalty(
    discriminator: Callable[[paddle.Tensor], Logits], real: paddle.Tensor, fake: paddle.Tensor
) -> paddle.Tensor:
    """Return the mean of (|gradient| - 1)^2 at random points between real pictures and fakes (WGAN-GP, section 4).

    The gradient is that of the sum over a scale's patches, as in the CycleGAN authors' code. The random points come
    from Paddle's generator.

    Args:
        discriminator: Takes N x C x H x W.
        real: N x C x H x W.
        fake: Of the same shape.

    Raises:
        PpganError: The discriminator has a layer whose gradient Paddle cannot differentiate.
    """
    # Half precision cannot hold the square of a small gradient.
    with paddle.amp.auto_cast(enable=False):
        real, fake = real.detach().astype("float32"), fake.detach().astype("float32")
        share = paddle.rand([real.shape[0], 1, 1, 1])
        between = real + share * (fake - real)
        between.stop_gradient = False
        return _mean(discriminator(between), lambda score: (_gradient_norm(score, between) - 1).square().mean())


def _gradient_norm(score: paddle.Tensor, image: paddle.Tensor) -> paddle.Tensor:
    """Return the length of the gradient of each sample's score with respect to its image, itself differentiable."""
    try:
        (gradient,) = paddle.grad(score, image, grad_outputs=paddle.ones_like(score), create_graph=True)
    except RuntimeError as error:
        if "doesn't have any grad op" not in str(error):
            raise
        layer = str(error).partition("The Op ")[2].split("_grad")[0]
        raise PpganError(
            "gradient penalty",
            f"the discriminator uses {layer}, whose gradient Paddle cannot differentiate",
            "a discriminator of convolutions, normalization, pooling and padding",
            "Choose another discriminator or another objective than wgan-gp",
        ) from error
    # The square root has no finite gradient at 0.
    return (gradient.square().sum(axis=[1, 2, 3]) + 1e-12).sqrt()


def _mean(logits: Logits, loss: Callable[[paddle.Tensor], paddle.Tensor]) -> paddle.Tensor:
    """Return the average of a loss over the scales of some logits."""
    scales = [logits] if isinstance(logits, paddle.Tensor) else logits
    return sum(map(loss, scales)) / len(scales)


def _cross_entropy(score: paddle.Tensor, target: float, probabilities: bool) -> paddle.Tensor:
    entropy = F.binary_cross_entropy if probabilities else F.binary_cross_entropy_with_logits
    return entropy(score, paddle.full_like(score, target))
