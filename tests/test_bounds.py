"""Every number that a config can set has a range, and a number outside of it is told by key and line."""

from __future__ import annotations

import inspect
import math
import types
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ppgan_lite.checkpoint import PredictorSpec
from ppgan_lite.config import LoaderSettings, ScheduleSettings, TrainSettings, ValidationSettings, load_config
from ppgan_lite.config.shipped import shipped_configs
from ppgan_lite.data import DATASETS
from ppgan_lite.errors import ConfigError, UsageError
from ppgan_lite.nets import NETS
from ppgan_lite.recipes import RECIPES
from ppgan_lite.signatures import ArgumentsOf, Within, argument_faults, fits, marks_of
from ppgan_lite.tables import resolve
from ppgan_lite.training.preparing import build

TABLES = {"recipe": RECIPES, "data": DATASETS, "net": NETS}
CLASSES = {
    **{f"{kind} {name}": resolve(table, name, kind) for kind, table in TABLES.items() for name in table},
    **{cls.__name__: cls for cls in (LoaderSettings, ScheduleSettings, TrainSettings, ValidationSettings)},
}


def numbers_without_range(hint: Any) -> bool:
    if hint in (int, float):
        return True
    if any(isinstance(mark, Within) for mark in getattr(hint, "__metadata__", ())):
        return False
    if typing.get_origin(hint) is typing.Literal:
        return False
    return any(map(numbers_without_range, typing.get_args(hint)))


@pytest.mark.parametrize("name", CLASSES)
def test_every_number_has_a_range(name):
    parameters = inspect.signature(CLASSES[name], eval_str=True).parameters
    assert [key for key, item in parameters.items() if numbers_without_range(item.annotation)] == []


def ranges(hint: Any) -> Iterator[Within]:
    yield from (mark for mark in getattr(hint, "__metadata__", ()) if isinstance(mark, Within))
    for choice in typing.get_args(hint):
        yield from ranges(choice)


def scalars(cls: type) -> Iterator[tuple[str, Within]]:
    """Yield the parameters that are a single number, or null, with their ranges."""
    for key, item in inspect.signature(cls, eval_str=True).parameters.items():
        hint = item.annotation
        choices = typing.get_args(hint) if typing.get_origin(hint) in (typing.Union, types.UnionType) else [hint]
        for choice in choices:
            if typing.get_args(choice)[:1] in ((int,), (float,)):
                yield from ((key, limit) for limit in ranges(choice))


@pytest.mark.parametrize("name", CLASSES)
def test_what_no_range_holds_is_refused_by_every_class(name):
    cls = CLASSES[name]
    for key, limit in scalars(cls):
        limits = [other for same, other in scalars(cls) if same == key]  # several: a number of iterations, or a share
        for wrong in (math.nan, math.inf, -math.inf, -1, limit.lowest - 1, limit.highest + 1):
            if any(wrong in other for other in limits if other is not limit):
                continue
            faults = [fault for fault in argument_faults(cls, {key: wrong}) if fault.key == key]
            assert len(faults) == 1, (key, wrong)
        default = inspect.signature(cls).parameters[key].default
        assert default is inspect.Parameter.empty or default is None or any(default in other for other in limits)


