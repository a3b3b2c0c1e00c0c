"""The verb for styles: list them; add, rename and remove those of the user's."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import click

from ppgan_lite.cli.terminal import json_option, print_json, say, say_error, table
from ppgan_lite.errors import UsageError
from ppgan_lite.languages.terminal import in_words, language
from ppgan_lite.runs import checkpoint_of, name_of


@click.command()
@click.option("--add", "added", metavar="FILE", help="Add a style that somebody gave you, or that you trained.")
@click.option("--remove", "removed", metavar="NAME", help="Delete a style of yours, and the run that learned it.")
@click.option("--rename", "renamed", nargs=2, metavar="NAME TITLE", help="Show a style of yours under another title.")
@json_option
def styles(added: str | None, removed: str | None, renamed: tuple[str, str] | None, as_json: bool) -> None:
    """List the styles: those that ship, and yours, which `paddlegan learn` makes.

    Each of yours is one file, which others can add to theirs.
    """
    from ppgan_lite.styles.users import add_style, remove_style, rename_style, user_styles

    given = [name for name, value in (("--add", added), ("--remove", removed), ("--rename", renamed)) if value]
    if len(given) > 1:
        raise UsageError(given[0], f"and {given[1]} exclude each other", remedy="Leave one of them out")
    if added is not None:
        with tempfile.TemporaryDirectory() as folder:
            style = add_style(_as_checkpoint(Path(added), Path(folder)))
        if as_json:
            print_json({"name": style.name, "path": str(style.path)})
        else:
            say(f"{style.name}: {style.path}")
        return
    if removed is not None:
        path = remove_style(removed)
        if as_json:
            print_json({"removed": str(path)})
        else:
            say(f"{path} is removed")
        return
    if renamed is not None:
        style = rename_style(*renamed)
        if as_json:
            print_json({"name": style.name, "title": style.title})
        else:
            say(f"{style.name}: {style.title}")
        return
    own, errors = user_styles()
    if as_json:
        print_json([*_shipped(), *({**_own(style), "path": str(style.path)} for style in own)])
    else:
        from ppgan_lite.styles import catalogue, year_in

        to = language()
        rows = [(one.name, one.title[to], one.artist[to], year_in(to, one.year)) for one in catalogue()]
        rows += [(style.name, style.title, in_words("yours"), _learned(style.minutes)) for style in own]
        say(table([("NAME", "PAINTING", "ARTIST", "YEAR"), *rows]))
    for error in errors:
        say_error(error)


def _as_checkpoint(file: Path, folder: Path) -> Path:
    """Return a checkpoint of ours as it is; that of a run by its name and another program's converted, in a folder."""
    import shutil

    from ppgan_lite.checkpoint import SUFFIX
    from ppgan_lite.foreign.loading import is_ours, open_checkpoint

    if file.is_dir() and (checkpoint := checkpoint_of(file)) != file:
        return Path(shutil.copyfile(checkpoint, folder / f"{name_of(file)}{SUFFIX}"))
    if not file.is_file() or file.suffix.lower() == SUFFIX or is_ours(file):
        return file
    from ppgan_lite.foreign.saving import save_as
    from ppgan_lite.runtime.startup import require_paddle

    require_paddle()
    target = folder / f"{file.stem}{SUFFIX}"
    save_as(target, *open_checkpoint(file))
    return target


def _shipped() -> list[dict[str, Any]]:
    from ppgan_lite.styles import catalogue

    keys = ("name", "title", "artist", "year", "sha256", "training")
    return [{**{key: getattr(style, key) for key in keys}, "yours": False} for style in catalogue()]


def _own(style: Any) -> dict[str, Any]:
    title = {"en": style.title, "zh": style.title}
    return {"name": style.name, "title": title, "yours": True, "about": style.about}


def _learned(minutes: float | None) -> str:
    return "" if minutes is None else in_words(f"learned in {minutes:.3g} min")
