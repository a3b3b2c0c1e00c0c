"""Previews of learning: one photo, painted by the net as it is."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import paddle

from ppgan_lite.images import long_side_at_most, short_side_to, write_image
from ppgan_lite.nets.input_noise import soft_noise
from ppgan_lite.nets.painter_interface import LEAST_DRAFT
from ppgan_lite.nets.painting import PaintingNet
from ppgan_lite.recipes.painter import PainterRecipe
from ppgan_lite.training.run import TrainingRun

EVERY_S = 30.0
_LONGEST_DRAFT_PX = 1024


class Previews:
    """Paints a photo now and then while a net is trained; a function for `training.train`'s `watch`.

    Args:
        photo: uint8 height x width x 3, RGB.
        folder: Of the pictures.
        began: When the run began, by `time.monotonic`.
        show: Called with each file.
    """

    def __init__(self, photo: np.ndarray, folder: Path, began: float, show: Callable[[Path], None]) -> None:
        self._photo = long_side_at_most(photo, 2 * _LONGEST_DRAFT_PX)
        self._folder = folder
        self._began = began
        self._show = show
        self._next = time.monotonic()  # the first one as soon as there is a net

    def __call__(self, run: TrainingRun) -> None:
        """Paint one, if it is due."""
        if time.monotonic() < self._next:
            return
        recipe: PainterRecipe = run.recipe  # type: ignore[assignment]
        path = self._folder / f"{round(time.monotonic() - self._began):05d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        with run.as_in_use():
            picture = painted(recipe.net, self._photo, recipe.predictors()["painter"].settings, revised=True)
        write_image(path, picture, overwrite=True)
        self._next = max(self._next + EVERY_S, time.monotonic() + EVERY_S / 2)
        self._show(path)


def painted(net: PaintingNet, photo: np.ndarray, settings: Mapping[str, Any], *, revised: bool) -> np.ndarray:
    """Paint a photo with a net as it is in training, without engines: as its predictor would, or nearly so.

    Args:
        net: Paints in one style.
        photo: uint8 height x width x 3, RGB.
        settings: Of its predictor: "draft_px" and "noise_std".
        revised: Whether the draft is revised once.

    Returns:
        The same, at the size of the draft of a small photo or twice that.
    """
    levels = 1 if revised else 0
    photo = short_side_to(photo, round(LEAST_DRAFT * settings["draft_px"]) << levels)
    photo = long_side_at_most(photo, 2**levels * _LONGEST_DRAFT_PX)

    def noise(small: paddle.Tensor) -> paddle.Tensor:
        white = np.random.default_rng(0).standard_normal((1, 1, *small.shape[2:]), np.float32)
        return paddle.to_tensor(settings["noise_std"] * soft_noise(white))

    x = paddle.to_tensor(photo.transpose(2, 0, 1)[None].astype(np.float32) / 255)
    with paddle.no_grad():
        result = net(x, net.own_statistics(), levels=levels, noise=noise).numpy()[0]
    return np.rint(255 * result.clip(0, 1)).astype(np.uint8).transpose(1, 2, 0)
