"""The command line: parses, calls, prints. Nothing that takes long is imported before a verb runs.

JSON goes to stdout, everything else to stderr. Exit codes: 0 done, 1 failed, 2 bad usage or config, 130 interrupted.
"""

from __future__ import annotations

import json
import math
import os
import sys
import time
import traceback
import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ppgan_lite import __version__
from ppgan_lite.errors import ImageError, PpganError, UsageError

if TYPE_CHECKING:
    from ppgan_lite.inference.predictor import Predictor

PROGRAM = "paddlegan"
_SHEET_TILE_PX = 640

Progress = Callable[[float], None]


class _Commands(click.Group):
    """The verbs, with errors told in one line."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except Exception as error:  # noqa: BLE001 - the last place where an error can become a line
            if ctx.params["debug"]:
                traceback.print_exc()
            _say_error(error)
            ctx.exit(error.exit_code if isinstance(error, PpganError) else 1)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line, `sys.argv` if no arguments are given, and return the exit code."""
    # Paddle looks for a compiler's cache that nobody misses; Pillow warns about metadata that it can do without.
    warnings.filterwarnings("ignore", message="No ccache found")
    warnings.filterwarnings("ignore", module="PIL")
    try:
        return commands.main(arguments, prog_name=PROGRAM, standalone_mode=False) or 0
    except click.ClickException as error:
        context = getattr(error, "ctx", None)
        hint = f" (see `{context.command_path} --help`)" if context else ""
        _say(f"{PROGRAM}: error: {error.format_message()}{hint}")
        return error.exit_code
    except click.Abort:
        _say(f"{PROGRAM}: interrupted")
        return 130


