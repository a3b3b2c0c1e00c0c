"""A revision net of any painter: one level of the Laplacian pyramid above its draft.

Lin et al., "Drafting and Revision: Laplacian Pyramid Network for Fast High-Quality Artistic Style Transfer", CVPR 2021,
section 3.3.
"""

from __future__ import annotations

import paddle
from paddle.nn import functional as F

from ppgan_lite.errors import UsageError
from ppgan_lite.losses.pixel import l1_loss
from ppgan_lite.nets import PAINTING_NETS
from ppgan_lite.nets.blocks import resize_bilinear
from ppgan_lite.nets.painter_interface import DRAFT_PX
from ppgan_lite.nets.painting import PaintingNet
from ppgan_lite.nets.pyramid import laplacian, pyramid
from ppgan_lite.recipes.building import chosen_net
from ppgan_lite.recipes.painter import NOISE_STD_IN_USE, PainterRecipe, freeze, with_input_noise
from ppgan_lite.recipes.recipe import Beta, LearningRate, Level, NetChoice, NoiseStd, TrainedGroup
from ppgan_lite.signatures import NonNegative, PositiveInt

# Weights of the losses on differences of neighboring pixels and on means of squares of pixels, beside that on pixels. A
# net that is applied again and again up the pyramid would add up the smallest change of tones.
EDGES, TONES = 2.0, 6.0
TONES_PX = 8
WEAVE, WEAVE_OF_DETAIL = 0.04, 0.03  # contrast up to which texture is taken off: of drafts, and of large ones


class RevisionRecipe(PainterRecipe):
    """Trains one revision net to carry the result up one level, with everything below it frozen.

    Args:
        net: A painter and its arguments; `revisions` is level + 1 whatever they say, so that a painter has no untrained
            net.
        level: Which revision net is trained; 0 is the one above the draft. The net is called with level + 1 levels, so
            the photo's crop is 2 ** (level + 1) times the draft's.

    Raises:
        UsageError: The net is no painter.
    """

    results = (("revised", "photo"),)

    def __init__(self, net: NetChoice, level: int) -> None:
        super().__init__()
        if net["name"] not in PAINTING_NETS:
            raise UsageError("recipe.net.name", net["name"], f"one of {', '.join(PAINTING_NETS)}")
        self.level = level
        self.net: PaintingNet = chosen_net({**net, "revisions": level + 1})
        freeze(self.net)
        self.revision = self.net.revisions[level]
        for parameter in self.revision.parameters():
            parameter.stop_gradient = False
        self.nets = {"painter": self.net}

    def train_revision(self, learning_rate: float, beta2: float) -> None:
        """Let Adam update the revision net."""
        optimizer = paddle.optimizer.Adam(learning_rate, beta2=beta2, parameters=self.revision.parameters())
        self.groups["painter"] = TrainedGroup(optimizer, ("painter",), learning_rate)

    def paint(self, photo: paddle.Tensor, painting: paddle.Tensor) -> tuple[paddle.Tensor, paddle.Tensor]:
        """Return the result of the level below, and that of this level, with gradients in the trained net alone.

        As `PaintingNet.forward` paints; the tests hold the two together.
        """
        with paddle.no_grad():
            coarser, detail = self.below(photo, painting)
        return coarser, self.net.revise(self.level, detail, coarser)

    def below(self, photo: paddle.Tensor, painting: paddle.Tensor) -> tuple[paddle.Tensor, paddle.Tensor]:
        """Return the result of the level below, and the photo's detail at this level."""
        small, details = pyramid(photo, self.level + 1)
        coarser = self.net.draft(with_input_noise(small, self.noise_std), self._statistics(painting))
        for level in range(self.level):
            coarser = self.net.revise(level, details[level], coarser)
        return coarser, details[-1]

    def _statistics(self, painting: paddle.Tensor) -> dict[str, tuple[paddle.Tensor, paddle.Tensor]]:
        """Return the style that the draft takes: the net's own, or that of the painting shrunk as the photo is."""
        if self.net.own_style:
            return self.net.own_statistics()
        factor = 2 ** (self.level + 1)
        small = F.avg_pool2d(painting, factor, factor)
        return self.net.style_statistics(small)

    def preview(self, batch: dict[str, paddle.Tensor]) -> dict[str, paddle.Tensor]:
        """Return photo, painting, the (upsampled) result of the level below, and the revised result."""
        photo = batch["photo"]
        coarser, result = self.paint(photo, batch["style"])
        return {
            "photo": photo,
            "style": batch["style"],
            "below": resize_bilinear(coarser, photo.shape[2], photo.shape[3]),
            "revised": result,
        }


