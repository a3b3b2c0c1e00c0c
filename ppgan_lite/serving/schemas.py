"""The fields of requests and the bodies of answers, as /docs shows them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import Depends, File, Form, UploadFile
from pydantic import BaseModel

from ppgan_lite.images import Kept
from ppgan_lite.serving.answers import ErrorBody
from ppgan_lite.serving.photos import MEDIA_TYPES, OutputFile

PICTURE_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The result",
        "content": {
            kind: {"schema": {"type": "string", "format": "binary"}} for kind in dict.fromkeys(MEDIA_TYPES.values())
        },
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
Checkpoint = Annotated[str | None, Form(description="A name that /styles lists; the first if left out")]
Share = Annotated[float, Form(ge=0, le=1, allow_inf_nan=False)]


def _output_file(
    depth: Annotated[
        Literal["8", "16"] | None, Form(description="Bits per channel; as many as both hold if left out")
    ] = None,
    metadata: Annotated[Kept, Form(description="What of the photo's metadata the result keeps")] = "all",
    format: Annotated[Format | None, Form(description="Of the result; the photo's where it is left out")] = None,
) -> OutputFile:
    """Return what the last fields of every request say."""
    return OutputFile(None if depth is None else int(depth), metadata, f".{format}" if format else None)


Output = Annotated[OutputFile, Depends(_output_file)]


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
    """All styles and checkpoints that are served, and the limits of a photo."""

    styles: list[StyleInfo]
    translate: list[CheckpointInfo]
    restore: list[CheckpointInfo]
    upload_bytes: int
    pixels: int


class Health(BaseModel):
    """The state of the service, and the number of photos that it has."""

    status: Literal["ok"]
    version: str
    photos: int