@pytest.mark.parametrize(
    ("experiment", "override", "message"),
    [
        ("style_draft", "recipe.learning_rate=0", "recipe.learning_rate: 0; expected a number above 0 and up to 1"),
        (
            "style_draft",
            "recipe.learning_rate=.nan",
            "recipe.learning_rate: nan; expected a number above 0 and up to 1",
        ),
        ("style_draft", "recipe.learning_rate=2", "recipe.learning_rate: 2; expected a number above 0 and up to 1"),
        ("style_draft", "recipe.beta2=1", "recipe.beta2: 1; expected a number from 0 to below 1"),
        ("style_draft", "recipe.content=-1", "recipe.content: -1; expected 0 or more"),
        ("style_draft", "recipe.content=.inf", "recipe.content: inf; expected a finite number"),
        ("style_draft", "recipe.noise_std=2", "recipe.noise_std: 2; expected a number from 0 to 1"),
        ("style_draft", "recipe.net.channels=0", "recipe.net.channels: 0; expected 1 or more"),
        ("style_draft", "recipe.net.chanels=8", "recipe.net.chanels: StyleTransferNet has no such key"),
        ("lapstyle_revision", "recipe.level=-1", "recipe.level: -1; expected an integer from 0 to 5"),
        ("cyclegan", "recipe.pool=-1", "recipe.pool: -1; expected 0 or more"),
        ("cyclegan", "recipe.discriminator_steps=0", "recipe.discriminator_steps: 0; expected 1 or more"),
        ("cyclegan", "recipe.generator.blocks=-1", "recipe.generator.blocks: -1; expected 0 or more"),
        (
            "cyclegan",
            "recipe.discriminator.layers=0",
            "recipe.discriminator.layers: 0; expected an integer from 1",
        ),
        ("cyclegan", "data.size=0", "data.size: 0; expected 1 or more"),
        ("cyclegan", "data.resize_to=0", "data.resize_to: 0; expected 1 or more"),
        (
            "cyclegan",
            "data.resize_to=[0, 8]",
            "data.resize_to: [0, 8]; expected a list of 2: an integer, 1 or more, an integer, 1 or more",
        ),
        ("style_draft", "data.recolor=1.5", "data.recolor: 1.5; expected a number from 0 to 1"),
        ("cyclegan", "train.clip_norm=0", "train.clip_norm: 0; expected above 0"),
        ("cyclegan", "train.save_every_s=.nan", "train.save_every_s: nan; expected 0 or more"),
        ("cyclegan", "train.iterations=0", "train.iterations: 0; expected 1 or more"),
        ("cyclegan", "train.schedule.final=-.1", "train.schedule.final: -0.1; expected 0 or more"),
        ("cyclegan", "loader.workers=-1", "loader.workers: -1; expected 0 or more"),
    ],
)
def test_a_number_that_cannot_be_meant_is_told(experiment, override, message):
    name = next((name for name in shipped_configs() if name.startswith(experiment)), experiment)
    with pytest.raises(ConfigError) as caught:
        load_config(name, [override])
    assert message in str(caught.value)


def test_the_ends_of_ranges():
    assert [0 in Within(0, 1), 1 in Within(0, 1), 0 in Within(0, 1, above=True), 1 in Within(0, 1, below=True)] == [
        *(True, True, False, False)
    ]
    assert 10**400 in Within(0) and math.inf not in Within(0) and math.nan not in Within(0)
    assert not fits(math.nan, float) and not fits([1.0, math.inf], list[float]) and fits(10**400, int)
    assert str(Within(0, 1, above=True, below=True)) == "above 0 and below 1"


def test_what_a_mark_is_for():
    assert marks_of(CLASSES["recipe StyleTransferDraft"])["net"] == [ArgumentsOf("StyleTransferNet")]
    assert argument_faults(PredictorSpec, {"net": "a", "task": "stylize", "multiple_of": 0, "scale": 0})


def test_a_net_that_cannot_be_built_is_told_in_one_line(tmp_path: Path):
    section = {"name": "LapStyleDraft", "net": {"encoder_channels": [4]}, "perceptual": "small"}
    with pytest.raises(
        UsageError, match=r"^recipe: LapStyleDraft cannot be built from its arguments \(\w+: "
    ) as caught:
        build(RECIPES, section, "recipe")
    assert "\n" not in str(caught.value)


def test_integers_become_floats_where_these_are_wanted():
    overrides = ["recipe.learning_rate=1", "recipe.content=4", "recipe.net.channels=8", "train.save_every_s=9"]
    config = load_config("tiny/style_draft", [*overrides, "train.clip_norm=1", "train.schedule.final=0"])
    assert isinstance(config.recipe["learning_rate"], float) and isinstance(config.recipe["content"], float)
    assert isinstance(config.recipe["net"]["channels"], int) and isinstance(config.train.iterations, int)
    assert [type(value) for value in (config.train.save_every_s, config.train.clip_norm)] == [float, float]
    assert isinstance(config.train.schedule.final, float) and config.train.ema is None
    assert isinstance(load_config("cyclegan_unet", ["data.resize_to=300"]).data["resize_to"], int)


def test_a_generator_makes_gray_pictures_or_colors():
    section = load_config("tiny/restore_saltpepper", ["recipe.generator.in_channels=5"]).recipe
    with pytest.raises(UsageError) as caught:
        build(RECIPES, section, "recipe")
    assert str(caught.value) == "recipe.generator.in_channels: 5; expected 1 for gray pictures, or 3"
