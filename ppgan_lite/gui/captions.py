"""Text about pictures, choices, devices and errors, in the window's language; without Qt."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ppgan_lite.errors import PpganError, is_about_a_file, named, one_line, printable
from ppgan_lite.gui.choices import Choice
from ppgan_lite.gui.progress import Loading, Painting
from ppgan_lite.gui.state import Learning, Picture, Result, State
from ppgan_lite.gui.texts import in_language, text

if TYPE_CHECKING:
    from ppgan_lite.gui.batch_queue import BatchQueue
    from ppgan_lite.inference.cost import Cost

_DOT = "  ·  "


def picture_name(picture: Picture | None, language: str) -> str:
    """Return the name of its file or its own, or the word for a pasted picture; empty without a picture."""
    if picture is None:
        return ""
    return picture.path.name if picture.path else picture.title or text("pasted", language)


def photo_caption(photo: Picture | None, language: str) -> str:
    """Return name and size."""
    if photo is None:
        return ""
    parts = [picture_name(photo, language), _size(*photo.size)]
    return _DOT.join([*parts, text("deep", language)] if photo.is_deep else parts)


def result_caption(result: Result | None, language: str, *, is_whole: bool = True) -> str:
    """Return style, settings and size of a result; of one that is not whole, a preview, nothing in pixels."""
    if result is None:
        return ""
    request = result.request
    title, _ = choice_texts(request.choice, request.painting, language)
    parts = [picture_name(request.painting, language) or title]
    if request.choice.direction:
        parts.append(direction_caption(request.choice.direction))
    if request.choice.has_settings:
        parts.append(f"{round(100 * request.settings.strength)} %")
        if request.settings.keep_colors:
            parts.append(text("keep_colors", language))
        if is_whole and request.options["brush"] is not None:
            parts.append(text("brush_width", language, px=round(request.options["brush"])))
        if request.mask is not None:
            parts.append(text("masked", language))
        if result.faces is not None:
            parts.append(text("spare_faces", language))
    if is_whole:
        height, width = result.image.shape[:2]
        parts.append(_size(width, height))
        if result.image.dtype.itemsize > 1:
            parts.append(text("deep", language))
    return _DOT.join(parts)


def choice_texts(choice: Choice, painting: Picture | None, language: str) -> tuple[str, str]:
    """Return title and subtitle of a choice, and of the painting that goes with it."""
    if choice.kind == "painting":
        return text("any_painting_title", language), picture_name(painting, language) or text(
            "choose_picture", language
        )
    title = in_language(choice.title, language)
    if choice.kind == "mixture":
        return title, ""
    if choice.kind == "checkpoint":
        return title, text(f"task_{choice.task}", language)
    return title, in_language(choice.subtitle, language) or text("yours", language)


def direction_caption(direction: str) -> str:
    """Return a direction in readable form: A → B for a_to_b."""
    return " → ".join(part.upper() if len(part) == 1 else part for part in direction.split("_to_"))


def device_caption(device: str | None, note: str, language: str) -> str:
    """Return the device in use (None before one is known) and the reason why it is not another."""
    if device is None:
        return text("device", language, device=text("device_starting", language))
    name = device.upper().replace(":", " ") or text("device_unknown", language)
    return text("device", language, device=f"{name} ({note})" if note else name)


def work_caption(work: Painting, language: str) -> str:
    """Return the progress of a picture, and its expected cost until the time that is left can be told by its pace."""
    parts = [step_caption(work.step, language)]
    if work.progress is not None:
        parts = [progress_caption(work.progress, language)]
    seconds = work.seconds_left()
    if seconds is not None:
        parts.append(text("time_left", language, time=_clock(seconds)))
    elif work.cost is not None:
        parts.append(cost_caption(work.cost, language))
    return _DOT.join(parts)


def step_caption(step: str | None, language: str) -> str:
    """Return a step of a preparation; None before the first."""
    return text("preparing" if step is None else f"step_{step}", language)


def loading_caption(loading: Loading, language: str) -> str:
    """Return the checkpoint that is being loaded, and the step."""
    parts = [text("loading", language, name=loading.name)]
    return _DOT.join(parts if loading.step is None else [*parts, step_caption(loading.step, language)])


def progress_caption(progress: float, language: str) -> str:
    """Return the finished share, given as 0 to 1, in percent."""
    return text("working", language, percent=int(100 * progress))


def cost_caption(cost: Cost, language: str) -> str:
    """Return the expected time and memory of a picture."""
    memory = text("gigabytes", language, count=cost.gigabytes)
    if cost.duration is None:
        return memory
    count, unit = cost.duration
    return text("cost", language, time=text(unit, language, count=count), memory=memory)


def expected_captions(cost: Cost, size: tuple[int, int] | None, language: str) -> tuple[str, str]:
    """Return what a picture will take, in short and at length; empty where the time is not known.

    Args:
        cost: Of the picture.
        size: Of the photo: for a large one, memory is told in short too.
        language: Of the texts.
    """
    from ppgan_lite.inference.estimate import LARGE_PX  # the window is there before inference is

    if cost.duration is None or cost.seconds is None:
        return "", ""
    long = text("cost_tip", language, cost=cost_caption(cost, language))
    if size is not None and size[0] * size[1] >= LARGE_PX:
        return cost_caption(cost, language), long
    if cost.seconds < 1:
        return text("under_a_second", language), long
    count, unit = cost.duration
    return text("cost_time", language, time=text(unit, language, count=count)), long


def learning_caption(learning: Learning, language: str) -> str:
    """Return what is learned and the time that is left."""
    caption = text("learning", language, title=learning.title)
    if learning.stopping:
        return _DOT.join([caption, text("learn_stopping", language)])
    if learning.seconds_left is None:
        return _DOT.join([caption, text("preparing", language)])
    return _DOT.join([caption, text("time_left", language, time=_clock(learning.seconds_left))])


def batch_caption(queue: BatchQueue, language: str) -> str:
    """Return how many photos of a queue are done, how many failed, and the time that is left."""
    total, ended = len(queue.photos), sum(photo.ended for photo in queue.photos)
    parts = [text("batch_progress", language, count=ended, total=total)]
    failed = sum(photo.status.value == "failed" for photo in queue.photos)
    if failed:
        parts.append(text("batch_failures", language, count=failed))
    seconds = queue.seconds_left()
    if seconds is not None and queue.active:
        parts.append(text("time_left", language, time=_clock(seconds)))
    return _DOT.join(parts)


def style_caption(state: State, language: str) -> str:
    """Return the style that is chosen and its settings in a line; empty where its painting is missing."""
    choice, settings, painting = state.choice, state.settings, state.painting
    if choice.needs_painting and painting is None:
        return ""
    title, _ = choice_texts(choice, painting, language)
    parts = [(picture_name(painting, language) if choice.needs_painting else "") or title]
    if choice.direction:
        parts.append(direction_caption(choice.direction))
    if choice.has_settings:
        parts.append(f"{round(100 * settings.strength)} %")
        if settings.keep_colors:
            parts.append(text("keep_colors", language))
        if state.mask is not None:
            parts.append(text("masked", language))
    return _DOT.join(parts)


def error_line(error: BaseException, language: str) -> str:
    """Return one line about an error, in words of the window: what it says to do can be done there."""
    if isinstance(error, MemoryError):
        return text("no_memory", language)
    if is_about_a_file(error):
        error = named(error)
    if isinstance(error, PpganError):
        key, where = f"error_{error.code}", printable(error.where)
        return text(key, language, where=where, line=one_line(error), **error.values)
    return text("error_other", language, line=one_line(error))


def _clock(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    return f"{minutes}:{seconds:02d}"


def _size(width: int, height: int) -> str:
    return f"{width} × {height}"
