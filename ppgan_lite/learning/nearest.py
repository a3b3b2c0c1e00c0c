"""Which style that ships a painting is learned from."""

from __future__ import annotations

import logging

from ppgan_lite.config import Config
from ppgan_lite.data import DATASETS
from ppgan_lite.data.loader import batches
from ppgan_lite.errors import CheckpointError, PpganError
from ppgan_lite.recipes import RECIPES
from ppgan_lite.styles import catalogue
from ppgan_lite.training.preparing import build
from ppgan_lite.training.state import load_initial_weights
from ppgan_lite.training.validation import evaluation_mode

logger = logging.getLogger(__name__)

_PHOTO_PX = 196  # of the one crop that every painter paints: there are many, and the minutes are few


def nearest_style(config: Config) -> str:
    """Return the style whose painter has the smallest losses for a painting that it has not learned.

    These are the losses of the training, on features of VGG-16: where they are smallest, it starts furthest ahead.

    Args:
        config: Of a draft; its `train.init_from` is not read.

    Raises:
        PpganError: No painter that ships fits the config's net.
    """
    import paddle

    recipe = build(RECIPES, config.recipe, "recipe")
    data = {**config.data, "size": min(config.data["size"], _PHOTO_PX)}
    source = batches(build(DATASETS, data, "data"), 1, seed=config.train.seed)
    batch = {name: paddle.to_tensor(array) for name, array in next(source).items()}
    source.close()
    found: dict[str, float] = {}
    with paddle.no_grad(), evaluation_mode(recipe.nets.values()):
        for style in catalogue():
            try:
                load_initial_weights(style.path, recipe)
            except CheckpointError as error:
                logger.debug("%s", error)
                continue
            found[style.name] = recipe.validate(batch)["total"]
            logger.debug("%s: %.4f", style.name, found[style.name])
    if not found:
        raise PpganError("styles", "none that ships has a painter to start from", remedy="Install ppgan-lite again")
    return min(found, key=found.__getitem__)
