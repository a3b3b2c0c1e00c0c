"""Experiments: one YAML file each, checked whole before anything runs.

    base: other.yaml                          # optional: what this file does not say, that one does
    recipe: {name: LapStyleDraft, ...}        # the recipe's constructor arguments
    data: {name: ContentStyle, ...}           # the dataset's constructor arguments
    loader: {batch_size: 4, workers: 2}
    train: {iterations: 1000, ...}

The constructors' signatures are the schema of `recipe` and `data`, the dataclasses below of the rest. All faults are
told in one `ConfigError`, each with file and line.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

import yaml

from ppgan_lite.errors import ConfigError, UsageError
from ppgan_lite.signatures import Fault, argument_faults, shown, unknown_key, with_defaults
from ppgan_lite.tables import resolve


@dataclass(frozen=True)
class LoaderSettings:
    """How samples become batches. `workers` threads prepare them; their number does not change the batches."""

    batch_size: int = 1
    workers: int = 2


@dataclass(frozen=True)
class ScheduleSettings:
    """How the learning rates change: a factor of `iteration` by which every one of them is multiplied.

    Attributes:
        name: "constant"; "linear" and "cosine" fall from 1 to `final` between `decay_from` and the last iteration.
        warmup: Iterations during which the factor first rises from near 0.
        decay_from: Iteration at which the fall begins.
        final: Factor at the end.
    """

    name: Literal["constant", "linear", "cosine"] = "constant"
    warmup: int = 0
    decay_from: int = 0
    final: float = 0.0


@dataclass(frozen=True)
class TrainSettings:
    """The training loop: how long, how often to log, show and save.

    Attributes:
        iterations: Updates in all, those before a resume included.
        log_every: Iterations over which losses are averaged for one line.
        preview_every: Iterations between two preview pictures; 0 for none.
        save_every_s: Seconds between two checkpoints; the first comes after a minute at most.
        seed: Of the initial weights, the order of the samples and all that is drawn at random.
        schedule: Of the learning rates.
        init_from: A checkpoint whose nets the training starts from.
        device: "auto", "cpu" or "gpu:N".
        visualdl: Also write scalars and pictures for VisualDL.
    """

    iterations: int
    log_every: int = 50
    preview_every: int = 500
    save_every_s: float = 300.0
    seed: int = 0
    schedule: ScheduleSettings = field(default_factory=ScheduleSettings)
    init_from: str | None = None
    device: str = "auto"
    visualdl: bool = False


@dataclass(frozen=True)
class Config:
    """A checked experiment.

    Attributes:
        recipe: "name" and all constructor arguments, defaults filled in.
        data: The same of the dataset.
        loader: How samples become batches.
        train: The training loop.
        source: The file it was read from.
    """

    recipe: dict[str, Any]
    data: dict[str, Any]
    loader: LoaderSettings
    train: TrainSettings
    source: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Return the resolved settings as JSON values: a YAML of them is the same experiment."""
        settings = asdict(self)
        del settings["source"]
        return settings

    def dump(self) -> str:
        """Return the resolved settings as YAML."""
        return yaml.safe_dump(self.as_dict(), sort_keys=False, allow_unicode=True)


def load_config(path: str | Path, overrides: Iterable[str] = ()) -> Config:
    """Read an experiment and check all of it.

    Args:
        path: The YAML file.
        overrides: "section.key=value" each, stronger than the file; the value is read as YAML.

    Raises:
        ConfigError: Any number of faults, a line each.
    """
    path = Path(path)
    tree = _Tree(path)
    settings = tree.read(path)
    stronger: dict[str, Any] = {}
    for override in overrides:
        stronger = _laid_over(stronger, tree.read_override(override))
    return tree.check(_merged(settings, stronger))


# The lowest value that makes sense, by setting.
_MINIMUM = {
    "loader.batch_size": 1,
    "loader.workers": 0,
    "train.iterations": 1,
    "train.log_every": 1,
    "train.preview_every": 0,
    "train.save_every_s": 0,
    "train.seed": 0,
    "train.schedule.warmup": 0,
    "train.schedule.decay_from": 0,
    "train.schedule.final": 0,
}


