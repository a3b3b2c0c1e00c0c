"""The common part of the verbs for photos: plan a batch, read its photos, process, and write them with settings."""

from __future__ import annotations

import contextlib
import gc
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ppgan_lite.cli.batch import Batch
from ppgan_lite.cli.batch_options import BatchOptions
from ppgan_lite.cli.terminal import PROGRAM, ProgressCallback, say, say_above_bar
from ppgan_lite.errors import UsageError
from ppgan_lite.inference.batch import read_photo
from ppgan_lite.inference.batch_planning import STANDARD_INPUT, Item
from ppgan_lite.inference.engines.subgraph import ALONE_PX

if TYPE_CHECKING:
    import numpy as np

    from ppgan_lite.images import ImageMetadata, Kept, ResultSettings
    from ppgan_lite.inference.masking import Mask
    from ppgan_lite.inference.predictor import Predictor

_ANIMATED = ("GIF", "WEBP")  # formats of which frames after the first are told
# Verb -> options of `video` that do to clips what it does to photos.
_CLIP_OPTIONS = {"stylize": "--style NAME", "translate": "--checkpoint FILE", "restore": "--restore"}
MORE_INPUTS = "ppgan_lite.inputs"  # key of a context's `meta`: what else a verb reads that calls one of these

# The predictors used last. They are freed when the next ones are loaded, not at the end of the process: that would take
# as long as writing a picture, and `run` frees nothing else either.
_last_predictors: list[Predictor] = []


@dataclass(frozen=True)
class Picture:
    """A photo or a result.

    Attributes:
        name: Of the photo's file.
        image: uint8 H x W x 3.
        metadata: Of its file.
        options: Keyword arguments of the predictor's call that are this photo's own.
        report: Told about it in JSON.
        settings: Of a result: how it was made.
    """

    name: str
    image: np.ndarray
    metadata: ImageMetadata
    options: Mapping[str, Any] = field(default_factory=dict)
    report: Mapping[str, Any] = field(default_factory=dict)
    settings: ResultSettings | None = None


@dataclass(frozen=True)
class Request:
    """A request for all photos of a batch.

    Attributes:
        source: Argument of `load_predictor`; "" for a mixture.
        options: Stored in each result, see `ResultSettings`.
        report: Part of the JSON report.
        engine: As asked for.
        mask: Of the strength.
    """

    source: str
    options: dict[str, Any]
    report: dict[str, Any]
    engine: str
    mask: Mask | None = None


def read_picture(item: Item, depth: int | None) -> Picture:
    """Read a photo with as many bits per channel as its result is to have; None for as many as both can hold."""
    from ppgan_lite.images import to_depth

    keeps = depth == 16 or (depth is None and item.can_be_deep)
    image, metadata = read_photo(item.source, keeps_16_bits=keeps)
    if metadata.format in _ANIMATED:
        from ppgan_lite.video.pictures import is_animated

        if is_animated(item.source):
            say(f"{item.source}: its first frame, and no other; {PROGRAM} video paints all of them")
    name = "standard input" if item.source == STANDARD_INPUT else item.source.name
    return Picture(name, image if depth is None else to_depth(image, depth), metadata)


def plan_batch(
    photos: Sequence[str],
    output: str | None,
    *,
    label: str,
    overwrite: bool,
    inputs: Mapping[str, str | None],
    depth: int | None,
    many: BatchOptions,
) -> Batch:
    from ppgan_lite.runtime.startup import import_numpy
    from ppgan_lite.video.codecs import is_video

    import_numpy()
    context = click.get_current_context()
    for photo in filter(is_video, map(Path, photos)):
        remedy = f"Use: {PROGRAM} video {photo} {_CLIP_OPTIONS[context.command.name or '']}"
        raise UsageError(photo, "is a clip", "photos", remedy)
    inputs = {**inputs, **context.meta.get(MORE_INPUTS, {})}
    return Batch(photos, output, label=label, overwrite=overwrite, inputs=inputs, depth=depth, many=many)


def run_batch(
    batch: Batch,
    load: Callable[[str], Predictor],
    request: Request,
    options: Mapping[str, Any],
    *,
    read: Callable[[Item], Picture],
    kept: Kept,
    as_json: bool,
    at_once: int = 1,
) -> None:
    """Apply a predictor to each photo of a batch, write the results, and report them.

    Args:
        batch: Photos and the targets of their results.
        load: Makes the predictor with an engine; called while the first photo is read, and not without one. For photos
            of 16 bits another is made, which computes in float32.
        request: As above.
        options: Keyword arguments of each call of the predictor.
        read: Reads a photo, on another thread.
        kept: What results keep of their photos' metadata; the settings are stored unless it is "none".
        as_json: Whether to report as JSON on stdout.
        at_once: How many photos are processed at a time, if they are not large.
    """
    from ppgan_lite.images import NamedFile, fitting_metadata, kept_metadata, may_have_16_bits
    from ppgan_lite.inference.estimate import estimate_cost
    from ppgan_lite.inference.stored_settings import settings_of_result

    batch.about |= {**request.report, "device": None, "engine": None}
    predictors: dict[bool, Predictor] = {}
    loading, one_large = threading.Lock(), threading.Lock()

    def predictor_for(is_deep: bool) -> Predictor:
        if is_deep not in predictors:
            engine = request.engine
            if is_deep:
                from ppgan_lite.inference.engines.selection import in_float32

                engine = in_float32(engine)
            predictors[is_deep] = load(engine)
            _last_predictors[:] = predictors.values()
        predictor = predictors[is_deep]
        batch.about |= {**request.report, "device": predictor.device, "engine": predictor.engine}
        return predictor

    def prepare(first: Item) -> Callable[[Picture, ProgressCallback], Picture]:
        depth = request.options["depth"]
        predictor_for(depth == 16 or (depth is None and first.can_be_deep and may_have_16_bits(first.source)))
        gc.freeze()  # what is there by now stays: looking through all of it once takes longer than writing a picture
        gc.enable()  # see `__main__`

        def process(photo: Picture, progress: ProgressCallback) -> Picture:
            image = photo.image
            with loading:  # photos are processed at once
                predictor = predictor_for(image.dtype.itemsize > 1)
            cost = estimate_cost(predictor, image, options)
            if cost is not None:
                tell = say_above_bar if len(batch.items) > 1 else say
                tell(f"{image.shape[1]} x {image.shape[0]} pixels: {cost}")
            with contextlib.nullcontext() if image.shape[0] * image.shape[1] < ALONE_PX else one_large:
                result = predictor(image, progress=progress, **{**options, **photo.options})
            file = NamedFile(photo.name, photo.metadata.sha256)
            no_gps = {"no_gps": True} if kept == "no_gps" else {}
            settings = settings_of_result(
                predictor,
                request.source,
                {**request.options, **no_gps},
                photo=file,
                mask=request.mask.file if request.mask else None,
            )
            metadata = kept_metadata(fitting_metadata(photo.metadata, result), kept)
            stored = None if kept == "none" else settings
            return Picture(photo.name, result, metadata, report=photo.report, settings=stored)

        return process

    def write(item: Item, result: Picture) -> dict[str, Any]:
        batch.write(item, result.image, result.metadata, result.settings)
        return {"width": result.image.shape[1], "height": result.image.shape[0], **result.report}

    batch.run(read, prepare, write, as_json=as_json, at_once=at_once)