@click.group(cls=_Commands, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--debug", is_flag=True, envvar="PADDLEGAN_DEBUG", help="Show where an error comes from.")
@click.version_option(__version__)
@click.pass_context
def commands(ctx: click.Context, debug: bool) -> None:
    """Turn photographs into paintings, and images of one kind into another, with PaddlePaddle."""
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


def _finite(ctx: click.Context, parameter: click.Parameter, value: float | None) -> float | None:
    if value is not None and not math.isfinite(value):
        raise click.BadParameter(f"{value} is not a finite number.")
    return value


_device = click.option("--device", default="auto", show_default=True, metavar="auto|cpu|gpu:N", help="What computes.")
_overwrite = click.option("--overwrite", is_flag=True, help="Replace files that exist.")
_as_json = click.option("--json", "as_json", is_flag=True, help="Print the outcome as JSON on stdout.")


@commands.command()
@click.argument("photos", nargs=-1, required=True, metavar="PHOTO...")
@click.option("-o", "--output", metavar="FILE_OR_FOLDER", help="Default: beside the photo, named after the style.")
@click.option("--style", required=True, metavar="NAME|PICTURE|CHECKPOINT", help="See `paddlegan styles`.")
@click.option(
    "--strength", type=click.FloatRange(0, 1), default=1.0, show_default=True, callback=_finite, help="Of the style."
)
@click.option("--keep-colors", is_flag=True, help="The photo's colours, the painting's brush.")
@click.option(
    "--brush",
    type=click.FloatRange(0, min_open=True),
    callback=_finite,
    metavar="PX",
    help="Width of a stroke in pixels of the photo. Default: follows the picture.",
)
@_device
@_overwrite
@_as_json
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

    batch = _Batch(photos, output, label=Path(style).stem, overwrite=overwrite)
    settings = {"style": style, "strength": strength, "keep_colors": keep_colors, "brush": brush}
    used_device = None
    if batch.tasks:
        predictor = _load_predictor(style, device)
        used_device = predictor.device

        def paint(task: _Task, progress: Progress) -> dict[str, Any]:
            started = time.perf_counter()
            image, metadata = read_image(task.source)
            painted = predictor(image, strength=strength, keep_colors=keep_colors, brush=brush, progress=progress)
            write_image(task.target, painted, metadata, overwrite=overwrite, recipe=settings)
            size = {"width": image.shape[1], "height": image.shape[0]}
            return {**size, "seconds": round(time.perf_counter() - started, 3)}

        batch.run(paint)
    batch.conclude({**settings, "device": used_device}, as_json=as_json)


@commands.command()
@_as_json
def styles(as_json: bool) -> None:
    """List the styles that ship."""
    from ppgan_lite.styles import catalogue

    found = catalogue()
    if as_json:
        keys = ("name", "title", "artist", "year", "sha256", "training")
        _print_json([{key: getattr(style, key) for key in keys} for style in found])
    else:
        rows = [(style.name, style.title["en"], style.artist["en"], style.year) for style in found]
        _say(_table([("NAME", "PAINTING", "ARTIST", "YEAR"), *rows]))


@commands.command()
@click.argument("photo")
@click.option("-o", "--output", required=True, metavar="SHEET", help="The picture file to write.")
@_device
@_overwrite
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
        painted = _load_predictor(style.name, device, quiet=True)(image)
        tiles.append(Tile(painted, style.title["en"], f"{style.artist['en']}, {style.year}"))
    write_image(output, draw_sheet(tiles), ImageMetadata(icc_profile=metadata.icc_profile), overwrite=overwrite)
    _say(output)


@commands.command()
@click.argument("checkpoint")
@_as_json
def inspect(checkpoint: str, as_json: bool) -> None:
    """Tell what a checkpoint holds, how it was trained and how it is used."""
    from ppgan_lite.checkpoint import describe

    description = describe(checkpoint)
    if as_json:
        _print_json(description)
    else:
        _say("\n".join(_outline(description)))


@commands.command()
@click.option("-c", "--config", required=True, metavar="YAML", help="The experiment: see configs/.")
@click.option("-o", "--override", multiple=True, metavar="KEY=VALUE", help="Such as train.iterations=100. Repeatable.")
@click.option("--run-dir", metavar="FOLDER", help="Where the run is kept. Default: runs/ and the config's name.")
@click.option("--resume", is_flag=True, help="Continue the run in that folder.")
@click.option("--device", metavar="auto|cpu|gpu:N", help="Default: the config's.")
@click.option("--seed", type=click.IntRange(0), metavar="N", help="Default: the config's.")
def train(
    config: str, override: tuple[str, ...], run_dir: str | None, resume: bool, device: str | None, seed: int | None
) -> None:
    """Train what a configuration describes."""
    from ppgan_lite.config import load_config
    from ppgan_lite.inference.device import require_paddle
    from ppgan_lite.training import train as run_training

    require_paddle()
    experiment = load_config(config, override)
    _say(str(run_training(experiment, run_dir=run_dir, resume=resume, device=device, seed=seed)))


@commands.command()
@click.argument("name", metavar="NAME")
@click.option("--from", "origin", metavar="URL|FILE", help="Take it from there instead of the official address.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON to standard output.")
def fetch(name: str, origin: str | None, as_json: bool) -> None:
    """Download published weights, such as vgg19, into the cache folder."""
    from tqdm import tqdm

    from ppgan_lite.fetch import fetch as fetch_weights

    with tqdm(unit="B", unit_scale=True, desc=name, delay=0.2, file=sys.stderr) as bar:

        def show(done: int, total: int | None) -> None:
            bar.total = total
            bar.update(done - bar.n)

        weights = fetch_weights(name, origin=origin, progress=show)
    if as_json:
        _print_json({"path": str(weights.path), "size_bytes": weights.size_bytes, "sha256": weights.sha256})
    else:
        _say(f"{weights.path}{'' if weights.fresh else ' (was there already)'}")
        _say(f"{weights.size_bytes / 1e6:.1f} MB, sha256 {weights.sha256}")


@commands.command()
@click.argument("files", nargs=-1, metavar="[CHECKPOINT] [PHOTO]")
@click.pass_context
def gui(ctx: click.Context, files: tuple[str, ...]) -> None:
    """Open the window."""
    from ppgan_lite.gui.app import main as open_window

    ctx.exit(open_window(list(files)))


@commands.command()
@click.argument("source", metavar="SRC")
@click.argument("target", metavar="DST")
@click.option(
    "--noise",
    type=click.FloatRange(0, 0.5),
    default=0.1,
    show_default=True,
    callback=_finite,
    help="Share of the pixels that turns black, and share that turns white.",
)
@click.option(
    "--blur", type=click.IntRange(1), default=20, show_default=True, metavar="PX", help="Side of the mean blur."
)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, metavar="N")
@_overwrite
def degrade(source: str, target: str, noise: float, blur: int, seed: int, overwrite: bool) -> None:
    """Degrade all pictures of a folder: salt-and-pepper noise, then a mean blur.

    DST gets the same folders and names. A picture's noise depends on its name and the seed only.
    """
    from ppgan_lite.degradations import mean_blur, rng_for, salt_and_pepper
    from ppgan_lite.images import read_image, write_image

    if not Path(source).is_dir():
        raise UsageError(source, "is not a folder", "a folder of clean pictures")
    batch = _Batch((source,), target, overwrite=overwrite)

    def worsen(task: _Task, progress: Progress) -> dict[str, Any]:
        image, metadata = read_image(task.source)
        rng = rng_for(task.source.relative_to(source).as_posix(), seed)
        worse = mean_blur(salt_and_pepper(image, noise, rng=rng), blur)
        write_image(task.target, worse, metadata, overwrite=overwrite)
        return {}

    batch.run(worsen)
    batch.conclude({}, as_json=False)


