"""Clips of the queue: planned and painted as by `paddlegan video`; without Qt."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ppgan_lite.errors import CancelledError, PpganError, VideoError
from ppgan_lite.gui.batch_queue import Output, QueuedPhoto, Status
from ppgan_lite.gui.mask import PAINTED_MASK
from ppgan_lite.gui.mask_files import naming_mask
from ppgan_lite.gui.state import Request
from ppgan_lite.images import NamedFile
from ppgan_lite.video.codecs import is_animation
from ppgan_lite.video.planning import parts_folder, plan_clips, target_suffix

if TYPE_CHECKING:
    from ppgan_lite.inference.batch_planning import Plan
    from ppgan_lite.inference.predictor import Predictor
    from ppgan_lite.inference.steps import Cancelled

Load = Callable[[Request, Callable[[], bool]], "Predictor"]


def add_clips(plan: Plan, clips: Sequence[Path], output: Output, style: str, taken: Sequence[Path]) -> None:
    """Add clips to a plan, with the files that they become, or why they cannot.

    A result of which only a part was written, since it was stopped, is gone on with.
    """
    from ppgan_lite.inference.batch_planning import Item  # the window is there before inference is

    taken = [*taken, *(item.target for item in plan.items)]
    for clip in clips:
        folder = output.folder or clip.parent
        target = folder / f"{output.pattern.format(name=clip.stem, style=style)}{target_suffix(clip)}"
        item = Item(clip, target)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if target in taken:
                raise VideoError(clip, f"its result {target} is that of another one too")
            is_partial = parts_folder(target).exists()
            if target.exists() and not output.replaces and not is_partial:
                plan.skipped.append(item)
                continue
            plan_clips([clip], str(target), label=style, overwrite=True)
        except (PpganError, OSError) as error:
            plan.failures.append((clip, error))
        else:
            taken.append(target)
            plan.items.append(item)


def paint_clip(
    queued: QueuedPhoto, load: Load, tell: Callable[[QueuedPhoto, Status, Any], None], cancelled: Cancelled
) -> None:
    """Paint a clip of the queue; on a worker thread.

    Args:
        queued: The clip.
        load: Makes the predictor.
        tell: As of `batch_queue.execute`.
        cancelled: Asked between two frames whether to stop; the frames so far are in the file then, and the next call
            goes on with them.

    Raises:
        CancelledError: `cancelled` said so.
    """

    def stop() -> bool:
        return cancelled() or queued.stop.is_set()

    def progress(done: int, frames: int | None) -> None:
        if stop():
            raise CancelledError
        tell(queued, Status.RUNNING, min(done / frames, 1.0) if frames else 0.0)

    tell(queued, Status.RUNNING, 0.0)
    try:
        _render(queued, load, stop, progress)
    except Exception as error:
        tell(queued, Status.FAILED, error)
        if cancelled():
            raise CancelledError from error
    else:
        tell(queued, Status.DONE, None)


def _render(
    queued: QueuedPhoto, load: Load, stop: Callable[[], bool], progress: Callable[[int, int | None], None]
) -> None:
    from ppgan_lite.checkpoint import sha256_of
    from ppgan_lite.gui.clips import frame_of
    from ppgan_lite.inference.masking import Mask
    from ppgan_lite.inference.stored_settings import settings_of_result
    from ppgan_lite.video.painting import FramePainter
    from ppgan_lite.video.pictures import render_pictures
    from ppgan_lite.video.rendering import Rendering, can_resume, check_disk, render
    from ppgan_lite.video.scrubbing import open_any_clip
    from ppgan_lite.video.steadiness import STEADY
    from ppgan_lite.video.writing import Encoding, choose_codec

    source, target = queued.item.source, queued.item.target
    clip = open_any_clip(source)
    request = Request(frame_of(clip, 0).picture, queued.choice, queued.settings, queued.painting, queued.mask)
    predictor = load(request, stop)
    if queued.painting is not None:
        painting = queued.painting.file or NamedFile("a pasted picture")
        predictor = predictor.with_style(queued.painting.image, file=painting)  # type: ignore[attr-defined] # takes it
    mask = None
    if queued.mask is not None:
        painted, inside = queued.mask, request.options.get("strength", 1.0)
        named = painted.file or NamedFile(PAINTED_MASK)
        mask = Mask(painted.pixels, named, inside, painted.outside, painted.feather)
    paint = FramePainter(predictor, request.options, request.faces, mask=mask)
    stored = settings_of_result(
        predictor,
        queued.choice.source,
        {**request.stored_options, "steady": STEADY},
        photo=NamedFile(source.name, sha256_of(source)),
        mask=None if mask is None else mask.file,
    )
    named_settings = naming_mask(stored, queued.mask) or stored
    if is_animation(source):
        render_pictures(source, target, paint, progress, steady=STEADY, stored=named_settings)
        return
    encoding = Encoding(choose_codec("auto", target))
    options = {**named_settings.options, "codec": encoding.codec, "crf": encoding.crf}
    named_settings = replace(named_settings, options=options)
    # What is left of a clip that was stopped is of the same settings, or it begins anew.
    settings = {key: value for key, value in named_settings.to_json().items() if key not in ("engine", "device")}
    rendering = Rendering(clip, target, encoding, STEADY, settings, named_settings)
    check_disk(rendering)
    try:
        render(rendering, paint, progress, resume=can_resume(rendering))
    except PpganError as error:
        if error.where != "--resume":
            raise
        render(rendering, paint, progress)  # what is left is of other settings
