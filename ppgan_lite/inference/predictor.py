"""Predictors: images in, image out, built from a checkpoint alone."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

from ppgan_lite.checkpoint import SUFFIX, Header, build_net, sha256_of
from ppgan_lite.errors import CheckpointError, UsageError
from ppgan_lite.foreign.loading import open_checkpoint
from ppgan_lite.images import READABLE_SUFFIXES, read_image
from ppgan_lite.inference.engines import AUTO, Engines, begin, choose_engines
from ppgan_lite.inference.steps import Cancelled
from ppgan_lite.runtime.device import INTEL, choose_device
from ppgan_lite.runtime.opencv import opencv
from ppgan_lite.runtime.startup import require_paddle
from ppgan_lite.styles import any_painting, find_style, shipped
from ppgan_lite.tables import did_you_mean

if TYPE_CHECKING:
    import numpy as np

    from ppgan_lite.inference.stylizer import Stylizer
    from ppgan_lite.inference.translator import Translator

TASKS = ("stylize", "translate", "restore")


@dataclass(frozen=True)
class _Options:
    """What `load_predictor` was asked for beside the source."""

    device: str
    engine: str
    predictor: str | None = None
    cancelled: Cancelled | None = None


def load_predictor(
    source: str | Path,
    *,
    device: str = "auto",
    engine: str = AUTO,
    predictor: str | None = None,
    cancelled: Cancelled | None = None,
) -> Stylizer | Translator:
    """Build a predictor.

    Args:
        source: The name of a style that ships, "any" for the painter that takes a painting with every call, a picture
            whose manner to paint in, or a checkpoint.
        device: "auto", "cpu", "gpu:N" or "intel" (a GPU of Intel's).
        engine: "auto" (the fastest that is installed and agrees with Paddle), "paddle", "openvino" or "onnxruntime";
            with a precision behind a colon if it must be that: "auto:float32".
        predictor: Which of a checkpoint's predictors, where it has several ("a_to_b", "b_to_a"); None takes the first.
        cancelled: Asked while engines are compared, which happens when a checkpoint is loaded for the first time; True
            stops that.

    Returns:
        What paints, where the checkpoint's task is "stylize"; what translates or restores, where it is that.

    Raises:
        UsageError: There is no such style, file, device, engine or predictor.
        EngineError: The engine asked for cannot execute the net.
        CheckpointError: The file is damaged or no checkpoint with a predictor.
        ImageError: The picture cannot be read.
        MissingDependencyError: Paddle is not installed.
        CancelledError: `cancelled` said so.
    """
    path = Path(source)
    if path.suffix.lower() in READABLE_SUFFIXES:
        painting, _ = read_image(path)
        return _painter_of(painting, path.stem, _Options(device, engine, cancelled=cancelled))
    path = find_checkpoint(source)
    return _from_checkpoint(path, path.stem, _Options(device, engine, predictor, cancelled))


def find_checkpoint(source: str | Path) -> Path:
    """Return the file that a style's name, "any" or a path stands for.

    Raises:
        UsageError: There is no such style or file.
    """
    path = Path(source)
    found = shipped(str(source))
    if found is not None:
        return found
    if path.exists() or path.suffix.lower() == SUFFIX:
        return path
    if not path.suffix and path.name == str(source):
        find_style(str(source))  # raises, naming the style that may have been meant
    raise UsageError(source, "there is no such file", "a style's name, a picture or a checkpoint")


def _painter_of(painting: np.ndarray, name: str, options: _Options) -> Stylizer:
    painter = _from_checkpoint(any_painting(), name, options)
    assert painter.spec.task == "stylize"
    return cast("Stylizer", painter).with_style(painting)


def _from_checkpoint(path: Path, name: str, options: _Options) -> Stylizer | Translator:
    header, tensors = open_checkpoint(path)
    chosen = choose_predictor(path, header, options.predictor)
    spec = header.predictors[chosen]
    if spec.task not in TASKS:
        raise CheckpointError(path, f"its task is {spec.task!r}", f"one of {', '.join(TASKS)}")
    device, note = (INTEL, "") if options.device == INTEL else choose_device(options.device)
    key = f"{sha256_of(path)} {spec.net}"
    if spec.task == "stylize":
        from ppgan_lite.inference.painter import DRAFT, painter_of, painter_pieces

        painter = painter_of(header, spec.net, tensors)
        pieces = painter_pieces(header, spec.net, tensors, key)

        def sample(engines: Engines) -> np.ndarray:
            from ppgan_lite.inference.stylizer import sample_painting

            return sample_painting(engines, spec, painter, cancelled=options.cancelled)

        engines, why = choose_engines(pieces, options.engine, device, sample)
        first = ("revise0",) if painter.revisions else ()  # all but small photos are larger than a draft
        begin(engines, *DRAFT[painter.kind], *first, then=opencv)  # which revising needs
        from ppgan_lite.inference.stylizer import Stylizer  # while engines load, which leaves Python alone

        return Stylizer(engines, spec, painter, name=name, device=device, device_note=note or why, key=key)
    require_paddle()
    from ppgan_lite.inference.translator import (
        Staged,
        Translator,
        check_net,
        sample_translation,
        staged_net,
        whole_piece,
    )

    net = build_net(spec.net, header, tensors)
    check_net(net, spec, where=path)
    engines, why = choose_engines(
        whole_piece(net, key),
        options.engine,
        device,
        lambda engines: sample_translation(net, engines, spec, cancelled=options.cancelled),
    )
    staged = staged_net(net, key)

    def stage_engines(cancelled: Cancelled | None) -> Engines:
        assert staged is not None
        stages, pieces = staged
        return choose_engines(
            pieces,
            options.engine,
            device,
            lambda engines: sample_translation(net, engines, spec, stages, cancelled=cancelled),
        )[0]

    directions = tuple(key for key, other in header.predictors.items() if other.task == spec.task)
    return Translator(
        net,
        engines,
        spec,
        name=name,
        device=device,
        device_note=note or why,
        direction=chosen,
        directions=directions,
        staged=staged and Staged(staged[0], stage_engines),
        key=key,
    )


def choose_predictor(path: Path, header: Header, predictor: str | None) -> str:
    """Return which predictor of a checkpoint is meant: the first if none is named.

    Raises:
        CheckpointError: It has none.
        UsageError: It has none of that name.
    """
    known = list(header.predictors)
    if not known:
        raise CheckpointError(path, "holds no predictor", "a checkpoint that says how its nets are used")
    if predictor is None:
        return known[0]
    if predictor not in known:
        raise UsageError(path, f"has no predictor {predictor!r}", " or ".join(known), did_you_mean(predictor, known))
    return predictor
