"""The addresses where a service tells about itself, and its page."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

from fastapi import APIRouter, Response
from fastapi.responses import FileResponse

from ppgan_lite import __version__
from ppgan_lite.errors import UsageError
from ppgan_lite.serving.answers import ErrorBody
from ppgan_lite.serving.metrics import MEDIA_TYPE
from ppgan_lite.serving.schemas import CheckpointInfo, Health, Offer, StyleInfo
from ppgan_lite.serving.served import Served
from ppgan_lite.serving.service import ThisService

PAGE = Path(__file__).parent / "page"

router = APIRouter()


@router.get("/health")
async def health(service: ThisService) -> Health:
    """Say that the service is there, and how many photos it has taken."""
    return Health(status="ok", version=__version__, photos=service.workers.taken)


@router.get("/metrics", response_class=Response)
async def show_metrics(service: ThisService) -> Response:
    """Return counts for Prometheus."""
    return Response(service.metrics.text(), media_type=MEDIA_TYPE)


@router.get("/styles")
async def styles(service: ThisService) -> Offer:
    """List what may be asked for."""
    return Offer(
        styles=[
            StyleInfo(
                name=style.name,
                title=dict(style.title),
                artist=dict(style.artist),
                year=style.year,
                thumbnail=f"styles/{quote(style.name)}.jpg" if style.thumbnail else None,
                needs_painting=style.needs_painting,
            )
            for style in service.served.styles
        ],
        translate=_checkpoints(service.served, "translate"),
        restore=_checkpoints(service.served, "restore"),
        upload_bytes=service.limits.upload_bytes,
        pixels=service.limits.pixels,
    )


@router.get("/styles/{name}.jpg", response_class=Response, responses={422: {"model": ErrorBody}})
async def thumbnail(name: str, service: ThisService) -> Response:
    """Return a small photo in a style."""
    picture = service.served.style(name).thumbnail
    if picture is None:
        raise UsageError("style", f"{name!r} has no thumbnail", code="no_thumbnail", values={"name": name})
    return Response(picture, media_type="image/jpeg", headers={"Cache-Control": "max-age=3600"})


@router.get("/", include_in_schema=False)
async def page() -> FileResponse:
    return FileResponse(PAGE / "index.html")


def _checkpoints(served: Served, task: str) -> list[CheckpointInfo]:
    found = served.of_task(task).values()
    return [CheckpointInfo(name=each.name, directions=list(each.directions)) for each in found]
