"""Old names in configs and checkpoints: each one still reads, and one that is gone is refused in one line."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from net_examples import LAPSTYLE, STYLE_TRANSFER, fill

from ppgan_lite import aliases, styles
from ppgan_lite.checkpoint import Header, build_net, net_spec, net_tensors, read_checkpoint, write_checkpoint
from ppgan_lite.config import load_config
from ppgan_lite.data.degraded_folder import degrade_folder, verify_folder
from ppgan_lite.degradations import DEGRADATIONS
from ppgan_lite.errors import CheckpointError, ConfigError
from ppgan_lite.images import write_image
from ppgan_lite.nets import NETS
from ppgan_lite.nets.lapstyle import LapStyleNet
from ppgan_lite.nets.style_transfer import StyleTransferNet
from ppgan_lite.recipes import RECIPES
from ppgan_lite.recipes.painter import painter_spec
from ppgan_lite.training import train

CONFIGS = Path(__file__).parents[1] / "configs"


def written(path: Path, net: LapStyleNet | StyleTransferNet, tensors: dict[str, np.ndarray], **changes) -> Path:
    """Write a painter as an older version did, with old names."""
    spec = net_spec(net)
    spec = replace(spec, arguments={**spec.arguments, **changes.get("arguments", {})})
    predictor = painter_spec(net)
    predictor = replace(predictor, settings={**predictor.settings, **changes.get("settings", {})})
    write_checkpoint(path, Header({"painter": spec}, {"painter": predictor}, **changes.get("header", {})), tensors)
    return path


def test_present_names_are_no_old_ones():
    for table in (aliases.CLASSES, *aliases.KEYS.values()):
        assert table.keys().isdisjoint(table.values())
    assert set(aliases.DEGRADATIONS.values()) <= DEGRADATIONS.keys() and DEGRADATIONS.keys().isdisjoint(
        aliases.DEGRADATIONS
    )
    assert set(aliases.CLASSES.values()) <= NETS.keys() | RECIPES.keys()
    assert aliases.KEYS.keys() == aliases.RETIRED.keys()
    for name in ("net/painter/encoder.conv0.weight", "state/0/pool_a/003"):
        assert aliases.current_tensor(name) == name


def test_a_checkpoint_with_old_names_is_the_net_that_it_was(tmp_path):
    net = fill(LapStyleNet(**LAPSTYLE, own_style=True))
    old = {name.replace("_std", "_spread"): value for name, value in net_tensors("painter", net).items()}
    assert "net/painter/relu3_1_spread" in old
    path = written(
        tmp_path / "old.ppgan",
        net,
        old,
        arguments={"alignment": "adain"},
        settings={"grain": 0.25, "coats": 1},
        header={
            "recipe": {"name": "LapStyleDraft", "grain": 0.25},
            "training": {"config": {"recipe": {"name": "LapStyleDraft", "grain": 0.25, "coats": 1}}},
        },
    )
    header, tensors = read_checkpoint(path)
    assert header.nets["painter"].arguments == net.arguments
    assert tensors.keys() == net_tensors("painter", net).keys()
    assert header.recipe == {"name": "LapStyleDraft", "noise_std": 0.25}
    assert header.training["config"] == {"recipe": {"name": "LapStyleDraft", "noise_std": 0.25}}
    for name, value in build_net("painter", header, tensors).state_dict().items():
        np.testing.assert_array_equal(value.numpy(), net.state_dict()[name].numpy())


def test_the_colors_of_an_old_painter_of_one_style_are_read(tmp_path):
    net = fill(StyleTransferNet(**STYLE_TRANSFER))
    old = {name.replace("_covariance", "_spread"): value for name, value in net_tensors("painter", net).items()}
    path = written(tmp_path / "old.ppgan", net, old)
    assert build_net("painter", *read_checkpoint(path)).state_dict().keys() == net.state_dict().keys()


@pytest.mark.parametrize("name", ["any", *[style.name for style in styles.catalogue()]])
def test_shipped_painters_are_read_by_present_names(name):
    header, tensors = read_checkpoint(styles.shipped(name))
    assert header.predictors["painter"].settings.keys() <= {"noise_std", "draft_px", "style_px"}
    assert 0 < header.predictors["painter"].settings["noise_std"] <= 0.02
    build_net("painter", header, tensors)


OLD_TENSORS = (
    ("/predictor.running_mean", "/predictor.seen_mean"),
    ("/predictor.running_std", "/predictor.seen_spread"),
    (".downs.", ".halvings."),
    ("/downs.", "/halvings."),
)


@pytest.mark.parametrize("name", ["any_style", "pix2pix_facades"])
def test_an_old_run_goes_on_bit_for_bit(tmp_path, name, pairs):
    """Halve a run, give its checkpoint the names that it had in the first version, and resume it."""
    folders = [f"data.a=[{pairs}/a]", f"data.b=[{pairs}/b]", "data.folder=null", "validation.every=0"]
    data = folders if name == "pix2pix_facades" else [f"data.content=[{pairs}/a]"]
    settings = [*data, "train.iterations=4", "train.save_every=2", "train.log_every=1"]
    if name == "any_style":
        settings += [f"data.style=[{pairs}/b]", "recipe.noise_std=0.02"]
    config = load_config(CONFIGS / "tiny" / f"{name}.yaml", settings)
    train(config, run_dir=tmp_path / "long")
    header, tensors = read_checkpoint(tmp_path / "long" / "iteration_0000002.ppgan")
    old = {with_old_names(key): value for key, value in tensors.items()}
    assert old.keys() != tensors.keys()
    recipe = {{"noise_std": "grain"}.get(key, key): value for key, value in header.training["config"]["recipe"].items()}
    nets = {
        net: replace(
            spec, arguments={key.replace("ialization", "ialisation"): value for key, value in spec.arguments.items()}
        )
        for net, spec in header.nets.items()
    }
    training = {**header.training, "config": {**header.training["config"], "recipe": recipe}}
    shutil.copytree(tmp_path / "long", tmp_path / "old", ignore=shutil.ignore_patterns("*.ppgan"))
    write_checkpoint(
        tmp_path / "old" / "latest.ppgan", replace(header, nets=nets, recipe=recipe, training=training), old
    )
    train(config, run_dir=tmp_path / "old", resume=True)
    results = [read_checkpoint(tmp_path / run / "latest.ppgan")[1] for run in ("long", "old")]
    assert results[0].keys() == results[1].keys()
    for key, value in results[0].items():
        np.testing.assert_array_equal(value, results[1][key], err_msg=key)


def with_old_names(name: str) -> str:
    for new, old in OLD_TENSORS:
        if not name.startswith("net/generator") and "generator." not in name:  # generators have always had `downs`
            name = name.replace(new, old)
    return name


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    """Return a folder of paired pictures."""
    rng = np.random.default_rng(0)
    for domain in ("a", "b"):
        for number in range(3):
            path = tmp_path / "pictures" / domain / f"{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            write_image(path, rng.integers(0, 256, (48, 48, 3), dtype=np.uint8))
    return tmp_path / "pictures"


def test_what_is_gone_is_refused_in_a_line(tmp_path):
    net = fill(LapStyleNet(**LAPSTYLE))
    twice = written(tmp_path / "twice.ppgan", net, {}, settings={"coats": 2})
    other = written(tmp_path / "other.ppgan", net, {}, arguments={"alignment": "optimal_transport"})
    for path, message in (
        (twice, "predictor painter: coats: 2 (an integer); expected 1, since a draft is painted once"),
        (
            other,
            "net painter: alignment: 'optimal_transport' (text); expected adain, since the small LapStyle is gone; "
            "style_draft.yaml and any_style.yaml train painters",
        ),
    ):
        with pytest.raises(CheckpointError) as caught:
            read_checkpoint(path)
        assert str(caught.value) == f"{path}: {message}"


def test_a_config_may_use_old_names(tmp_path):
    path = tmp_path / "old.yaml"
    path.write_text(f"base: {CONFIGS / 'style_draft.yaml'}\nrecipe:\n  grain: 0.5\n", encoding="utf-8")
    assert load_config(path).recipe["noise_std"] == 0.5
    assert load_config(path, ["recipe.grain=0.25"]).recipe["noise_std"] == 0.25
    path.write_text(path.read_text() + "  coats: 1\n", encoding="utf-8")
    assert "coats" not in load_config(path).recipe


def test_extras_of_lapstyle_that_had_no_effect_are_read(tmp_path):
    path = tmp_path / "old.yaml"
    extras = "  gram: 0.0\n  gram_layers: [relu1_1]\n  colour: 0.0\n  tone: 0.0\n  whiten: false\n"
    path.write_text(
        f"base: {CONFIGS / 'lapstyle_draft.yaml'}\nrecipe:\n  name: LapStyleDraft\n{extras}", encoding="utf-8"
    )
    assert load_config(path).recipe == load_config(CONFIGS / "lapstyle_draft.yaml").recipe
    path.write_text(path.read_text().replace("gram: 0.0", "gram: 2.0"), encoding="utf-8")
    with pytest.raises(ConfigError, match=r"recipe\.gram: LapStyleDraft has no such key any more"):
        load_config(path)


def test_a_configs_old_names_are_told_at_their_lines(tmp_path):
    path = tmp_path / "old.yaml"
    path.write_text(f"base: {CONFIGS / 'style_draft.yaml'}\nrecipe:\n  coats: 3\n", encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    assert str(caught.value) == f"{path}:3: recipe.coats: 3 (an integer); expected 1, since a draft is painted once"
    with pytest.raises(ConfigError) as caught:
        load_config(CONFIGS / "style_draft.yaml", ["recipe.grain=much"])
    assert str(caught.value) == "-o recipe.grain=much: recipe.noise_std: 'much' (text); expected a number from 0 to 1"


def test_data_may_use_old_names(tmp_path, photo_file):
    path = tmp_path / "old.yaml"
    chain = "[{name: greyscale}, {name: mean_blur, size: 3}]"
    data = f"{{name: Degraded, clean: [{photo_file}], chain: {chain}, size: 16}}"
    path.write_text(f"base: {CONFIGS / 'tiny/pix2pix_colorize.yaml'}\ndata: {data}\n", encoding="utf-8")
    assert load_config(path).data["chain"] == [{"name": "grayscale"}, {"name": "mean_blur", "size": 3}]
    path.write_text(f"base: {CONFIGS / 'any_style.yaml'}\ndata: {{recolour: 0.5}}\n", encoding="utf-8")
    assert load_config(path).data["recolor"] == 0.5
    assert load_config(path, ["data.recolour=0.25"]).data["recolor"] == 0.25


def test_a_folder_that_was_degraded_by_an_old_name_is_known(tmp_path, photo_file):
    source, target = photo_file.parent, tmp_path / "worse"
    degrade_folder(source, target, [{"name": "greyscale"}])
    manifest = target / "manifest.json"
    text = manifest.read_text(encoding="ascii")
    assert '"grayscale"' in text
    manifest.write_text(text.replace('"grayscale"', '"greyscale"'), encoding="ascii")
    assert degrade_folder(source, target, [{"name": "grayscale"}]).skipped == 1
    assert verify_folder(source, target, chain=[{"name": "grayscale"}]) == []


@pytest.mark.parametrize(
    ("config", "key", "value", "owner", "remedy"),
    [
        ("style_draft", "tone", "5", "StyleTransferDraft", "recipe.perceptual=vgg16, and recipe.content is to set"),
        ("style_draft", "colour", "5", "StyleTransferDraft", "recipe.perceptual=vgg16, and recipe.content is to set"),
        ("any_style", "gram", "18", "AnyStyleDraft", "recipe.perceptual=vgg16, and recipe.content is to set"),
        ("style_draft", "style", "2", "StyleTransferDraft", "for other painters, set recipe.content"),
        ("style_revision", "adversarial", "0", "PyramidRevision", "LapStyleRevision alone has a discriminator"),
        ("lapstyle_draft", "whiten", "true", "LapStyleDraft", "recipe.perceptual=vgg16, and recipe.content is to set"),
    ],
)
def test_an_argument_that_recipes_had_is_refused_with_what_takes_its_place(config, key, value, owner, remedy):
    with pytest.raises(ConfigError) as caught:
        load_config(CONFIGS / f"{config}.yaml", [f"recipe.{key}={value}"])
    message = str(caught.value)
    assert message.startswith(f"-o recipe.{key}={value}: recipe.{key}: {owner} has no such key any more. ")
    assert message.endswith(remedy)
    assert "\n" not in message


def test_what_takes_the_place_of_an_argument_is_told_of_present_names():
    assert aliases.REPLACED.keys().isdisjoint(aliases.KEYS["recipe"])
