"""The verbs that make pictures: stylize, translate, restore, styles, sheet, gui."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from ppgan_lite.cli.batch import Batch
from ppgan_lite.cli.terminal import (
    PROGRAM,
    Progress,
    device_option,
    engine_option,
    finite,
    json_option,
    overwrite_option,
    print_json,
    say,
    table,
)
from ppgan_lite.errors import UsageError

if TYPE_CHECKING:
    import numpy as np

    from ppgan_lite.images import ImageMetadata
    from ppgan_lite.inference.stylizer import Stylizer
    from ppgan_lite.inference.translator import Translator

    Photo = tuple[np.ndarray, ImageMetadata]

_SHEET_TILE_PX = 640

# What made the last picture. It is taken apart by whoever comes next, not at the end of the process: that would take as
# long as writing a picture, and `run` leaves the rest as it is, too.
_at_work: list[Stylizer | Translator] = []


@click.command()
@click.argument("photos", nargs=-1, required=True, metavar="PHOTO...")
@click.option("-o", "--output", metavar="FILE_OR_FOLDER", help="Default: beside the photo, named after the style.")
@click.option("--style", required=True, metavar="NAME|PICTURE|CHECKPOINT", help="See `paddlegan styles`.")
@click.option(
    "--strength", type=click.FloatRange(0, 1), default=1.0, show_default=True, callback=finite, help="Of the style."
)
@click.option("--keep-colors", is_flag=True, help="The photo's colours, the painting's brush.")
@click.option(
    "--brush",
    type=click.FloatRange(0, min_open=True),
    callback=finite,
    metavar="PX",
    help="Width of a stroke in pixels of the photo. Default: follows the picture.",
)
@device_option
@engine_option
@overwrite_option
@json_option
def stylize(
    photos: tuple[str, ...],
    output: str | None,
    style: str,
    strength: float,
    keep_colors: bool,
    brush: float | None,
    device: str,
    engine: str,
    overwrite: bool,
    as_json: bool,
) -> None:
    """Paint photos, or all photos of a folder, in a style."""
    batch = _planned(photos, output, label=Path(style).stem, overwrite=overwrite)
    options = {"strength": strength, "keep_colors": keep_colors, "brush": brush}
    recipe = {"style": style, **options}
    _make(batch, lambda: load_for_use(style, device, engine), recipe, options, overwrite=overwrite, as_json=as_json)


@click.command()
@click.argument("photos", nargs=-1, required=True, metavar="PHOTO...")
@click.option("-o", "--output", metavar="FILE_OR_FOLDER", help="Default: beside the photo, named after the checkpoint.")
@click.option(
    "--checkpoint", required=True, metavar="FILE", help="One that translates, such as CycleGAN's or pix2pix's."
)
@click.option("--direction", metavar="NAME", help="Such as a_to_b or b_to_a. Default: the checkpoint's first.")
@device_option
@engine_option
@overwrite_option
@json_option
def translate(
    photos: tuple[str, ...],
    output: str | None,
    checkpoint: str,
    direction: str | None,
    device: str,
    engine: str,
    overwrite: bool,
    as_json: bool,
) -> None:
    """Turn images of one kind into another, or all images of a folder."""
    label = Path(checkpoint).stem + (f"_{direction}" if direction else "")
    batch = _planned(photos, output, label=label, overwrite=overwrite)
    recipe: dict[str, Any] = {"checkpoint": checkpoint, "direction": direction}

    def load() -> Translator:
        predictor = _load_translator(checkpoint, "translate", device, engine, direction)
        recipe["direction"] = predictor.direction
        return predictor

    _make(batch, load, recipe, {}, overwrite=overwrite, as_json=as_json)


@click.command()
@click.argument("photos", nargs=-1, required=True, metavar="PHOTO...")
@click.option("-o", "--output", metavar="FILE_OR_FOLDER", help="Default: beside the photo, named photo_restored.")
@click.option(
    "--checkpoint", metavar="FILE", help="One that restores. Default: the one that ships, against noise and blur."
)
@device_option
@engine_option
@overwrite_option
@json_option
def restore(
    photos: tuple[str, ...],
    output: str | None,
    checkpoint: str | None,
    device: str,
    engine: str,
    overwrite: bool,
    as_json: bool,
) -> None:
    """Restore degraded photos, or all photos of a folder."""
    from ppgan_lite.restoration import restorer

    batch = _planned(photos, output, label="restored", overwrite=overwrite)

    def load() -> Translator:
        return _load_translator(checkpoint or str(restorer()), "restore", device, engine)

    _make(batch, load, {"checkpoint": checkpoint}, {}, overwrite=overwrite, as_json=as_json)


@click.command()
@json_option
def styles(as_json: bool) -> None:
    """List the styles that ship."""
    from ppgan_lite.styles import catalogue

    found = catalogue()
    if as_json:
        keys = ("name", "title", "artist", "year", "sha256", "training")
        print_json([{key: getattr(style, key) for key in keys} for style in found])
    else:
        rows = [(style.name, style.title["en"], style.artist["en"], style.year) for style in found]
        say(table([("NAME", "PAINTING", "ARTIST", "YEAR"), *rows]))


@click.command()
@click.argument("photo")
@click.option("-o", "--output", required=True, metavar="SHEET", help="The picture file to write.")
@device_option
@engine_option
@overwrite_option
def sheet(photo: str, output: str, device: str, engine: str, overwrite: bool) -> None:
    """Paint a photo in every style, on one contact sheet."""
    from tqdm import tqdm

    from ppgan_lite.contact_sheet import Tile, draw_sheet
    from ppgan_lite.images import ImageMetadata, check_writable, long_side_at_most, read_image, write_image
    from ppgan_lite.styles import catalogue

    check_writable(output, overwrite=overwrite)
    image, metadata = read_image(photo)
    image = long_side_at_most(image, _SHEET_TILE_PX)
    tiles = [Tile(image, "Photo", "the original")]
    for style in tqdm(catalogue(), unit="style"):
        painted = load_for_use(style.name, device, engine, quiet=True)(image)
        tiles.append(Tile(painted, style.title["en"], f"{style.artist['en']}, {style.year}"))
    write_image(output, draw_sheet(tiles), ImageMetadata(icc_profile=metadata.icc_profile), overwrite=overwrite)
    say(output)


@click.command()
@click.argument("files", nargs=-1, metavar="[CHECKPOINT] [PHOTO]")
@click.pass_context
def gui(ctx: click.Context, files: tuple[str, ...]) -> None:
    """Open the window."""
    from ppgan_lite.gui.app import main as open_window

    ctx.exit(open_window(list(files)))


def load_for_use(source: str, device: str, engine: str, *, quiet: bool = False) -> Stylizer:
    """Load what paints photos in a style without being given a painting with each, and say so."""
    from ppgan_lite.inference.predictor import load_predictor

    predictor = load_predictor(source, device=device, engine=engine)
    _check_task(source, predictor, "stylize")
    if "style" in predictor.spec.inputs:
        raise UsageError("--style", f"{source} paints in the style of any picture", "that picture's file")
    if not quiet:
        _introduce(predictor)
    return cast("Stylizer", predictor)


def _load_translator(checkpoint: str, task: str, device: str, engine: str, direction: str | None = None) -> Translator:
    from ppgan_lite.inference.predictor import load_predictor

    if not Path(checkpoint).exists():
        raise UsageError("--checkpoint", f"there is no file {checkpoint}", "a .ppgan file")
    predictor = load_predictor(checkpoint, device=device, engine=engine, predictor=direction)
    _check_task(checkpoint, predictor, task)
    _introduce(predictor)
    return cast("Translator", predictor)


def _check_task(source: str, predictor: Stylizer | Translator, task: str) -> None:
    if predictor.spec.task != task:
        option = "--style" if predictor.spec.task == "stylize" else "--checkpoint"
        remedy = f"Use: {PROGRAM} {predictor.spec.task} PHOTO {option} {source}"
        raise UsageError(source, f"its task is {predictor.spec.task}", f"a checkpoint whose task is {task}", remedy)


def _introduce(predictor: Stylizer | Translator) -> None:
    note = f" ({predictor.device_note})" if predictor.device_note else ""
    say(f"{predictor.name} on {predictor.device}, {predictor.engine}{note}")


@contextlib.contextmanager
def _loading() -> Iterator[None]:
    """Look for no garbage among what is loaded, which is there to stay: a fortieth of a start."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _planned(photos: Sequence[str], output: str | None, *, label: str, overwrite: bool) -> Batch:
    with _loading():  # NumPy and Pillow
        return Batch(photos, output, label=label, overwrite=overwrite)


