"""The settings that are stored with a result, from the predictor that made it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ppgan_lite.images import NamedFile, ResultSettings
from ppgan_lite.inference.predictor import Predictor
from ppgan_lite.styles import ANY
from ppgan_lite.styles.users import find_style_file


def settings_of_result(
    predictor: Predictor,
    source: str,
    options: Mapping[str, Any],
    *,
    photo: NamedFile | None,
    painting: NamedFile | None = None,
    mask: NamedFile | None = None,
) -> ResultSettings:
    """Describe how a result was made.

    Args:
        predictor: Made it.
        source: As given to `load_predictor`: a style's name, a picture, or a checkpoint, which need not be named.
        options: JSON values; see `ResultSettings`.
        photo: What it was made of.
        painting: What was given to the call, if anything.
        mask: Of the strength, if there was one.
    """
    painting = painting or predictor.painting
    name = ANY if predictor.painting is not None else source
    is_style = bool(name) and find_style_file(name) is not None
    return ResultSettings(
        predictor.spec.task,
        dict(options),
        style=NamedFile(name, predictor.checkpoint.sha256) if is_style else None,
        checkpoint=None if is_style else predictor.checkpoint,
        painting=painting,
        mask=mask,
        photo=photo,
        engine=predictor.engine,
        device=predictor.device,
    )
