"""The verbs of training: train, configs, doctor, board."""

from __future__ import annotations

import os
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ppgan_lite.cli.terminal import PROGRAM, json_option, print_json, print_json_line, say, table
from ppgan_lite.errors import CancelledError, PpganError, UsageError
from ppgan_lite.runs import CONFIG, can_be_resumed, is_run

if TYPE_CHECKING:
    from ppgan_lite.data.doctor import Layout

# Kind of dataset -> the experiment that a folder of this kind is suggested for.
_BASES = {"Unpaired": "cyclegan_photo2monet", "Paired": "pix2pix_facades", "Degraded": "restore_saltpepper_unet"}


@click.command()
@click.option("-c", "--config", metavar="NAME|YAML", help="See `paddlegan configs`. Default with --resume: the run's.")
@click.option(
    "-o",
    "--override",
    multiple=True,
    metavar="KEY=VALUE",
    help="Replace a setting, such as train.epochs=100. Repeatable.",
)
@click.option("--run-dir", metavar="FOLDER", help="Folder of the run. Default: runs/ and the config's name.")
@click.option(
    "--resume", is_flag=False, flag_value="", metavar="[RUN]", help="Continue that run, or the one in --run-dir."
)
@click.option("--device", metavar="auto|cpu|gpu:N", help="Device to compute on. Default: the config's.")
@click.option("--seed", type=click.IntRange(0), metavar="N", help="Random seed. Default: the config's.")
@click.option("--dry-run", is_flag=True, help="Check all of it, do one iteration, write nothing.")
@click.option("-q", "--quiet", is_flag=True, help="Show warnings and errors only.")
@click.option("-v", "--verbose", is_flag=True, help="Show all of the log, with the whole config.")
@click.option("--json", "as_json", is_flag=True, help="Print each event as a line of JSON on stdout.")
def train(
    config: str | None,
    override: tuple[str, ...],
    run_dir: str | None,
    resume: str | None,
    device: str | None,
    seed: int | None,
    dry_run: bool,
    quiet: bool,
    verbose: bool,
    as_json: bool,
) -> None:
    """Train the experiment of a configuration.

    The config.yaml of a run continues that run.
    """
    from ppgan_lite.config import load_config
    from ppgan_lite.runtime.startup import require_paddle

    for one, other in (("--dry-run", "--resume"), ("--quiet", "--verbose")):
        given = {"--dry-run": dry_run, "--resume": resume is not None, "--quiet": quiet, "--verbose": verbose}
        if given[one] and given[other]:
            raise UsageError(one, f"cannot be combined with {other}", remedy="Leave one of them out")
    start = _start(config, run_dir, resume, dry_run)
    require_paddle()
    experiment = load_config(start.config, override)
    shown: dict[str, Any] = {"device": device, "seed": seed, "quiet": quiet, "verbose": verbose}
    if dry_run:
        from ppgan_lite.training import dry_run as check_training

        found = check_training(experiment, **shown)
        if as_json:
            print_json_line({"event": "dry_run", **found})
        else:
            say("one iteration: " + ", ".join(f"{name} {value:.4g}" for name, value in found.items()))
        return
    from ppgan_lite.training import train as run_training

    report = print_json_line if as_json else None
    try:
        final = run_training(
            experiment, run_dir=start.run_dir, resume=start.resume, **shown, report=report, bar=not as_json
        )
    except PpganError as error:
        if as_json:
            print_json_line(
                {"event": "stopped" if isinstance(error, CancelledError) else "failed", "error": str(error)}
            )
        raise
    if not as_json:
        say(str(final))


@dataclass(frozen=True)
class _Start:
    """The start of a training: its config, the run's folder (None for the default), and whether it resumes that run."""

    config: str | Path
    run_dir: str | None
    resume: bool


def _start(config: str | None, run_dir: str | None, resume: str | None, dry_run: bool) -> _Start:
    """Return the start that the options ask for.

    Raises:
        UsageError: There is no config, or two folders are named.
    """
    from ppgan_lite.config.paths import expand

    if run_dir is not None and resume and os.path.abspath(expand(resume)) != os.path.abspath(expand(run_dir)):
        raise UsageError("--run-dir", f"is another folder than {resume}", "one of them", "Leave out --run-dir")
    folder = expand(run_dir or resume or "") or None  # a shell leaves --run-dir=~/x as it is
    own = None if config is None else _run_with_config(Path(expand(config)))
    if folder is None and own is not None:
        folder = str(own)
    if config is None and (folder is None or resume is None):
        raise UsageError(
            "--config", "is missing", "the name of an experiment, or a YAML file", "See `paddlegan configs`"
        )
    resumes = resume is not None
    if not resumes and not dry_run and own is not None and folder is not None and Path(folder) == own:
        resumes = can_be_resumed(own)
        if resumes:
            say(f"{own}: continuing this run")
    if resumes and folder is not None:
        if config is None:
            from ppgan_lite.training.run_folder import check_folder

            check_folder(Path(folder), True)  # before its config is looked for
        return _Start(_config_of_run(config, Path(folder)), folder, True)
    return _Start(config or "", folder, False)


