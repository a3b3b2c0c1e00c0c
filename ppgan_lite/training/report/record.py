"""A run's folder as numbers and texts; whatever is missing or damaged in it is left out."""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import yaml

from ppgan_lite.errors import UsageError
from ppgan_lite.metrics.table import BEST_OF_RECIPES, direction_of
from ppgan_lite.runs import CONFIG, FINAL, LATEST, LOG, is_run
from ppgan_lite.training.report.curves import Curve
from ppgan_lite.training.run_folder import DATA, ENVIRONMENT, LOCK, METRICS

State = Literal["running", "finished", "stopped", "failed"]

_KINDS = ("losses", "validation", "diversity", "lr")  # of numbers by name
_TAIL_BYTES = 20_000
_ERROR = re.compile(r"^\S+ \S+ (?:ERROR|CRITICAL) (.*)$")
_NOT_FINITE = re.compile(r"^iteration (\d+): (?:loss|tensor) (\S+) (?:is|holds) ")


@dataclass(frozen=True)
class NotFinite:
    """The place of NaN or infinity in a training: the iteration, and the loss or tensor."""

    iteration: int
    name: str


@dataclass(frozen=True)
class DataFinding:
    """The doctor's finding at a start about one kind of fault: its severity, kind, number, and the first of them."""

    severity: str
    kind: str
    count: int
    example: str = ""


@dataclass(frozen=True, eq=False)
class Record:
    """A training as a report sees it.

    Attributes:
        name: The name of its folder.
        config: The resolved settings, as JSON values; {} if they are not known.
        starts: Each start, as `environment.json` has it.
        losses: Loss -> curve of its averages.
        validation: Metric -> curve.
        diversity: Result of the previews -> curve; see `metrics.diversity`.
        rates: Optimizer -> curve of its learning rate.
        seconds: Of training, without validations and previews, by iteration.
        waiting: Share of that time spent waiting for data.
        state: Whether it runs, ended at its end, was stopped, or failed.
        not_finite: Where it met NaN or infinity, if it failed so.
        error: The error that it failed with.
        data_counts: Kind of data file -> number of files.
        findings: What the doctor said at the last start.
        best: The metric that chooses the best checkpoint; "" if nothing is measured.
    """

    name: str = "run"
    config: Mapping[str, Any] = field(default_factory=dict)
    starts: Sequence[Mapping[str, Any]] = ()
    losses: Mapping[str, Curve] = field(default_factory=dict)
    validation: Mapping[str, Curve] = field(default_factory=dict)
    diversity: Mapping[str, Curve] = field(default_factory=dict)
    rates: Mapping[str, Curve] = field(default_factory=dict)
    seconds: Curve = field(default_factory=lambda: Curve.of([]))
    waiting: Curve = field(default_factory=lambda: Curve.of([]))
    state: State = "running"
    not_finite: NotFinite | None = None
    error: str = ""
    data_counts: Mapping[str, int] = field(default_factory=dict)
    findings: Sequence[DataFinding] = ()
    best: str = ""

    @property
    def iteration(self) -> int:
        """The last iteration of which something is known."""
        curves = [*self.losses.values(), *self.validation.values(), self.seconds]
        return max((int(curve.iterations[-1]) for curve in curves if len(curve)), default=0)

    @property
    def more_is_better(self) -> bool:
        """Whether more of the best metric is better."""
        return self.rises(self.best)

    @staticmethod
    def rises(metric: str) -> bool:
        """Return whether more of a metric is better."""
        return direction_of(metric) == "max"

    @property
    def resumes(self) -> list[int]:
        """The iterations at which the training was resumed."""
        return [start["iteration"] for start in self.starts if start["iteration"]]

    def setting(self, path: str, default: Any = None) -> Any:
        """Return a setting of the config by its path, such as "train.iterations"."""
        value: Any = self.config
        for key in path.split("."):
            value = value.get(key) if isinstance(value, Mapping) else None
        return default if value is None else value

    def count(self, path: str, default: int) -> int:
        """Return a setting that counts something; the default if it is none."""
        value = self.setting(path)
        return value if type(value) is int and value > 0 else default

    def speed(self) -> Curve:
        """Return samples per second, between lines of metrics."""
        starts = [start.get("processes") for start in self.starts]
        processes = starts[-1] if starts and type(starts[-1]) is int else 1
        samples = self.count("loader.batch_size", 1) * self.count("train.accumulate", 1) * processes
        iterations, seconds = (np.diff(values, prepend=0) for values in (self.seconds.iterations, self.seconds.values))
        known = (iterations > 0) & (seconds > 0)
        return Curve(self.seconds.iterations[known], samples * iterations[known] / seconds[known])


def read_record(folder: Path) -> Record:
    """Read a run's folder.

    Raises:
        UsageError: It holds no run.
    """
    if not is_run(folder) and not (folder / METRICS).is_file():
        raise UsageError(folder, "holds no run", f"a folder with {METRICS}", "Give the folder of a training")
    try:
        config = yaml.safe_load((folder / CONFIG).read_bytes())
    except (OSError, ValueError, yaml.YAMLError, RecursionError):
        config = None
    numbers = Numbers(read_lines(folder / METRICS))
    error = _last_error(folder / LOG)
    if (folder / LOCK).exists():
        state: State = "running"
    elif error:
        state = "failed"
    else:
        state = "finished" if _is_newest(folder / FINAL, folder) else "stopped"
    return make_record(folder, config if isinstance(config, dict) else {}, numbers, state=state, error=error)


