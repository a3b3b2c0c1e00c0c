"""Experiments in YAML: accepted settings, and every fault with its place."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import pytest
import yaml

from ppgan_lite.config import ScheduleSettings, load_config
from ppgan_lite.data import DATASETS
from ppgan_lite.errors import ConfigError
from ppgan_lite.nets import NETS
from ppgan_lite.recipes import RECIPES
from ppgan_lite.recipes.recipe import NetChoice
from ppgan_lite.signatures import FilePath


class Painter:
    needs = ("photo", "style")
    averaged = ()
    best = None

    def __init__(
        self,
        *,
        rate: float = 1e-4,
        widths: Sequence[int] = (8, 16),
        sides: tuple[int, int] = (1, 2),
        norm: Literal["batch", "instance"] = "batch",
        teacher: str | None = None,
        weights: dict[str, float] | None = None,
        deep: bool = False,
    ) -> None: ...


class Other:
    needs = ()
    averaged = ("painter",)
    best = "error"

    def __init__(self, strokes: int) -> None: ...


class Brush:
    def __init__(self, width: int = 3, ink: Literal["black", "blue"] = "black") -> None: ...


class Roller:
    def __init__(self, width: float) -> None: ...


class Composed(Other):
    def __init__(
        self, *, first: NetChoice, second: NetChoice | None = None, third: NetChoice | None = None
    ) -> None: ...


class Pictures:
    gives = ("photo", "style")

    def __init__(self, folder: str) -> None: ...


class Photos(Pictures):
    gives = ("photo",)


@pytest.fixture(autouse=True)
def own_tables(monkeypatch):
    for table, classes in (
        (RECIPES, (Painter, Other, Composed)),
        (DATASETS, (Pictures, Photos)),
        (NETS, (Brush, Roller)),
    ):
        table_names = list(table)
        for name in table_names:
            monkeypatch.delitem(table, name)
        for cls in classes:
            monkeypatch.setitem(table, cls.__name__, f"{__name__}:{cls.__name__}")


GOOD = """\
recipe:
  name: Painter
  rate: 1e-3
data: {name: Pictures, folder: photos}
train:
  iterations: 10