class PyramidRevision(RevisionRecipe):
    """Trains a revision net to carry a draft up as sharp as a draft of the photo at the larger size is.

    The net's own draft of the large photo teaches: its edges lie where the photo's do and are as sharp as its pixels
    are. Every photo is carried up twice: from its draft, which is to get the detail of the large draft on top of its
    own shapes, and from the large draft downsampled, which is to be restored. Of either, faint texture is taken off
    first: a net that upsamples leaves a weave of two pixels, which is not seen before it is enlarged.

    Departures from the paper, whose own recipe is `LapStyleRevision`: losses on pixels and their differences, which are
    a tenth of the work of an encoder's; no discriminator; the painting is looked at by nets of any style alone.

    Args:
        net: A painter (`StyleTransferNet` if not named) and its arguments; see `RevisionRecipe`.
        level: See `RevisionRecipe`.
        learning_rate: Adam's, before the schedule.
        beta2: Adam's; lower forgets large gradients sooner.
        sharpness: Of the detail that is to be added, in units of that of the large draft: more than 1, as a small net
            foresees but a part of it.
        noise_std: Standard deviation of the input noise of drafts in training: as in use, so that they are the drafts
            that the net will see; see `with_input_noise`.
        noise_std_in_use, draft_px: As in the recipe that trained the draft.
    """

    def __init__(
        self,
        *,
        net: NetChoice | None = None,
        level: Level = 0,
        learning_rate: LearningRate = 2e-3,
        beta2: Beta = 0.99,
        sharpness: NonNegative = 2.0,
        noise_std: NoiseStd = NOISE_STD_IN_USE,
        noise_std_in_use: NoiseStd = NOISE_STD_IN_USE,
        draft_px: PositiveInt = DRAFT_PX,
    ) -> None:
        super().__init__({"name": "StyleTransferNet", **(net or {})}, level)
        self.sharpness = sharpness
        self.noise_std = noise_std
        self.noise_std_in_use = noise_std_in_use
        self.draft_px = draft_px
        self.train_revision(learning_rate, beta2)

    def update(self, batch: dict[str, paddle.Tensor]) -> dict[str, float]:
        """Do one step of the revision net; see `Recipe.update`."""
        photo = batch["photo"]
        with paddle.no_grad():
            coarser, detail = self.below(photo, batch["style"])
            large = self.net.draft(with_input_noise(photo, self.noise_std), self._statistics(batch["style"]))
            starts = paddle.concat([coarser, resize_bilinear(large, *coarser.shape[2:])])
            wanted = self.sharp(coarser, large)
        results = self.net.revise(self.level, paddle.concat([detail, detail]), starts)
        edges = [l1_loss(*pair) for pair in zip(_differences(results), _differences(wanted))]
        tones = [F.avg_pool2d(picture, TONES_PX) for picture in (results, wanted)]
        terms = {
            "pixels": l1_loss(results, wanted),
            "edges": EDGES * sum(edges),
            "tones": TONES * l1_loss(*tones),
        }
        return self.groups["painter"].step_on(terms)

    def sharp(self, coarser: paddle.Tensor, large: paddle.Tensor) -> paddle.Tensor:
        """Return what is wanted: for the result of the level below first, then for the large draft downsampled.

        Args:
            coarser: N x 3 x h x w.
            large: N x 3 x H x W.

        Returns:
            2N x 3 x H x W.
        """
        clean = without_weave(large, WEAVE_OF_DETAIL)
        shapes = paddle.concat([without_weave(coarser, WEAVE), resize_bilinear(clean, *coarser.shape[2:])])
        detail = self.sharpness * laplacian(clean)
        return resize_bilinear(shapes, *large.shape[2:]) + paddle.concat([detail, detail])


def without_weave(picture: paddle.Tensor, contrast: float) -> paddle.Tensor:
    """Take the finest texture off, as far as it has less than a contrast: shrink what a blur by [1, 2, 1] takes.

    Soft thresholding of Donoho, "De-noising by soft-thresholding", IEEE Transactions on Information Theory 41, 1995, on
    one band.
    """
    padded = F.pad(picture, [1, 1, 1, 1], mode="reflect")
    blurred = F.avg_pool2d(F.avg_pool2d(padded, 2, 1), 2, 1)
    fine = picture - blurred
    return blurred + fine.sign() * F.relu(fine.abs() - contrast)


def _differences(picture: paddle.Tensor) -> tuple[paddle.Tensor, paddle.Tensor]:
    """Return the differences of neighbors, across and down."""
    return picture[:, :, :, 1:] - picture[:, :, :, :-1], picture[:, :, 1:] - picture[:, :, :-1]
