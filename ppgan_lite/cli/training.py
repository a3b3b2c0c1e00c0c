"""The verbs of training: train, configs, doctor, board."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from ppgan_lite.cli.terminal import json_option, print_json, say, table
from ppgan_lite.errors import UsageError


@click.command()
@click.option("-c", "--config", metavar="NAME|YAML", help="See `paddlegan configs`. Default with --resume: the run's.")
@click.option("-o", "--override", multiple=True, metavar="KEY=VALUE", help="Such as train.iterations=100. Repeatable.")
@click.option("--run-dir", metavar="FOLDER", help="Folder of the run. Default: runs/ and the config's name.")
@click.option("--resume", is_flag=True, help="Continue the run in that folder.")
@click.option("--device", metavar="auto|cpu|gpu:N", help="Default: the config's.")
@click.option("--seed", type=click.IntRange(0), metavar="N", help="Default: the config's.")
@click.option("--dry-run", is_flag=True, help="Check all of it, do one iteration, write nothing.")
def train(
    config: str | None,
    override: tuple[str, ...],
    run_dir: str | None,
    resume: bool,
    device: str | None,
    seed: int | None,
    dry_run: bool,
) -> None:
    """Train the experiment of a configuration."""
    from ppgan_lite.config import load_config
    from ppgan_lite.config.paths import expand
    from ppgan_lite.runtime.startup import require_paddle

    if dry_run and resume:
        raise UsageError("--dry-run", "cannot be combined with --resume", remedy="Leave one of them out")
    if config is None and (run_dir is None or not resume):
        raise UsageError(
            "--config", "is missing", "the name of an experiment, or a YAML file", "See `paddlegan configs`"
        )
    run_dir = None if run_dir is None else expand(run_dir)  # a shell leaves --run-dir=~/x as it is
    require_paddle()
    experiment = load_config(_config_of_run(config, Path(run_dir)) if resume and run_dir else config or "", override)
    if dry_run:
        from ppgan_lite.training import dry_run as check_training

        found = check_training(experiment, device=device, seed=seed)
        say("one iteration: " + ", ".join(f"{name} {value:.4g}" for name, value in found.items()))
        return
    from ppgan_lite.training import train as run_training

    say(str(run_training(experiment, run_dir=run_dir, resume=resume, device=device, seed=seed)))


def _config_of_run(config: str | None, run_dir: Path) -> str | Path:
    """Return the config to resume a run with; restore that of the run, if it is needed and damaged."""
    from ppgan_lite.training.resuming import restore_config
    from ppgan_lite.training.run_folder import CONFIG

    own = run_dir / CONFIG
    if config is not None and os.path.abspath(config) != os.path.abspath(own):
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
@click.option("-o", "--override", multiple=True, metavar="KEY=VALUE", help="Such as data.size=128. Repeatable.")
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
            about = {"layout": layout.words, "config": layout.sections()}
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
        for line in report.lines(len(report.findings) if show_all else 5):
            say(line)
    if report.errors:
        ctx.exit(2)