class _Loader(yaml.SafeLoader):
    """YAML as people mean it: 1e-4 is a number (YAML 1.1 wants a dot and a sign there and reads text)."""


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"[-+]?\d[\d_]*[eE][-+]?\d+$"), list("-+0123456789")
)


class _Tree:
    """Settings gathered from files and overrides, with the place where each was said and the faults found so far."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.places: dict[str, str] = {}
        self.faults: list[tuple[str, str]] = []

    def read(self, path: Path, *, below: tuple[Path, ...] = ()) -> dict[str, Any]:
        """Return a file's settings over those of its `base`."""
        if path.resolve() in below:
            chain = " -> ".join(file.name for file in (*below, path))
            raise ConfigError(path, f"is its own base: {chain}", "bases that end", "Remove one `base:`")
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            reason = "there is no such file" if isinstance(error, FileNotFoundError) else f"cannot be read ({error})"
            raise ConfigError(path, reason, "a YAML file") from error
        own_places: dict[str, str] = {}
        own = self._parse(text, str(path), own_places)
        base = own.pop("base", None)
        if base is not None and not isinstance(base, str):
            self.faults.append((own_places["base"], f"base: {shown(base)}; expected the name of a YAML file"))
            base = None
        settings = {} if base is None else self.read(path.parent / base, below=(*below, path.resolve()))
        self.places |= own_places
        return _merged(settings, own)

    def read_override(self, override: str) -> dict[str, Any]:
        """Return one "a.b=value" as nested settings."""
        key, equals, text = override.partition("=")
        key = key.strip()
        if not equals or not all(key.split(".")):
            self.faults.append((f"-o {override}", "is not a setting; expected section.key=value"))
            return {}
        try:
            value = yaml.load(text, Loader=_Loader)
        except (yaml.YAMLError, ValueError):
            self.faults.append((f"-o {override}", "the value is not YAML; expected one such as 1, 1e-4, text, [1, 2]"))
            return {}
        self.places[key] = f"-o {override}"
        parts = key.split(".")
        for count in range(len(parts), 0, -1):
            self.places.setdefault(".".join(parts[:count]), f"-o {override}")
            value = {parts[count - 1]: value}
        return value

    def check(self, settings: dict[str, Any]) -> Config:
        """Turn settings into a Config, or raise all faults at once."""
        from ppgan_lite.data import DATASETS
        from ppgan_lite.recipes import RECIPES

        sections = ("recipe", "data", "loader", "train")
        for key in settings:
            if key not in sections:
                self._add(unknown_key(key, (*sections, "base"), "a configuration"))
        parts = {name: self._section(settings, name) for name in sections}
        recipe = self._named(parts["recipe"], "recipe", RECIPES)
        data = self._named(parts["data"], "data", DATASETS)
        if recipe and data:
            lacking = [key for key in recipe.needs if key not in data.gives]
            if lacking:
                found = f"{data.__name__} gives {', '.join(data.gives)}"
                self._add(Fault("data.name", found, f"also {', '.join(lacking)}, which {recipe.__name__} needs"))
        schedule = self._section(parts["train"], "schedule", "train.")
        parts["train"].pop("schedule", None)
        for prefix, cls, values in (
            ("loader.", LoaderSettings, parts["loader"]),
            ("train.", TrainSettings, parts["train"]),
            ("train.schedule.", ScheduleSettings, schedule),
        ):
            self._arguments(prefix, cls, values)
        if self.faults:
            raise _config_error(self.path, self.faults)
        assert recipe and data  # Otherwise there was a fault.
        return Config(
            recipe={"name": parts["recipe"].pop("name"), **with_defaults(recipe, parts["recipe"])},
            data={"name": parts["data"].pop("name"), **with_defaults(data, parts["data"])},
            loader=LoaderSettings(**parts["loader"]),
            train=TrainSettings(**parts["train"], schedule=ScheduleSettings(**schedule)),
            source=str(self.path),
        )

    def _parse(self, text: str, file: str, places: dict[str, str]) -> dict[str, Any]:
        try:
            loader = _Loader(text)
            node = loader.get_single_node()
            value = {} if node is None else self._value(loader, node, file, "", places)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            where = f"{file}:{mark.line + 1}" if mark else file
            raise ConfigError(where, f"is not YAML ({error.problem or error.context})") from error
        except (yaml.YAMLError, ValueError) as error:
            raise ConfigError(file, "is not YAML", "text that YAML can read") from error
        if not isinstance(value, dict):
            raise ConfigError(file, "holds no settings", "a mapping with recipe, data, loader, train")
        return value

    def _value(self, loader: _Loader, node: yaml.Node, file: str, key: str, places: dict[str, str]) -> Any:
        """Return a YAML node as a value and note the line of every key in it."""
        if not isinstance(node, yaml.MappingNode):
            return loader.construct_object(node, deep=True)
        loader.flatten_mapping(node)
        value: dict[str, Any] = {}
        for key_node, value_node in node.value:
            name = str(loader.construct_object(key_node))
            inner = f"{key}.{name}" if key else name
            place = f"{file}:{key_node.start_mark.line + 1}"
            if name in value:
                self.faults.append((place, f"{inner}: said twice; expected once, it stands at {places[inner]} too"))
            places[inner] = place
            value[name] = self._value(loader, value_node, file, inner, places)
        return value

    def _section(self, settings: Mapping[str, Any], name: str, prefix: str = "") -> dict[str, Any]:
        value = settings.get(name)
        if value is None:
            return {}
        if not isinstance(value, dict):
            self._add(Fault(prefix + name, shown(value), "a mapping"))
            return {}
        return dict(value)

    def _named(self, section: Mapping[str, Any], what: str, table: Mapping[str, str]) -> Any:
        """Check a section that names a class and its arguments; return the class, or None after a fault."""
        name = section.get("name")
        if not isinstance(name, str):
            found = "missing" if name is None else shown(name)
            self._add(Fault(f"{what}.name", found, f"one of {', '.join(sorted(table))}"))
            return None
        try:
            cls = resolve(table, name, what)
        except UsageError as error:
            self._add(Fault(f"{what}.name", error.found, error.expected, error.remedy))
            return None
        self._arguments(f"{what}.", cls, {key: value for key, value in section.items() if key != "name"})
        return cls

    def _arguments(self, prefix: str, cls: type, values: Mapping[str, Any]) -> None:
        faults = argument_faults(cls, values)
        for fault in faults:
            self._add(Fault(prefix + fault.key, fault.found, fault.expected, fault.remedy))
        faulty = {fault.key for fault in faults}
        for key, value in values.items():
            lowest = _MINIMUM.get(prefix + key)
            if lowest is not None and key not in faulty and not value >= lowest:
                self._add(Fault(prefix + key, str(value), f"{lowest} or more"))

    def _add(self, fault: Fault) -> None:
        """Note a fault at the line of its key, or of the section around it where the key is missing."""
        key = fault.key
        while key and key not in self.places:
            key = key.rpartition(".")[0]
        self.faults.append((self.places.get(key, str(self.path)), str(fault)))


def _merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings with others laid over them.

    A `recipe` or `data` of another name starts afresh: the arguments of one class mean nothing to another.
    """
    merged = _laid_over(base, over)
    for section in ("recipe", "data"):
        old, new = base.get(section), over.get(section)
        if (
            isinstance(old, Mapping)
            and isinstance(new, Mapping)
            and new.get("name", old.get("name")) != old.get("name")
        ):
            merged[section] = dict(new)
    return merged


def _laid_over(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Return a mapping with another one merged into it, mappings in it merged likewise."""
    merged = dict(base)
    for key, value in over.items():
        old = merged.get(key)
        merged[key] = _laid_over(old, value) if isinstance(old, Mapping) and isinstance(value, Mapping) else value
    return merged


def _config_error(path: Path, faults: list[tuple[str, str]]) -> ConfigError:
    """Return one error that tells every fault on a line of its own."""
    if len(faults) == 1:
        return ConfigError(*faults[0])
    error = ConfigError(path, f"{len(faults)} faults")
    # The error of one fault is one line; this one has a line for each.
    error.args = ("\n".join([str(error), *(f"  {place}: {text}" for place, text in faults)]),)
    return error
