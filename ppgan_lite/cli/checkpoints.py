"""The verbs about files of weights: inspect, fetch."""

from __future__ import annotations

import sys

import click

from ppgan_lite.cli.terminal import json_option, outline, print_json, say


@click.command()
@click.argument("checkpoint")
@json_option
def inspect(checkpoint: str, as_json: bool) -> None:
    """Tell what a checkpoint holds, how it was trained and how it is used."""
    from ppgan_lite.checkpoint import describe

    description = describe(checkpoint)
    if as_json:
        print_json(description)
    else:
        say("\n".join(outline(description)))


@click.command()
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
        print_json({"path": str(weights.path), "size_bytes": weights.size_bytes, "sha256": weights.sha256})
    else:
        say(f"{weights.path}{'' if weights.fresh else ' (was there already)'}")
        say(f"{weights.size_bytes / 1e6:.1f} MB, sha256 {weights.sha256}")
