"""The verb `report`: a run, or several side by side, as a page; the same as JSON."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ppgan_lite.cli.terminal import json_option, overwrite_option, print_json, say
from ppgan_lite.errors import UsageError
from ppgan_lite.languages.texts import LANGUAGE_NAMES

_COMPARISON = "comparison.html"


@click.command()
@click.argument("runs", metavar="RUN...", nargs=-1, required=True)
@click.option("-o", "--output", metavar="FILE", help="Default: RUN/report.html; of several runs comparison.html.")
@click.option("--lang", type=click.Choice([*LANGUAGE_NAMES]), help="Language of the page. Default: the browser's.")
@overwrite_option
@json_option
def report(runs: tuple[str, ...], output: str | None, lang: str | None, overwrite: bool, as_json: bool) -> None:
    """Show a training in one HTML file, or compare several: curves, previews, and whether to go on.

    With --json the judgements are printed and no file is written, unless --output is given.
    """
    from ppgan_lite.runtime.files import replace_file
    from ppgan_lite.training.report.page import Section, render
    from ppgan_lite.training.report.pictures import Shots
    from ppgan_lite.training.report.record import read_record
    from ppgan_lite.training.run_folder import PREVIEWS, REPORT, writing

    folders = [Path(run) for run in runs]
    for folder in folders:
        if not folder.is_dir():
            raise UsageError(folder, "is no folder", "the folder of a run, such as runs/NAME")
    records = [read_record(folder) for folder in folders]
    if output and Path(output).is_dir():
        raise UsageError(output, "is a folder", "a file for the page")
    if as_json:
        print_json([_judged(folder, Section.of(record), lang or "en") for folder, record in zip(folders, records)])
        if output is None:
            return
    path = Path(output) if output else folders[0] / REPORT if len(folders) == 1 else Path(_COMPARISON)
    # A run's own report is renewed all the time; any other file may be something else.
    if path.exists() and not overwrite and (output or len(folders) > 1):
        raise UsageError(path, "exists already", remedy="Give another --output, or allow it with --overwrite")
    sections = [Section.of(record, Shots(folder / PREVIEWS).shots()) for folder, record in zip(folders, records)]
    with writing(path.parent):
        replace_file(path, render(sections, language=lang), make_folder=True)
    say(str(path))


def _judged(folder: Path, section: Any, language: str) -> dict[str, Any]:
    """Return what the page says of a run as JSON values."""
    from ppgan_lite.training.report.page import text_of

    advice = section.advice
    return {
        "run": str(folder),
        "state": section.record.state,
        "iteration": section.record.iteration,
        "advice": advice.code,
        "text": text_of(language, f"advice_{advice.code}", advice.values),
        "judgements": [
            {
                "code": judgement.code,
                "level": judgement.level,
                "title": text_of(language, f"judge_{judgement.code}", judgement.values),
                "evidence": text_of(language, f"judge_{judgement.code}_evidence", judgement.values),
                "try": text_of(language, f"judge_{judgement.code}_try", judgement.values),
                "values": {key: _jsonable(value) for key, value in judgement.values.items()},
            }
            for judgement in section.judgements
        ],
    }


def _jsonable(value: Any) -> Any:
    """Return a number or text as it is; NaN, which JSON lacks, as None."""
    return None if value != value else value
