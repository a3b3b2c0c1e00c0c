"""Experiments: one YAML file each, checked completely before anything runs.

    base: other.yaml                          # optional: settings that this file does not give
    recipe: {name: LapStyleDraft, ...}        # constructor arguments of the recipe, nested those of its nets
    data: {name: ContentAndStyle, ...}        # constructor arguments of the dataset
    loader: {batch_size: 4, workers: 2}
    train: {iterations: 1000, ...}
    validation: {every: 500, data: {...}}     # optional

The signatures of the constructors are the schema of `recipe` and `data`, the dataclasses in `settings.py` that of the
rest. One `ConfigError` reports all faults, each with file and line.
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
    """Read and check an experiment.

    Args:
        path: The YAML file, or the name of an experiment that ships.
        overrides: "section.key=value" each, applied over the file; the value is read as YAML.

    Raises:
        ConfigError: Any number of faults, a line each.
    """
    from ppgan_lite.config.checks import check

    sources = Sources(find_config(path))
    return check(sources.gather(overrides), sources)
