"""The page of a report: texts in all languages, charts, previews, in one HTML file that loads nothing."""

from __future__ import annotations

import functools
import json
import math
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from ppgan_lite.errors import missing_extra
from ppgan_lite.languages.texts import LANGUAGE_NAMES
from ppgan_lite.training.report import charts
from ppgan_lite.training.report.charts import Chart, draw_chart
from ppgan_lite.training.report.curves import Curve
from ppgan_lite.training.report.languages import en, zh
from ppgan_lite.training.report.pictures import Shot
from ppgan_lite.training.report.record import Record
from ppgan_lite.training.report.rules import CHANCE, Advice, Judgement, advise, is_of_the_game, judge

if TYPE_CHECKING:
    import jinja2

# Language -> key -> text.
TEXTS: dict[str, dict[str, str]] = {"en": en.TEXTS, "zh": zh.TEXTS}

# The C one where PyYAML has it: the Python one takes a tenth of a second.
_Dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
_HERE = Path(__file__).parent
_STEM = re.compile(r"_(?:a|b|ab|ba)$")


@dataclass(frozen=True, eq=False)
class Section:
    """A run on a page: its record, its previews, and what follows from them."""

    record: Record
    shots: Sequence[Shot] = ()
    judgements: list[Judgement] = field(default_factory=list)
    advice: Advice = field(default_factory=lambda: Advice("cannot_tell", "note"))

    @property
    def settings(self) -> str:
        """The settings as YAML."""
        return yaml.dump(self.record.config, Dumper=_Dumper, sort_keys=False, allow_unicode=True)

    @classmethod
    def of(cls, record: Record, shots: Sequence[Shot] = ()) -> Section:
        """Judge a record."""
        judgements = judge(record)
        return cls(record, shots, judgements, advise(record, judgements))


def render(sections: Sequence[Section], *, language: str | None = None) -> bytes:
    """Return the page of one run, or of several side by side.

    Args:
        sections: The runs.
        language: The language that it opens in; None for that of the browser. A switch has the others.

    Raises:
        MissingDependencyError: Jinja2 is not installed.
    """
    named = _with_names_of_their_own(sections)
    html = (
        _template()
        .render(
            sections=named,
            charts=list(_charts(named[0].record) if len(named) == 1 else _compared_charts(named)),
            facts=[list(_facts(section.record)) for section in named],
            differences=list(_differences(named)),
            language=language,
            languages=LANGUAGE_NAMES,
            titles={name: texts["title"] for name, texts in TEXTS.items()},
            time=time.strftime("%Y-%m-%d %H:%M:%S"),
            frame=charts,
        )
        .encode("utf-8", "replace")
    )  # a name may have bytes that are no UTF-8
    return html


def text_of(language: str, key: str, values: Mapping[str, Any]) -> str:
    """Return a text with its numbers and names; "" if there is none of that key."""
    text = TEXTS[language].get(key, "")
    return text.format_map({name: _formatted(value) for name, value in values.items()}) if values else text


