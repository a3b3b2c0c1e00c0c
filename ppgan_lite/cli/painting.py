"""The verbs that make pictures: stylize, styles, sheet, gui."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ppgan_lite.cli.batch import Batch, Task
from ppgan_lite.cli.terminal import (
    Progress,
    device_option,
    finite,
    json_option,
    overwrite_option,
    print_json,
    say,
    table,
)
from ppgan_lite.errors import UsageError

if TYPE_CHECKING:
    from ppgan_lite.inference.predictor import Predictor

_SHEET_TILE_PX = 640


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
    overwrite: bool,
    as_json: bool,
) -> None:
    """Paint photos, or all photos of a folder, in a style."""
    from ppgan_lite.images import read_image, write_image

    batch = Batch(photos, output, label=Path(style).stem, overwrite=overwrite)
    settings = {"style": style, "strength": strength, "keep_colors": keep_colors, "brush": brush}
    used_device = None
    if batch.tasks:
        predictor = load_for_use(style, device)
        used_device = predictor.device

        def paint(task: Task, progress: Progress) -> dict[str, Any]:
            started = time.perf_counter()
            image, metadata = read_image(task.source)
            painted = predictor(image, strength=strength, keep_colors=keep_colors, brush=brush, progress=progress)
            write_image(task.target, painted, metadata, overwrite=overwrite, recipe=settings)
            size = {"width": image.shape[1], "height": image.shape[0]}
            return {**size, "seconds": round(time.perf_counter() - started, 3)}

        batch.run(paint)
    batch.conclude({**settings, "device": used_device}, as_json=as_json)


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
@overwrite_option
def sheet(photo: str, output: str, device: str, overwrite: bool) -> None:
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
        painted = load_for_use(style.name, device, quiet=True)(image)
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


def load_for_use(source: str, device: str, *, quiet: bool = False) -> Predictor:
    from ppgan_lite.inference.predictor import load_predictor

    predictor = load_predictor(source, device=device)
    if "style" in predictor.spec.inputs:
        raise UsageError("--style", f"{source} paints in the style of any picture", "that picture's file")
    if not quiet:
        say(
            f"{predictor.name} on {predictor.device}" + (f" ({predictor.device_note})" if predictor.device_note else "")
        )
    return predictor