def _make(
    batch: Batch,
    load: Callable[[], Stylizer | Translator],
    recipe: dict[str, Any],
    options: Mapping[str, Any],
    *,
    overwrite: bool,
    as_json: bool,
) -> None:
    """Give each photo of a batch to a predictor, write what comes out, and tell what was made.

    Args:
        batch: Photos and where their results go.
        load: Makes the predictor; called if there is a photo for it, while that is read.
        recipe: What is written into each result, and told as JSON.
        options: For each call of the predictor.
        overwrite: Whether results may replace files.
        as_json: Whether to tell it on stdout.
    """
    from ppgan_lite.images import fitting_metadata, read_image, write_image
    from ppgan_lite.inference.cost import cost_ahead

    used: dict[str, str | None] = {"device": None, "engine": None}

    def prepare() -> Callable[[Photo, Progress], Photo]:
        with _loading():
            predictor = load()
        _at_work[:] = [predictor]
        used.update(device=predictor.device, engine=predictor.engine)

        def make(photo: Photo, progress: Progress) -> Photo:
            image, metadata = photo
            cost = cost_ahead(predictor, image, options)
            if cost is not None:
                say(f"{image.shape[1]} x {image.shape[0]} pixels: {cost}")
            result = predictor(image, progress=progress, **options)
            return result, fitting_metadata(metadata, result)

        return make

    def write(target: Path, result: Photo) -> dict[str, Any]:
        image, metadata = result
        write_image(target, image, metadata, overwrite=overwrite, settings=recipe)
        return {"width": image.shape[1], "height": image.shape[0]}

    batch.run(read_image, prepare, write)
    batch.conclude({**recipe, **used}, as_json=as_json)
