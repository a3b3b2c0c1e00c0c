"""Check settings against the signatures of recipe, nets and dataset, and the dataclasses of the other sections."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from ppgan_lite.aliases import REPLACED
from ppgan_lite.config.files import Sources, merge_data
from ppgan_lite.config.paths import expand_arguments
from ppgan_lite.config.settings import (
    Config,
    LoaderSettings,
    ScheduleSettings,
    TrainSettings,
    ValidationSettings,
)
from ppgan_lite.data import DATASETS
from ppgan_lite.errors import UsageError
from ppgan_lite.metrics.distributions import LEAST_PICTURES
from ppgan_lite.metrics.table import METRICS
from ppgan_lite.nets import NETS
from ppgan_lite.recipes import RECIPES
from ppgan_lite.signatures import (
    ArgumentsOf,
    Fault,
    argument_faults,
    marks_of,
    shown,
    unknown_key,
    with_defaults,
    with_floats,
)
from ppgan_lite.tables import did_you_mean, resolve

SECTIONS = ("recipe", "data", "loader", "train", "validation")


def check(settings: Mapping[str, Any], sources: Sources) -> Config:
    """Check settings and convert them to a Config.

    Raises:
        ConfigError: All faults at once, a line each.
    """
    for key in settings:
        if key not in SECTIONS:
            sources.add(unknown_key(key, (*SECTIONS, "base"), "a configuration"))
    parts = {name: _section(settings, name, sources) for name in SECTIONS}
    _expand_paths(parts, sources)
    recipe = _check_named(parts["recipe"], "recipe", RECIPES, sources)
    data = _check_named(parts["data"], "data", DATASETS, sources)
    if recipe and data:
        lacking = [key for key in recipe.needs if key not in data.gives]
        if lacking:
            found = f"{data.__name__} gives {', '.join(data.gives)}"
            sources.add(Fault("data.name", found, f"also {', '.join(lacking)}, which {recipe.__name__} needs"))
    schedule = _section(parts["train"], "schedule", sources, "train.")
    parts["train"].pop("schedule", None)
    for prefix, cls, values in (
        ("loader.", LoaderSettings, parts["loader"]),
        ("train.", TrainSettings, parts["train"]),
        ("train.schedule.", ScheduleSettings, schedule),
        ("validation.", ValidationSettings, parts["validation"]),
    ):
        if cls is TrainSettings and values.get("iterations") is None and values.get("epochs") is None:
            sources.add(Fault("train.iterations", "missing", "an integer"))
        _check_arguments(prefix, cls, values, sources)
    measured = _check_validation_data(parts, sources) if data else {}
    if recipe:
        _check_recipe_support(recipe, parts, sources)
        _check_metrics(recipe, parts["validation"], measured, sources)
    if schedule.get("name") == "step" and schedule.get("step_every") is None:
        sources.add(Fault("train.schedule.step_every", "missing", "an integer, since the schedule is step"))
    if parts["train"].get("histograms") and not parts["train"].get("visualdl"):
        sources.add(Fault("train.histograms", "true without train.visualdl, which shows them", "both or none"))
    sources.raise_faults()
    return Config(
        recipe=with_nets_resolved(parts["recipe"]),
        data=_resolved(DATASETS, parts["data"], "data"),
        loader=LoaderSettings(**parts["loader"]),
        train=TrainSettings(
            **with_floats(TrainSettings, parts["train"]),
            schedule=ScheduleSettings(**with_floats(ScheduleSettings, schedule)),
        ),
        validation=ValidationSettings(**{**parts["validation"], "data": measured}),
        source=str(sources.path),
        base=sources.base,
        changes=tuple(sources.changes),
    )


def with_nets_resolved(section: Mapping[str, Any]) -> dict[str, Any]:
    """Return name and arguments of a recipe with all defaults filled in, including those of its nets."""
    recipe = _resolved(RECIPES, section, "recipe")
    for key in _net_choices(resolve(RECIPES, section["name"], "recipe")):
        if recipe.get(key) is not None:
            recipe[key] = _resolved(NETS, recipe[key], "net")
    return recipe


def _resolved(table: Mapping[str, str], section: Mapping[str, Any], what: str) -> dict[str, Any]:
    arguments = {key: value for key, value in section.items() if key != "name"}
    cls = resolve(table, section["name"], what)
    return {"name": section["name"], **with_defaults(cls, with_floats(cls, arguments))}


def _section(settings: Mapping[str, Any], name: str, sources: Sources, prefix: str = "") -> dict[str, Any]:
    value = settings.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        sources.add(Fault(prefix + name, shown(value), "a mapping"))
        return {}
    return dict(value)


def _expand_paths(parts: dict[str, dict[str, Any]], sources: Sources) -> None:
    """Expand the paths in all sections, in place; add the faults of those that cannot be."""
    data, measured = parts["data"], parts["validation"].get("data")
    sections: list[tuple[str, Any, dict[str, Any]]] = [
        ("recipe.", _class_of(parts["recipe"], RECIPES), parts["recipe"]),
        ("data.", _class_of(data, DATASETS), data),
        ("train.", TrainSettings, parts["train"]),
    ]
    if isinstance(measured, dict):
        measured = parts["validation"]["data"] = dict(measured)
        sections.append(("validation.data.", _class_of({**data, **measured}, DATASETS), measured))
    for prefix, cls, section in sections:
        expanded, faults = ({}, []) if cls is None else expand_arguments(cls, section)
        section |= expanded
        for fault in faults:
            sources.add(Fault(prefix + fault.key, fault.found, fault.expected))


def _class_of(section: Mapping[str, Any], table: Mapping[str, str]) -> Any:
    """Return the class that a section names; None if there is no such class."""
    name = section.get("name")
    return resolve(table, name, "class") if isinstance(name, str) and name in table else None


def _check_named(section: Mapping[str, Any], what: str, table: Mapping[str, str], sources: Sources) -> Any:
    """Check a section that names a class and its arguments; return the class, or None after a fault."""
    name = section.get("name")
    if not isinstance(name, str):
        found = "missing" if name is None else shown(name)
        sources.add(Fault(f"{what}.name", found, f"one of {', '.join(sorted(table))}"))
        return None
    try:
        cls = resolve(table, name, what)
    except UsageError as error:
        sources.add(Fault(f"{what}.name", error.found, error.expected, error.remedy))
        return None
    arguments = {key: value for key, value in section.items() if key != "name"}
    _check_arguments(f"{what}.", cls, arguments, sources)
    for key in _net_choices(cls):
        if isinstance(arguments.get(key), dict):
            _check_named(arguments[key], f"{what}.{key}", NETS, sources)
    for key, net in _net_arguments(cls).items():
        if isinstance(arguments.get(key), dict):
            _check_arguments(f"{what}.{key}.", resolve(NETS, net, "net"), arguments[key], sources)
    return cls


def _check_arguments(prefix: str, cls: type, values: Mapping[str, Any], sources: Sources) -> None:
    faults = [_told_if_replaced(fault, cls) if prefix == "recipe." else fault for fault in argument_faults(cls, values)]
    for fault in faults:
        _add(prefix, fault, sources)


def _add(prefix: str, fault: Fault, sources: Sources) -> None:
    """Add a fault of an argument by its whole key; a number that is out of its range needs no type."""
    found = fault.found.rpartition(" (")[0] if fault.is_range else fault.found
    sources.add(Fault(prefix + fault.key, found, fault.expected, fault.remedy))


def _told_if_replaced(fault: Fault, recipe: type) -> Fault:
    """Say what takes the place of an argument that recipes of its kind had."""
    if fault.key not in REPLACED or fault.key in inspect.signature(recipe).parameters:
        return fault
    return Fault(fault.key, f"{recipe.__name__} has no such key any more", remedy=REPLACED[fault.key])


def _check_validation_data(parts: Mapping[str, dict[str, Any]], sources: Sources) -> dict[str, Any]:
    """Check the data that validation measures on: `data` with `validation.data` over it. Return it, resolved."""
    over = parts["validation"].get("data") or {}
    if not isinstance(over, dict):
        return {}  # Already reported as a fault of its type.
    section = merge_data(parts["data"], over)
    # Faults of `data` itself have been reported there.
    if "name" in over:
        cls = _check_named({**section, "name": over["name"]}, "validation.data", DATASETS, sources)
    else:
        cls = resolve(DATASETS, section["name"], "data")
        for fault in argument_faults(cls, {key: value for key, value in section.items() if key != "name"}):
            if fault.key in over:
                _add("validation.data.", fault, sources)
    return _resolved(DATASETS, section, "data") if cls else {}


def _check_recipe_support(recipe: Any, parts: Mapping[str, dict[str, Any]], sources: Sources) -> None:
    """Check the settings that need recipes with averaged nets or with validation."""
    validation, name = parts["validation"], recipe.__name__
    if parts["train"].get("ema") is not None and not recipe.averaged:
        sources.add(Fault("train.ema", f"{name} has no net that is averaged", "null"))
    if parts["train"].get("to_static") and not recipe.averaged:
        sources.add(Fault("train.to_static", f"{name} has no net that can be compiled", "false"))
    if validation.get("every") and recipe.best is None:
        sources.add(Fault("validation.every", f"{name} measures nothing", "0"))
    if validation.get("patience") is not None and not validation.get("every"):
        sources.add(Fault("validation.patience", "without validation.every nothing is measured", "both or none"))


def _check_metrics(recipe: Any, validation: Mapping[str, Any], data: Mapping[str, Any], sources: Sources) -> None:
    """Check the metrics that validation measures by name, against what the recipe's pictures can be compared with."""
    names, best, samples = (validation.get(key) for key in ("metrics", "best", "samples"))
    names = names or []
    if not (isinstance(names, list) and all(isinstance(name, str) for name in names)):
        return  # Already reported as a fault of its type.
    if not names and best is None:
        return
    compared = {"results": recipe.results, "pair": recipe.targets, "set": recipe.targets or recipe.domains}
    compared |= {"painting": "style" in recipe.needs}
    known = [
        name for name, metric in METRICS.items() if name in recipe.measures or compared.get(metric.compares, False)
    ]
    for name in names:
        if name not in known:
            found = f"{recipe.__name__} has no metric {name!r}"
            sources.add(Fault("validation.metrics", found, f"one of {', '.join(known)}", did_you_mean(name, known)))
        elif isinstance(size := data.get("size"), int) and size < METRICS[name].least_px:
            found = f"{name} of crops of {size} px"
            sources.add(Fault("validation.metrics", found, f"validation.data.size of {METRICS[name].least_px} or more"))
        elif METRICS[name].compares == "set" and isinstance(samples, int) and samples < LEAST_PICTURES:
            found = f"{name} of {samples} samples"
            sources.add(Fault("validation.metrics", found, f"validation.samples of {LEAST_PICTURES} or more"))
    measured = [*dict.fromkeys([*recipe.measures, *names])]
    if isinstance(best, str) and best not in measured:
        remedy = "Add it to validation.metrics" if best in known else did_you_mean(best, measured)
        sources.add(Fault("validation.best", f"{best} is not measured", f"one of {', '.join(measured)}", remedy))


def _net_choices(cls: type) -> list[str]:
    """Return the names of constructor arguments of type `NetChoice`: a net and its arguments."""
    return [name for name, marks in marks_of(cls).items() if "net" in marks]


def _net_arguments(cls: type) -> dict[str, str]:
    """Return the names of constructor arguments that hold a net's arguments, and the net of each."""
    return {name: mark.net for name, marks in marks_of(cls).items() for mark in marks if isinstance(mark, ArgumentsOf)}