"""


def written(folder: Path, text: str, name: str = "x.yaml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def faults(folder: Path, text: str, *overrides: str) -> str:
    """Return the message of a config that must be refused, its folder left out."""
    with pytest.raises(ConfigError) as caught:
        load_config(written(folder, text), overrides)
    assert caught.value.exit_code == 2
    return str(caught.value).replace(f"{folder}/", "")


def test_no_fault_of_several_has_control_characters(tmp_path):
    message = faults(tmp_path, GOOD + '"a\\e[2Jb": 1\n', "c\x1b]0;d=1")
    assert message.isascii() and "\x1b" not in message and "a?[2Jb" in message and "c?]0;d" in message


def test_a_config_is_resolved_with_all_defaults(tmp_path):
    config = load_config(written(tmp_path, GOOD))
    assert config.recipe == {
        "name": "Painter",
        "rate": 0.001,
        "widths": [8, 16],
        "sides": [1, 2],
        "norm": "batch",
        "teacher": None,
        "weights": None,
        "deep": False,
    }
    assert config.data == {"name": "Pictures", "folder": "photos"}
    assert config.train.iterations == 10
    assert config.train.schedule == ScheduleSettings()
    assert config.loader.batch_size == 1


def test_the_dump_of_a_config_is_the_same_experiment(tmp_path):
    config = load_config(written(tmp_path, GOOD), ["recipe.rate=1e-6", "train.schedule.name=cosine"])
    again = load_config(written(tmp_path, config.dump(), "again.yaml"))
    assert again.as_dict() == config.as_dict()
    assert yaml.safe_load(config.dump())["recipe"]["rate"] == 1e-6


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-4", 1e-4),
        ("-2E3", -2000.0),
        ("1.5e-4", 1.5e-4),
        ("+1e+2", 100.0),
        ("3", 3),
        (".5", 0.5),
        ("+.5", 0.5),
        (".5e-1", 0.05),
    ],
)
def test_numbers_are_read_as_people_mean_them(tmp_path, text, value):
    for config in (
        load_config(written(tmp_path, GOOD.replace("1e-3", text))),
        load_config(written(tmp_path, GOOD), [f"recipe.rate={text}"]),
    ):
        assert config.recipe["rate"] == value
        assert not isinstance(config.recipe["rate"], str)


def test_overrides_are_stronger_than_the_file_and_may_be_any_yaml(tmp_path):
    overrides = ["recipe.widths=[1, 2, 3]", "recipe.weights={style: 2}", "train.init_from=null", "loader.workers=0"]
    config = load_config(written(tmp_path, GOOD), overrides)
    assert config.recipe["widths"] == [1, 2, 3]
    assert config.recipe["weights"] == {"style": 2}
    assert config.loader.workers == 0


def test_a_base_gives_what_a_file_does_not_say(tmp_path):
    (tmp_path / "common").mkdir()
    written(tmp_path / "common", GOOD, "base.yaml")
    middle = "base: common/base.yaml\nrecipe: {rate: 5}\n"
    written(tmp_path, middle, "middle.yaml")
    config = load_config(written(tmp_path, "base: middle.yaml\ntrain: {seed: 7}\n"))
    assert (config.recipe["rate"], config.train.iterations, config.train.seed) == (5, 10, 7)


def test_another_recipe_than_the_bases_starts_with_its_own_arguments(tmp_path):
    written(tmp_path, GOOD, "base.yaml")
    config = load_config(written(tmp_path, "base: base.yaml\nrecipe: {name: Other, strokes: 3}\n"))
    assert config.recipe == {"name": "Other", "strokes": 3}
    config = load_config(tmp_path / "base.yaml", ["recipe.strokes=4", "recipe.name=Other"])
    assert config.recipe == {"name": "Other", "strokes": 4}


def test_a_fault_in_a_base_is_told_at_the_bases_line(tmp_path):
    written(tmp_path, GOOD.replace("1e-3", "fast"), "base.yaml")
    assert faults(tmp_path, "base: base.yaml\n") == ("base.yaml:3: recipe.rate: 'fast' (text); expected a number")


def test_bases_in_a_circle_are_told(tmp_path):
    written(tmp_path, "base: x.yaml\n", "y.yaml")
    message = faults(tmp_path, "base: y.yaml\n")
    assert message == "x.yaml: is its own base: x.yaml -> y.yaml -> x.yaml; expected bases that end. Remove one `base:`"


def test_every_fault_is_told_at_once_with_its_line(tmp_path):
    text = """\
recipe:
  name: Painter
  raet: 1
  widths: 3
  sides: [1, 2, 3]
  norm: layer
  deep: 1
data: {name: Pictures}
loader:
  batch_size: 0
  workers: true
train:
  log_every: often
  schedule: {name: cosin}
