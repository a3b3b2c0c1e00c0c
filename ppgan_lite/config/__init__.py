"""Experiments: one YAML file each, checked whole before anything runs.

    base: other.yaml                          # optional: settings that this file does not give
    recipe: {name: LapStyleDraft, ...}        # the recipe's constructor arguments, its nets' in them
    data: {name: ContentAndStyle, ...}        # the dataset's constructor arguments
    loader: {batch_size: 4, workers: 2}
    train: {iterations: 1000, ...}
    validation: {every: 500, data: {...}}     # optional

The constructors' signatures are the schema of `recipe` and `data`, the dataclasses in `settings.py` of the rest. All
faults are told in one `ConfigError`, each with file and line.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from ppgan_lite.config.files import Sources
from ppgan_lite.config.settings import Config, LoaderSettings, ScheduleSettings, TrainSettings, ValidationSettings
from ppgan_lite.config.shipped import find_config

__all__ = [
    "Config",
    "LoaderSettings",
    "ScheduleSettings",
    "TrainSettings",
    "ValidationSettings",
    "load_config",
]


def load_config(path: str | Path, overrides: Iterable[str] = ()) -> Config:
    """Read an experiment and check all of it.

    Args:
        path: The YAML file, or the name of an experiment that ships.
        overrides: "section.key=value" each, stronger than the file; the value is read as YAML.

    Raises:
        ConfigError: Any number of faults, a line each.
    """
    from ppgan_lite.config.checks import check

    sources = Sources(find_config(path))
    return check(sources.gather(overrides), sources)
