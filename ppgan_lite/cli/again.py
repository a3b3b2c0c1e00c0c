"""The verb that makes a picture again, from the settings that a result holds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ppgan_lite.cli.painting import restore, stylize, translate
from ppgan_lite.cli.photos import MORE_INPUTS
from ppgan_lite.cli.terminal import (
    PROGRAM,
    device_option,
    engine_option,
    json_option,
    metadata_options,
    overwrite_option,
    say,
)
from ppgan_lite.cli.video import video
from ppgan_lite.errors import UsageError
from ppgan_lite.runtime.user_folders import masks_folder

if TYPE_CHECKING:
    from ppgan_lite.images import Kept, NamedFile, ResultSettings
    from ppgan_lite.inference.stored_settings import Found

# The options that make the picture. A file must not say more, such as where to write and what to replace.
_REPEATED = frozenset(
    (
        *("strength", "keep_colors", "brush", "faces", "strength_outside", "feather"),
        *("direction", "depth", "no_gps", "steady", "codec", "crf"),
    )
)
_VERBS = {"stylize": stylize, "translate": translate, "restore": restore}


@click.command()
@click.argument("result", metavar="RESULT")
@click.argument("photos", nargs=-1, metavar="[PHOTO]...")
@click.option(
    "-o",
    "--output",
    metavar="FILE_OR_FOLDER",
    help="Default: next to RESULT, named RESULT_again; of a PHOTO, next to it.",
)
@click.option("--painting", metavar="PICTURE", help="The picture whose style it is, if it is not found beside RESULT.")
@click.option("--color-from", "color_from", metavar="PICTURE", help="The picture whose colors it has, likewise.")
@click.option("--mask", metavar="PICTURE", help="The mask, likewise.")
@click.option("--checkpoint", metavar="FILE", help="The weights, if they are not found.")
@device_option
@engine_option
@metadata_options
@overwrite_option
@json_option
@click.pass_context
def again(
    ctx: click.Context,
    result: str,
    photos: tuple[str, ...],
    output: str | None,
    painting: str | None,
    color_from: str | None,
    mask: str | None,
    checkpoint: str | None,
    device: str,
    engine: str,
    kept: Kept,
    overwrite: bool,
    as_json: bool,
) -> None:
    """Make a picture again, or others like it: repeat the settings that RESULT holds on its photo or on other photos.

    The photo, paintings, the mask and checkpoints are found by their names and hashes in the folder of RESULT, in the
    one above it and in the current one. Files that have changed are reported.
    """
    from ppgan_lite.images import READABLE_SUFFIXES, read_settings
    from ppgan_lite.video.clip_settings import is_clip, read_clip_settings
    from ppgan_lite.video.codecs import VIDEOS

    of_clip = is_clip(Path(result))
    settings = read_clip_settings(Path(result)) if of_clip else read_settings(result)
    if settings is None:
        if of_clip:
            raise UsageError(result, "holds no settings", f"a clip that {PROGRAM} has made")
        raise UsageError(result, "holds no settings", f"a picture that {PROGRAM} has made, in a format other than BMP")
    if of_clip and kept != "all":
        option = "--strip-metadata" if kept == "none" else "--no-gps"
        raise UsageError(option, "is for pictures, and not for clips")
    place = Path(result).parent
    folders = list(dict.fromkeys([place, Path(), place / ".."]))
    command = video if of_clip else _VERBS[settings.verb]
    if settings.blend:
        arguments = [f"--style={style}" for style in _blend(result, settings, folders, painting or checkpoint)]
    else:
        arguments = list(_sources(result, settings, folders, painting, checkpoint))
    for option, file, given in (("color-from", settings.colors, color_from), ("mask", settings.mask, mask)):
        chosen = _picture(result, option, file, given, [*folders, masks_folder()] if option == "mask" else folders)
        arguments += [] if chosen is None else [f"--{option}={chosen}"]
    arguments += _options(result, settings, command)
    arguments += _machine(settings, ctx, device, engine)
    arguments += {"none": ["--strip-metadata"], "no_gps": ["--no-gps"], "all": []}[kept]
    arguments += ["--overwrite"] * overwrite + ["--json"] * as_json
    if not photos:
        photos = (str(_photo(result, settings, folders, VIDEOS if of_clip else READABLE_SUFFIXES)),)
        output = output or str(Path(result).with_name(f"{Path(result).stem}_again{Path(result).suffix}"))
    if output is not None:
        arguments.append(f"--output={output}")
    ctx.meta[MORE_INPUTS] = {"RESULT": result}
    try:
        context = command.make_context(command.name, [*arguments, "--", *photos], parent=ctx)
    except click.UsageError as error:
        found = f"holds settings that `{PROGRAM} {command.name}` refuses: {error.format_message()}"
        raise UsageError(result, found.rstrip(".")) from error
    with context:
        command.invoke(context)


def _sources(
    result: str, settings: ResultSettings, folders: Sequence[Path], painting: str | None, checkpoint: str | None
) -> Iterator[str]:
    """Yield the arguments that name weights and painting."""
    from ppgan_lite import restoration
    from ppgan_lite.inference.stored_settings import find_weights
    from ppgan_lite.styles import ANY

    weights = _given(checkpoint, settings.style or settings.checkpoint)
    weights = weights or find_weights(settings, [*folders, restoration.FILE.parent])
    if weights is None:
        named = settings.style or settings.checkpoint
        kind = "style" if settings.style else "checkpoint"
        found = "names no weights" if named is None else f"was made with the {kind} {named.name}, which is not here"
        raise UsageError(result, found, "--checkpoint with the file of its weights")
    _tell(result, weights, settings.style or settings.checkpoint)
    takes_any = settings.style is not None and settings.style.name == ANY
    picture = _picture(result, "painting", settings.painting, painting, folders)
    if settings.verb != "stylize":
        yield f"--checkpoint={weights.path}"
    elif takes_any and picture is not None and checkpoint is None:
        yield f"--style={picture}"
    else:
        is_named = settings.style is not None and checkpoint is None
        yield f"--style={settings.style.name if settings.style and is_named else weights.path}"
        if picture is not None:
            yield f"--painting={picture}"


def _blend(result: str, settings: ResultSettings, folders: Sequence[Path], given: str | None) -> Iterator[str]:
    """Yield the styles that a result mixes, with their shares, as `--style` takes them."""
    from ppgan_lite.checkpoint import SUFFIX
    from ppgan_lite.images import READABLE_SUFFIXES
    from ppgan_lite.inference.stored_settings import compare, find_file
    from ppgan_lite.styles.users import find_style_file

    if given is not None:
        raise UsageError(result, f"mixes styles, of which {given} would be one", "their files beside it")
    for part in settings.blend:
        if part.kind == "style":
            path = find_style_file(part.file.name)
            found = None if path is None else compare(path, part.file)
        else:
            found = find_file(part.file, folders, (SUFFIX,) if part.kind == "checkpoint" else READABLE_SUFFIXES)
        if found is None:
            made = f"was made with the {part.kind} {part.file.name}, which is not here"
            raise UsageError(result, made, "its file beside it")
        _tell(result, found, part.file)
        yield f"{part.file.name if part.kind == 'style' else found.path}:{part.share}"


def _picture(result: str, kind: str, file: NamedFile | None, given: str | None, folders: Sequence[Path]) -> Path | None:
    """Return a picture of the settings, as its option names it or as it is found; None if they have none."""
    from ppgan_lite.inference.stored_settings import find_file

    found = _given(given, file)
    if found is None and file is not None:
        found = find_file(file, folders)
        if found is None:
            role = "picture" if kind == "color-from" else kind
            text = f"was made with the {role} {file.name}, which is not beside it"
            raise UsageError(result, text, f"--{kind} with its file")
    if found is not None:
        _tell(result, found, file)
    return None if found is None else found.path


def _options(result: str, settings: ResultSettings, command: click.Command) -> Iterator[str]:
    """Yield the stored options as arguments of a command."""
    options = (option for option in command.params if isinstance(option, click.Option))
    known = {option.name: option for option in options if option.name in _REPEATED}
    for name, value in settings.options.items():
        option = known.get(name)
        if value is None or value is False:
            continue
        if option is None or isinstance(value, (dict, list)):
            say(f"{result}: its option {name!r} is not known here and left out")
        elif option.is_flag:
            yield option.opts[-1]
        else:
            yield f"{option.opts[-1]}={value}"


def _machine(settings: ResultSettings, ctx: click.Context, device: str, engine: str) -> Iterator[str]:
    """Yield the arguments of device and engine: those of the result, where they are here and no other was asked for."""
    from click.core import ParameterSource

    from ppgan_lite.inference.engines.selection import engine_of_caption

    is_given = {name: ctx.get_parameter_source(name) is not ParameterSource.DEFAULT for name in ("device", "engine")}
    if not is_given["device"] and settings.device == "cpu":
        device = "cpu"  # a GPU that it was made on is the first choice anyway where there is one
    if not is_given["engine"] and settings.engine is not None:
        found = engine_of_caption(settings.engine, "cpu" if device == "auto" else device)
        if found is None:
            say(f"it was made with {settings.engine}, which is not here; the picture may differ a little")
        engine = found or engine
    yield f"--device={device}"
    yield f"--engine={engine}"


def _photo(result: str, settings: ResultSettings, folders: Sequence[Path], suffixes: Iterable[str]) -> Path:
    """Find the photo or clip of a result, under a name with one of some suffixes."""
    from ppgan_lite.inference.stored_settings import find_file

    if settings.photo is None:
        raise UsageError(result, "does not name its photo", f"{PROGRAM} again RESULT PHOTO")
    photo = find_file(settings.photo, folders, suffixes)
    if photo is None:
        found = f"was made of {settings.photo.name}, which is not beside it"
        raise UsageError(result, found, f"{PROGRAM} again RESULT PHOTO")
    _tell(result, photo, settings.photo)
    return photo.path


def _given(path: str | None, file: NamedFile | None) -> Found | None:
    """Return a file that an option names."""
    from ppgan_lite.inference.stored_settings import compare

    return None if path is None else compare(Path(path), file)


def _tell(result: str, found: Found, file: NamedFile | None) -> None:
    if not found.is_same and file is not None:
        say(f"{result}: {file.name} is another file now than it was made with, so the picture will differ")