trian: {}
"""
    assert faults(tmp_path, text, "train.seed=-1").splitlines() == [
        "x.yaml: 13 faults",
        "  x.yaml:15: trian: a configuration has no such key; expected one of recipe, data, loader, train,"
        " validation, base. Did you mean 'train'?",
        "  x.yaml:3: recipe.raet: Painter has no such key; expected one of rate, widths, sides, norm, teacher, weights,"
        " deep. Did you mean 'rate'?",
        "  x.yaml:4: recipe.widths: 3 (an integer); expected a list, each an integer",
        "  x.yaml:5: recipe.sides: [1, 2, 3] (a list); expected a list of 2: an integer, an integer",
        "  x.yaml:6: recipe.norm: 'layer' (text); expected 'batch' or 'instance'",
        "  x.yaml:7: recipe.deep: 1 (an integer); expected true or false",
        "  x.yaml:8: data.folder: missing; expected text",
        "  x.yaml:11: loader.workers: True (true/false); expected an integer",
        "  x.yaml:10: loader.batch_size: 0; expected 1 or more",
        "  x.yaml:12: train.iterations: missing; expected an integer",
        "  x.yaml:13: train.log_every: 'often' (text); expected an integer",
        "  -o train.seed=-1: train.seed: -1; expected 0 or more",
        "  x.yaml:14: train.schedule.name: 'cosin' (text); expected 'constant' or 'linear' or 'cosine' or 'step'",
    ]


def test_a_misspelled_recipe_or_dataset_is_told_with_the_nearest_name(tmp_path):
    message = faults(tmp_path, GOOD.replace("Painter", "Panter").replace("Pictures", "pictures"))
    assert message.splitlines()[1:] == [
        "  x.yaml:2: recipe.name: 'Panter' is not known; expected one of Composed, Other, Painter."
        " Did you mean 'Painter'?",
        "  x.yaml:4: data.name: 'pictures' is not known; expected one of Photos, Pictures. Did you mean 'Pictures'?",
    ]


def test_a_dataset_that_lacks_what_the_recipe_needs_is_told(tmp_path):
    assert faults(tmp_path, GOOD.replace("Pictures", "Photos")) == (
        "x.yaml:4: data.name: Photos gives photo; expected also style, which Painter needs"
    )


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("rate", "-o rate: is not a setting; expected section.key=value"),
        ("recipe..rate=1", "-o recipe..rate=1: is not a setting; expected section.key=value"),
        ("recipe.rate=[1", "-o recipe.rate=[1: the value is not YAML; expected one such as 1, 1e-4, text, [1, 2]"),
        ("recipe.rate=x", "-o recipe.rate=x: recipe.rate: 'x' (text); expected a number"),
        (
            "tain.seed=1",
            "-o tain.seed=1: tain: a configuration has no such key; expected one of recipe, data, loader, train,"
            " validation, base. Did you mean 'train'?",
        ),
        ("recipe=1", "-o recipe=1: recipe: 1 (an integer); expected a mapping"),
    ],
)
def test_a_wrong_override_is_told_as_it_was_typed(tmp_path, override, message):
    assert message in faults(tmp_path, GOOD, override)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("recipe: [1\n", "x.yaml:2: is not YAML (expected ',' or ']', but got '<stream end>')"),
        ("- 1\n", "x.yaml: holds no settings; expected a mapping with recipe, data, loader, train"),
        ("recipe: !!python/object/apply:os.system [ls]\n", "x.yaml:1: is not YAML"),
        ("base: [a]\n" + GOOD, "x.yaml:1: base: ['a'] (a list); expected the name of a YAML file"),
        ("base: no.yaml\n", "no.yaml: there is no such file; expected a YAML file"),
        (GOOD + "data: {name: Photos}\n", "x.yaml:7: data: said twice; expected once, it stands at x.yaml:4 too"),
        ("\x00", "x.yaml: is not YAML"),
        ("recipe: !!bool x\n", "x.yaml: is not YAML"),
        ("recipe: !!int ''\n", "x.yaml: is not YAML"),
        ("recipe: !!timestamp x\n", "x.yaml: is not YAML"),
        (GOOD + "loader: &x\n  more: *x\n", "x.yaml:8: is not YAML (*x stands inside of what it stands for)"),
        (GOOD + "loader: &x [*x]\n", "x.yaml:7: is not YAML (*x stands inside of what it stands for)"),
        (GOOD + "loader: &x\n  <<: *x\n", "x.yaml:8: is not YAML (*x stands inside of what it stands for)"),
        (GOOD + "loader: " + "{a: " * 3000, "x.yaml:7: is not YAML (more than 100 levels)"),
        (GOOD + "loader: " + "[" * 400_000, "x.yaml:7: is not YAML (more than 100 levels)"),
        (GOOD + "loader:\n" + "".join(f"{' ' * n}a:\n" for n in range(1, 1300)), "YAML (more than 100 levels)"),
        (GOOD + "loader: " + "9" * 400_000, "x.yaml:7: is not YAML (a number of 400000 characters)"),
        (GOOD + "loader: 1" + ":1" * 100_000, "x.yaml:7: is not YAML (a number of 200001 characters)"),
        (GOOD + "loader: [{name: a, name: b}]\n", "x.yaml:7: is not YAML (name is said twice)"),
        (GOOD + "loader: {<<: 3}\n", "x.yaml:7: is not YAML (<< merges mappings only)"),
        ("#" * 2_000_000, "x.yaml: is larger than 1 MB; expected a YAML file with settings"),
    ],
)
def test_a_file_that_is_no_config_is_told(tmp_path, text, message):
    assert message in faults(tmp_path, text)


@pytest.mark.parametrize("joined", ["[*x{0}, *x{0}]", "{{a: *x{0}, b: *x{0}}}", "{{<<: [*x{0}, *x{0}], k{1}: 1}}"])
def test_aliases_that_multiply_are_told_before_they_do(tmp_path, joined):
    lines = ["x0: &x0 {a: 1, b: 2}"]
    lines += [f"x{n + 1}: &x{n + 1} {joined.format(n, n + 1)}" for n in range(40)]
    message = faults(tmp_path, "\n".join(lines))
    assert "is not YAML (its aliases stand for more than 10,000 values)" in message


def test_merge_keys_give_what_a_mapping_does_not_say_itself(tmp_path):
    text = """\
