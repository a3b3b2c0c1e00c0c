"""The addresses of a service."""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import quote

from fastapi import FastAPI, File, Form, HTTPException, Request, Response, UploadFile
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse
from fastapi.staticfiles import StaticFiles
from fastapi_offline import FastAPIOffline
from pydantic import BaseModel
from starlette.exceptions import HTTPException as AnyHTTPException
from starlette.formparsers import MultiPartParser

from ppgan_lite import __version__
from ppgan_lite.errors import PpganError, UsageError
from ppgan_lite.images import Kept
from ppgan_lite.images.settings import base_name
from ppgan_lite.inference.steps import Cancelled
from ppgan_lite.serving.answers import ErrorBody, error_answer, invalid_answer, language_of, plain_answer
from ppgan_lite.serving.gate import Gate
from ppgan_lite.serving.headers import SafeHeaders
from ppgan_lite.serving.metrics import MEDIA_TYPE, Metrics
from ppgan_lite.serving.photos import MEDIA_TYPES, Place, Result, Upload, Wish, make
from ppgan_lite.serving.predictors import Predictors
from ppgan_lite.serving.served import Served
from ppgan_lite.serving.workers import Workers

logger = logging.getLogger(__name__)

_PAGE = Path(__file__).parent / "page"
_ABOUT = """Paints, translates and restores photos. Send a photo as `multipart/form-data`; the answer is the result's
file, in the photo's format (PNG where that cannot be written) and with its metadata. Errors are JSON with one line."""
_STYLE = """A name that /styles lists. Several mix, equally or by weights such as udnie:0.6 and the_dance:0.4: one field
for each, or one with commas"""
_UNEXPECTED = "service: an unexpected error; its log tells more"
_PATHS = ("/", "/health", "/metrics", "/styles", "/stylize", "/translate", "/restore", "/docs", "/openapi.json")

_PICTURE: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The result",
        "content": {kind: {"schema": {"type": "string", "format": "binary"}} for kind in set(MEDIA_TYPES.values())},
    },
    400: {"model": ErrorBody, "description": "The request cannot be read"},
    408: {"model": ErrorBody, "description": "The upload took too long"},
    413: {"model": ErrorBody, "description": "The photo has too many bytes or pixels"},
    415: {"model": ErrorBody, "description": "It is no picture of a known kind"},
    422: {"model": ErrorBody, "description": "The photo is damaged, or a field is missing or out of its range"},
    429: {"model": ErrorBody, "description": "Too many photos wait; Retry-After says when to try again"},
    503: {"model": ErrorBody, "description": "Memory is short, or something is not installed"},
    504: {"model": ErrorBody, "description": "The photo was not done in time"},
}

Format = Literal["jpg", "png", "webp", "tif", "bmp"]
Photo = Annotated[UploadFile, File(description="JPEG, PNG, WebP, TIFF, BMP, GIF, PPM or AVIF")]
Metadata = Annotated[Kept, Form(description="What of the photo's metadata the result keeps")]
ResultFormat = Annotated[Format | None, Form(description="Of the result; the photo's where it is left out")]
Depth = Annotated[Literal["8", "16"] | None, Form(description="Bits per channel; as many as both hold if left out")]
Share = Annotated[float, Form(ge=0, le=1, allow_inf_nan=False)]


@dataclass(frozen=True)
class Limits:
    """What a service takes.

    Attributes:
        upload_bytes: The largest upload.
        pixels: The most pixels of a photo or a painting.
        waiting: Photos that may wait, beside those that are worked on.
        threads: Photos that are worked on at a time.
        timeout_s: How long an upload may take, and again the waiting and the work.
    """

    upload_bytes: int = 32_000_000
    pixels: int = 40_000_000
    waiting: int = 16
    threads: int = 2
    timeout_s: float = 60.0


class StyleInfo(BaseModel):
    """A style; titles and artists by language."""

    name: str
    title: dict[str, str]
    artist: dict[str, str]
    year: str
    thumbnail: str | None
    needs_painting: bool


class CheckpointInfo(BaseModel):
    """A checkpoint that translates or restores."""

    name: str
    directions: list[str]


class Offer(BaseModel):
    """What there is to ask for, and how large a photo may be."""

    styles: list[StyleInfo]
    translate: list[CheckpointInfo]
    restore: list[CheckpointInfo]
    upload_bytes: int
    pixels: int


class Health(BaseModel):
    """That the service is there, and how busy."""

    status: Literal["ok"]
    version: str
    photos: int


