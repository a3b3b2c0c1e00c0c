"""The application of a service: its routes, behind the gate, and its errors as JSON."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.staticfiles import StaticFiles
from fastapi_offline import FastAPIOffline
from starlette.exceptions import HTTPException as AnyHTTPException
from starlette.formparsers import MultiPartParser

from ppgan_lite import __version__
from ppgan_lite.errors import PpganError
from ppgan_lite.serving import information, photo_routes
from ppgan_lite.serving.answers import UNEXPECTED, error_answer, invalid_answer, language_of, plain_answer
from ppgan_lite.serving.gate import Gate
from ppgan_lite.serving.headers import SafeHeaders
from ppgan_lite.serving.predictors import Predictors
from ppgan_lite.serving.served import Served
from ppgan_lite.serving.service import Limits, Service

_ABOUT = """Paints, translates and restores photos. Send a photo as `multipart/form-data`; the answer is the result's
file, in the photo's format (PNG where that cannot be written) and with its metadata. Errors are JSON with one line."""


def create_app(served: Served, predictors: Predictors, limits: Limits) -> FastAPI:
    """Return the application of a service.

    Args:
        served: What it offers.
        predictors: Make the photos.
        limits: What it takes.
    """
    service = Service(served, predictors, limits)
    # Uploads stay in memory, where the gate has made room for them: nothing on disk, which may be read-only.
    MultiPartParser.spool_max_size = max(MultiPartParser.spool_max_size, limits.upload_bytes + 1)

    @contextlib.asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield
        service.workers.close()

    app = FastAPIOffline(redoc_url=None, title="paddlegan", version=__version__, description=_ABOUT, lifespan=lifespan)
    app.state.service = service
    app.add_middleware(
        Gate,
        workers=service.workers,
        metrics=service.metrics,
        most_bytes=limits.upload_bytes,
        upload_timeout_s=limits.timeout_s,
    )
    app.add_middleware(SafeHeaders)  # around the gate
    _add_error_handlers(app)
    app.include_router(information.router)
    app.mount("/page", StaticFiles(directory=information.PAGE), name="page")
    app.include_router(photo_routes.router)
    return app


def _add_error_handlers(app: FastAPI) -> None:
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
        return plain_answer(500, UNEXPECTED)
