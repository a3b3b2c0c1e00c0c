"""From the bytes of a photo to the bytes of its result, as the command line makes it from file to file."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ppgan_lite.errors import CancelledError
from ppgan_lite.images import (
    HOLDS_16_BITS,
    ImageMetadata,
    Kept,
    NamedFile,
    check_size,
    encode_image,
    fitting_metadata,
    kept_metadata,
    read_stream,
    result_name,
    stored_size,
)
from ppgan_lite.inference.estimate import known_cost
from ppgan_lite.inference.faces.sparing import spare_faces
from ppgan_lite.inference.steps import Cancelled
from ppgan_lite.inference.stored_settings import settings_of_result
from ppgan_lite.runtime.memory import require_memory
from ppgan_lite.serving.predictors import Predictors

MEDIA_TYPES = {
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".png": "image/png",
    ".webp": "image/webp",
    ".tif": "image/tiff",
    ".tiff": "image/tiff",
    ".bmp": "image/bmp",
}


@dataclass(frozen=True)
class Upload:
    """A picture that a client sent.

    Attributes:
        name: Of its file, without folders.
        data: The bytes of it.
    """

    name: str
    data: bytes


@dataclass(frozen=True)
class Wish:
    """What is to be done to a photo.

    Attributes:
        source: Argument of `load_predictor`.
        named: As it is stored in the result: the style's name, "" for a checkpoint, which is stored with its hash.
        label: Part of the name of the result.
        direction: Which of a checkpoint's predictors; None for the first.
        options: Keyword arguments of the predictor's call.
        faces: Share of the strokes on faces; None where there are no strokes.
        painting: Whose style is to be taken, with a painter of any style.
        kept: Of the photo's metadata.
        suffix: Of the result's format, such as ".png"; None for the photo's, or PNG where that cannot be written.
    """

    source: str
    named: str
    label: str
    direction: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    faces: float | None = None
    painting: Upload | None = None
    kept: Kept = "all"
    suffix: str | None = None


@dataclass(frozen=True)
class Result:
    """A picture for a client.

    Attributes:
        name: For its file.
        data: The bytes of it.
        media_type: Of these.
        pixels: How many it has.
    """

    name: str
    data: bytes
    media_type: str
    pixels: int


def make(photo: Upload, wish: Wish, predictors: Predictors, most_px: int, cancelled: Cancelled) -> Result:
    """Make a result of a photo.

    Args:
        photo: What was sent.
        wish: What to do.
        predictors: Makes it.
        most_px: Pixels that a photo or a painting may have.
        cancelled: Asked between steps; True ends the work.

    Raises:
        ImageError: The photo or the painting is damaged, too large or of an unknown kind.
        UsageError: An option is out of its range, or memory is short.
        CancelledError: `cancelled` said so.
        PpganError: As of `Predictors.get`.
    """
    name = Path(result_name(Path(photo.name), wish.label))
    name = name.with_suffix(wish.suffix) if wish.suffix else name
    suffix = name.suffix.lower()
    image, metadata = _read(photo, most_px, keeps_16_bits=suffix in HOLDS_16_BITS)
    options, own = dict(wish.options), dict[str, Any]()
    painted_after = None
    if wish.painting is not None:
        own["style"], about = _read(wish.painting, most_px, keeps_16_bits=False)
        painted_after = NamedFile(wish.painting.name, about.sha256)
    if wish.faces is not None:
        strokes = spare_faces(image, wish.faces)
        own |= {} if strokes is None else {"strokes": strokes}
    if cancelled():
        raise CancelledError("photo")
    predictor = predictors.get(wish.source, direction=wish.direction, is_deep=image.dtype.itemsize > 1)
    cost = known_cost(predictor, image, options)
    if cost is not None:
        require_memory(photo.name, cost.memory)
    result = predictor(image, cancelled=cancelled, **options, **own)
    stored = {"depth": None, **options}
    stored |= {} if wish.faces is None else {"faces": wish.faces}
    stored |= {"direction": predictor.direction} if predictor.spec.task == "translate" else {}
    stored |= {"no_gps": True} if wish.kept == "no_gps" else {}
    file = NamedFile(photo.name, metadata.sha256)
    settings = settings_of_result(predictor, wish.named, stored, photo=file, painting=painted_after)
    metadata = kept_metadata(fitting_metadata(metadata, result), wish.kept)
    data = encode_image(name, result, metadata, settings=None if wish.kept == "none" else settings)
    return Result(name.name, data, MEDIA_TYPES[suffix], result.shape[0] * result.shape[1])


def _read(upload: Upload, most_px: int, *, keeps_16_bits: bool) -> tuple[np.ndarray, ImageMetadata]:
    """Decode a picture that is not too large."""
    check_size(*stored_size(upload.data, upload.name), upload.name, most_px=most_px)
    return read_stream(io.BytesIO(upload.data), upload.name, keeps_16_bits=keeps_16_bits)
