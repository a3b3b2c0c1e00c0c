"""From the bytes of a photo to the bytes of its result, as the command line makes it from file to file."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from ppgan_lite.errors import CancelledError, UsageError
from ppgan_lite.images import (
    HOLDS_16_BITS,
    BlendPart,
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
    to_depth,
)
from ppgan_lite.inference.estimate import known_cost
from ppgan_lite.inference.faces.sparing import spare_faces
from ppgan_lite.inference.masking import Mask, mask_of
from ppgan_lite.inference.predictor import Predictor
from ppgan_lite.inference.steps import Cancelled
from ppgan_lite.inference.stored_settings import settings_of_result
from ppgan_lite.runtime.memory import require_memory
from ppgan_lite.serving.predictors import Predictors

if TYPE_CHECKING:
    from ppgan_lite.inference.stylization.stylizer import Stylizer

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
class UploadedMask:
    """A mask of the strength.

    Attributes:
        picture: White is the style's strength, black is `outside`.
        outside: Strength.
        feather: How wide its edge fades, in pixels of the photo; None follows the photo.
    """

    picture: Upload
    outside: float = 0.0
    feather: float | None = None


@dataclass(frozen=True)
class OutputFile:
    """The form of a result's file.

    Attributes:
        depth: Bits per channel, 8 or 16; None for as many as photo and format hold.
        kept: Of the photo's metadata.
        suffix: Of the format, such as ".png"; None for the photo's, or PNG where that cannot be written.
    """

    depth: int | None = None
    kept: Kept = "all"
    suffix: str | None = None


@dataclass(frozen=True)
class Job:
    """A request for a photo.

    Attributes:
        shares: Source, as of `load_predictor`, -> its share, 1 together.
        named: As it is stored in the result: the style's name, "" for a checkpoint, which is stored with its hash.
        label: Part of the name of the result.
        direction: Which of a checkpoint's predictors; None for the first.
        options: Keyword arguments of the predictor's call.
        faces: Share of the strokes on faces; None where there are no strokes.
        paintings: Whose style is to be taken, with a painter of any style, each with its share.
        colors: A picture whose colors the result has, not the painting's.
        mask: Where the style goes; None for everywhere.
        output: How the result is written.
    """

    shares: Mapping[str, float]
    named: str
    label: str
    direction: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    faces: float | None = None
    paintings: Sequence[tuple[Upload, float]] = ()
    colors: Upload | None = None
    mask: UploadedMask | None = None
    output: OutputFile = OutputFile()


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


def make(photo: Upload, job: Job, predictors: Predictors, most_px: int, cancelled: Cancelled) -> Result:
    """Make a result of a photo.

    Args:
        photo: What was sent.
        job: What to do with it.
        predictors: Makes it.
        most_px: Pixels that each picture may have, and all paintings together.
        cancelled: Asked between steps; True ends the work.

    Raises:
        ImageError: A picture is damaged, too large or of an unknown kind.
        UsageError: An option is out of its range, or memory is short.
        CancelledError: `cancelled` said so.
        PpganError: As of `Predictors.get`.
    """
    name = Path(result_name(Path(photo.name), job.label))
    output = job.output
    name = name.with_suffix(output.suffix) if output.suffix else name
    suffix = name.suffix.lower()
    if output.depth == 16 and suffix not in HOLDS_16_BITS:
        raise UsageError("depth", f"{suffix[1:]} holds 8 bits per channel, not 16", "format png or tif, or depth 8")
    image, metadata = _read(photo, most_px, keeps_16_bits=output.depth != 8 and suffix in HOLDS_16_BITS)
    image = image if output.depth is None else to_depth(image, output.depth)
    mask = None if job.mask is None else _mask(job.mask, job.options["strength"], most_px)
    own: dict[str, Any] = {} if mask is None else {"strength": mask.strength(*image.shape[:2])}
    if job.faces is not None:
        strokes = spare_faces(image, job.faces)
        own |= {} if strokes is None else {"strokes": strokes}
    if cancelled():
        raise CancelledError("photo")
    predictor = _predictor(job, predictors, most_px, is_deep=image.dtype.itemsize > 1)
    cost = known_cost(predictor, image, job.options)
    if cost is not None:
        require_memory(photo.name, cost.memory)
    result = predictor(image, cancelled=cancelled, **{**job.options, **own})
    stored = {"depth": output.depth, **job.options, **({} if mask is None else mask.settings)}
    stored |= {} if job.faces is None else {"faces": job.faces}
    stored |= {"direction": predictor.direction} if predictor.spec.task == "translate" else {}
    stored |= {"no_gps": True} if output.kept == "no_gps" else {}
    file = NamedFile(photo.name, metadata.sha256)
    settings = settings_of_result(predictor, job.named, stored, photo=file, mask=mask.file if mask else None)
    metadata = kept_metadata(fitting_metadata(metadata, result), output.kept)
    data = encode_image(name, result, metadata, settings=None if output.kept == "none" else settings)
    return Result(name.name, data, MEDIA_TYPES[suffix], result.shape[0] * result.shape[1])


def _predictor(job: Job, predictors: Predictors, most_px: int, *, is_deep: bool) -> Predictor:
    """Return the predictor of a job, bound to the pictures that came with the photo."""
    if len(job.shares) > 1:
        predictor = predictors.get_blend(job.shares, is_deep=is_deep)
    else:
        predictor = predictors.get(next(iter(job.shares)), direction=job.direction, is_deep=is_deep)
    if not (job.paintings or job.colors):
        return predictor
    stylizer = cast("Stylizer", predictor)
    read, room = list[tuple[np.ndarray, ImageMetadata]](), most_px
    for painting, _ in job.paintings:  # all of them are in memory at once
        read.append(_read(painting, room, keeps_16_bits=False))
        room -= read[-1][0].shape[0] * read[-1][0].shape[1]
    files = [NamedFile(painting.name, about.sha256) for (painting, _), (_, about) in zip(job.paintings, read)]
    if len(read) == 1:
        stylizer = stylizer.with_style(read[0][0], file=files[0])
    elif read:
        parts = [BlendPart(share, "painting", file) for file, (_, share) in zip(files, job.paintings)]
        stylizer = stylizer.with_blend([image for image, _ in read], parts)
    if job.colors is not None:
        image, about = _read(job.colors, most_px, keeps_16_bits=False)
        stylizer = stylizer.with_colors(image, file=NamedFile(job.colors.name, about.sha256))
    return stylizer


def _mask(upload: UploadedMask, inside: float, most_px: int) -> Mask:
    image, about = _read(upload.picture, most_px, keeps_16_bits=False)
    file = NamedFile(upload.picture.name, about.sha256)
    return Mask(mask_of(image, about.alpha), file, inside, upload.outside, upload.feather)


def _read(upload: Upload, most_px: int, *, keeps_16_bits: bool) -> tuple[np.ndarray, ImageMetadata]:
    """Decode a picture that is not too large."""
    check_size(*stored_size(upload.data, upload.name), upload.name, most_px=most_px)
    return read_stream(io.BytesIO(upload.data), upload.name, keeps_16_bits=keeps_16_bits)