@dataclass(frozen=True)
class _Task:
    source: Path
    target: Path


class _Batch:
    """Pictures to read, and for each where its result goes; a bad one does not end the batch.

    Args:
        sources: Files and folders.
        output: A file for a single one, or a folder, in which the tree of the sources is mirrored; None: beside each.
        label: Distinguishes results that lie beside their sources.
        overwrite: Whether results may replace files.
    """

    def __init__(self, sources: Sequence[str], output: str | None, *, label: str = "", overwrite: bool) -> None:
        from ppgan_lite.images import check_writable

        self.tasks: list[_Task] = []
        self.results: list[dict[str, Any]] = []
        self.failures: list[tuple[Path, BaseException]] = []
        taken: set[Path] = set()
        for task in self._plan([Path(source) for source in sources], output, label):
            try:
                if not task.source.exists():
                    raise ImageError(task.source, "does not exist")
                if task.target in taken:
                    raise ImageError(task.source, f"its result {task.target} is that of another picture too")
                if task.target.resolve() == task.source.resolve():
                    raise ImageError(task.target, "is the photo itself", "another name or folder for the result")
                check_writable(task.target, overwrite=overwrite)
            except ImageError as error:
                self.failures.append((task.source, error))
            else:
                taken.add(task.target)
                self.tasks.append(task)

    def run(self, work: Callable[[_Task, Progress], dict[str, Any]]) -> None:
        """Do the work for each picture, with a bar for more than one."""
        from tqdm import tqdm

        form = "{percentage:3.0f}%|{bar}| {desc}  {elapsed}<{remaining}"
        with tqdm(total=len(self.tasks), disable=len(self.tasks) < 2, bar_format=form) as bar:
            for done, task in enumerate(self.tasks):
                bar.set_description_str(f"{done + 1}/{len(self.tasks)} {task.source.name}")

                def progress(fraction: float, done: int = done) -> None:
                    bar.update(done + fraction - bar.n)

                try:
                    outcome = work(task, progress)
                    self.results.append({"photo": str(task.source), "output": str(task.target), **outcome})
                except UsageError:
                    raise  # the same for every picture
                except Exception as error:  # noqa: BLE001 - told at the end, whatever it is
                    self.failures.append((task.source, error))
                progress(1.0)

    def conclude(self, about: dict[str, Any], *, as_json: bool) -> None:
        """Tell what was made and what failed; exit with 1 if anything did."""
        if as_json:
            errors = [{"photo": str(source), "error": _describe(error)} for source, error in self.failures]
            _print_json({**about, "results": self.results, "errors": errors})
        if len(self.results) == 1:
            _say(self.results[0]["output"])
        elif self.results:
            folder = os.path.commonpath([os.path.dirname(result["output"]) or "." for result in self.results])
            _say(f"{len(self.results)} pictures written to {folder}")
        for _, error in self.failures:
            _say_error(error)
        if self.failures:
            if len(self.failures) + len(self.results) > 1:
                _say(f"{len(self.failures)} of {len(self.failures) + len(self.results)} pictures failed")
            raise click.exceptions.Exit(1)

    def _plan(self, sources: list[Path], output: str | None, label: str) -> Iterable[_Task]:
        from ppgan_lite.images import WRITABLE, find_images

        to_folder = output is not None and (os.path.isdir(output) or output.endswith(("/", os.sep)))
        if output is not None and not to_folder:
            suffix = Path(output).suffix
            if len(sources) == 1 and suffix and not sources[0].is_dir():
                yield _Task(sources[0], Path(output))
                return
            if suffix.lower() in WRITABLE:
                raise UsageError("--output", f"{output} is one file", "a folder, for more than one picture")
        for source in sources:
            if not source.is_dir():
                if output is None:
                    yield _Task(source, source.parent / _result_name(source, f"_{label}"))
                else:
                    yield _Task(source, Path(output) / _result_name(source))
                continue
            if output is None:
                folder = source.resolve().with_name(f"{source.resolve().name}_{label}")
            else:
                folder = Path(output) if len(sources) == 1 else Path(output) / source.resolve().name
            # A result folder inside the source is not a source the next time.
            found = [path for path in find_images(source) if folder.resolve() not in path.resolve().parents]
            if not found:
                self.failures.append((source, ImageError(source, "holds no pictures")))
            for path in found:
                yield _Task(path, folder / path.relative_to(source).parent / _result_name(path))