def _formatted(value: Any) -> str:
    """Return a number as a person writes it, and anything else as text."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return str(value)
    if isinstance(value, int):
        return f"{value:,}"
    if not math.isfinite(value):
        return "–"
    if value and (abs(value) >= 1e5 or abs(value) < 1e-3):
        return f"{value:.2e}".replace("e-0", "e-").replace("e+0", "e")
    return f"{value:.4g}"


@functools.cache
def _template() -> jinja2.Template:
    try:
        import jinja2
        from markupsafe import Markup, escape
    except ImportError as error:
        raise missing_extra("report", "Jinja2", "cpu") from error

    def translated(key: str, values: Mapping[str, Any] | None = None, **more: Any) -> Markup:
        """Return a text in all languages, of which the page shows one."""
        texts = {language: text_of(language, key, {**(values or {}), **more}) for language in TEXTS}
        if len({*texts.values()}) == 1:
            return escape(texts["en"])
        return Markup("").join(
            Markup('<span lang="{}">{}</span>').format(language, text) for language, text in texts.items()
        )

    environment = jinja2.Environment(
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        loader=jinja2.DictLoader(
            {name: (_HERE / name).read_text(encoding="utf-8") for name in ("page.html", "page.css", "page.js")}
        ),
    )
    environment.globals |= {"t": translated, "has_text": lambda key: key in TEXTS["en"], "number": _formatted}
    environment.globals["text"] = lambda language, key: TEXTS[language][key]
    return environment.get_template("page.html")


def _with_names_of_their_own(sections: Sequence[Section]) -> list[Section]:
    """Return the runs with a number after names that several have."""
    from dataclasses import replace

    named, seen = [], dict[str, int]()
    for section in sections:
        name = section.record.name
        seen[name] = seen.get(name, 0) + 1
        if seen[name] > 1:
            name = f"{name} ({seen[name]})"
        named.append(replace(section, record=replace(section.record, name=name)))
    return named


def _charts(record: Record) -> Iterator[Chart]:
    """Yield the charts of one run."""
    marks = dict.fromkeys(record.resumes, "resumed")
    found: list[Chart | None] = []
    for metric in sorted(record.validation, key=lambda name: name != record.best):
        curve = record.validation[metric]
        best = {int(curve.iterations[at]): "best"} if (at := _best_of(record, metric, curve)) is not None else {}
        found.append(draw_chart("validation", {metric: curve}, name=metric, columns=marks | best))
    groups: dict[tuple[str, str], dict[str, Curve]] = {}
    for name, curve in record.losses.items():
        groups.setdefault(("game", "") if is_of_the_game(name) else ("loss", _STEM.sub("", name)), {})[name] = curve
    for (kind, stem), curves in groups.items():
        chance = CHANCE.get(record.setting("recipe.objective", "vanilla")) if kind == "game" else None
        rows = {chance: "chance"} if chance and any(name.startswith("discriminator") for name in curves) else {}
        found.append(draw_chart(kind, curves, name=stem, columns=marks, rows=rows))
    found.append(draw_chart("diversity", record.diversity, columns=marks, from_zero=True))
    rates = [curve.values.tolist() for curve in record.rates.values()]
    same = rates and all(values == rates[0] for values in rates)
    shared = {", ".join(record.rates): next(iter(record.rates.values()))} if same else record.rates
    found.append(draw_chart("rate", shared, columns=marks, from_zero=True, smooth=False))
    found.append(draw_chart("speed", {"": record.speed()}, columns=marks, from_zero=True))
    found.append(draw_chart("waiting", {"": record.waiting}, columns=marks, from_zero=True))
    yield from (chart for chart in found if chart is not None)


def _best_of(record: Record, metric: str, curve: Curve) -> int | None:
    """Return the place of the best validation in a curve of the metric that chooses it."""
    if metric != record.best or not len(curve.finite):
        return None
    values = curve.values if record.more_is_better else -curve.values
    return int(max(range(len(values)), key=lambda at: values[at] if math.isfinite(values[at]) else -math.inf))


def _compared_charts(sections: Sequence[Section]) -> Iterator[Chart]:
    """Yield the charts of several runs: one for each number, with a line for each run that has it."""
    groups: dict[tuple[str, str], dict[str, Curve]] = {}
    for section in sections:
        record = section.record
        for kind, curves in (
            ("validation", record.validation),
            ("loss", {name: curve for name, curve in record.losses.items() if not is_of_the_game(name)}),
            ("game", {name: curve for name, curve in record.losses.items() if is_of_the_game(name)}),
            ("diversity", record.diversity),
            ("rate", dict(list(record.rates.items())[:1])),
            ("speed", {"": record.speed()}),
            ("waiting", {"": record.waiting}),
        ):
            for name, curve in curves.items():
                groups.setdefault((kind, "" if kind == "rate" else name), {})[record.name] = curve
    order = ("validation", "loss", "game", "diversity", "rate", "speed", "waiting")
    for kind, name in sorted(groups, key=lambda key: order.index(key[0])):
        zero = kind not in ("validation", "loss", "game")
        chart = draw_chart(kind, groups[kind, name], name=name, from_zero=zero, smooth=kind != "rate")
        if chart is not None:
            yield chart


def _facts(record: Record) -> Iterator[tuple[str, list[tuple[str, dict[str, Any]] | str]]]:
    """Yield what was trained: the key of a fact, and its parts, each a text or the key of one and its values."""
    yield "recipe", [str(record.setting("recipe.name", "?"))]
    nets = [value["name"] for value in _mapping(record.setting("recipe")).values() if "name" in _mapping(value)]
    if nets:
        yield "nets", [", ".join(map(str, nets))]
    data = _mapping(record.setting("data"))
    places = [_place(value) for key, value in data.items() if key in ("folder", "a", "b", "clean", "content", "style")]
    yield "data", [": ".join(filter(None, [str(data.get("name", "?")), "; ".join(filter(None, places))]))]
    if record.data_counts:
        yield "files", [", ".join(f"{kind} {count:,}" for kind, count in record.data_counts.items())]
    if record.setting("data.size"):
        yield "size", [("fact_size_value", {"size": record.setting("data.size")})]
    batch, accumulate = record.count("loader.batch_size", 1), record.count("train.accumulate", 1)
    yield "batch", [f"{batch} × {accumulate}" if accumulate > 1 else str(batch)]
    minutes = record.setting("train.minutes")
    limit = [("fact_minutes", {"minutes": minutes})] if minutes else []
    yield "iterations", [_formatted(record.setting("train.iterations", "?")), *limit]
    if record.setting("train.init_from"):
        yield "start_from", [str(record.setting("train.init_from"))]
    yield "seed", [str(record.setting("train.seed", "?"))]
    if len(record.seconds):
        yield "time", [("fact_time_value", {"time": duration(float(record.seconds.values[-1]))})]
    if record.starts:
        last = record.starts[-1]
        yield "begun", [str(record.starts[0].get("started", "?"))]
        yield "machine", [", ".join(str(last[key]) for key in ("device", "host", "system") if last.get(key))]
        packages = ("ppgan_lite", "paddle", "python")
        yield "versions", [", ".join(f"{key} {last[key]}" for key in packages if last.get(key))]


def duration(seconds: float) -> str:
    """Return a time as hours, minutes and seconds: "2:03:59", "0:45"."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _differences(sections: Sequence[Section]) -> Iterator[tuple[str, list[str]]]:
    """Yield the settings that differ between runs, with their values."""
    if len(sections) < 2:
        return
    flat = [dict(_flattened(section.record.config)) for section in sections]
    for key in dict.fromkeys(key for settings in flat for key in settings):
        values = [settings.get(key, "–") for settings in flat]
        if len({*values}) > 1:
            yield key, values


def _flattened(value: Any, key: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for name, item in value.items():
            yield from _flattened(item, f"{key}.{name}" if key else str(name))
    else:
        yield key, json.dumps(value, ensure_ascii=False, default=str)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _place(value: Any) -> str:
    """Return a folder, or folders, as text."""
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value or "")
