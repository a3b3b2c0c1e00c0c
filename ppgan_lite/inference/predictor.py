"""Predictors: images in, image out, built from a checkpoint alone."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, cast

from ppgan_lite.checkpoint import SUFFIX, Header, build_net, read_checkpoint
from ppgan_lite.errors import CheckpointError, UsageError
from ppgan_lite.images import READABLE_SUFFIXES, read_image
from ppgan_lite.inference.device import choose_device, require_paddle
from ppgan_lite.styles import any_painting, catalogue, find_style
from ppgan_lite.tables import did_you_mean

if TYPE_CHECKING:
    import numpy as np

    from ppgan_lite.inference.stylizer import Stylizer
    from ppgan_lite.inference.translator import Translator

ANY = "any"
TASKS = ("stylize", "translate", "restore")


def load_predictor(source: str | Path, *, device: str = "auto", predictor: str | None = None) -> Stylizer | Translator:
    """Build a predictor.

    Args:
        source: The name of a style that ships, "any" for the painter that takes a painting with every call, a picture
            whose manner to paint in, or a checkpoint.
        device: "auto", "cpu" or "gpu:N".
        predictor: Which of a checkpoint's predictors, where it has several ("a_to_b", "b_to_a"); None takes the first.

    Returns:
        What paints, where the checkpoint's task is "stylize"; what translates or restores, where it is that.

    Raises:
        UsageError: There is no such style, file, device or predictor.
        CheckpointError: The file is damaged or no checkpoint with a predictor.
        ImageError: The picture cannot be read.
        MissingDependencyError: Paddle is not installed.
    """
    path = Path(source)
    if str(source) == ANY:
        return _from_checkpoint(any_painting(), ANY, device, predictor)
    if str(source) in [style.name for style in catalogue()]:
        return _from_checkpoint(find_style(str(source)).path, str(source), device, predictor)
    if path.suffix.lower() in READABLE_SUFFIXES:
        painting, _ = read_image(path)
        return _painter_of(painting, path.stem, device)
    if path.exists() or path.suffix.lower() == SUFFIX:
        return _from_checkpoint(path, path.stem, device, predictor)
    if not path.suffix and path.name == str(source):
        find_style(str(source))  # raises, naming the style that may have been meant
    raise UsageError(source, "there is no such file", "a style's name, a picture or a checkpoint")


def _painter_of(painting: np.ndarray, name: str, device: str) -> Stylizer:
    painter = _from_checkpoint(any_painting(), name, device, None)
    assert painter.spec.task == "stylize"
    return cast("Stylizer", painter).with_style(painting)


def _from_checkpoint(path: Path, name: str, device: str, predictor: str | None) -> Stylizer | Translator:
    require_paddle()
    from ppgan_lite.inference.engines.executors import PaddleEngine
    from ppgan_lite.inference.stylizer import Stylizer
    from ppgan_lite.inference.translator import Translator, check_net, translator_pieces
    from ppgan_lite.nets.lapstyle import LapStyleNet

    header, tensors = read_checkpoint(path)
    chosen = _chosen(path, header, predictor)
    spec = header.predictors[chosen]
    if spec.task not in TASKS:
        raise CheckpointError(path, f"its task is {spec.task!r}", f"one of {', '.join(TASKS)}")
    used, note = choose_device(device)
    net = build_net(spec.net, header, tensors)
    if spec.task == "stylize":
        if not isinstance(net, LapStyleNet):
            raise CheckpointError(path, f"its predictor stylizes with a {type(net).__name__}", "a LapStyleNet")
        return Stylizer(net, spec, name=name, device=used, device_note=note)
    check_net(net, spec, where=path)
    pieces = translator_pieces(net, f"{path} {spec.net}")
    engines = {key: PaddleEngine(used) for key in pieces}
    for key, engine in engines.items():
        engine.load(pieces[key])
    directions = tuple(key for key, other in header.predictors.items() if other.task == spec.task)
    return Translator(
        net, engines, spec, name=name, device=used, device_note=note, direction=chosen, directions=directions
    )


def _chosen(path: Path, header: Header, predictor: str | None) -> str:
    """Return which predictor of a checkpoint is meant: the first if none is named."""
    known = list(header.predictors)
    if not known:
        raise CheckpointError(path, "holds no predictor", "a checkpoint that says how its nets are used")
    if predictor is None:
        return known[0]
    if predictor not in known:
        raise UsageError(path, f"has no predictor {predictor!r}", " or ".join(known), did_you_mean(predictor, known))
    return predictor
