"""The verbs for pictures: stylize, translate, restore, sheet, gui."""

from __future__ import annotations

import functools
import gc
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ppgan_lite.cli.batch import Batch
from ppgan_lite.cli.batch_options import BatchOptions, batch_options
from ppgan_lite.cli.masks import mask_given, mask_options
from ppgan_lite.cli.predictors import load_translator
from ppgan_lite.cli.styling import StyleChoice, color_option, style_option
from ppgan_lite.cli.terminal import (
    PROGRAM,
    ProgressCallback,
    check_finite,
    check_output,
    depth_option,
    device_option,
    engine_option,
    json_option,
    metadata_options,
    overwrite_option,
    say,
)
from ppgan_lite.errors import UsageError
from ppgan_lite.inference.batch import read_photo
from ppgan_lite.inference.batch_planning import STANDARD_INPUT, Item
from ppgan_lite.inference.faces import ahead
from ppgan_lite.runs import name_of

if TYPE_CHECKING:
    import numpy as np

    from ppgan_lite.images import ImageMetadata, Kept, ResultSettings
    from ppgan_lite.inference.faces.detection import Face
    from ppgan_lite.inference.masking import Mask
    from ppgan_lite.inference.predictor import Predictor

_SHEET_TILE_PX = 640
_ANIMATED = ("GIF", "WEBP")  # formats of which frames after the first are told
# Verb -> options of `video` that do to clips what it does to photos.
_CLIP_OPTIONS = {"stylize": "--style NAME", "translate": "--checkpoint FILE", "restore": "--restore"}
MORE_INPUTS = "ppgan_lite.inputs"  # key of a context's `meta`: what else a verb reads that calls one of these

# The predictors used last. They are freed when the next ones are loaded, not at the end of the process: that would take
# as long as writing a picture, and `run` frees nothing else either.
_last_predictors: list[Predictor] = []


@dataclass(frozen=True)
class _Picture:
    """A photo or a result.

    Attributes:
        name: Of the photo's file.
        image: uint8 H x W x 3.
        metadata: Of its file.
        options: Keyword arguments of the predictor's call that are this photo's own.
        report: Told about it in JSON.
        settings: Of a result: how it was made.
        at_its_turn: Completes the photo when it is next, on the thread that paints: what takes all cores, as painting
            does, is slower beside it than between two photos.
    """

    name: str
    image: np.ndarray
    metadata: ImageMetadata
    options: Mapping[str, Any] = field(default_factory=dict)
    report: Mapping[str, Any] = field(default_factory=dict)
    settings: ResultSettings | None = None
    at_its_turn: Callable[[_Picture], _Picture] | None = None


@dataclass(frozen=True)
class _Request:
    """What is to be done to all photos of a batch.

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


faces_option = click.option(
    "--faces",
    type=click.FloatRange(0, 1),
    default=0.6,
    show_default=True,
    callback=check_finite,
    help="Share of the strokes on faces, where there are any; 1 does not look for them.",
)


def brushwork_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options of how a style is painted: the command's `strength`, `keep_colors`, `brush` and `faces`."""
    for option in reversed(_BRUSHWORK):
        command = option(command)
    return command


_BRUSHWORK = (
    click.option(
        "--strength",
        type=click.FloatRange(0, 1),
        default=1.0,
        show_default=True,
        callback=check_finite,
        help="Of the style.",
    ),
    click.option("--keep-colors", is_flag=True, help="The photo's colors, the painting's brush."),
    click.option(
        "--brush",
        type=click.FloatRange(0, min_open=True),
        callback=check_finite,
        metavar="PX",
        help="Width of a stroke in pixels of the photo. Default: follows the picture.",
    ),
    faces_option,
)


