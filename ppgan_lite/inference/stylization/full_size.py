"""The predictor that paints with a net of one style at the photo's own size, as fast neural style does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NoReturn

import numpy as np

from ppgan_lite.errors import UsageError
from ppgan_lite.images import BlendPart, NamedFile, resize
from ppgan_lite.inference.arrays import check_image
from ppgan_lite.inference.cost import Cost
from ppgan_lite.inference.steps import Cancelled, ProgressCallback
from ppgan_lite.inference.stylization.kept_colors import take_chroma
from ppgan_lite.inference.stylization.strength import Strength
from ppgan_lite.inference.stylization.stylizer import STROKE_PX, check_brush, no_other_colors
from ppgan_lite.inference.translation.translator import SMALLEST_PX, Translator


class FullSizeStylizer:
    """A predictor that paints without a draft: its net makes the painting of the photo in one go, or stage by stage.

    Attributes:
        name: Of the file.
        spec: The checkpoint's description.
        device: The device that computes: "cpu", "gpu:N" or "intel".
        device_note: Why that is not the device asked for; "" if there is nothing to say.
        direction: "", as it paints one way only.
        directions: Empty, likewise.
        checkpoint: The file that it was built from.
        painting: None, as its style came from no picture that is known.
        blend: Empty, as it has one style.
        colors: None, as its net chooses them.
    """

    direction: str = ""
    directions: tuple[str, ...] = ()
    painting: NamedFile | None = None
    blend: tuple[BlendPart, ...] = ()
    colors: NamedFile | None = None

    def __init__(self, translator: Translator) -> None:
        """Hold the predictor that makes a painting of a photo at its own size."""
        self._translator = translator
        self.name = translator.name
        self.spec = translator.spec
        self.device = translator.device
        self.device_note = translator.device_note
        self.checkpoint = translator.checkpoint

    @property
    def engine(self) -> str:
        """The engine that executes the net, with its precision unless that is float32."""
        return self._translator.engine

    def with_style(self, painting: np.ndarray, *, file: NamedFile | None = None) -> NoReturn:
        """Refuse a painting.

        Raises:
            UsageError: The net has a style of its own.
        """
        raise UsageError("style", f"{self.name} paints in a style of its own", "a painter of any style")

    def with_blend(self, paintings: Sequence[np.ndarray], blend: Sequence[BlendPart]) -> NoReturn:
        """Refuse paintings; see `with_style`."""
        self.with_style(paintings[0])

    def with_colors(self, picture: np.ndarray, *, file: NamedFile | None = None) -> NoReturn:
        """Refuse the colors of another picture.

        Raises:
            UsageError: The net has colors of its own.
        """
        raise no_other_colors(self.name)

    def cost(self, height: int, width: int, *, brush: float | None = None, depth: int = 8) -> Cost:
        """Return the cost of painting a photo of a size, and of a depth of 8 or 16 bits."""
        return self._translator.cost(*_painted_size(height, width, brush), depth=depth)

    def calibrate(self, image: np.ndarray, *, cancelled: Cancelled | None = None) -> None:
        """Paint a part of a photo, so that `cost` knows how long the whole will take."""
        self._translator.calibrate(image, cancelled=cancelled)

    def __call__(
        self,
        image: np.ndarray,
        *,
        style: np.ndarray | None = None,
        strength: float | np.ndarray = 1.0,
        strokes: np.ndarray | None = None,
        keep_colors: bool = False,
        brush: float | None = None,
        progress: ProgressCallback | None = None,
        cancelled: Cancelled | None = None,
    ) -> np.ndarray:
        """Paint a photo.

        Args:
            image: uint8 or uint16 H x W x 3 RGB, any size.
            style: None; the net has a style of its own.
            strength: 0 (the photo) to 1 (the full style), a mixture of both in between: a number, or a map of numbers,
                a float array h x w of any size, which is stretched over the photo.
            strokes: A map of the same kind: the share of the strength that each place gets. None is 1 everywhere.
            keep_colors: Keep the photo's colors and take only the brushwork.
            brush: Width of a typical stroke in pixels of the photo. None paints at the photo's own size, as the net's
                own program does; wider strokes are painted on a smaller copy and enlarged.
            progress: Called with the share that is done, 0 to 1.
            cancelled: Asked now and then; True stops the work.

        Returns:
            RGB image of the same size and type; the same for the same arguments.

        Raises:
            UsageError: An argument is out of its range, or a style was given.
            CancelledError: `cancelled` said so.
        """
        check_image("image", image)
        amounts = Strength.checked(strength, strokes)
        check_brush(brush)
        if style is not None:
            raise UsageError("style", f"{self.name} has a style already", "no painting")
        height, width = image.shape[:2]
        rows, columns = _painted_size(height, width, brush)
        result = self._translator(resize(image, columns, rows), progress=progress, cancelled=cancelled)
        result = resize(result, width, height)
        if amounts.amount < 1 or amounts.strokes is not None:
            result = _mixed(image, result, amounts)
        result = np.require(result, requirements=["C", "W"])
        if keep_colors:
            take_chroma(result, image)
        return result


def _mixed(photo: np.ndarray, painted: np.ndarray, amounts: Strength) -> np.ndarray:
    """Mix a painting with its photo."""
    shares = amounts.at(*photo.shape[:2]).strokes
    share = np.float32(amounts.amount) if shares is None else amounts.amount * shares[..., None]
    return np.rint(photo + share * (painted.astype(np.float32) - photo)).astype(photo.dtype)


def _painted_size(height: int, width: int, brush: float | None) -> tuple[int, int]:
    """Return the size at which a photo is painted."""
    if brush is None or brush <= STROKE_PX:
        return height, width
    rows, columns = (min(side, max(round(side * STROKE_PX / brush), SMALLEST_PX)) for side in (height, width))
    return rows, columns