recipe: &common
  name: Composed
  first: &brush {name: Brush, width: 5, ink: blue}
  second: {<<: *brush, width: 7}
  third: {width: 9, <<: [{width: 1, name: Brush}, {ink: blue, name: Roller}]}
data: {name: Pictures, folder: photos}
train: {iterations: 10}
validation:
  data: {<<: {folder: a}, <<: {name: Pictures, folder: b}}
"""
    config = load_config(written(tmp_path, text))
    assert config.recipe["first"] == {"name": "Brush", "width": 5, "ink": "blue"}
    assert config.recipe["second"] == {"name": "Brush", "width": 7, "ink": "blue"}
    assert config.recipe["third"] == {"name": "Brush", "width": 9, "ink": "blue"}
    assert config.validation.data == {"name": "Pictures", "folder": "a"}


def test_faults_of_merged_keys_are_told_where_they_stand(tmp_path):
    text = """\
recipe:
  name: Composed
  first: &brush
    name: Brush
    ink: red
  second:
    <<: *brush
    ink: blue
  third:
    <<: *brush
    width: 1
    width: 2
data: {name: Pictures, folder: photos}
train: {iterations: 10}
"""
    assert faults(tmp_path, text).splitlines() == [
        "x.yaml: 3 faults",
        "  x.yaml:12: recipe.third.width: said twice; expected once, it stands at x.yaml:11 too",
        "  x.yaml:5: recipe.first.ink: 'red' (text); expected 'black' or 'blue'",
        "  x.yaml:5: recipe.third.ink: 'red' (text); expected 'black' or 'blue'",
    ]


def test_a_date_is_the_name_of_a_folder(tmp_path):
    path = written(tmp_path, GOOD.replace("photos", "2024-05-01"))
    assert load_config(path).data["folder"] == "2024-05-01"
    assert load_config(path, ["data.folder=2023-12-31"]).data["folder"] == "2023-12-31"


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("recipe={name: [x]}", "recipe.name: ['x'] (a list); expected one of Composed, Other, Painter"),
        ("recipe.name={x: 1}", "recipe.name: {'x': 1} (a mapping); expected one of Composed, Other, Painter"),
        ("recipe={null: 1, 2: 3}", "recipe.None: Painter has no such key"),
        ("recipe={1: 2}", "recipe.1: Painter has no such key"),
        ("data={true: 2}", "data.True: Pictures has no such key"),
    ],
)
def test_keys_and_names_that_are_no_text_are_told(tmp_path, override, message):
    assert message in faults(tmp_path, GOOD, override)


def test_a_folder_whose_name_is_not_utf8_can_be_given_and_dumped(tmp_path):
    name = os.fsdecode(b"caf\xe9")
    config = load_config(written(tmp_path, GOOD), [f"data.folder={name}"])
    assert config.data["folder"] == name
    assert load_config(written(tmp_path, config.dump(), "again.yaml")).as_dict() == config.as_dict()


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such files")
def test_a_base_that_never_ends_is_not_read(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for base in ("/dev/zero", "pipe"):
        message = faults(tmp_path, f"base: {base}\n")
        assert message == f"{base}: is a pipe or a device; expected a YAML file as `base:`"
    with pytest.raises(ConfigError, match="is larger than 1 MB"):
        load_config("/dev/zero")


def test_an_override_of_a_thousand_levels_is_no_setting(tmp_path):
    assert "is not a setting; expected section.key=value" in faults(tmp_path, GOOD, f"{'a.' * 5000}b=1")
    assert "the value is not YAML" in faults(tmp_path, GOOD, f"recipe.rate={'[' * 5000}")


def test_a_missing_or_unreadable_file_is_told(tmp_path):
    with pytest.raises(ConfigError, match="there is no such file; expected a YAML file"):
        load_config(tmp_path / "no.yaml")
    with pytest.raises(ConfigError, match="is a folder; expected a YAML file"):
        load_config(tmp_path)
    (tmp_path / "x.yaml").write_bytes(b"\xff\xfe\xfa")
    with pytest.raises(ConfigError, match="is no text; expected a YAML file"):
        load_config(tmp_path / "x.yaml")


def test_an_empty_file_lacks_everything(tmp_path):
    message = faults(tmp_path, "")
    assert "recipe.name: missing; expected one of Composed, Other, Painter" in message
    assert "train.iterations: missing" in message


# Nets in recipes


COMPOSED = """\
recipe:
  name: Composed
  first: {name: Brush, width: 5}
  second:
    name: Roller
    width: 2