def _result_name(source: Path, ending: str = "") -> str:
    """Return the name of a result: in the photo's own format if that can be written, else in PNG."""
    from ppgan_lite.images import WRITABLE

    return f"{source.stem}{ending}{source.suffix if source.suffix.lower() in WRITABLE else '.png'}"


def _load_predictor(source: str, device: str, *, quiet: bool = False) -> Predictor:
    from ppgan_lite.inference.predictor import load_predictor

    predictor = load_predictor(source, device=device)
    if "style" in predictor.spec.inputs:
        raise UsageError("--style", f"{source} paints in the style of any picture", "that picture's file")
    if not quiet:
        _say(
            f"{predictor.name} on {predictor.device}" + (f" ({predictor.device_note})" if predictor.device_note else "")
        )
    return predictor


def _outline(value: Any, indent: str = "") -> Iterable[str]:
    """Return JSON values as indented lines of "key: value"."""
    for key, item in value.items():
        if isinstance(item, dict) and item:
            yield f"{indent}{key}:"
            yield from _outline(item, indent + "  ")
        else:
            yield f"{indent}{key}: {item if isinstance(item, str) else json.dumps(item)}"


def _table(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)


def _describe(error: BaseException) -> str:
    """Return an error as one line that a user can do something with."""
    if isinstance(error, PpganError):
        return str(error)
    if isinstance(error, MemoryError):
        return "not enough memory"
    text = " ".join(f"{type(error).__name__}: {error}".split())
    return f"unexpected {text}. Please report it, with what --debug shows"


def _say_error(error: BaseException) -> None:
    _say(f"{PROGRAM}: error: {_describe(error)}")


def _say(text: str) -> None:
    click.echo(text, err=True)


def _print_json(value: Any) -> None:
    click.echo(json.dumps(value, indent=2))  # in ASCII: a path may hold what stdout cannot encode
