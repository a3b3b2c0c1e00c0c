"""The verb for clips."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ppgan_lite.cli.interrupts import raise_if_interrupted
from ppgan_lite.cli.painting import brushwork_options
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
    from ppgan_lite.inference.predictor import Predictor


@click.command()
@click.argument("clips", nargs=-1, required=True, metavar="CLIP...")
@click.option("-o", "--output", metavar="FILE_OR_FOLDER", help="Default: next to the clip, named after the style.")
@style_option(required=False)
@click.option("--checkpoint", metavar="FILE", help="To translate or restore by, instead of a style.")
@click.option("--direction", metavar="NAME", help="Of a translation, such as a_to_b.")
@color_option
@brushwork_options
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
    help="Of the result's video.",
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
    checkpoint: str | None,
    direction: str | None,
    color_from: str | None,
    strength: float,
    keep_colors: bool,
    brush: float | None,
    faces: float,
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
    from ppgan_lite.video.painting import frame_painter
    from ppgan_lite.video.planning import plan_clips

    given = click.get_current_context().get_parameter_source
    for name in ("color_from", "strength", "keep_colors", "brush", "faces") if not styles else ("direction",):
        if given(name) == click.core.ParameterSource.COMMANDLINE:
            option, of = f"--{name.replace('_', '-')}", "--checkpoint" if styles else "--style"
            raise UsageError(option, f"does nothing without {of}")
    if bool(styles) == (checkpoint is not None):
        raise UsageError("--style", "and --checkpoint are both given" if styles else "is missing", "one of them")
    style = StyleChoice.of(styles, None, color_from, keep_colors=keep_colors) if styles else None
    settings: dict[str, Any] = {"source": checkpoint if style is None else style.report, "steady": steady}
    options: dict[str, Any] = {}
    if style is not None:
        options = {"strength": strength, "keep_colors": keep_colors, "brush": brush}
        settings |= {**options, "faces": faces, **({"color_from": color_from} if color_from else {})}
    label = style.label if style else name_of(checkpoint or "") + (f"_{direction}" if direction else "")
    inputs = {**(style.inputs if style else {}), "--checkpoint": checkpoint}
    paths = [Path(clip) for clip in clips]
    plans = plan_clips(paths, output, label=label, overwrite=overwrite, resume=resume, inputs=inputs)
    results: list[dict[str, Any]] = []
    failures: list[tuple[Path, PpganError]] = []
    predictor: Predictor | None = None
    try:
        for plan in plans:
            if plan.is_done:
                say(f"{plan.target}: is done already")
                continue
            if predictor is None:
                predictor = (
                    style.load(device, engine)
                    if style is not None
                    else load_translator(checkpoint or "", None, device, engine, direction)
                )
            # A new one for each clip: it remembers faces.
            paint = frame_painter(predictor, options, faces if style is not None else 1.0)
            began = time.perf_counter()
            try:
                frames = _render(plan, paint, settings, steady=steady, codec=codec, crf=crf, resume=resume)
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


def _render(
    plan: Any, paint: Any, settings: dict[str, Any], *, steady: float, codec: str, crf: int, resume: bool
) -> int:
    """Paint a clip of a plan; return the number of its frames."""
    from ppgan_lite.video.pictures import render_pictures
    from ppgan_lite.video.planning import is_animation
    from ppgan_lite.video.reading import open_clip
    from ppgan_lite.video.rendering import Rendering, can_resume, check_disk, render
    from ppgan_lite.video.writing import Encoding, choose_codec

    with CountBar("frame") as bar:

        def progress(done: int, frames: int | None) -> None:
            raise_if_interrupted()
            bar(done, max(frames or 0, done))

        if is_animation(plan.source):
            return render_pictures(plan.source, plan.target, paint, progress, steady=steady)
        clip = open_clip(plan.source)
        encoding = Encoding(choose_codec(codec, plan.target), crf)
        stored = {**settings, "codec": encoding.codec, "crf": crf, "bytes": plan.source.stat().st_size}
        rendering = Rendering(clip, plan.target, encoding, steady, stored)
        check_disk(rendering)
        say(f"{plan.source.name}: {clip.width} x {clip.height}, {float(clip.rate):.4g} frames per second")
        if clip.hdr is not None:
            say(f"{plan.source.name}: HDR ({clip.hdr}) is mapped to SDR")
        frames, missing = render(rendering, paint, progress, resume=resume and can_resume(rendering))
    for kind in missing:
        say(f"{plan.target}: its format does not hold the {kind}s of the clip; .mkv would")
    return frames