@click.command()
@click.argument("photos", nargs=-1, required=True, metavar="PHOTO...")
@click.option("-o", "--output", metavar="FILE_OR_FOLDER", help="Default: next to the photo, named after the style.")
@style_option(required=True)
@click.option("--painting", metavar="PICTURE", help="For a checkpoint that paints in the style of any picture.")
@color_option
@brushwork_options
@mask_options
@device_option
@engine_option
@depth_option
@metadata_options
@batch_options
@overwrite_option
@json_option
def stylize(
    photos: tuple[str, ...],
    output: str | None,
    styles: tuple[str, ...],
    painting: str | None,
    color_from: str | None,
    strength: float,
    keep_colors: bool,
    brush: float | None,
    faces: float,
    mask: str | None,
    strength_outside: float | None,
    feather: float | None,
    device: str,
    engine: str,
    depth: int | None,
    kept: Kept,
    many: BatchOptions,
    overwrite: bool,
    as_json: bool,
) -> None:
    """Paint photos, or all photos of a folder, in a style. - is standard input and output."""
    if faces < 1:
        ahead.begin(Path(photos[0]))
    style = StyleChoice.of(styles, painting, color_from, keep_colors=keep_colors)
    inputs = {**style.inputs, "--mask": mask}
    batch = _plan_batch(photos, output, label=style.label, overwrite=overwrite, inputs=inputs, depth=depth, many=many)
    options = {"strength": strength, "keep_colors": keep_colors, "brush": brush}
    place = mask_given(mask, strength, strength_outside, feather)

    def read(item: Item) -> _Picture:
        photo = _read(item, depth)
        if place is not None:
            photo = replace(photo, options={"strength": place.strength(*photo.image.shape[:2])})
        if faces == 1:
            return photo
        known = ahead.known_faces(item.source)
        if known is None:
            return replace(photo, at_its_turn=lambda photo: sparing_faces(photo, None))
        return sparing_faces(photo, known)

    def sparing_faces(photo: _Picture, known: tuple[Face, ...] | None) -> _Picture:
        from ppgan_lite.inference.faces.sparing import spare_faces

        strokes = spare_faces(photo.image, faces, faces=known)
        if strokes is None:
            return photo
        return replace(photo, options={**photo.options, "strokes": strokes}, report={"faces": faces})

    _run_batch(
        batch,
        lambda engine: style.load(device, engine),
        _Request(
            style.source,
            {**options, "faces": faces, "depth": depth, **(place.settings if place else {})},
            {"style": style.report, **options},
            engine,
            place,
        ),
        options,
        read=read,
        kept=kept,
        as_json=as_json,
    )


@click.command()
@click.argument("photos", nargs=-1, required=True, metavar="PHOTO...")
@click.option(
    "-o", "--output", metavar="FILE_OR_FOLDER", help="Default: next to the photo, with the checkpoint's name."
)
@click.option(
    "--checkpoint", required=True, metavar="FILE", help="A translation checkpoint, such as of CycleGAN or pix2pix."
)
@click.option("--direction", metavar="NAME", help="Such as a_to_b or b_to_a. Default: the checkpoint's first.")
@device_option
@engine_option
@depth_option
@metadata_options
@batch_options
@overwrite_option
@json_option
def translate(
    photos: tuple[str, ...],
    output: str | None,
    checkpoint: str,
    direction: str | None,
    device: str,
    engine: str,
    depth: int | None,
    kept: Kept,
    many: BatchOptions,
    overwrite: bool,
    as_json: bool,
) -> None:
    """Translate images, or all images of a folder, from one kind to another. - is standard input and output."""
    label = name_of(checkpoint) + (f"_{direction}" if direction else "")
    inputs = {"--checkpoint": checkpoint}
    batch = _plan_batch(photos, output, label=label, overwrite=overwrite, inputs=inputs, depth=depth, many=many)
    report = {"checkpoint": checkpoint, "direction": direction}
    request = _Request(checkpoint, {"direction": direction, "depth": depth}, report, engine)

    def load(engine: str) -> Predictor:
        predictor = load_translator(checkpoint, "translate", device, engine, direction)
        for values in (request.options, request.report):
            values["direction"] = predictor.direction
        return predictor

    read = functools.partial(_read, depth=depth)
    _run_batch(batch, load, request, {}, read=read, kept=kept, as_json=as_json)


@click.command()
@click.argument("photos", nargs=-1, required=True, metavar="PHOTO...")
@click.option("-o", "--output", metavar="FILE_OR_FOLDER", help="Default: next to the photo, named photo_restored.")
@click.option(
    "--checkpoint", metavar="FILE", help="A restoration checkpoint. Default: the shipped one, for noise and blur."
)
@device_option
@engine_option
@depth_option
@metadata_options
@batch_options
@overwrite_option
@json_option
def restore(
    photos: tuple[str, ...],
    output: str | None,
    checkpoint: str | None,
    device: str,
    engine: str,
    depth: int | None,
    kept: Kept,
    many: BatchOptions,
    overwrite: bool,
    as_json: bool,
) -> None:
    """Restore degraded photos, or all photos of a folder. - is standard input and output."""
    from ppgan_lite.restoration import restorer

    inputs = {"--checkpoint": checkpoint}
    batch = _plan_batch(photos, output, label="restored", overwrite=overwrite, inputs=inputs, depth=depth, many=many)

    def load(engine: str) -> Predictor:
        return load_translator(checkpoint or str(restorer()), "restore", device, engine)

    request = _Request(checkpoint or "", {"depth": depth}, {"checkpoint": checkpoint}, engine)
    read = functools.partial(_read, depth=depth)
    _run_batch(batch, load, request, {}, read=read, kept=kept, as_json=as_json)


