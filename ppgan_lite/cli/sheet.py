"""The verb that paints a photo in every style: sheet."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ppgan_lite.cli.brushwork import faces_option
from ppgan_lite.cli.terminal import (
    check_output,
    device_option,
    engine_option,
    overwrite_option,
    say,
)
from ppgan_lite.inference.batch import read_photo

_TILE_PX = 640


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
    image = long_side_at_most(image, _TILE_PX)
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
