"""A revision net of half the size learns to answer as the revision net of a painter of any picture does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from torch_styles.nets import AnyStyleNet, HalfSizeRevisionNet, resize, revise
from torch_styles.pictures import colors_of, recolored, soft_noise
from torch_styles.stages import EDGES, TONES, TONES_PX, strengths

NOISE_STD = 0.004  # of drafts in use
# How often the photos are taken to be 2, 4 and 8 times as large as their drafts, and how much they are enlarged before:
# photos of many pixels are softer than those to train with.
LEVELS, ENLARGED = (0.4, 0.4, 0.2), {1: (1.0,), 2: (1.0, 1.5), 3: (2.0,)}
GENTLE, LEAST_STRENGTH = 0.2, 0.3  # the share of drafts at less than the full strength, and the least of these
LONGEST_PX = 1152
LEFT_OUT_PX = 8  # at the borders of a crop, where the nets see what is not there


@dataclass(frozen=True)
class Example:
    """The input of a revision net: the photo's detail at a level, and the coarser result, half precision."""

    detail: Tensor
    coarser: Tensor


@torch.no_grad()
def examples_of(
    net: AnyStyleNet, photos: Sequence[Tensor], paintings: Sequence[Tensor], count: int, rng: np.random.Generator
) -> list[Example]:
    """Paint photos in the styles of paintings with a net, and keep what its revision net is given at each level.

    Args:
        net: With the revision net that is to be imitated.
        photos: uint8 3 x H x W, to choose from.
        paintings: Likewise, as small as they are read in use.
        count: Of pictures to paint.
        rng: Where the randomness comes from.
    """
    found = []
    for _ in range(count):
        photo, painting = (pictures[int(rng.integers(len(pictures)))] for pictures in (photos, paintings))
        levels = 1 + int(rng.choice(len(LEVELS), p=LEVELS))
        multiple = 2 ** (levels + 1)
        sides = [int(side * rng.choice(ENLARGED[levels])) for side in photo.shape[1:]]
        image = F.interpolate(photo[None].float() / 255, size=sides, mode="bicubic", align_corners=False).clamp(0, 1)
        height, width = (min(side, LONGEST_PX) // multiple * multiple for side in sides)
        pyramid = [image[..., :height, :width]]
        for _ in range(levels):
            pyramid.append(resize(pyramid[-1], *(side // 2 for side in pyramid[-1].shape[2:])))
        amount = 1.0 if rng.random() >= GENTLE else float(rng.uniform(LEAST_STRENGTH, 1))
        coarser = _draft(net, pyramid.pop(), painting, amount, rng)
        while pyramid:
            level = pyramid.pop()
            size = level.shape[2:]
            detail = level - resize(coarser_of(level), *size)
            found.append(Example(detail.half(), coarser.half()))
            coarser = revise(net.revisions[0], detail, coarser)
    return found


def coarser_of(picture: Tensor) -> Tensor:
    """Return a picture at half of its size."""
    return resize(picture, *(side // 2 for side in picture.shape[2:]))


def _draft(net: AnyStyleNet, photo: Tensor, painting: Tensor, amount: float, rng: np.random.Generator) -> Tensor:
    noisy = photo + amount * soft_noise(photo, NOISE_STD, rng)
    own, wanted = colors_of(noisy[0]), colors_of(painting)
    seen = (noisy + amount * (recolored(noisy, [own], [wanted]) - noisy)).clamp(0, 1)
    norms = net.predictor(painting[None].float() / 255)
    drafted = net.transform(seen, amount * strengths(1, 0, seen.device), *norms)
    return recolored(drafted, [colors_of(drafted[0])], [colors_of(seen[0])])


class Imitation:
    """A stage of training: crops of examples, the teacher's answers, and losses on the pixels of these.

    Args:
        teacher: A revision net.
        examples: From `examples_of`.
        channels: Of the net that learns.
        crop: Height and width, in pixels.
        batch: How many crops an iteration has.
    """

    warmup = 50

    def __init__(
        self, teacher: nn.Module, examples: Sequence[Example], channels: int = 16, crop: int = 96, batch: int = 8
    ) -> None:
        self.teacher, self.crop, self.batch = teacher.eval(), crop, batch
        self.learning: nn.Module = HalfSizeRevisionNet(channels)
        self.examples = [example for example in examples if min(example.detail.shape[2:]) >= crop]
        areas = np.array([example.detail[0, 0].numel() for example in self.examples], float) ** 0.5
        self.shares = areas / areas.sum()

    def terms(self, iteration: int, rng: np.random.Generator) -> dict[str, Tensor]:
        """See `Stage`."""
        crops = [
            self._crop(self.examples[rng.choice(len(self.examples), p=self.shares)], rng) for _ in range(self.batch)
        ]
        detail, coarser = (torch.cat(part) for part in zip(*crops, strict=True))
        with torch.no_grad():
            wanted = self.teacher(detail, coarser)
        off = (self.learning(detail, coarser) - wanted)[..., LEFT_OUT_PX:-LEFT_OUT_PX, LEFT_OUT_PX:-LEFT_OUT_PX]
        edges = (off[..., 1:] - off[..., :-1]).abs().mean() + (off[..., 1:, :] - off[..., :-1, :]).abs().mean()
        tones = F.avg_pool2d(off, TONES_PX).abs().mean()
        return {"pixels": 10 * off.abs().mean(), "edges": 10 * EDGES * edges, "tones": 10 * TONES * tones}

    def _crop(self, example: Example, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
        """Cut out a part, turned and with its color channels in another order."""
        half = self.crop // 2
        top, left = (int(rng.integers(side - half + 1)) for side in example.coarser.shape[2:])
        coarser = example.coarser[..., top : top + half, left : left + half].float()
        detail = example.detail[..., 2 * top : 2 * (top + half), 2 * left : 2 * (left + half)].float()
        channels = rng.permutation(3).tolist() if rng.random() < 0.5 else [0, 1, 2]
        sides = [axis for axis in (2, 3) if rng.random() < 0.5]
        turned = rng.random() < 0.5
        pair = [picture[:, channels].flip(sides) for picture in (detail, coarser)]
        detail, coarser = [picture.transpose(2, 3) if turned else picture for picture in pair]
        return detail, coarser
