"""The verbs that make other pictures of photos: stylize, translate, restore."""

from __future__ import annotations

import functools
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from ppgan_lite.cli.batch_options import BatchOptions, batch_options
from ppgan_lite.cli.brushwork import brushwork_options
from ppgan_lite.cli.masks import mask_given, mask_options
from ppgan_lite.cli.photos import Picture, Request, plan_batch, read_picture, run_batch
from ppgan_lite.cli.predictors import load_translator
from ppgan_lite.cli.styling import StyleChoice, color_option, style_option
from ppgan_lite.cli.terminal import (
    depth_option,
    device_option,
    engine_option,
    json_option,
    metadata_options,
    overwrite_option,
)
from ppgan_lite.inference.batch_planning import Item
from ppgan_lite.inference.engines.subgraph import AT_ONCE
from ppgan_lite.inference.faces import ahead
from ppgan_lite.runs import name_of
from ppgan_lite.runtime.threads import threads

if TYPE_CHECKING:
    from ppgan_lite.images import Kept
    from ppgan_lite.inference.predictor import Predictor


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
    style = StyleChoice.of(styles, painting, color_from, keep_colors=keep_colors)
    inputs = {**style.inputs, "--mask": mask}
    batch = plan_batch(photos, output, label=style.label, overwrite=overwrite, inputs=inputs, depth=depth, many=many)
    if faces != 1 and batch.items and many.works_alone:
        ahead.begin(batch.items[0].source)
    options = {"strength": strength, "keep_colors": keep_colors, "brush": brush}
    place = mask_given(mask, strength, strength_outside, feather)

    def read(item: Item) -> Picture:
        photo = read_picture(item, depth)
        if place is not None:
            photo = replace(photo, options={"strength": place.strength(*photo.image.shape[:2])})
        if faces == 1:
            return photo
        known = ahead.known_faces(item.source)
        from ppgan_lite.inference.faces.sparing import spare_faces

        strokes = spare_faces(photo.image, faces, faces=known)
        if strokes is None:
            return photo
        return replace(photo, options={**photo.options, "strokes": strokes}, report={"faces": faces})

    run_batch(
        batch,
        lambda engine: style.load(device, engine),
        Request(
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
        at_once=min(threads(), AT_ONCE),
    )


@click.command()
@click.argument("photos", nargs=-1, required=True, metavar="PHOTO...")
@click.option(
    "-o", "--output", metavar="FILE_OR_FOLDER", help="Default: next to the photo, with the checkpoint's name."
)
@click.option(
    "--checkpoint", required=True, metavar="FILE", help="A translation checkpoint, such as of CycleGAN or pix2pix."
)
@click.option(
    "--direction", metavar="NAME", help="Direction, such as a_to_b or b_to_a. Default: the checkpoint's first."
)
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
    batch = plan_batch(photos, output, label=label, overwrite=overwrite, inputs=inputs, depth=depth, many=many)
    report = {"checkpoint": checkpoint, "direction": direction}
    request = Request(checkpoint, {"direction": direction, "depth": depth}, report, engine)

    def load(engine: str) -> Predictor:
        predictor = load_translator(checkpoint, "translate", device, engine, direction)
        for values in (request.options, request.report):
            values["direction"] = predictor.direction
        return predictor

    read = functools.partial(read_picture, depth=depth)
    run_batch(batch, load, request, {}, read=read, kept=kept, as_json=as_json)


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
    batch = plan_batch(photos, output, label="restored", overwrite=overwrite, inputs=inputs, depth=depth, many=many)

    def load(engine: str) -> Predictor:
        return load_translator(checkpoint or str(restorer()), "restore", device, engine)

    request = Request(checkpoint or "", {"depth": depth}, {"checkpoint": checkpoint}, engine)
    read = functools.partial(read_picture, depth=depth)
    run_batch(batch, load, request, {}, read=read, kept=kept, as_json=as_json)
