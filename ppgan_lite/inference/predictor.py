"""The predictor that command line, window and programs see, whatever its net does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from ppgan_lite.checkpoint import PredictorSpec
from ppgan_lite.images import BlendPart, NamedFile
from ppgan_lite.inference.cost import Cost
from ppgan_lite.inference.steps import Cancelled, ProgressCallback

if TYPE_CHECKING:
    import numpy as np


class Predictor(Protocol):
    """Images in, image out, built from a checkpoint alone.

    May be called from several threads at the same time, and gives each the picture that it gives to one: they take
    turns at the engines, and compute side by side what is done between these. Each call has its memory; `cost` says how
    much.

    `Stylizer` and `Translator` are predictors. Options of their own, such as the strength of a style, are arguments of
    their calls, which `load_stylizer` and `load_translator` give with their types.

    Attributes:
        name: Of the style, or of the file.
        spec: The checkpoint's description: task, inputs, scale.
        device: The device that computes: "cpu", "gpu:N" or "intel".
        device_note: Why that is not the device asked for, or why it is slower than it could be; "" if there is nothing
            to say.
        direction: The predictor's name among those of its checkpoint; "" for one that paints.
        directions: The names of those that do the same task, its own among them; empty for one that paints.
        checkpoint: The file that it was built from.
        painting: The picture whose style it always paints in; None if it has none, or was given an array.
        blend: The styles that it mixes; empty if it has one.
        colors: The picture whose colors it always paints in; None if it has none, or was given an array.
    """

    name: str
    spec: PredictorSpec
    device: str
    device_note: str
    direction: str
    directions: tuple[str, ...]
    checkpoint: NamedFile
    painting: NamedFile | None
    blend: tuple[BlendPart, ...]
    colors: NamedFile | None

    @property
    def engine(self) -> str:
        """The engine that executes the net, with its precision unless that is float32: "openvino, bfloat16"."""

    def __call__(
        self, image: np.ndarray, *, progress: ProgressCallback | None = None, cancelled: Cancelled | None = None
    ) -> np.ndarray:
        """Make a picture of a picture.

        Args:
            image: uint8 or uint16 H x W x 3 RGB, any size. Only engines in float32 are fine enough for 16 bits: load it
                with `engine="auto:float32"` for these.
            progress: Called with the share that is done, 0 to 1.
            cancelled: Asked between steps of the work; True stops it.

        Returns:
            RGB image of the same type, `spec.scale` times as high and as wide.

        Raises:
            UsageError: `image` is no image, or an option is out of its range.
            CancelledError: `cancelled` said so.
        """

    def cost(self, height: int, width: int, *, depth: int = 8) -> Cost:
        """Return the time and memory that a photo of a size takes, and of a depth of 8 or 16 bits.

        Options that matter to it are arguments too.
        """

    def calibrate(self, image: np.ndarray, *, cancelled: Cancelled | None = None) -> None:
        """Do a part of a photo, so that `cost` knows the time that the whole takes.

        Raises:
            CancelledError: `cancelled` said so.
        """
