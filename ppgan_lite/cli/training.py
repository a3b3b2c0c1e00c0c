"""The verbs of training: train."""

from __future__ import annotations

import click

from ppgan_lite.cli.terminal import say


@click.command()
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
    say(str(run_training(experiment, run_dir=run_dir, resume=resume, device=device, seed=seed)))