@click.command()
@click.argument("photo")
@click.option("-o", "--output", required=True, metavar="SHEET", help="The picture file to write.")
@faces_option
@device_option
@engine_option
@overwrite_option
def sheet(photo: str, output: str, faces: float, device: str, engine: str, overwrite: bool) -> None:
    """Paint a photo in every style, on one contact sheet."""
    from tqdm import tqdm

    from ppgan_lite.contact_sheet import Tile, draw_sheet
    from ppgan_lite.images import ImageMetadata, check_writable, long_side_at_most, write_image
    from ppgan_lite.inference.faces.sparing import spare_faces
    from ppgan_lite.inference.loading import load_predictor
    from ppgan_lite.styles import catalogue
    from ppgan_lite.styles.users import user_styles

    check_writable(output, overwrite=overwrite)
    check_output(output, {"photo": photo})
    image, metadata = read_photo(Path(photo))
    image = long_side_at_most(image, _SHEET_TILE_PX)
    strokes = spare_faces(image, faces)
    options: dict[str, Any] = {} if strokes is None else {"strokes": strokes}
    tiles = [Tile(image, "Photo", "the original")]
    shown = [(style.name, style.title["en"], f"{style.artist['en']}, {style.year}") for style in catalogue()]
    shown += [(style.name, style.title, "yours") for style in user_styles()[0]]
    for name, title, subtitle in tqdm(shown, unit="style"):
        painted = load_predictor(name, device=device, engine=engine)(image, **options)
        tiles.append(Tile(painted, title, subtitle))
    write_image(output, draw_sheet(tiles), ImageMetadata(icc_profile=metadata.icc_profile), overwrite=overwrite)
    say(output)


@click.command()
@click.argument("files", nargs=-1, metavar="[CHECKPOINT] [PHOTO]")
@click.pass_context
def gui(ctx: click.Context, files: tuple[str, ...]) -> None:
    """Open the window."""
    from ppgan_lite.gui.app import main as open_window

    ctx.exit(open_window(list(files)))


def _read(item: Item, depth: int | None) -> _Picture:
    """Read a photo with as many bits per channel as its result is to have; None for as many as both can hold."""
    from ppgan_lite.images import to_depth

    keeps = depth == 16 or (depth is None and item.can_be_deep)
    image, metadata = read_photo(item.source, keeps_16_bits=keeps)
    if metadata.format in _ANIMATED:
        from ppgan_lite.video.pictures import is_animated

        if is_animated(item.source):
            say(f"{item.source}: its first frame, and no other; {PROGRAM} video paints all of them")
    name = "standard input" if item.source == STANDARD_INPUT else item.source.name
    return _Picture(name, image if depth is None else to_depth(image, depth), metadata)


def _plan_batch(
    photos: Sequence[str],
    output: str | None,
    *,
    label: str,
    overwrite: bool,
    inputs: Mapping[str, str | None],
    depth: int | None,
    many: BatchOptions,
) -> Batch:
    from ppgan_lite.video.planning import is_video

    context = click.get_current_context()
    for photo in filter(is_video, map(Path, photos)):
        remedy = f"Use: {PROGRAM} video {photo} {_CLIP_OPTIONS[context.command.name or '']}"
        raise UsageError(photo, "is a clip", "photos", remedy)
    inputs = {**inputs, **context.meta.get(MORE_INPUTS, {})}
    return Batch(photos, output, label=label, overwrite=overwrite, inputs=inputs, depth=depth, many=many)


def _run_batch(
    batch: Batch,
    load: Callable[[str], Predictor],
    request: _Request,
    options: Mapping[str, Any],
    *,
    read: Callable[[Item], _Picture],
    kept: Kept,
    as_json: bool,
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
    """
    from ppgan_lite.images import NamedFile, fitting_metadata, kept_metadata, may_have_16_bits
    from ppgan_lite.inference.estimate import estimate_cost
    from ppgan_lite.inference.stored_settings import settings_of_result

    batch.about |= {**request.report, "device": None, "engine": None}
    predictors: dict[bool, Predictor] = {}

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

    def prepare(first: Item) -> Callable[[_Picture, ProgressCallback], _Picture]:
        depth = request.options["depth"]
        predictor_for(depth == 16 or (depth is None and first.can_be_deep and may_have_16_bits(first.source)))
        gc.enable()  # see `__main__`

        def process(photo: _Picture, progress: ProgressCallback) -> _Picture:
            photo = photo if photo.at_its_turn is None else photo.at_its_turn(photo)
            image = photo.image
            predictor = predictor_for(image.dtype.itemsize > 1)
            cost = estimate_cost(predictor, image, options)
            if cost is not None:
                say(f"{image.shape[1]} x {image.shape[0]} pixels: {cost}")
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
            return _Picture(photo.name, result, metadata, report=photo.report, settings=stored)

        return process

    def write(item: Item, result: _Picture) -> dict[str, Any]:
        batch.write(item, result.image, result.metadata, result.settings)
        return {"width": result.image.shape[1], "height": result.image.shape[0], **result.report}

    batch.run(read, prepare, write, as_json=as_json)
