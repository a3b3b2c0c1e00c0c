"""Errors as clients get them: a status, and JSON with the same line that the command line prints."""

from __future__ import annotations

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from ppgan_lite.errors import (
    CancelledError,
    CheckpointError,
    EngineError,
    ImageError,
    MissingDependencyError,
    PpganError,
    UsageError,
)
from ppgan_lite.languages.texts import TEXTS
from ppgan_lite.serving.predictors import UnavailableError
from ppgan_lite.serving.workers import BusyError, TimedOutError

CLIENT_GONE = 499  # nobody reads it; the metrics tell it, in nginx's word
UNEXPECTED = "service: an unexpected error; its log tells more"

# Code of an error -> status; and of kinds of errors, for the other codes.
_STATUS = {"too_large": 413, "upload_too_large": 413, "upload_too_slow": 408, "no_picture": 415, "memory": 503}
_STATUS_OF_KIND: tuple[tuple[type[PpganError], int], ...] = (
    (ImageError, 422),
    (UsageError, 422),
    (BusyError, 429),
    (TimedOutError, 504),
    (UnavailableError, 503),
    (MissingDependencyError, 503),
    (CancelledError, CLIENT_GONE),
)


class ErrorBody(BaseModel):
    """The body of an answer that tells an error.

    Attributes:
        error: In one line, in the client's language if that is ours.
        code: For programs.
    """

    error: str
    code: str


def error_answer(error: PpganError, language: str = "en") -> Response:
    """Return the answer about an error."""
    status = _STATUS.get(error.code)
    if status is None:
        status = next((found for kind, found in _STATUS_OF_KIND if isinstance(error, kind)), 500)
    if isinstance(error, (CheckpointError, EngineError)):  # of the operator's files and machine
        error = UnavailableError("service", "failed", remedy="Its log tells why")
    headers = {"Retry-After": str(error.retry_after_s)} if isinstance(error, BusyError) else None
    return _json(status, _line(error, language), error.code, headers)


def plain_answer(status: int, detail: str) -> Response:
    """Return the answer about a request that fits no address, or cannot be read at all."""
    return _json(status, detail, "request")


def invalid_answer(error: RequestValidationError) -> Response:
    """Return the answer about fields that are missing or out of their range: the first of them."""
    first = error.errors()[0]
    where = str(first["loc"][-1])
    if first["type"] == "missing":
        told = PpganError(where, "is missing", "a field of multipart/form-data")
    else:
        told = PpganError(where, repr(first["input"])[:80], first["msg"].removeprefix("Input should be "))
    return _json(422, str(told), "field")


def language_of(request: Request) -> str:
    """Return the language of ours that a client likes best."""
    for wanted in request.headers.get("accept-language", "").split(","):
        language = wanted.partition(";")[0].partition("-")[0].strip().lower()
        if language in TEXTS:
            return language
    return "en"


def _line(error: PpganError, language: str) -> str:
    text = TEXTS[language].get(f"error_{error.code}")
    if language == "en" or text is None:
        return str(error)
    return text.format(where=error.where, line=str(error), **error.values)


def _json(status: int, line: str, code: str, headers: dict[str, str] | None = None) -> Response:
    return JSONResponse(ErrorBody(error=line, code=code).model_dump(), status, headers)