class Numbers:
    """The numbers of a run, collected line by line of its metrics."""

    def __init__(self, lines: Iterable[Mapping[str, Any]] = ()) -> None:
        self._columns: dict[tuple[str, str], tuple[list[int], list[float]]] = {}
        for line in lines:
            self.add(line)

    def add(self, line: Mapping[str, Any]) -> None:
        """Take a line of metrics; what is no number is NaN in its curve."""
        iteration = line["iteration"]
        for kind in _KINDS:
            values = line.get(kind)
            if isinstance(values, dict):
                for name, value in values.items():
                    self._put(kind, name, iteration, value)
        if "losses" in line:
            for name in ("seconds", "data_share"):
                if _is_number(line.get(name)):
                    self._put("", name, iteration, line[name])

    def _put(self, kind: str, name: str, iteration: int, value: Any) -> None:
        iterations, values = self._columns.setdefault((kind, name), ([], []))
        iterations.append(iteration)
        values.append(value if _is_number(value) else math.nan)

    def curves(self, kind: str) -> dict[str, Curve]:
        """Return the curves of one kind, such as "losses", by name; of kind "" are seconds and data_share."""
        return {
            name: Curve(np.array(iterations, np.int64), np.array(values, np.float64))
            for (of, name), (iterations, values) in self._columns.items()
            if of == kind
        }


def make_record(folder: Path, config: Mapping[str, Any], numbers: Numbers, *, state: State, error: str = "") -> Record:
    """Make the record of a run of its config and its numbers; the rest is read from its folder."""
    validation, times = numbers.curves("validation"), numbers.curves("")
    starts = _read_starts(folder / ENVIRONMENT)
    match = _NOT_FINITE.match(error)
    return Record(
        name=folder.resolve().name or str(folder),
        config=config,
        starts=starts,
        losses=numbers.curves("losses"),
        validation=validation,
        diversity=numbers.curves("diversity"),
        rates=numbers.curves("lr"),
        seconds=times.get("seconds", Curve.of([])),
        waiting=times.get("data_share", Curve.of([])),
        state=state,
        not_finite=NotFinite(int(match[1]), match[2]) if match else None,
        error=error,
        data_counts=_data_counts(folder / DATA),
        findings=_findings(starts[-1].get("data") if starts else None),
        best=_best_metric(validation, config),
    )


def read_lines(path: Path) -> list[dict[str, Any]]:
    """Return the lines of a metrics file that are whole, each with an iteration; iterations never fall."""
    try:
        data = path.read_bytes()
    except OSError:
        return []
    lines: list[dict[str, Any]] = []
    for text in data.split(b"\n"):
        try:
            line = json.loads(text)
        except (ValueError, RecursionError):
            continue
        if isinstance(line, dict) and type(line.get("iteration")) is int:
            while lines and lines[-1]["iteration"] > line["iteration"]:  # a crash lost what came after
                lines.pop()
            lines.append(line)
    return lines


def _is_number(value: Any) -> bool:
    return type(value) in (int, float) and math.isfinite(value)


def _read_starts(path: Path) -> list[dict[str, Any]]:
    try:
        starts = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return []
    if not isinstance(starts, list):
        return []
    return [start for start in starts if isinstance(start, dict) and type(start.get("iteration")) is int]


def _findings(data: Any) -> list[DataFinding]:
    """Return what the doctor said, of the `data` of a start."""
    found = []
    for item in data.get("findings", []) if isinstance(data, dict) else ():
        try:
            finding = DataFinding(item["severity"], item["kind"], item["count"], item.get("example", ""))
        except (TypeError, KeyError, AttributeError):
            continue
        found.append(finding)
    return found


def _data_counts(path: Path) -> dict[str, int]:
    """Return the number of data files of each kind, of `data.txt`."""
    counts: dict[str, int] = {}
    try:
        text = os.fsdecode(path.read_bytes())
    except OSError:
        return counts
    for line in text.split("\n"):
        kind, tab, _ = line.partition("\t")
        if tab:
            counts[kind] = counts.get(kind, 0) + 1
    return counts


def _last_error(path: Path) -> str:
    """Return the error that ended the last start of a run, by its log; "" if there is none."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - _TAIL_BYTES))
            lines = file.read().decode("utf-8", "replace").splitlines()
    except OSError:
        return ""
    match = _ERROR.match(lines[-1]) if lines else None
    return match[1] if match and "the training goes on" not in match[1] else ""


def _is_newest(final: Path, folder: Path) -> bool:
    """Return whether the last checkpoint of a run is its final one."""
    try:
        return final.stat().st_mtime_ns >= (folder / LATEST).stat().st_mtime_ns
    except OSError:
        return final.is_file()


def _best_metric(validation: Mapping[str, Curve], config: Mapping[str, Any]) -> str:
    """Return the metric by which `best.ppgan` is chosen: that of the config, else the first of a recipe's."""
    settings = config.get("validation")
    own = settings.get("best") if isinstance(settings, Mapping) else None
    return next((name for name in (str(own), *BEST_OF_RECIPES, *validation) if name in validation), "")
