"""The addresses that take a photo and answer with the result."""

from __future__ import annotations

import logging
import time
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, File, Form, Request, Response, UploadFile

from ppgan_lite.errors import PpganError, UsageError
from ppgan_lite.images.settings import base_name
from ppgan_lite.inference.steps import Cancelled
from ppgan_lite.serving.answers import UNEXPECTED, plain_answer
from ppgan_lite.serving.photos import Job, Result, Upload, UploadedMask, make
from ppgan_lite.serving.schemas import PICTURE_RESPONSES, Checkpoint, Output, Photo, Share
from ppgan_lite.serving.served import not_served
from ppgan_lite.serving.service import Service, ThisService

logger = logging.getLogger(__name__)

_STYLE = """A name that /styles lists. Several mix, equally or by weights such as udnie:0.6 and the_dance:0.4: one field
for each, or one with commas"""

router = APIRouter()


@router.post("/stylize", response_class=Response, responses=PICTURE_RESPONSES)
async def stylize(
    request: Request,
    service: ThisService,
    photo: Photo,
    output: Output,
    style: Annotated[list[str], Form(description=_STYLE)],
    strength: Share = 1.0,
    keep_colors: Annotated[bool, Form(description="The photo's colors, the painting's brush")] = False,
    color_from: Annotated[UploadFile | None, File(description="Whose colors it gets, not the painting's")] = None,
    brush: Annotated[
        float | None, Form(gt=0, allow_inf_nan=False, description="Width of a stroke in pixels of the photo")
    ] = None,
    faces: Annotated[float, Form(ge=0, le=1, allow_inf_nan=False, description="Share of the strokes on faces")] = 0.6,
    mask: Annotated[UploadFile | None, File(description="White: strength, black: strength_outside")] = None,
    strength_outside: Annotated[float | None, Form(ge=0, le=1, allow_inf_nan=False)] = None,
    feather: Annotated[
        float | None, Form(ge=0, allow_inf_nan=False, description="Width of the mask's edge in pixels of the photo")
    ] = None,
    painting: Annotated[list[UploadFile] | None, File(description="For each style that needs one")] = None,
) -> Response:
    """Paint a photo in a style, or in a mixture of styles."""
    paintings = painting or []
    choice = service.served.choose(style, len(paintings))
    if color_from is not None and keep_colors:
        raise UsageError("color_from", "and keep_colors are both given", "one of them")
    for name, value in (("strength_outside", strength_outside), ("feather", feather)):
        if value is not None and mask is None:
            raise UsageError(name, "says nothing without a mask", "a picture as mask")
    job = Job(
        choice.shares,
        choice.name,
        choice.label,
        options={"strength": strength, "keep_colors": keep_colors, "brush": brush},
        faces=faces,
        paintings=[(await _upload(paintings[number]), share) for number, share in choice.paintings.items()],
        colors=None if color_from is None else await _upload(color_from),
        mask=None if mask is None else UploadedMask(await _upload(mask), strength_outside or 0.0, feather),
        output=output,
    )
    return await _answer(request, service, photo, "stylize", job)


@router.post("/translate", response_class=Response, responses=PICTURE_RESPONSES)
async def translate(
    request: Request,
    service: ThisService,
    photo: Photo,
    output: Output,
    checkpoint: Checkpoint = None,
    direction: Annotated[str | None, Form(description="Such as a_to_b; the first if left out")] = None,
) -> Response:
    """Translate a photo from one kind of picture to another."""
    found = service.served.checkpoint("translate", checkpoint)
    if direction is not None and direction not in found.directions:
        raise not_served("direction", direction, found.directions, f"{found.name} has no {direction!r}")
    label = f"{found.name}_{direction}" if direction else found.name
    source = {str(found.path): 1.0}
    job = Job(source, "", label, direction, output=output)
    return await _answer(request, service, photo, "translate", job)


@router.post("/restore", response_class=Response, responses=PICTURE_RESPONSES)
async def restore(
    request: Request,
    service: ThisService,
    photo: Photo,
    output: Output,
    checkpoint: Checkpoint = None,
) -> Response:
    """Restore a degraded photo."""
    found = service.served.checkpoint("restore", checkpoint)
    source = {str(found.path): 1.0}
    job = Job(source, "", "restored", output=output)
    return await _answer(request, service, photo, "restore", job)


async def _answer(request: Request, service: Service, photo: UploadFile, task: str, job: Job) -> Response:
    """Make a photo on one of the service's threads; return the answer with it, or about what went wrong."""
    upload = await _upload(photo)

    def work(cancelled: Cancelled) -> tuple[Result, float]:
        began = time.perf_counter()
        result = make(upload, job, service.predictors, service.limits.pixels, cancelled)
        seconds = time.perf_counter() - began
        service.metrics.made(task, seconds, result.pixels)
        return result, seconds

    try:
        result, seconds = await service.workers.run(work, _disconnected(request))
    except PpganError:
        raise
    except MemoryError:
        return plain_answer(503, "service: not enough memory")
    except Exception:  # here, since the server closes the connection after one that leaves the application
        logger.exception("%s of %s failed", task, upload.name)
        return plain_answer(500, UNEXPECTED)
    headers = {
        "Content-Disposition": f"inline; filename*=UTF-8''{quote(result.name, safe='')}",
        "Server-Timing": f"work;dur={1000 * seconds:.0f}",
    }
    return Response(result.data, media_type=result.media_type, headers=headers)


async def _upload(file: UploadFile) -> Upload:
    return Upload(base_name(file.filename or "") or "photo", await file.read())


async def _disconnected(request: Request) -> None:
    """End when the client goes away."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
