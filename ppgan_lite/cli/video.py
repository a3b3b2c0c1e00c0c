"""The verb for clips."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ppgan_lite.cli.brushwork import brushwork_options
from ppgan_lite.cli.interrupts import raise_if_interrupted
from ppgan_lite.cli.masks import mask_given, mask_options
from ppgan_lite.cli.photos import MORE_INPUTS
from ppgan_lite.cli.predictors import load_translator
from ppgan_lite.cli.styling import StyleChoice, color_option, style_option
from ppgan_lite.cli.terminal import (
    CountBar,
    check_finite,
    device_option,
    engine_option,
    json_option,
    overwrite_option,
    print_json,
    say,
    say_error,
)
from ppgan_lite.errors import CancelledError, PpganError, UsageError
from ppgan_lite.runs import name_of
from ppgan_lite.video.codecs import CODECS

if TYPE_CHECKING:
    from ppgan_lite.images import ResultSettings
    from ppgan_lite.inference.masking import Mask
    from ppgan_lite.inference.predictor import Predictor
    from ppgan_lite.video.painting import FramePainter
    from ppgan_lite.video.planning import ClipPlan

_OF_STYLES = (
    *("painting", "color_from", "strength", "keep_colors", "brush", "faces"),
    *("mask", "strength_outside", "feather"),
)


@dataclass(frozen=True)
class _Task:
    """The task for all frames.

    Attributes:
        label: Part of the name of a result.
        source: Argument of `load_predictor`, as far as settings name it; "" for a mixture and what ships.
        settings: Told as JSON, and compared before a stopped clip goes on.
        inputs: Option -> another file that is read, if it is one.
        load: Makes the predictor with a device and an engine.
        options: Keyword arguments of each of its calls.
        stored: Options that results hold beside these.
        faces: Share of the strokes that faces get; 1 does not look for them.
        mask: Of the strength; None without one.
    """

    label: str
    source: str
    settings: Mapping[str, Any]
    inputs: Mapping[str, str | None]
    load: Callable[[str, str], Predictor]
    options: Mapping[str, Any] = field(default_factory=dict)
    stored: Mapping[str, Any] = field(default_factory=dict)
    faces: float = 1.0
    mask: Mask | None = None


@dataclass(frozen=True)
class _Writing:
    """The options of how results are written, by their names."""

    steady: float
    codec: str
    crf: int
    resume: bool


@click.command()
@click.argument("clips", nargs=-1, required=True, metavar="CLIP...")
@click.option("-o", "--output", metavar="FILE_OR_FOLDER", help="Default: next to the clip, named after the style.")
@style_option(required=False)
@click.option("--painting", metavar="PICTURE", help="For a checkpoint that paints in the style of any picture.")
@click.option("--restore", "restores", is_flag=True, help="Take noise and blur away, by the checkpoint that ships.")
@click.option("--checkpoint", metavar="FILE", help="A checkpoint that translates or restores, instead of a style.")
@click.option("--direction", metavar="NAME", help="Direction of a translation, such as a_to_b.")
@color_option
@brushwork_options
@mask_options
@click.option(
    "--steady",
    type=click.FloatRange(0, 1),
    default=0.6,
    show_default=True,
    callback=check_finite,
    help="How firmly strokes stay on things that move; 0 paints each frame by itself.",
)
@click.option(
    "--codec",
    type=click.Choice(["auto", *CODECS, "hardware"]),
    default="auto",
    show_default=True,
    help="Video codec of the result.",
)
@click.option(
    "--crf", type=click.IntRange(0, 51), default=18, show_default=True, help="Constant rate factor; smaller is better."
)
@click.option("--resume", is_flag=True, help="Go on where the same command stopped.")
@device_option
@engine_option
@overwrite_option
@json_option
def video(
    clips: tuple[str, ...],
    output: str | None,
    styles: tuple[str, ...],
    painting: str | None,
    restores: bool,
    checkpoint: str | None,
    direction: str | None,
    color_from: str | None,
    strength: float,
    keep_colors: bool,
    brush: float | None,
    faces: float,
    mask: str | None,
    strength_outside: float | None,
    feather: float | None,
    steady: float,
    codec: str,
    crf: int,
    resume: bool,
    device: str,
    engine: str,
    overwrite: bool,
    as_json: bool,
) -> None:
    """Paint, translate or restore clips. The sound is copied; animated GIF and WebP stay what they are."""
    from ppgan_lite.video.planning import plan_clips

    _check_one_task({"--style": bool(styles), "--checkpoint": checkpoint is not None, "--restore": restores})
    if styles:
        style = StyleChoice.of(styles, painting, color_from, keep_colors=keep_colors)
        options = {"strength": strength, "keep_colors": keep_colors, "brush": brush}
        task = _stylization(style, options, faces, mask, strength_outside, feather)
    else:
        task = _translation(checkpoint, direction)
    inputs = {**task.inputs, **click.get_current_context().meta.get(MORE_INPUTS, {})}
    paths = [Path(clip) for clip in clips]
    plans = plan_clips(paths, output, label=task.label, overwrite=overwrite, resume=resume, inputs=inputs)
    writing = _Writing(steady, codec, crf, resume)
    _make_clips(plans, task, writing, functools.partial(task.load, device, engine), as_json=as_json)


def _make_clips(
    plans: Sequence[ClipPlan], task: _Task, writing: _Writing, load: Callable[[], Predictor], *, as_json: bool
) -> None:
    """Make the results of clips one after the other, and report; a clip that fails does not end it."""
    from ppgan_lite.video.painting import FramePainter

    settings = {**task.settings, "steady": writing.steady}
    results: list[dict[str, Any]] = []
    failures: list[tuple[Path, PpganError]] = []
    predictor: Predictor | None = None
    try:
        for plan in plans:
            if plan.is_done:
                say(f"{plan.target}: is done already")
                continue
            predictor = predictor or load()
            # A new one for each clip: it remembers faces.
            paint = FramePainter(predictor, task.options, task.faces, mask=task.mask)
            began = time.perf_counter()
            try:
                describe = functools.partial(_stored, plan.source, predictor, task)
                frames = _render(plan, paint, settings, describe, writing)
            except CancelledError:
                raise
            except PpganError as error:
                failures.append((plan.source, error))
                say_error(error)
                continue
            seconds = round(time.perf_counter() - began, 3)
            results.append({"clip": str(plan.source), "output": str(plan.target), "frames": frames, "seconds": seconds})
            if not as_json:
                say(str(plan.target))
    finally:
        if as_json:
            told = [{"clip": str(path), "error": str(error)} for path, error in failures]
            print_json({**settings, "results": results, "failures": told})
    if failures:
        raise click.exceptions.Exit(1)


def _check_one_task(tasks: Mapping[str, bool]) -> None:
    """Refuse more than one task or none, and options of another one.

    Args:
        tasks: Option -> whether it is given.
    """
    given = [option for option, is_given in tasks.items() if is_given]
    if not given:
        raise UsageError("--style", "is missing", f"one of {', '.join(tasks)}")
    if len(given) > 1:
        raise UsageError(given[0], f"and {given[1]} are both given", "one of them")
    context = click.get_current_context()
    for task, names in {"--style": _OF_STYLES, "--checkpoint": ("direction",)}.items():
        for name in names if task != given[0] else ():
            if context.get_parameter_source(name) == click.core.ParameterSource.COMMANDLINE:
                raise UsageError(f"--{name.replace('_', '-')}", f"does nothing without {task}")


def _stylization(
    style: StyleChoice,
    options: Mapping[str, Any],
    faces: float,
    mask: str | None,
    strength_outside: float | None,
    feather: float | None,
) -> _Task:
    """Return the task of painting in a style, or in a mixture of several."""
    masked = mask_given(mask, options["strength"], strength_outside, feather)
    pictures = {"painting": style.painting, "color_from": style.colors, "mask": mask}
    settings = {"source": style.report, **options, "faces": faces}
    settings |= {name: path for name, path in pictures.items() if path}
    settings |= {"strength_outside": strength_outside, "feather": feather} if mask else {}
    inputs = {**style.inputs, "--mask": mask}
    stored = {"faces": faces, **(masked.settings if masked else {})}
    return _Task(style.label, style.source, settings, inputs, style.load, options, stored, faces, masked)


def _translation(checkpoint: str | None, direction: str | None) -> _Task:
    """Return the task of a checkpoint that translates or restores; None is the one that ships and restores."""

    def load(device: str, engine: str) -> Predictor:
        from ppgan_lite.restoration import restorer

        task = None if checkpoint else "restore"
        return load_translator(checkpoint or str(restorer()), task, device, engine, direction)

    label = name_of(checkpoint) + (f"_{direction}" if direction else "") if checkpoint else "restored"
    settings = {"source": checkpoint, **({"direction": direction} if direction else {})}
    return _Task(label, checkpoint or "", settings, {"--checkpoint": checkpoint}, load)


def _stored(clip: Path, predictor: Predictor, task: _Task, **options: Any) -> ResultSettings:
    """Return the settings that the result of a clip holds, with options of how it is written."""
    from ppgan_lite.checkpoint import sha256_of
    from ppgan_lite.images import NamedFile
    from ppgan_lite.inference.stored_settings import settings_of_result

    options = {**task.options, **task.stored, **options}
    if predictor.spec.task == "translate":
        options["direction"] = predictor.direction
    mask = task.mask.file if task.mask else None
    photo = NamedFile(clip.name, sha256_of(clip))
    return settings_of_result(predictor, task.source, options, photo=photo, mask=mask)


def _render(
    plan: ClipPlan,
    paint: FramePainter,
    settings: dict[str, Any],
    describe: Callable[..., ResultSettings],
    writing: _Writing,
) -> int:
    """Paint a clip of a plan; return the number of its frames."""
    from ppgan_lite.video.codecs import is_animation
    from ppgan_lite.video.pictures import open_animation, render_pictures
    from ppgan_lite.video.reading import open_clip
    from ppgan_lite.video.rendering import Rendering, can_resume, check_disk, render
    from ppgan_lite.video.writing import Encoding, choose_codec

    with CountBar("frame") as bar:

        def progress(done: int, frames: int | None) -> None:
            raise_if_interrupted()
            bar(done, max(frames or 0, done))

        if is_animation(plan.source):
            open_animation(plan.source)  # to tell what is wrong with it
            stored = describe(steady=writing.steady)
            return render_pictures(plan.source, plan.target, paint, progress, steady=writing.steady, stored=stored)
        clip = open_clip(plan.source)
        encoding = Encoding(choose_codec(writing.codec, plan.target), writing.crf)
        compared = {**settings, "codec": encoding.codec, "crf": writing.crf, "bytes": plan.source.stat().st_size}
        stored = describe(steady=writing.steady, codec=encoding.codec, crf=writing.crf)
        rendering = Rendering(clip, plan.target, encoding, writing.steady, compared, stored)
        check_disk(rendering)
        say(f"{plan.source.name}: {clip.width} x {clip.height}, {float(clip.rate):.4g} frames per second")
        if clip.hdr is not None:
            say(f"{plan.source.name}: HDR ({clip.hdr}) is mapped to SDR")
        frames, missing = render(rendering, paint, progress, resume=writing.resume and can_resume(rendering))
    for kind in missing:
        say(f"{plan.target}: its format does not hold the {kind}s of the clip; .mkv would")
    return frames
