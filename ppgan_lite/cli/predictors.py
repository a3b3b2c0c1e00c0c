"""Predictors for the verbs: loaded, checked and named."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ppgan_lite.cli.terminal import PROGRAM, say
from ppgan_lite.errors import UsageError
from ppgan_lite.languages.terminal import in_words
from ppgan_lite.tables import did_you_mean

if TYPE_CHECKING:
    from ppgan_lite.inference.predictor import Predictor


def load_translator(
    checkpoint: str, task: str | None, device: str, engine: str, direction: str | None = None
) -> Predictor:
    """Load a predictor of a task, translating or restoring if that is None; print its name, device and engine."""
    from ppgan_lite.inference.loading import load_predictor
    from ppgan_lite.published import model_names, weights_file

    if not weights_file(checkpoint).exists():
        remedy = did_you_mean(checkpoint, model_names())
        raise UsageError("--checkpoint", f"there is no file {checkpoint}", "a .ppgan file", remedy)
    with announcing_preparation(checkpoint):
        predictor = load_predictor(checkpoint, device=device, engine=engine, predictor=direction)
    check_task(checkpoint, predictor, task or ("restore" if predictor.spec.task == "restore" else "translate"))
    print_predictor(predictor)
    return predictor


@contextlib.contextmanager
def announcing_preparation(source: str) -> Iterator[None]:
    """Print a line if the net of a source needs a graph of its own in a block: that takes seconds, once."""
    from ppgan_lite.inference.preparation import TRACING, telling

    steps: set[str] = set()

    def told(step: str) -> None:
        if step == TRACING and step not in steps:
            say(f"preparing {Path(source).name}; only its first use takes this long")
        steps.add(step)

    with telling(told):
        yield


def check_task(source: str, predictor: Predictor, task: str) -> None:
    """Refuse a predictor of another task, and name the verb that it is for."""
    if predictor.spec.task != task:
        option = "--style" if predictor.spec.task == "stylize" else "--checkpoint"
        remedy = f"Use: {PROGRAM} {predictor.spec.task} PHOTO {option} {source}"
        raise UsageError(source, f"its task is {predictor.spec.task}", f"a checkpoint whose task is {task}", remedy)


def print_predictor(predictor: Predictor) -> None:
    """Print name, device and engine."""
    line = in_words("{name} on {device}, {engine}")
    line = line.format(name=predictor.name, device=predictor.device, engine=predictor.engine)
    note = f" ({in_words(predictor.device_note)})" if predictor.device_note else ""
    click.echo(f"{line}{note}", err=True)
