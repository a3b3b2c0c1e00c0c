"""The verbs for weight files: inspect, convert, export."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import click

from ppgan_lite.cli.terminal import PROGRAM, check_output, json_option, outline, overwrite_option, print_json, say
from ppgan_lite.errors import CheckpointError, UsageError
from ppgan_lite.foreign.options import Channels, ConversionOptions, Norm, Padding, Statistics, Values
from ppgan_lite.inference.batch import read_photo
from ppgan_lite.languages.terminal import in_words


@click.command()
@click.argument("file")
@json_option
def inspect(file: str, as_json: bool) -> None:
    """Show the contents of a weight file and how to use it, or the settings that made a picture.

    Takes checkpoints of this program, names of styles and models, PaddleGAN's .pdparams, PyTorch's .pth and
    .safetensors. Nothing in the file is executed; "globals" are the functions and classes that other programs would
    look up on loading it.
    """
    from ppgan_lite.foreign.loading import describe_file
    from ppgan_lite.images import READABLE_SUFFIXES, begins_as_picture
    from ppgan_lite.styles.users import find_style_file
    from ppgan_lite.video.codecs import is_video

    if Path(file).suffix.lower() in READABLE_SUFFIXES or is_video(Path(file)) or begins_as_picture(file):
        _inspect_result(file, as_json)
        return
    description = describe_file(find_style_file(file) or file)
    problem = description.get("problem")
    if as_json:
        print_json(description)
    else:
        say("\n".join(outline({key: value for key, value in description.items() if key != "problem"})))
    if problem:
        raise CheckpointError(file, problem)


def _inspect_result(file: str, as_json: bool) -> None:
    """Show the settings that a picture or a clip holds."""
    from ppgan_lite.images import read_settings
    from ppgan_lite.video.clip_settings import read_clip_settings
    from ppgan_lite.video.codecs import is_video

    settings = read_clip_settings(Path(file)) if is_video(Path(file)) else read_settings(file)
    if as_json:
        print_json({"settings": None if settings is None else settings.to_json()})
    elif settings is None:
        say(f"{file}: holds no settings; {PROGRAM} stores them in the pictures that it makes, except BMP")
    else:
        say("\n".join(outline(settings.to_json())))


@click.command()
@click.argument("file")
@click.option("-o", "--output", required=True, metavar="OUT", help="Ends in .ppgan, .pdparams or .pth.")
@click.option("--net", metavar="NAME", help="Which generator goes into a .pth; see `paddlegan inspect`.")
@click.option(
    "--padding",
    type=click.Choice(get_args(Padding)),
    help="Padding of the convolutions; with reflect, those that downsample have zeros. "
    "Default: by the names in the file.",
)
@click.option(
    "--statistics",
    type=click.Choice(get_args(Statistics)),
    help="Statistics of batch norms. Default: of the picture, as in PaddleGAN and in test.py without --eval.",
)
@click.option(
    "--values", type=click.Choice(get_args(Values)), help="Input and output of the net. Default: as its program has it."
)
@click.option("--norm", type=click.Choice(get_args(Norm)), help="Kind of norm, where the file does not tell.")
@click.option(
    "--channels", type=click.Choice(get_args(Channels)), help="Order of the colors. Default: as its program has it."
)
@click.option(
    "--painting", metavar="PICTURE", help="The painting that a LapStyle file was trained on, stored in the checkpoint."
)
@overwrite_option
@json_option
def convert(
    file: str,
    output: str,
    net: str | None,
    padding: Padding | None,
    statistics: Statistics | None,
    values: Values | None,
    norm: Norm | None,
    channels: Channels | None,
    painting: str | None,
    overwrite: bool,
    as_json: bool,
) -> None:
    """Convert any weight file to a checkpoint of this program, or a checkpoint to another program's file.

    The contents of FILE count, not its suffix. PaddleGAN loads .pdparams; pytorch-CycleGAN-and-pix2pix and CUT load
    .pth.
    """
    from ppgan_lite.foreign.loading import open_checkpoint
    from ppgan_lite.foreign.saving import save_as
    from ppgan_lite.foreign.style_statistics import with_style_statistics
    from ppgan_lite.runtime.startup import require_paddle
    from ppgan_lite.styles.users import find_style_file

    if not overwrite and Path(output).exists():
        raise UsageError(output, "exists already", remedy="Choose another name, or allow it with --overwrite")
    check_output(output, {"file to convert": file, "painting": painting})
    require_paddle()
    options = ConversionOptions(padding, statistics, values, norm, channels)
    header, tensors = open_checkpoint(find_style_file(file) or file, options)
    if painting is not None:
        header, tensors = with_style_statistics(header, tensors, read_photo(Path(painting))[0])
    nets = save_as(output, header, tensors, net=net)
    if as_json:
        print_json({"file": file, "output": output, "nets": nets, "about": header.about})
    else:
        say(f"{output}: {', '.join(nets)}")
        for key in ("left_out", "notes"):
            if key in header.about:
                say(f"{key.replace('_', ' ')}: {header.about[key]}")


def _width_and_height(ctx: click.Context, parameter: click.Parameter, value: str | None) -> tuple[int, int] | None:
    if value is None:
        return None
    found = re.fullmatch(r"(\d{1,5})x(\d{1,5})", value)
    if not found:
        text = f"{value!r} is no size; give width and height in pixels, such as 1280x720."
        raise click.BadParameter(in_words(text))
    return int(found[1]), int(found[2])


@click.command()
@click.argument("checkpoint", metavar="CHECKPOINT|STYLE")
@click.option("-o", "--output", required=True, metavar="FOLDER", help="Folder to create.")
@click.option(
    "--format",
    "kind",
    type=click.Choice(["onnx", "paddle"]),
    default="onnx",
    show_default=True,
    help="One ONNX file, or a program for Paddle Inference.",
)
@click.option("--dynamic", is_flag=True, help="For pictures of any size. This is the default.")
@click.option("--size", callback=_width_and_height, metavar="WxH", help="For pictures of this size alone.")
@click.option("--half", is_flag=True, help="Store weights as float16: half the size, computed in float32.")
@click.option(
    "--direction", metavar="NAME", help="Direction, such as a_to_b or b_to_a. Default: the checkpoint's first."
)
@click.option("--levels", type=int, metavar="N", help="Painters: how often the photo is downsampled for the draft.")
@overwrite_option
@json_option
def export(
    checkpoint: str,
    output: str,
    kind: str,
    dynamic: bool,
    size: tuple[int, int] | None,
    half: bool,
    direction: str | None,
    levels: int | None,
    overwrite: bool,
    as_json: bool,
) -> None:
    """Export a net to files that other programs run, with a model card and a numerical check.

    Takes any weight file that `paddlegan inspect` reads, and the names of shipped styles. Export and net are run on
    the same pictures; if their results differ, nothing is written.
    """
    from ppgan_lite.export.exporting import export as export_net
    from ppgan_lite.export.folder import MODEL_CARD, README
    from ppgan_lite.export.plan import ExportOptions

    if dynamic and size:
        raise UsageError("--dynamic", "and --size exclude each other", remedy="Leave one of them out")
    card = export_net(checkpoint, output, ExportOptions(kind, size, half, direction, levels), overwrite=overwrite)
    if as_json:
        print_json(card.to_json())
        return
    say(f"{output}: {', '.join([*card.files, MODEL_CARD, README])}")
    check = card.numerical_check
    for trial in check.trials:
        sizes = ", ".join(f"{name} {width}x{height}" for name, (width, height) in trial.sizes.items())
        found = trial.difference
        say(f"{sizes}: differs from the net by at most {found.largest:.2g}, {found.mean:.2g} on average")
    allowed = check.tolerance
    say(f"allowed: {allowed.largest:.2g}, {allowed.mean:.2g} on average; {check.runtime}")
