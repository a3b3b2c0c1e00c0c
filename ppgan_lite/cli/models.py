"""The verbs for published weights: models, fetch."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ppgan_lite.cli.terminal import PROGRAM, json_option, print_json, say, table
from ppgan_lite.errors import UsageError
from ppgan_lite.languages.terminal import in_words, language

if TYPE_CHECKING:
    from ppgan_lite.fetch import Fetched
    from ppgan_lite.published import Weights

# Where weights are, in words of the table.
_PLACES = {"shipped": "ships", "fetched": "fetched", "older": "fetched, an older one", "not_yet": "not yet"}


@click.command()
@click.option("--fetch", "name", metavar="MODEL", help="Bring a model here.")
@click.option(
    "--from",
    "origin",
    metavar="URL|FOLDER|FILE",
    help="Take it from there instead of the official address; the URL of a folder ends in /.",
)
@click.option("--remove", "removed", metavar="MODEL", help="Delete a model that was fetched.")
@json_option
def models(name: str | None, origin: str | None, removed: str | None, as_json: bool) -> None:
    """List the models: those that ship, and others to fetch. Styles are listed by `paddlegan styles`.

    A model's name is accepted wherever a checkpoint is: --checkpoint NAME.
    """
    if name is not None and removed is not None:
        raise UsageError("--fetch", "and --remove exclude each other", remedy="Leave one of them out")
    if origin is not None and name is None:
        raise UsageError("--from", "does nothing without --fetch")
    if name is not None:
        _fetch(name, origin, as_json=as_json)
    elif removed is not None:
        from ppgan_lite.fetch import remove

        path = remove(removed)
        if as_json:
            print_json({"removed": str(path)})
        else:
            say(f"{path} is removed")
    elif as_json:
        print_json([{"name": name, **_facts(name, weights)} for name, weights in _listed().items()])
    else:
        _print_table()


@click.command()
@click.argument("name", metavar="MODEL")
@click.option("--from", "origin", metavar="URL|FOLDER|FILE", help="Take it from there instead of the official address.")
@json_option
def fetch(name: str, origin: str | None, as_json: bool) -> None:
    """Download published weights, such as vgg19, into the cache folder."""
    _fetch(name, origin, as_json=as_json)


def _fetch(name: str, origin: str | None, *, as_json: bool) -> None:
    from tqdm import tqdm

    from ppgan_lite.fetch import fetch as fetch_weights
    from ppgan_lite.published import find_weights

    weights = find_weights(name)
    with tqdm(unit="B", unit_scale=True, desc=name, delay=0.2, file=sys.stderr) as bar:

        def show(done: int, total: int | None) -> None:
            bar.total = total
            bar.update(done - bar.n)

        found = fetch_weights(name, origin=origin, progress=show)
    if as_json:
        print_json({"path": str(found.path), "size_bytes": found.size_bytes, "sha256": found.sha256})
    else:
        _tell(name, weights, found)


def _tell(name: str, weights: Weights, found: Fetched) -> None:
    say(f"{found.path}{'' if found.fresh else ' (was there already)'}")
    say(f"{found.size_bytes / 1e6:.1f} MB, sha256 {found.sha256}")
    if weights.task == "stylize":
        say(f"Use it: {PROGRAM} stylize PHOTO --style {name}")
    elif weights.is_model and weights.task != "encoder":
        say(f"Use it: {PROGRAM} {weights.task} PHOTO --checkpoint {name}")


def _listed() -> dict[str, Weights]:
    """Return all published weights by name, those that ship first."""
    from ppgan_lite.published import SHIPPED, fetchable

    return {**SHIPPED, **fetchable()}


def _print_table() -> None:
    rows, details = [("NAME", "WHAT IT DOES", "SIZE", "HERE")], [""]
    for name, weights in _listed().items():
        facts = _facts(name, weights)
        size = "" if facts["bytes"] is None else f"{facts['bytes'] / 1e6:.1f} MB"
        title = weights.title.get(language()) or weights.title["en"]
        rows.append((name, title, size, in_words(_PLACES[facts["place"]])))
        data = in_words(f"trained on {weights.trained_on}") if weights.trained_on else ""
        details.append("; ".join(filter(None, [data, weights.licence, weights.docs])))
    for line, detail in zip(table(rows).splitlines(), details):
        say(line)
        if detail:
            say(f"    {detail}")


def _facts(name: str, weights: Weights) -> dict[str, Any]:
    """Return what is known of weights, as JSON values."""
    from ppgan_lite.checkpoint import sha256_of
    from ppgan_lite.published import cached, place_of

    place = place_of(name)
    path = Path(weights.file) if place == "shipped" else cached(name)
    is_here = place != "not_yet" and path.is_file()
    return {
        "title": dict(weights.title),
        "task": weights.task,
        "place": place,
        "path": str(path) if is_here else None,
        "bytes": path.stat().st_size if is_here else weights.bytes,
        "sha256": weights.sha256 or (sha256_of(path) if is_here else None),
        "trained_on": weights.trained_on,
        "licence": weights.licence,
        "config": weights.config,
        "iterations": weights.iterations,
        "docs": weights.docs,
        "address": weights.address,
    }
