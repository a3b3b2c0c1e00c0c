"""Completion by the shell: names of styles and experiments, checkpoints, runs and other files.

click asks the type of a parameter; what a text of ours names, its metavar tells.
"""

from __future__ import annotations

import contextlib
import copy
import os
import re
from collections.abc import Iterator
from pathlib import Path

import click
from click.shell_completion import CompletionItem
from click.types import StringParamType

# Words of a metavar, for what a file or a folder is given to.
_FILES = {"FILE", "PHOTO", "PICTURE", "CLIP", "CHECKPOINT", "PAINTING", "RESULT", "YAML", "SHEET", "OUT"}
_FOLDERS = {"FOLDER", "SRC", "DST", "RUN"}


def completed(command: click.Command) -> click.Command:
    """Return a command whose texts a shell completes."""
    command = copy.copy(command)
    command.params = [_completed(parameter) for parameter in command.params]
    return command


def _completed(parameter: click.Parameter) -> click.Parameter:
    if type(parameter.type) is not StringParamType:
        return parameter
    parameter = copy.copy(parameter)
    parameter.type = _Text()
    return parameter


class _Text(StringParamType):
    """A text that names what its parameter's metavar says."""

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Return what begins as the text does; a shell completes files itself where nothing of ours does."""
        metavar = param.metavar or (param.name or "").upper()
        words = set(re.findall("[A-Z]+", metavar))
        plain: list[str] = re.findall("[a-z]{3,}", metavar)  # auto|cpu|gpu:N
        if "STYLE" in words or param.name in ("style", "styles"):
            plain += _styles(incomplete)
        if words & {"YAML", "CONFIG"}:
            plain += _experiments()
        if param.name == "metrics":
            plain += _metrics()
        if words & {"CHECKPOINT", "FILE", "RUN", "YAML"}:
            plain += _weights(incomplete)
        if words & {"CHECKPOINT", "MODEL"} or param.name in ("checkpoint", "file"):
            plain += _models(param)
        kinds = [CompletionItem("", type="file")] if words & _FILES else []
        kinds = kinds or ([CompletionItem("", type="dir")] if words & _FOLDERS else [])
        # First the kind: bash forgets what came before it.
        return [*kinds, *(CompletionItem(name) for name in dict.fromkeys(plain) if name.startswith(incomplete))]


def _styles(incomplete: str) -> Iterator[str]:
    """Yield the names of styles; titles too where one is begun."""
    from ppgan_lite.styles import ANY, catalogue
    from ppgan_lite.styles.users import own_names

    yield from (style.name for style in catalogue())
    yield from (ANY, *own_names())
    if incomplete and not incomplete.isascii():
        yield from (title for style in catalogue() for title in style.title.values())


def _experiments() -> Iterator[str]:
    from ppgan_lite.config.shipped import shipped_configs

    yield from shipped_configs()


def _models(param: click.Parameter) -> Iterator[str]:
    """Yield the names of models: those to fetch, of `paddlegan models` and `fetch`, else those that are here."""
    from ppgan_lite.published import fetchable, model_names

    yield from fetchable() if "MODEL" in (param.metavar or "") else model_names()


def _metrics() -> Iterator[str]:
    from ppgan_lite.metrics.table import METRICS

    yield from (name for name, metric in METRICS.items() if metric.compares != "recipe")


def _weights(incomplete: str) -> Iterator[str]:
    """Yield the runs and the files of weights in the folder that a text is about."""
    from ppgan_lite.checkpoint import SUFFIX
    from ppgan_lite.runs import is_run

    folder = os.path.dirname(incomplete)
    with contextlib.suppress(OSError):
        for path in sorted(Path(os.path.expanduser(folder) or ".").iterdir()):
            if path.suffix.lower() == SUFFIX or (path.is_dir() and is_run(path)):
                yield os.path.join(folder, path.name)
