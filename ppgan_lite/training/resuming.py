"""The config to resume a run with: restored if it is damaged, and compared with that of the run."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import yaml

from ppgan_lite.checkpoint import Header, read_checkpoint
from ppgan_lite.config import Config, LoaderSettings, TrainSettings, ValidationSettings
from ppgan_lite.config.checks import with_nets_resolved
from ppgan_lite.data import DATASETS
from ppgan_lite.errors import CheckpointError, ConfigError
from ppgan_lite.runs import CONFIG
from ppgan_lite.runtime import files
from ppgan_lite.signatures import with_defaults
from ppgan_lite.tables import resolve
from ppgan_lite.training.run_checkpoints import resumable
from ppgan_lite.training.run_folder import writing

logger = logging.getLogger(__name__)

# Settings that may change without changing the results: length, frequency of output, device.
_HARMLESS = {
    "loader.workers",
    "train.iterations",
    "train.epochs",
    "train.minutes",
    "train.log_every",
    "train.preview_every",
    "train.save_every_s",
    "train.save_every",
    "train.keep",
    "train.device",
    "train.visualdl",
    "train.histograms",
    "train.init_from",  # Read by a new training only.
}
# Their product with the number of processes, the samples of one iteration, must stay the same.
_FACTORS = {"loader.batch_size", "train.accumulate"}


class ChangedConfigError(ConfigError):
    """A run was trained with settings that would change its results."""


def restore_config(run_dir: Path) -> str:
    """Write the config of a run anew from a checkpoint, if it is missing, or damaged as by a crash.

    A config with an error that somebody made is left as it is: it is empty, holds zeros or ends too early if a crash
    damaged it.

    Returns:
        What was done, for the user; empty if nothing was.

    Raises:
        NoSpaceError: The disk is full.
        FolderError: The folder cannot be read or written.
    """
    path = run_dir / CONFIG
    with writing(run_dir):
        for checkpoint in resumable(run_dir) if run_dir.is_dir() else ():
            try:
                config = read_checkpoint(checkpoint)[0].training.get("config")
            except CheckpointError:
                continue
            if not isinstance(config, dict):
                continue
            text = yaml.safe_dump(config, sort_keys=False, allow_unicode=True).encode()
            found = path.read_bytes() if path.is_file() else b""
            if found.strip() and b"\0" not in found and (found == text or not text.startswith(found)):
                return ""
            aside = ""
            if os.path.lexists(path):
                aside = f" (what was there is {files.set_aside(path, 'damaged').name})"
            files.replace_file(path, text, durable=True)
            return f"{path}: was missing or damaged, and is written anew from {checkpoint.name}{aside}"
    return ""


def check_resumable(path: Path, header: Header, config: Config, processes: int) -> None:
    """Compare a config with that of a checkpoint; log changes that do no harm.

    Args:
        path: The checkpoint.
        header: Its header.
        config: The config to resume with.
        processes: The number of processes that train now.

    Raises:
        CheckpointError: The checkpoint was not written by a training, or by one of another recipe.
        ChangedConfigError: Changed settings would change the results; names each with its old and new value.
    """
    training = header.training
    if not all(isinstance(training.get(key), (int, float)) for key in ("iteration", "seconds")):
        raise CheckpointError(path, "does not say how far its training was", "a checkpoint that a training wrote")
    if header.recipe.get("name") != config.recipe["name"]:
        found = f"was trained with the recipe {header.recipe.get('name')}"
        raise CheckpointError(path, found, str(config.recipe["name"]), "Resume with the config of the run")
    old = _with_current_defaults(training.get("config", {}))
    new = _with_current_defaults(config.as_dict())
    earlier = int(training.get("processes", 1))
    samples_before, samples_now = _samples(old, earlier), _samples(new, processes)
    changes, harmful = [], []
    for key, before, after in _differences(old, new):
        change = f"{key} is {_short(after)} instead of {_short(before)}"
        if (
            key in _HARMLESS
            or (key in _FACTORS and samples_before == samples_now)
            or key.startswith("validation.")
            or (key.startswith("data.") and _moved(before, after))
        ):
            changes.append(change)
        else:
            harmful.append(change)
    if harmful:
        remedy = "Go on with the old values, or start a new run from these weights with train.init_from"
        expected = "settings that do not change what is learned (iterations, log_every, workers, device ...)"
        raise ChangedConfigError(
            path.parent, f"was trained with another config: {'; '.join(harmful)}", expected, remedy
        )
    if processes != earlier:
        changes.append(f"there are {processes} processes instead of {earlier}")
    if samples_before != samples_now:
        logger.warning("an iteration learns from %d samples now instead of %d", samples_now, samples_before)
    for change in changes:
        logger.info("resumed with another setting: %s", change)


def _with_current_defaults(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return a stored config with defaults for settings that did not exist when it was written, as JSON values."""
    train = {**asdict(TrainSettings()), **config.get("train", {})}
    train["schedule"] = {**asdict(TrainSettings().schedule), **train["schedule"]}
    data = dict(config.get("data", {}))
    if data.get("name") in DATASETS:
        data = {**with_defaults(resolve(DATASETS, data["name"], "data"), data), "name": data["name"]}
    full = {
        "recipe": with_nets_resolved(config["recipe"]) if "recipe" in config else {},
        "data": data,
        "loader": {**asdict(LoaderSettings()), **config.get("loader", {})},
        "train": train,
        "validation": {**asdict(ValidationSettings()), **config.get("validation", {})},
    }
    return json.loads(json.dumps(full))


def _differences(old: Any, new: Any, key: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Yield (key, old, new) for each setting that differs."""
    if isinstance(old, dict) and isinstance(new, dict):
        for name in dict.fromkeys([*old, *new]):
            yield from _differences(old.get(name), new.get(name), f"{key}.{name}" if key else name)
    elif old != new:
        yield key, old, new


def _samples(config: Mapping[str, Any], processes: int) -> int:
    """Return the number of samples of one iteration."""
    return config["loader"]["batch_size"] * config["train"]["accumulate"] * processes


def _moved(old: Any, new: Any) -> bool:
    """Return whether a path, or each path of a list, was moved: the old one no longer exists, the new one does."""
    if isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        return all(before == after or _moved(before, after) for before, after in zip(old, new))
    if not isinstance(old, str) or not isinstance(new, str):
        return False
    return Path(new).exists() and not Path(old).exists() and Path(new).name == Path(old).name


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 80 else text[:77] + "..."
