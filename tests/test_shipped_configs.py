"""Every file in configs/: it loads, its first line describes it, and its tiny twin trains on synthetic pictures."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

from ppgan_lite.checkpoint import read_header
from ppgan_lite.config import load_config
from ppgan_lite.config.shipped import find_config, shipped_configs
from ppgan_lite.errors import ConfigError
from ppgan_lite.images import write_image
from ppgan_lite.training import train

CONFIGS = Path(__file__).parents[1] / "configs"
NAMES = sorted(path.stem for path in CONFIGS.glob("*.yaml"))

# Where the configs look for pictures: folder -> how many, and their height and width.
PICTURES = {
    "data/photos/train": (3, 72, 88),
    "data/photos/test": (2, 72, 88),
    "data/paintings": (2, 80, 72),
    "data/monet2photo/trainA": (2, 64, 64),
    "data/monet2photo/trainB": (3, 64, 80),
    "data/sketch2lineart/trainA": (2, 64, 64),
    "data/sketch2lineart/trainB": (2, 64, 64),
    "data/facades/train": (3, 64, 128),
    "data/facades/val": (2, 64, 128),
}


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with pictures wherever the shipped configs look for some."""
    root, rng = tmp_path_factory.mktemp("pictures"), np.random.default_rng(0)
    for folder, (count, height, width) in PICTURES.items():
        (root / folder).mkdir(parents=True)
        for number in range(count):
            blocks = rng.integers(0, 256, (height // 8, width // 8, 3), np.uint8)
            write_image(root / folder / f"{number}.png", blocks.repeat(8, axis=0).repeat(8, axis=1))
    write_image(root / "data/painting.jpg", rng.integers(0, 256, (72, 80, 3), np.uint8))
    return root


def test_every_config_has_a_tiny_twin():
    assert sorted(path.stem for path in CONFIGS.glob("tiny/*.yaml")) == NAMES


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("**/*.yaml")), ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_config_begins_with_what_it_does(path):
    first = path.read_text(encoding="utf-8").splitlines()[0]
    assert first.startswith("# ")
    assert len(first) > 30


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("tiny/*.yaml")), ids=lambda path: path.stem)
def test_a_tiny_twin_is_the_same_recipe_on_the_same_kind_of_data(path):
    twin, config = load_config(path), load_config(CONFIGS / path.name)
    assert twin.recipe["name"] == config.recipe["name"]
    assert twin.data["name"] == config.data["name"]
    assert twin.train.iterations < 10


@pytest.mark.parametrize("name", NAMES)
def test_a_tiny_twin_trains(name, pictures, tmp_path, monkeypatch):
    monkeypatch.chdir(pictures)
    config = load_config(CONFIGS / "tiny" / f"{name}.yaml", ["train.device=cpu"])
    final = train(config, run_dir=tmp_path / "run")
    header = read_header(final)
    assert header.training["iteration"] == config.train.iterations
    assert header.predictors
    lines = (tmp_path / "run/metrics.jsonl").read_text(encoding="utf-8").splitlines()
    losses = [line["losses"] for line in map(json.loads, lines) if "losses" in line]
    assert losses
    assert all(np.isfinite(list(line.values())).all() for line in losses)


def test_an_experiment_that_ships_is_found_by_name_from_any_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    config = load_config("tiny/cyclegan_unet")
    assert Path(config.source) == find_config("tiny/cyclegan_unet") == shipped_configs()["tiny/cyclegan_unet"]
    mine = Path("mine.yaml")
    mine.write_text("base: tiny/cyclegan_unet\ntrain: {iterations: 7}\n")
    assert load_config(mine).train.iterations == 7
    assert load_config(mine).recipe == config.recipe
    Path("style_draft").write_text("base: tiny/cyclegan_unet\n")  # a file comes before an experiment of its name
    assert load_config("style_draft").recipe == config.recipe


@pytest.mark.parametrize(
    ("config", "told"),
    [
        (
            "cyclegan_photo2mone",
            "cyclegan_photo2mone: no experiment of that name ships; expected a YAML file, or a name that "
            "`paddlegan configs` lists. Did you mean 'cyclegan_photo2monet'?",
        ),
        (
            "configs/style_draft.yaml",
            f"{Path('configs/style_draft.yaml')}: there is no such file; expected a YAML file. "
            "Did you mean 'style_draft', an experiment that ships?",
        ),
    ],
)
def test_an_unknown_experiment_is_told_with_the_one_that_may_be_meant(tmp_path, monkeypatch, config, told):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError) as caught:
        load_config(config)
    assert str(caught.value) == told


def test_the_experiments_are_listed_with_their_first_lines(run):
    code, out, err = run("configs")
    assert (code, out) == (0, "")
    assert re.search(r"^cyclegan_photo2monet +CycleGAN as published", err, re.MULTILINE)
    listed = json.loads(run("configs", "--json")[1])
    assert [line["name"] for line in listed] == NAMES
    assert all(line["title"] for line in listed)
