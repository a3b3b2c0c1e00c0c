"""The stages of a training: the draft of one style, the draft of any style, and the revision net above either."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ppgan_lite.nets.color_statistics import ColorStatistics
from torch_styles import losses
from torch_styles.nets import AnyStyleNet, StyleTransferNet, TransformNet, resize, revise
from torch_styles.pictures import Pictures, colors_of, recolored, soft_noise

IDENTITY = 20.0  # weight of the squared error of pictures that are to come out as they went in
SHIFT = 2  # pixels by which photos are moved at most, see `shift_consistency_loss`
STEADY_EVERY = 3  # iterations
# Of revision nets, as in `ppgan_lite.recipes.pyramid_revision`.
EDGES, TONES, TONES_PX, SHARPNESS = 2.0, 6.0, 8, 2.0
WEAVE, WEAVE_OF_DETAIL = 0.04, 0.03


class Stage(Protocol):
    """Something that learns.

    Attributes:
        learning: What is updated and saved.
        warmup: Iterations until the learning rate is whole.
    """

    learning: nn.Module
    warmup: int

    def terms(self, iteration: int, rng: np.random.Generator) -> dict[str, Tensor]:
        """Return the weighted losses of an iteration; all that is random comes from `rng`."""


@dataclass(frozen=True)
class Batches:
    """The crops that a draft learns from.

    Attributes:
        crop: Height and width, in pixels.
        painted: How many photos of a batch are painted.
        kept: How many are to come out as they went in, at strength 0.
        photo_side: Short side that photos are taken to have, from, to: about that of the draft in use.
        noise_std: Of the input noise.
    """

    crop: int = 384
    painted: int = 10
    kept: int = 2
    photo_side: tuple[int, int] = (300, 640)
    noise_std: float = 0.02


@dataclass(frozen=True)
class Weights:
    """Weights of the losses beside that of the style, which is 1.

    Attributes:
        content: Layer -> weight of the relative content loss. More of it keeps faces whole.
        steady: Weight of the shift consistency loss.
    """

    content: dict[str, float] = field(default_factory=lambda: {"relu2_2": 0.12, "relu3_3": 0.12})
    steady: float = 1.0

    @property
    def deepest(self) -> str:
        """The last layer that content is compared at."""
        return max(self.content, key=losses.LAYERS.index, default=losses.LAYERS[0])


class StyleDraft:
    """The draft of one style.

    Args:
        net: What learns; its own style becomes the painting's.
        vgg: The encoder of the losses.
        photos: To paint.
        painting: uint8 3 x H x W, at the size that decides how large strokes become.
        painting_colors: Its mean and covariance.
        batches: How photos are cut.
        weights: Of the losses.
    """

    warmup = 50

    def __init__(
        self,
        net: StyleTransferNet,
        vgg: losses.VGG16,
        photos: Pictures,
        painting: Tensor,
        painting_colors: ColorStatistics,
        batches: Batches,
        weights: Weights,
    ) -> None:
        self.learning: nn.Module = net.transform
        self.net, self.vgg, self.photos, self.batches, self.weights = net, vgg, photos, batches, weights
        self.colors = painting_colors
        image = painting[None].float() / 255
        with torch.no_grad():
            # The mirror image of a painting is as good an example of its strokes.
            views = [vgg(view) for view in (image, image.flip(3))]
            self.grams = {
                layer: torch.cat([losses.gram(view[layer]) for view in views]).mean(0).expand(batches.painted, -1, -1)
                for layer in losses.LAYERS
            }
        mean, covariance = (torch.from_numpy(part).float() for part in painting_colors)
        net.image_mean.copy_(mean.view(1, 3, 1, 1))
        net.image_covariance.copy_(covariance[None])

    def terms(self, iteration: int, rng: np.random.Generator) -> dict[str, Tensor]:
        """See `Stage`."""
        cut, painted = self.batches, self.batches.painted
        photos, colors = self.photos.crops(painted + cut.kept, cut.crop + 2 * SHIFT, cut.photo_side, rng)
        noisy = photos[:painted] + soft_noise(photos[:painted], cut.noise_std, rng)
        photos[:painted] = recolored(noisy, colors[:painted], [self.colors])
        photos = photos.clamp(0, 1)
        seen = photos[:, :, SHIFT:-SHIFT, SHIFT:-SHIFT]
        drafted = self.net.transform(seen, strengths(painted, cut.kept, seen.device))
        terms = draft_terms(self.vgg, drafted, seen, self.grams, painted, self.weights)
        if self.weights.steady and iteration % STEADY_EVERY == 0:
            rows, columns = (int(place) for place in rng.integers(-SHIFT, SHIFT + 1, 2))
            some = max(painted // 2, 1)
            top, left = SHIFT + rows, SHIFT + columns
            moved = photos[:some, :, top : top + cut.crop, left : left + cut.crop]
            again = self.net.transform(moved, strengths(some, 0, seen.device))
            loss = losses.shift_consistency_loss(drafted[:some], again, rows, columns)
            terms["steady"] = self.weights.steady * loss
        return terms


class AnyStyleDraft:
    """The draft of any style.

    Args:
        net: What learns, but for the encoder that reads paintings.
        vgg: The encoder of the losses.
        photos: To paint.
        paintings: Each photo gets one.
        batches: How photos are cut.
        weights: Of the losses; steadiness does not count.
        painting_crop: Height and width of the crops of paintings.
        painting_side: Short side that paintings are taken to have, from, to.
    """

    warmup = 100
    SWAPPED, FLIPPED = 0.3, 0.2  # how often a batch's paintings have their channels permuted, are turned upside down

    def __init__(
        self,
        net: AnyStyleNet,
        vgg: losses.VGG16,
        photos: Pictures,
        paintings: Pictures,
        batches: Batches,
        weights: Weights,
        painting_crop: int = 304,
        painting_side: tuple[int, int] = (304, 400),
    ) -> None:
        self.net, self.vgg, self.photos, self.paintings = net, vgg, photos, paintings
        self.batches, self.weights = batches, weights
        self.painting_crop, self.painting_side = painting_crop, painting_side
        self.learning: nn.Module = nn.ModuleDict({"transform": net.transform, "predictor": net.predictor})
        net.predictor.encoder.requires_grad_(False)

    def terms(self, iteration: int, rng: np.random.Generator) -> dict[str, Tensor]:
        """See `Stage`."""
        cut, painted = self.batches, self.batches.painted
        count = painted + cut.kept
        paintings, wanted = self.paintings.crops(count, self.painting_crop, self.painting_side, rng)
        if rng.random() < self.SWAPPED:
            order = rng.permutation(3)
            paintings = paintings[:, order.tolist()]
            wanted = [(mean[order], covariance[np.ix_(order, order)]) for mean, covariance in wanted]
        if rng.random() < self.FLIPPED:
            paintings = paintings.flip(2)
        photos, own = self.photos.crops(count, cut.crop, cut.photo_side, rng)
        noisy = photos[:painted] + soft_noise(photos[:painted], cut.noise_std, rng)
        photos[:painted] = recolored(noisy, own[:painted], wanted[:painted])
        photos = photos.clamp(0, 1)
        with torch.no_grad():
            statistics = self.net.predictor.statistics(paintings)
            grams = {layer: losses.gram(features) for layer, features in self.vgg(paintings[:painted]).items()}
        norms = self.net.predictor.norms(statistics)
        drafted = self.net.transform(photos, strengths(painted, cut.kept, photos.device), *norms)
        return draft_terms(self.vgg, drafted, photos, grams, painted, self.weights)


class Revision:
    """The first revision net above a draft that stays as it is; see `ppgan_lite.recipes.pyramid_revision`.

    Every photo is carried up from its draft, which is to get the detail of a draft at full size, and from that large
    draft downsampled, which is to be restored.

    Args:
        net: A painter of one style.
        photos: To paint.
        painting_colors: Mean and covariance of the painting.
        batches: Of the crops, which are as large as what is revised; `kept` does not count.
    """

    warmup = 20

    def __init__(
        self, net: StyleTransferNet, photos: Pictures, painting_colors: ColorStatistics, batches: Batches
    ) -> None:
        self.draft: TransformNet = net.transform
        self.revision = net.revisions[0]
        self.learning: nn.Module = self.revision
        self.photos, self.colors, self.batches = photos, painting_colors, batches

    def terms(self, iteration: int, rng: np.random.Generator) -> dict[str, Tensor]:
        """See `Stage`."""
        cut, half = self.batches, self.batches.crop // 2
        photos, own = self.photos.crops(cut.painted, cut.crop, cut.photo_side, rng)
        with torch.no_grad():
            small = resize(photos, half, half)
            detail = photos - resize(small, cut.crop, cut.crop)
            draft, large = (self._draft(picture, own, rng) for picture in (small, photos))
            starts = torch.cat([draft, resize(large, half, half)])
            wanted = sharp(draft, large)
        revised = revise(self.revision, torch.cat([detail, detail]), starts)
        edges = [F.l1_loss(*pair) for pair in zip(_differences(revised), _differences(wanted), strict=True)]
        tones = [F.avg_pool2d(picture, TONES_PX) for picture in (revised, wanted)]
        return {
            "pixels": F.l1_loss(revised, wanted),
            "edges": EDGES * torch.stack(edges).sum(),
            "tones": TONES * F.l1_loss(*tones),
        }

    def _draft(self, photos: Tensor, own: Sequence[ColorStatistics], rng: np.random.Generator) -> Tensor:
        noisy = photos + soft_noise(photos, self.batches.noise_std, rng)
        seen = recolored(noisy, own, [self.colors]).clamp(0, 1)
        return self.draft(seen, strengths(len(seen), 0, seen.device))


def sharp(draft: Tensor, large: Tensor) -> Tensor:
    """Return what a revision net is to make of a draft, and of a draft at full size that was downsampled."""
    half, full = draft.shape[2:], large.shape[2:]
    clean = without_weave(large, WEAVE_OF_DETAIL)
    smaller = resize(clean, *half)
    detail = SHARPNESS * (clean - resize(smaller, *full))
    return resize(torch.cat([without_weave(draft, WEAVE), smaller]), *full) + torch.cat([detail, detail])


def without_weave(picture: Tensor, contrast: float) -> Tensor:
    """Take the finest texture off, as far as it has less than a contrast."""
    blurred = F.avg_pool2d(F.avg_pool2d(F.pad(picture, [1] * 4, mode="reflect"), 2, 1), 2, 1)
    fine = picture - blurred
    return blurred + fine.sign() * F.relu(fine.abs() - contrast)


def _differences(picture: Tensor) -> tuple[Tensor, Tensor]:
    """Return the differences of neighbors, across and down."""
    return picture[:, :, :, 1:] - picture[:, :, :, :-1], picture[:, :, 1:] - picture[:, :, :-1]


def draft_terms(
    vgg: losses.VGG16,
    drafted: Tensor,
    seen: Tensor,
    grams: dict[str, Tensor],
    painted: int,
    weights: Weights,
) -> dict[str, Tensor]:
    """Return the losses that both drafts have: the pictures after the first `painted` are to be as they were."""
    found = vgg(drafted[:painted])
    terms = {"style": losses.style_loss(found, grams)}
    if weights.content:
        with torch.no_grad():
            photo = vgg(seen[:painted], weights.deepest)
        terms["content"] = losses.content_loss(found, photo, weights.content)
    if len(drafted) > painted:
        kept, wanted = drafted[painted:], seen[painted:]
        own = recolored(
            kept, [colors_of(picture) for picture in kept.detach()], [colors_of(picture) for picture in wanted]
        )
        terms["identity"] = IDENTITY * F.mse_loss(own, wanted)
    return terms


def strengths(painted: int, kept: int, device: torch.device) -> Tensor:
    """Return 1 for the pictures that are painted and 0 for those that are kept, N x 1."""
    return torch.tensor([[1.0]] * painted + [[0.0]] * kept, device=device)
