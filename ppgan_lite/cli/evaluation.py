"""The verb `evaluate`: numbers and sheets of how good a checkpoint or a folder of results is."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ppgan_lite.cli.interrupts import raise_if_interrupted
from ppgan_lite.cli.terminal import (
    CountBar,
    device_option,
    engine_option,
    json_option,
    overwrite_option,
    print_json,
    say,
    say_error,
    table,
)
from ppgan_lite.errors import UsageError
from ppgan_lite.languages.terminal import in_words

if TYPE_CHECKING:
    from ppgan_lite.evaluation.evaluating import Evaluation
    from ppgan_lite.evaluation.subjects import Subject, TestData

_JSON_FILE = "evaluation.json"


@click.command()
@click.argument("target", metavar="CHECKPOINT|STYLE|RUN|FOLDER")
@click.argument("reference", metavar="[FOLDER]", required=False)
@click.option(
    "--data",
    metavar="FOLDER",
    help="Test pictures for a checkpoint, in a layout that training takes; photos for a style.",
)
@click.option("--split", metavar="NAME", help="Split of the data: test, val or train. Default: test, else val.")
@click.option("--painting", "paintings", multiple=True, metavar="PICTURE", help="The painting of a style. Repeatable.")
@click.option("--metric", "metrics", multiple=True, metavar="NAME", help="Measure only this one. Repeatable.")
@click.option("--direction", metavar="NAME", help="Direction, such as a_to_b. Default: both.")
@click.option("--swap/--no-swap", default=None, help="Whether B is the input of pairs. Default: as it was trained.")
@click.option("--size", type=click.IntRange(1), metavar="PX", help="Reduce pictures to this short side first.")
@click.option("--samples", type=click.IntRange(1), metavar="N", help="Only the first N pictures.")
@click.option(
    "--encoder",
    default="small",
    show_default=True,
    metavar="small|vgg16|vgg19|FILE",
    help="Encoder of the metrics style and content.",
)
@click.option("-o", "--output", metavar="FOLDER", help="Write sheets of the best, median and worst pictures there.")
@device_option
@engine_option
@overwrite_option
@json_option
@click.pass_context
def evaluate(
    ctx: click.Context,
    target: str,
    reference: str | None,
    data: str | None,
    split: str | None,
    paintings: tuple[str, ...],
    metrics: tuple[str, ...],
    direction: str | None,
    swap: bool | None,
    size: int | None,
    samples: int | None,
    encoder: str,
    output: str | None,
    device: str,
    engine: str,
    overwrite: bool,
    as_json: bool,
) -> None:
    """Measure a checkpoint on test pictures, or a folder of results against another folder.

    Pairs give PSNR, SSIM, MS-SSIM and LPIPS; two domains give KID, FID, the cycle-consistency error and the diversity
    of results; styles give distances to photo and painting. Two folders are compared picture by picture where names
    match, as two sets otherwise. docs/evaluation.md says what each number means.
    """
    from ppgan_lite.evaluation.choosing import check_known
    from ppgan_lite.evaluation.subjects import TestData, subject_of_folders
    from ppgan_lite.runs import is_run

    check_known(metrics)
    _check_output(output, overwrite)
    is_folder = Path(target).is_dir() and not is_run(Path(target))
    if reference is not None:
        if data is not None:
            raise UsageError("--data", "given with two folders", "one or the other")
        subjects = [subject_of_folders(Path(target), Path(reference), samples=samples, size_px=size or 0)]
    elif is_folder:
        remedy = "Name the folder to compare it with: paddlegan evaluate RESULTS/ TARGETS/"
        raise UsageError(target, "is a folder of pictures, and there is no other one", remedy=remedy)
    elif data is None:
        raise UsageError("--data", "is missing", "the folder of the pictures to measure on")
    else:
        test = TestData(Path(data), split, tuple(map(Path, paintings)), samples, size or 0, swap)
        subjects = _of_checkpoint(target, test, direction, device, engine)
    failures: list[dict[str, str]] = []
    found = [_evaluate(subject, metrics, encoder, failures) for subject in subjects]
    if output is not None:
        _write(Path(output), subjects, found, failures)
    outcome = _outcome(found, failures)
    if as_json:
        print_json(outcome)
    else:
        _show(found)
    if failures:
        say(f"{len(failures)} of {len(failures) + sum(one.pictures for one in found)} pictures failed")
        ctx.exit(1)


def _of_checkpoint(target: str, test: TestData, direction: str | None, device: str, engine: str) -> list[Subject]:
    """Load a checkpoint and return what to measure of it."""
    from ppgan_lite.cli.predictors import announcing_preparation, print_predictor
    from ppgan_lite.evaluation.subjects import subjects_of_checkpoint
    from ppgan_lite.inference.loading import load_predictor

    loaded: list[Any] = []

    def load(name: str | None) -> Any:
        with announcing_preparation(target):
            predictor = load_predictor(target, device=device, engine=engine, predictor=name)
        if not loaded:  # the other direction has the same name, device and engine
            print_predictor(predictor)
        loaded.append(predictor)
        return predictor

    return subjects_of_checkpoint(target, test, load, direction=direction)


def _check_output(output: str | None, overwrite: bool) -> None:
    """Refuse a folder that holds something already, before anything is measured."""
    if output is None:
        return
    folder = Path(output)
    if folder.exists() and not folder.is_dir():
        raise UsageError(output, "is a file", "a folder for the sheets")
    if not overwrite and folder.is_dir() and any(folder.iterdir()):
        raise UsageError(output, "exists already", remedy="Choose another name, or allow it with --overwrite")


def _evaluate(subject: Subject, asked: tuple[str, ...], encoder: str, failures: list[dict[str, str]]) -> Evaluation:
    """Measure one subject; each picture that fails is told in a line and noted in `failures`."""
    from ppgan_lite.evaluation.choosing import choose
    from ppgan_lite.evaluation.evaluating import evaluate as measure
    from ppgan_lite.evaluation.measuring import Measurer

    names, notes = choose(asked, subject.kinds, subject.on_request)
    if not names:
        raise UsageError("--metric", "; ".join(notes), "metrics of what is there")
    broken: list[tuple[str, BaseException]] = []
    with CountBar("picture") as bar:

        def failed(name: str, error: BaseException) -> None:
            raise_if_interrupted(error)
            broken.append((name, error))

        found = measure(
            subject.name,
            subject.shots,
            subject.references,
            Measurer(names, encoder=encoder),
            progress=bar,
            failed=failed,
        )
    for name, error in broken:
        say_error(error)
        failures.append({"picture": name, "error": str(error)})
    found.notes[:0] = [*subject.notes, *notes]
    return found


def _outcome(found: list[Evaluation], failures: list[dict[str, str]]) -> dict[str, Any]:
    return {"evaluations": [one.to_json() for one in found], "failures": failures}


def _show(found: list[Evaluation]) -> None:
    """Print a table for each subject, and what its numbers do not tell."""
    from ppgan_lite.metrics.table import direction_of

    for one in found:
        if one.references:
            say(f"{one.name}: {one.pictures} pictures, against {one.references}")
        else:
            say(f"{one.name}: {one.pictures} pictures")
        rows = [["METRIC", "VALUE", "95 % INTERVAL", "BETTER"]]
        for name, number in one.numbers.items():
            interval = "" if math.isnan(number.low) else f"{number.low:.4g} .. {number.high:.4g}"
            rows.append(
                [name, f"{number.value:.4g}", interval, in_words("higher" if direction_of(name) == "max" else "lower")]
            )
        say(table(rows))
        for note in one.notes:
            say(f"note: {note}")


def _write(folder: Path, subjects: list[Subject], found: list[Evaluation], failures: list[dict[str, str]]) -> None:
    """Write the numbers and the sheets."""
    from ppgan_lite.evaluation.sheets import sheets_of
    from ppgan_lite.images import write_image
    from ppgan_lite.runtime.files import replace_file

    for subject, one in zip(subjects, found):
        for metric, sheet in sheets_of(one, subject.shots):
            label = "".join(letter if letter.isalnum() or letter in "-_" else "_" for letter in one.name)
            path = folder / f"{label}_{metric}.png"
            write_image(path, sheet, overwrite=True)
            say(str(path))
    text = json.dumps(_outcome(found, failures), indent=2)
    replace_file(folder / _JSON_FILE, text.encode(), make_folder=True)
    say(str(folder / _JSON_FILE))