def _run_with_config(config: Path) -> Path | None:
    """Return the run of which a config is the resolved one, or that is given itself; None for any other config."""
    if config.is_dir():
        return config if is_run(config) else None
    return config.parent if config.name == CONFIG and is_run(config.parent) else None


def _config_of_run(config: str | None, run_dir: Path) -> str | Path:
    """Return the config to resume a run with; restore that of the run, if it is needed and damaged."""
    from ppgan_lite.training.resuming import restore_config

    own = run_dir / CONFIG
    if config is not None and os.path.abspath(config) not in (os.path.abspath(own), os.path.abspath(run_dir)):
        return config
    if done := restore_config(run_dir):
        say(done)
    return own


@click.command()
@json_option
def configs(as_json: bool) -> None:
    """List the experiments that ship, for `train -c NAME`."""
    from ppgan_lite.config.shipped import first_line, shipped_configs

    found = [(name, first_line(path)) for name, path in shipped_configs().items() if "/" not in name]
    if as_json:
        print_json([{"name": name, "title": title} for name, title in found])
    else:
        say(table([("NAME", "EXPERIMENT"), *found]))
        say("tiny/NAME is the same experiment with tiny nets, for a try on a CPU.")


@click.command()
@click.argument("run", metavar="RUN")
@click.option(
    "--host", default="127.0.0.1", show_default=True, help="Address to listen at; 0.0.0.0 for other machines."
)
@click.option("--port", type=click.IntRange(0, 65535), default=8040, show_default=True, help="0 for any that is free.")
def board(run: str, host: str, port: int) -> None:
    """Show the curves, pictures and histograms of a run in a browser (VisualDL)."""
    from ppgan_lite.training.board import serve_board

    serve_board(Path(run), host=host, port=port, ready=lambda address: say(f"{address} (Ctrl-C ends it)"))


@click.command()
@click.argument("target", metavar="CONFIG_OR_FOLDER")
@click.option(
    "-o", "--override", multiple=True, metavar="KEY=VALUE", help="Replace a setting, such as data.size=128. Repeatable."
)
@click.option("--all", "show_all", is_flag=True, help="List all findings, not only the first few of each kind.")
@json_option
@click.pass_context
def doctor(ctx: click.Context, target: str, override: tuple[str, ...], show_all: bool, as_json: bool) -> None:
    """Check the pictures of a configuration, or of a folder.

    For a folder, also suggests a configuration. Exits with 2 on errors, which would stop a training; warnings would
    not.
    """
    from tqdm import tqdm

    from ppgan_lite.config.shipped import shipped_configs
    from ppgan_lite.data.doctor import examine, examine_folder

    path = Path(target)
    if not path.exists() and target not in shipped_configs():
        raise UsageError(target, "there is no such file or folder", "a YAML file or a folder of pictures")
    if path.is_dir() and override:
        raise UsageError("--override", "a folder has no settings", "a YAML file")
    about: dict[str, Any] = {}
    form = "{percentage:3.0f}%|{bar}| {elapsed}<{remaining}"
    with tqdm(total=100, delay=1, leave=False, disable=None, bar_format=form) as bar:

        def progress(share: float) -> None:
            bar.update(100 * share - bar.n)

        if path.is_dir():
            layout, report = examine_folder(path, progress=progress)
            about = {"layout": layout.words, "config": _experiment(layout)}
        else:
            from ppgan_lite.config import load_config
            from ppgan_lite.runtime.startup import require_paddle

            require_paddle()
            config = load_config(target, override)
            validation = config.validation.data if config.validation.every else None
            report = examine(config.data, validation, progress=progress)
    if as_json:
        print_json({**about, **report.as_dict()})
    else:
        if about:
            import yaml

            say(f"{path}: {about['layout']}. For a configuration:\n")
            say(yaml.safe_dump(about["config"], sort_keys=False, allow_unicode=True))
            say(f"Saved as my.yaml, it is trained by: {PROGRAM} train -c my.yaml")
        for line in report.lines(len(report.findings) if show_all else 5):
            say(line)
        if about and any(finding.kind == "no partner" for finding in report.findings):
            unpaired = f"{PROGRAM} train -c {_BASES['Unpaired']} -o data.folder={shlex.quote(str(path))}"
            say(f"If A and B are no pairs but two kinds of pictures: {unpaired}")
    if report.errors:
        ctx.exit(2)


def _experiment(layout: Layout) -> dict[str, Any]:
    """Return a configuration that trains on a folder: an experiment that ships, with the folder's pictures."""
    size = layout.data["size"]
    depth = min(8, (size & -size).bit_length() - 1)  # how often a U-Net can halve the crop
    recipe = {"recipe": {"generator": {"depth": depth}}} if layout.data["name"] == "Paired" and depth < 8 else {}
    return {"base": _BASES[layout.data["name"]], **recipe, **layout.sections()}
