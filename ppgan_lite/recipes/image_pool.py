"""The image pool of CycleGAN's discriminators."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import paddle


class ImagePool:
    """Earlier fakes, which a discriminator is trained on too (Shrivastava et al., CVPR 2017, section 2.3).

    It keeps a discriminator from fitting the generator's latest results only.

    Args:
        size: Pictures that it keeps; 0 returns every batch as it is.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self.images: list[paddle.Tensor] = []

    def exchange(self, fakes: paddle.Tensor, rng: np.random.Generator) -> paddle.Tensor:
        """Return a batch in which some fakes are exchanged for older ones, and keep those.

        The pool first fills up. Then every picture is exchanged for a kept one with a probability of 1/2.

        Args:
            fakes: N x C x H x W; the result carries no gradient to their generator.
            rng: Source of randomness.
        """
        fakes = fakes.detach().astype(paddle.get_default_dtype())  # not that of mixed precision
        if self.size == 0:
            return fakes
        chosen = []
        for fake in paddle.split(fakes, fakes.shape[0]):
            if len(self.images) < self.size:
                self.images.append(fake)
            elif rng.random() < 0.5:
                place = int(rng.integers(self.size))
                fake, self.images[place] = self.images[place], fake
            chosen.append(fake)
        return paddle.concat(chosen)

    def state(self) -> dict[str, np.ndarray]:
        """Return the pictures by place, as "007" -> 1 x C x H x W."""
        return {f"{place:03d}": image.numpy() for place, image in enumerate(self.images)}

    def load_state(self, state: Mapping[str, np.ndarray]) -> None:
        """Take back the result of `state`."""
        self.images = [paddle.to_tensor(state[place]) for place in sorted(state)]