data: {name: Pictures, folder: photos}
train: {iterations: 10}
"""


def test_the_nets_that_a_recipe_names_are_resolved_with_their_defaults(tmp_path):
    config = load_config(written(tmp_path, COMPOSED))
    assert config.recipe == {
        "name": "Composed",
        "first": {"name": "Brush", "width": 5, "ink": "black"},
        "second": {"name": "Roller", "width": 2},
        "third": None,
    }
    assert load_config(written(tmp_path, config.dump(), "again.yaml")).as_dict() == config.as_dict()


def test_faults_of_nets_in_recipes_are_told_at_their_lines(tmp_path):
    text = COMPOSED.replace("width: 5", "widht: 5, ink: red").replace("Roller", "Rolller") + "# end\n"
    assert faults(tmp_path, text, "recipe.third={width: 1}").splitlines() == [
        "x.yaml: 4 faults",
        "  x.yaml:3: recipe.first.widht: Brush has no such key; expected one of width, ink. Did you mean 'width'?",
        "  x.yaml:3: recipe.first.ink: 'red' (text); expected 'black' or 'blue'",
        "  x.yaml:5: recipe.second.name: 'Rolller' is not known; expected one of Brush, Roller. Did you mean 'Roller'?",
        "  -o recipe.third={width: 1}: recipe.third.name: missing; expected one of Brush, Roller",
    ]


def test_another_net_than_the_bases_starts_with_its_own_arguments(tmp_path):
    written(tmp_path, COMPOSED, "base.yaml")
    overrides = ["recipe.first.ink=blue", "recipe.second.name=Brush"]
    config = load_config(written(tmp_path, "base: base.yaml\n"), overrides)
    assert config.recipe["first"] == {"name": "Brush", "width": 5, "ink": "blue"}
    assert config.recipe["second"] == {"name": "Brush", "width": 3, "ink": "black"}


# Paths


class Pairs(Pictures):
    def __init__(self, folder: FilePath | None = None, a: Sequence[FilePath] = (), split: str = "train") -> None: ...


@pytest.fixture
def home(tmp_path, monkeypatch) -> Path:
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setitem(DATASETS, "Pairs", f"{__name__}:Pairs")
    monkeypatch.chdir(tmp_path)
    for name, value in (("HOME", home), ("USERPROFILE", home), ("PHOTOS", "/mnt/photos")):
        monkeypatch.setenv(name, str(value))
    monkeypatch.delenv("NOWHERE", raising=False)
    return home


PAIRS = GOOD.replace(
    "{name: Pictures, folder: photos}", "{name: Pairs, folder: ~/p, a: [$PHOTOS/a, '${PHOTOS}b'], split: ~s}"
)


def test_a_home_folder_and_variables_in_paths_are_expanded(tmp_path, home):
    text = PAIRS.replace("iterations: 10", "{iterations: 10, init_from: ~/x.ppgan}").replace("train:\n  {", "train: {")
    config = load_config(written(tmp_path, text + "validation: {data: {folder: $PHOTOS, split: $PHOTOS}}\n"))
    assert config.data == {
        "name": "Pairs",
        "folder": f"{home}/p",
        "a": ["/mnt/photos/a", "/mnt/photosb"],
        "split": "~s",
    }
    assert config.validation.data["folder"] == "/mnt/photos" and config.validation.data["split"] == "$PHOTOS"
    assert config.train.init_from == f"{home}/x.ppgan"
    written(home, PAIRS, "mine.yaml")
    assert load_config("~/mine.yaml").data == config.data
    assert load_config(written(tmp_path, "base: $HOME/mine.yaml\n")).data == config.data


def test_a_path_that_is_there_is_not_expanded(tmp_path, home):
    for name in ("~", "$PHOTOS"):
        (tmp_path / name).mkdir()
    (tmp_path / "~/p").mkdir()
    config = load_config(written(tmp_path, PAIRS), ["data.a=[$PHOTOS]"])
    assert config.data["folder"] == "~/p" and config.data["a"] == ["$PHOTOS"]


def test_what_cannot_be_expanded_is_told(tmp_path, home):
    measured = "validation.data={folder: '${NOWHERE}'}"
    overrides = ["data.a=[x, $NOWHERE/a]", "data.folder=~nobody-of-this-name/a", measured]
    expected = "expected the path of a file or folder"
    assert faults(tmp_path, PAIRS, *overrides).splitlines() == [
        "x.yaml: 3 faults",
        "  -o data.folder=~nobody-of-this-name/a: data.folder: ~nobody-of-this-name/a: ~ is no home folder here;"
        f" {expected}",
        f"  -o data.a=[x, $NOWHERE/a]: data.a: $NOWHERE/a: the variable NOWHERE is not set; {expected}",
        f"  -o {measured}: validation.data.folder: ${{NOWHERE}}: the variable NOWHERE is not set; {expected}",
    ]


def test_a_number_where_text_belongs_is_to_be_quoted(tmp_path):
    message = faults(tmp_path, GOOD.replace("photos", "2024"))
    assert message == "x.yaml:4: data.folder: 2024 (an integer); expected text. Put it in quotes"


# Settings that only make sense together


def test_validation_lays_its_data_over_that_of_the_training(tmp_path):
    config = load_config(written(tmp_path, COMPOSED + "validation: {every: 5, data: {folder: tests}}\n"))
    assert config.validation.data == {"name": "Pictures", "folder": "tests"}
    assert load_config(written(tmp_path, config.dump(), "again.yaml")).as_dict() == config.as_dict()
    assert load_config(written(tmp_path, COMPOSED)).validation.data == {"name": "Pictures", "folder": "photos"}


@pytest.mark.parametrize(
    ("override", "message"),
    [
        (
            "validation.data={foldr: x}",
            "validation.data.foldr: Pictures has no such key; expected one of folder. Did you mean 'folder'?",
        ),
        (
            "validation.data={name: Films}",
            "validation.data.name: 'Films' is not known; expected one of Photos, Pictures",
        ),
        ("validation.data=3", "validation.data: 3 (an integer); expected a mapping"),
        ("validation.patience=3", "validation.patience: without validation.every nothing is measured; expected both"),
        ("validation.every=-1", "validation.every: -1; expected 0 or more"),
        ("train.ema=1.5", "train.ema: 1.5; expected a number from 0 to 1"),
        ("train.accumulate=0", "train.accumulate: 0; expected 1 or more"),
        ("train.amp=int8", "train.amp: 'int8' (text); expected 'float16' or 'bfloat16' or null"),
        (
            "train.schedule.name=step",
            "train.schedule.step_every: missing; expected an integer, since the schedule is step",
        ),
        ("train.histograms=true", "train.histograms: true without train.visualdl, which shows them; expected both"),
    ],
)
def test_settings_that_cannot_be_meant_are_told(tmp_path, override, message):
    assert message in faults(tmp_path, COMPOSED, override)


def test_what_a_recipe_does_not_offer_cannot_be_asked_for(tmp_path):
    overrides = ["train.ema=0.9", "train.to_static=true", "validation.every=5"]
    assert faults(tmp_path, GOOD, *overrides).splitlines() == [
        "x.yaml: 3 faults",
        "  -o train.ema=0.9: train.ema: Painter has no net that is averaged; expected null",
        "  -o train.to_static=true: train.to_static: Painter has no net that can be compiled; expected false",
        "  -o validation.every=5: validation.every: Painter measures nothing; expected 0",
    ]
