"""From a style's name, a picture or a checkpoint to the predictor that it stands for."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ppgan_lite.checkpoint import SUFFIX, Header, PredictorSpec, build_net, sha256_of
from ppgan_lite.errors import CheckpointError, UsageError
from ppgan_lite.foreign.loading import open_checkpoint
from ppgan_lite.images import READABLE_SUFFIXES, BlendPart, NamedFile, read_image
from ppgan_lite.inference.engines.engine import Engines, prefetch
from ppgan_lite.inference.engines.selection import AUTO, choose_engines, in_float32
from ppgan_lite.inference.predictor import Predictor
from ppgan_lite.inference.preparation import READING, STARTING, tell
from ppgan_lite.inference.shares import shares_of
from ppgan_lite.inference.steps import Cancelled
from ppgan_lite.nets.painter_interface import StyleArrays
from ppgan_lite.runs import name_of
from ppgan_lite.runtime.device import INTEL, choose_device
from ppgan_lite.runtime.files import is_stream
from ppgan_lite.runtime.memory import KEPT_BYTES, keep_freed_memory
from ppgan_lite.runtime.opencv import opencv
from ppgan_lite.runtime.startup import require_paddle
from ppgan_lite.styles import any_painting
from ppgan_lite.styles.users import find_style_file, unknown_style
from ppgan_lite.tables import did_you_mean

if TYPE_CHECKING:
    from ppgan_lite.inference.stylization.full_size import FullSizeStylizer
    from ppgan_lite.inference.stylization.stylizer import Stylizer
    from ppgan_lite.inference.translation.translator import Translator


def load_predictor(
    source: str | Path,
    *,
    device: str = "auto",
    engine: str = AUTO,
    predictor: str | None = None,
    cancelled: Cancelled | None = None,
) -> Predictor:
    """Build the predictor that a style's name, a picture or a checkpoint stands for.

    Args:
        source: The name of a style, one that ships or one of the user's; "any" for the painter that takes a painting
            with every call; a picture whose manner to paint in; a checkpoint; the name of a model that ships or was
            fetched; or the folder of a run, which stands for its best checkpoint, else its final, else its latest one.
        device: "auto", "cpu", "gpu:N" or "intel" (a GPU of Intel's).
        engine: "auto" (the fastest that is installed and agrees with Paddle), "paddle", "openvino" or "onnxruntime";
            with a precision after a colon if it must be that: "auto:float32".
        predictor: Which of a checkpoint's predictors, where it has several ("a_to_b", "b_to_a"); None takes the first.
        cancelled: Asked while engines are compared, which happens when a checkpoint is loaded for the first time; True
            stops that.

    Returns:
        A `Stylizer` where the checkpoint's task is "stylize", a `Translator` where it is "translate" or "restore".

    Raises:
        UsageError: There is no such style, file, device, engine or predictor.
        EngineError: The engine asked for cannot execute the net.
        CheckpointError: The file is damaged or no checkpoint with a predictor.
        ImageError: The picture cannot be read.
        MissingDependencyError: Paddle is not installed.
        CancelledError: `cancelled` said so.
    """
    return _load(source, _Options(device, engine, predictor, cancelled), TASKS)


def load_stylizer(
    source: str | Path, *, device: str = "auto", engine: str = AUTO, cancelled: Cancelled | None = None
) -> Stylizer | FullSizeStylizer:
    """Build a predictor that paints; see `load_predictor`.

    Raises:
        UsageError: The checkpoint's task is another one.
    """
    found = _load(source, _Options(device, engine, None, cancelled), ("stylize",))
    from ppgan_lite.inference.stylization.stylizer import Stylizer  # while engines load, as in `_load_stylizer`

    if not isinstance(found, Stylizer):
        from ppgan_lite.inference.stylization.full_size import FullSizeStylizer  # imports Paddle, set up above

        assert isinstance(found, FullSizeStylizer)
    return found


def load_blend(
    styles: Mapping[str, float], *, device: str = "auto", engine: str = AUTO, cancelled: Cancelled | None = None
) -> Stylizer | FullSizeStylizer:
    """Build a predictor that paints in a mixture of styles; see `inference.stylization.blending`.

    Args:
        styles: Sources, as of `load_predictor`, and their weights, 0 or more; what counts is their ratio. Pictures and
            painters do not mix; painters do if they were trained from each other, such as those that ship.
        device: See `load_predictor`.
        engine: See `load_predictor`.
        cancelled: See `load_predictor`.

    Raises:
        UsageError: They do not mix, or a weight is none; or as `load_predictor`.
    """
    shares = shares_of(styles)
    if len(shares) == 1:
        return load_stylizer(next(iter(shares)), device=device, engine=engine, cancelled=cancelled)
    options = _Options(device, engine, None, cancelled)
    name = " + ".join(f"{name_of(source)} {100 * share:.0f} %" for source, share in shares.items())
    pictures = [_is_picture(Path(source)) for source in shares]
    if all(pictures):
        read = [read_image(source) for source in shares]
        files = [NamedFile(Path(source).name, metadata.sha256) for source, (_, metadata) in zip(shares, read)]
        parts = [BlendPart(share, "painting", file) for share, file in zip(shares.values(), files)]
        painter = _load_stylizer(_opened(any_painting(), name, options, ("stylize",)))
        return painter.with_blend([picture for picture, _ in read], parts)
    if any(pictures):
        found = f"a picture and a painter do not mix: {' and '.join(Path(source).name for source in shares)}"
        raise UsageError("--style", found, "several pictures, or several painters such as the styles that ship")
    return _load_blend(
        {source: _opened(find_checkpoint(source), name, options, ("stylize",)) for source in shares}, shares
    )


def load_translator(
    source: str | Path,
    *,
    device: str = "auto",
    engine: str = AUTO,
    predictor: str | None = None,
    cancelled: Cancelled | None = None,
) -> Translator:
    """Build a predictor that translates or restores; see `load_predictor`.

    Raises:
        UsageError: The checkpoint's task is another one.
    """
    found = _load(source, _Options(device, engine, predictor, cancelled), ("translate", "restore"))
    from ppgan_lite.inference.translation.translator import Translator  # imports Paddle, set up above

    assert isinstance(found, Translator)
    return found


def find_checkpoint(source: str | Path) -> Path:
    """Return the file that the name of a style or a model, "any", the folder of a run or a path stands for.

    Raises:
        UsageError: There is no such style, model or file.
    """
    found = find_style_file(str(source))
    if found is not None:
        return found
    from ppgan_lite.published import weights_file  # all that is published, of which a style is nothing

    path = weights_file(source)
    if path.exists() or path.suffix.lower() == SUFFIX:
        return path
    if not path.suffix and path.name == str(source):
        raise unknown_style(str(source), or_file=True)
    raise UsageError(source, "there is no such file", "a style's name, a picture or a checkpoint")


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


class _Options(NamedTuple):
    """The arguments of `load_predictor` beside the source."""

    device: str
    engine: str
    predictor: str | None
    cancelled: Cancelled | None


@dataclass(frozen=True)
class _Source:
    """A checkpoint that has been read, and how to use it: all that a task's loader needs.

    Attributes:
        path: The file.
        name: Of the predictor that is built.
        header: The file's description.
        tensors: Its numbers.
        chosen: Which of the header's predictors.
        device: The device that computes.
        device_note: Why that is not the device asked for; "" if there is nothing to say.
        engine: As asked for.
        cancelled: Asked while engines are compared.
        sha256: Of the file.
    """

    path: Path
    name: str
    header: Header
    tensors: Mapping[str, np.ndarray]
    chosen: str
    device: str
    device_note: str
    engine: str
    cancelled: Cancelled | None
    sha256: str

    @property
    def key(self) -> str:
        """Identifies the net's numbers: the same key, the same outputs."""
        return f"{self.sha256} {self.spec.net}"

    @property
    def file(self) -> NamedFile:
        return NamedFile(self.path.name, self.sha256)

    @property
    def spec(self) -> PredictorSpec:
        return self.header.predictors[self.chosen]


def _load(source: str | Path, options: _Options, tasks: tuple[str, ...]) -> Predictor:
    """Load a predictor whose task is one of some."""
    path = Path(source)
    if "stylize" in tasks and _is_picture(path):
        painting, metadata = read_image(path)
        painter = _load_stylizer(_opened(any_painting(), path.stem, options, ("stylize",)))
        return painter.with_style(painting, file=NamedFile(path.name, metadata.sha256))
    path = find_checkpoint(source)
    opened = _opened(path, name_of(path), options, tasks)
    return LOADERS[opened.spec.task](opened)


def _is_picture(path: Path) -> bool:
    # A checkpoint cannot come by a pipe: it is read twice.
    return path.suffix.lower() in READABLE_SUFFIXES or is_stream(path)


def _opened(path: Path, name: str, options: _Options, tasks: tuple[str, ...]) -> _Source:
    """Read a checkpoint and settle on a device."""
    tell(READING)
    header, tensors = open_checkpoint(path)
    chosen = choose_predictor(path, header, options.predictor)
    spec = header.predictors[chosen]
    if spec.task not in TASKS:
        raise CheckpointError(path, f"its task is {spec.task!r}", f"one of {', '.join(TASKS)}")
    if spec.task not in tasks:
        raise UsageError(path, f"its task is {spec.task}", f"a checkpoint whose task is {' or '.join(tasks)}")
    device, note = (INTEL, "") if options.device == INTEL else choose_device(options.device)
    digest = sha256_of(path)
    return _Source(path, name, header, tensors, chosen, device, note, options.engine, options.cancelled, digest)


def _load_blend(sources: Mapping[str, _Source], shares: Mapping[str, float]) -> Stylizer | FullSizeStylizer:
    """Load a net between those of several checkpoints."""
    from ppgan_lite.inference.stylization.blending import blend_styles, blend_weights
    from ppgan_lite.inference.stylization.painters import read_painter

    amounts = list(shares.values())
    painters = {name: (source.header, source.spec, source.tensors) for name, source in sources.items()}
    spec, tensors = blend_weights(painters, amounts)
    styles = [read_painter(source.header, source.spec.net, source.tensors).style for source in sources.values()]
    parts = tuple(
        BlendPart(shares[name], "checkpoint", source.file)
        if find_style_file(name) is None
        else BlendPart(shares[name], "style", NamedFile(name, source.sha256))
        for name, source in sources.items()
    )
    first = next(iter(sources.values()))
    header = replace(first.header, predictors={first.chosen: spec})
    digest = hashlib.sha256(repr([(part.share, part.file.sha256) for part in parts]).encode()).hexdigest()
    style = blend_styles([style for style in styles if style is not None], amounts)
    return _load_stylizer(replace(first, header=header, tensors=tensors, sha256=digest), style=style, blend=parts)


def _load_stylizer(
    source: _Source, *, style: StyleArrays | None = None, blend: tuple[BlendPart, ...] = ()
) -> Stylizer | FullSizeStylizer:
    """Load a painter, in another style than its own if one is given."""
    keep_freed_memory(KEPT_BYTES)
    from ppgan_lite.inference.stylization.painters import FULL_SIZE, painter_subgraphs, read_painter

    if source.header.nets[source.spec.net].kind in FULL_SIZE:
        # Its pictures are those of its own program to 1/255, which no other precision gives.
        translator = _load_translator(replace(source, engine=in_float32(source.engine)), is_exact=True)
        from ppgan_lite.inference.stylization.full_size import FullSizeStylizer

        return FullSizeStylizer(translator)

    spec = source.spec
    painter = read_painter(source.header, spec.net, source.tensors)
    painter = painter if style is None else painter._replace(style=style)
    subgraphs = painter_subgraphs(source.header, spec.net, source.tensors, source.key)

    def sample(engines: Engines) -> np.ndarray:
        from ppgan_lite.inference.stylization.stylizer import sample_painting

        return sample_painting(engines, spec, painter, cancelled=source.cancelled)

    engines, why = choose_engines(subgraphs, source.engine, source.device, sample, paddles_picture=painter.reference)
    prefetch(engines, [*painter.draft, "revise0"] if painter.revisions else painter.draft, afterwards=opencv)
    from ppgan_lite.inference.stylization.stylizer import Stylizer  # while engines load, which leaves Python alone

    return Stylizer(
        engines,
        spec,
        painter,
        name=source.name,
        device=source.device,
        device_note=source.device_note or why,
        key=source.key,
        checkpoint=source.file,
        blend=blend,
    )


def _load_translator(source: _Source, *, is_exact: bool = False) -> Translator:
    tell(STARTING)
    require_paddle()
    from ppgan_lite.inference.translation.subgraphs import stage_subgraphs, whole_subgraph
    from ppgan_lite.inference.translation.translator import StagedNet, Translator, check_net, sample_translation
    from ppgan_lite.nets.stages import stages_of

    spec = source.spec
    net = build_net(spec.net, source.header, source.tensors)
    check_net(net, spec, where=source.path)

    def sample(engines: Engines) -> np.ndarray:
        return sample_translation(net, engines, spec, cancelled=source.cancelled)

    engines, why = choose_engines(whole_subgraph(net, source.key), source.engine, source.device, sample)
    stages = stages_of(net)

    def stage_engines(cancelled: Cancelled | None) -> Engines:
        assert stages is not None
        return choose_engines(
            stage_subgraphs(net, stages, source.key),
            source.engine,
            source.device,
            lambda engines: sample_translation(net, engines, spec, stages, cancelled=cancelled),
        )[0]

    return Translator(
        net,
        engines,
        spec,
        name=source.name,
        device=source.device,
        device_note=source.device_note or why,
        direction=source.chosen,
        directions=tuple(key for key, other in source.header.predictors.items() if other.task == spec.task),
        staged=None if stages is None else StagedNet(stages, stage_engines),
        key=source.key,
        checkpoint=source.file,
        is_exact=is_exact,
    )


# Task of a checkpoint -> its loader.
LOADERS: dict[str, Callable[[_Source], Predictor]] = {
    "stylize": _load_stylizer,
    "translate": _load_translator,
    "restore": _load_translator,
}
TASKS = tuple(LOADERS)