def create_app(served: Served, predictors: Predictors, limits: Limits) -> FastAPI:
    """Return the application of a service.

    Args:
        served: What it offers.
        predictors: Make the photos.
        limits: What it takes.
    """
    workers = Workers(limits.threads, limits.waiting, limits.timeout_s)
    metrics = Metrics(_PATHS, lambda: workers.taken, lambda: predictors.loaded)
    # Uploads stay in memory, where the gate has made room for them: nothing on disk, which may be read-only.
    MultiPartParser.spool_max_size = max(MultiPartParser.spool_max_size, limits.upload_bytes + 1)

    @contextlib.asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield
        workers.close()

    app = FastAPIOffline(redoc_url=None, title="paddlegan", version=__version__, description=_ABOUT, lifespan=lifespan)
    app.add_middleware(
        Gate,
        workers=workers,
        metrics=metrics,
        most_bytes=limits.upload_bytes,
        upload_timeout_s=limits.timeout_s,
    )
    app.add_middleware(SafeHeaders)  # around the gate
    _add_errors(app)
    _add_information(app, served, limits, workers, metrics)

    async def answer(request: Request, photo: UploadFile, task: str, wish: Wish) -> Response:
        upload = await _upload(photo)

        def work(cancelled: Cancelled) -> tuple[Result, float]:
            began = time.perf_counter()
            result = make(upload, wish, predictors, limits.pixels, cancelled)
            seconds = time.perf_counter() - began
            metrics.made(task, seconds, result.pixels)
            return result, seconds

        try:
            result, seconds = await workers.run(work, _disconnected(request))
        except PpganError:
            raise
        except MemoryError:
            return plain_answer(503, "service: not enough memory")
        except Exception:  # here, since the server closes the connection after one that leaves the application
            logger.exception("%s of %s failed", task, upload.name)
            return plain_answer(500, _UNEXPECTED)
        headers = {
            "Content-Disposition": f"inline; filename*=UTF-8''{quote(result.name, safe='')}",
            "Server-Timing": f"work;dur={1000 * seconds:.0f}",
        }
        return Response(result.data, media_type=result.media_type, headers=headers)

    @app.post("/stylize", response_class=Response, responses=_PICTURE)
    async def stylize(
        request: Request,
        photo: Photo,
        style: Annotated[list[str], Form(description=_STYLE)],
        strength: Share = 1.0,
        keep_colors: Annotated[bool, Form(description="The photo's colors, the painting's brush")] = False,
        color_from: Annotated[UploadFile | None, File(description="Whose colors it gets, not the painting's")] = None,
        brush: Annotated[
            float | None, Form(gt=0, allow_inf_nan=False, description="Width of a stroke in pixels of the photo")
        ] = None,
        faces: Annotated[
            float, Form(ge=0, le=1, allow_inf_nan=False, description="Share of the strokes on faces")
        ] = 0.6,
        mask: Annotated[UploadFile | None, File(description="White: strength, black: strength_outside")] = None,
        strength_outside: Annotated[float | None, Form(ge=0, le=1, allow_inf_nan=False)] = None,
        feather: Annotated[
            float | None, Form(ge=0, allow_inf_nan=False, description="Width of the mask's edge in pixels of the photo")
        ] = None,
        painting: Annotated[list[UploadFile] | None, File(description="For each style that needs one")] = None,
        depth: Depth = None,
        metadata: Metadata = "all",
        format: ResultFormat = None,
    ) -> Response:
        """Paint a photo in a style, or in a mixture of styles."""
        paintings = painting or []
        choice = served.choose(style, len(paintings))
        if color_from is not None and keep_colors:
            raise UsageError("color_from", "and keep_colors are both given", "one of them")
        for name, value in (("strength_outside", strength_outside), ("feather", feather)):
            if value is not None and mask is None:
                raise UsageError(name, "says nothing without a mask", "a picture as mask")
        wish = Wish(
            choice.shares,
            choice.name,
            choice.label,
            options={"strength": strength, "keep_colors": keep_colors, "brush": brush},
            faces=faces,
            paintings=[(await _upload(paintings[number]), share) for number, share in choice.paintings.items()],
            colors=None if color_from is None else await _upload(color_from),
            place=None if mask is None else Place(await _upload(mask), strength_outside or 0.0, feather),
            depth=_bits(depth),
            kept=metadata,
            suffix=_suffix(format),
        )
        return await answer(request, photo, "stylize", wish)

    @app.post("/translate", response_class=Response, responses=_PICTURE)
    async def translate(
        request: Request,
        photo: Photo,
        checkpoint: Annotated[str | None, Form(description="A name that /styles lists; the first if left out")] = None,
        direction: Annotated[str | None, Form(description="Such as a_to_b; the first if left out")] = None,
        depth: Depth = None,
        metadata: Metadata = "all",
        format: ResultFormat = None,
    ) -> Response:
        """Translate a photo from one kind of picture to another."""
        found = served.checkpoint("translate", checkpoint)
        if direction is not None and direction not in found.directions:
            expected = f"one of {', '.join(found.directions)}"
            raise UsageError("direction", f"{found.name} has no {direction!r}", expected, code="not_served")
        label = f"{found.name}_{direction}" if direction else found.name
        source = {str(found.path): 1.0}
        wish = Wish(source, "", label, direction, depth=_bits(depth), kept=metadata, suffix=_suffix(format))
        return await answer(request, photo, "translate", wish)

    @app.post("/restore", response_class=Response, responses=_PICTURE)
    async def restore(
        request: Request,
        photo: Photo,
        checkpoint: Annotated[str | None, Form(description="A name that /styles lists; the first if left out")] = None,
        depth: Depth = None,
        metadata: Metadata = "all",
        format: ResultFormat = None,
    ) -> Response:
        """Restore a degraded photo."""
        found = served.checkpoint("restore", checkpoint)
        source = {str(found.path): 1.0}
        wish = Wish(source, "", "restored", depth=_bits(depth), kept=metadata, suffix=_suffix(format))
        return await answer(request, photo, "restore", wish)

    return app


def _add_errors(app: FastAPI) -> None:
    """Have errors answered in JSON."""

    @app.exception_handler(PpganError)
    async def ours(request: Request, error: PpganError) -> Response:
        return error_answer(error, language_of(request))

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> Response:
        kind = request.headers.get("content-type", "")
        if not kind.startswith("multipart/form-data"):
            return plain_answer(415, f"request: {kind or 'without a type'}; expected multipart/form-data")
        return invalid_answer(error)

    @app.exception_handler(AnyHTTPException)
    async def refused(request: Request, error: HTTPException) -> Response:
        if isinstance(error.detail, PpganError):
            return error_answer(error.detail, language_of(request))
        answer = plain_answer(error.status_code, f"request: {error.detail}")
        answer.headers.update(error.headers or {})
        return answer

    @app.exception_handler(Exception)
    async def unexpected(request: Request, error: Exception) -> Response:
        return plain_answer(500, _UNEXPECTED)


def _add_information(app: FastAPI, served: Served, limits: Limits, workers: Workers, metrics: Metrics) -> None:
    """Add what a service tells about itself, and its page."""

    @app.get("/health")
    async def health() -> Health:
        """Say that the service is there, and how many photos it has taken."""
        return Health(status="ok", version=__version__, photos=workers.taken)

    @app.get("/metrics", response_class=Response)
    async def show_metrics() -> Response:
        """Return counts for Prometheus."""
        return Response(metrics.text(), media_type=MEDIA_TYPE)

    @app.get("/styles")
    async def styles() -> Offer:
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
                for style in served.styles
            ],
            translate=_checkpoints(served, "translate"),
            restore=_checkpoints(served, "restore"),
            upload_bytes=limits.upload_bytes,
            pixels=limits.pixels,
        )

    @app.get("/styles/{name}.jpg", response_class=Response, responses={422: {"model": ErrorBody}})
    async def thumbnail(name: str) -> Response:
        """Return a small photo in a style."""
        picture = served.style(name).thumbnail
        if picture is None:
            raise UsageError("style", f"{name!r} has no thumbnail", code="not_served")
        return Response(picture, media_type="image/jpeg", headers={"Cache-Control": "max-age=3600"})

    @app.get("/", include_in_schema=False)
    async def page() -> FileResponse:
        return FileResponse(_PAGE / "index.html")

    app.mount("/page", StaticFiles(directory=_PAGE), name="page")


def _checkpoints(served: Served, task: str) -> list[CheckpointInfo]:
    found = served.of_task(task).values()
    return [CheckpointInfo(name=each.name, directions=list(each.directions)) for each in found]


async def _upload(file: UploadFile) -> Upload:
    return Upload(base_name(file.filename or "") or "photo", await file.read())


async def _disconnected(request: Request) -> None:
    """End when the client goes away."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _bits(depth: str | None) -> int | None:
    return None if depth is None else int(depth)


def _suffix(format: str | None) -> str | None:
    return f".{format}" if format else None
