"""A folder of two domains, given to any experiment: on the command line, in a file, and as the doctor advises."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ppgan_lite.cli import main
from ppgan_lite.config import load_config
from ppgan_lite.data import DATASETS
from ppgan_lite.images import write_image
from ppgan_lite.tables import resolve
from ppgan_lite.training import dry_run

TWO_DOMAINS = (
    *("cyclegan_photo2monet", "cyclegan_sketch2lineart", "cyclegan_unet", "cyclegan_resizeconv"),
    *("cyclegan_attention_multiscale", "pix2pix_facades"),
)


def write(file: Path, seed: int, height: int = 70, width: int = 90) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    blocks = np.random.default_rng(seed).integers(0, 256, (height // 10 + 1, width // 10 + 1, 3), np.uint8)
    write_image(file, blocks.repeat(10, axis=0).repeat(10, axis=1)[:height, :width])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder as of pytorch-CycleGAN-and-pix2pix."""
    for number, part in enumerate(("trainA", "trainB", "testA", "testB")):
        for index in range(2):
            write(tmp_path / "D" / part / f"{index}.png", 10 * number + index)
    return tmp_path / "D"


@pytest.mark.parametrize("name", [*TWO_DOMAINS, *(f"tiny/{name}" for name in TWO_DOMAINS)])
def test_one_folder_replaces_the_folders_of_each_domain(folder: Path, name: str) -> None:
    config = load_config(name, [f"data.folder={folder}"])
    for section in (config.data, config.validation.data):
        section = {**section, "split": "test"} if section["split"] == "val" else section
        dataset = resolve(DATASETS, section["name"], "data")(**{k: v for k, v in section.items() if k != "name"})
        assert {file.parent.name[:-1] for source in dataset.sources() for file in source.files} == {section["split"]}


def test_folders_of_each_domain_replace_the_one_of_both(folder: Path) -> None:
    a, b = folder / "trainA", folder / "trainB"
    for name in ("cyclegan_sketch2lineart", "cyclegan_photo2monet"):
        data = load_config(name, [f"data.a=[{a}]", f"data.b=[{b}]"]).data
        assert (data["folder"], data["a"], data["b"]) == (None, [str(a)], [str(b)])


def test_both_at_once_are_told_once(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = ["-o", f"data.folder={folder}", "-o", f"data.a=[{folder}]"]
    assert main(["train", "-c", "tiny/cyclegan_photo2monet", "--dry-run", *given]) == 2
    told = capsys.readouterr().err
    assert told.count("at once") == 1
    assert "data: `folder` and `a` or `b` at once; expected either `folder`, or `a` and `b`" in told


def test_a_new_folder_is_measured_on_too(folder: Path, tmp_path: Path) -> None:
    """The pictures for validation are those of the new folder, held out from the training."""
    own = tmp_path / "own.yaml"
    old = {"a": "[old/trainA]", "b": "[old/trainB]"}
    own.write_text(
        f"base: cyclegan_photo2monet\ndata: {{a: {old['a']}, b: {old['b']}}}\n"
        "validation: {every: 5, data: {a: [old/testA], b: [old/testB], augment: false}}\n"
    )
    config = load_config(own)
    assert config.validation.data["a"] == ["old/testA"]
    resolved = tmp_path / "config.yaml"
    resolved.write_text(config.dump())
    for file in (own, resolved):
        data = load_config(file, [f"data.folder={folder}"]).validation.data
        found = data["folder"], data["split"], data["a"], data["augment"]
        assert found in [(str(folder), "test", (), False), (str(folder), "test", [], False)]
    mine = load_config(own, [f"data.folder={folder}", "validation.data.a=[x]", "validation.data.b=[y]"])
    assert (mine.validation.data["folder"], mine.validation.data["a"]) == (None, ["x"])


@pytest.mark.parametrize("kind", ["two domains", "pairs", "side by side", "one kind", "one kind, divided"])
@pytest.mark.parametrize("side", [40, 64, 100])
def test_what_the_doctor_advises_can_be_trained_on(
    tmp_path: Path, kind: str, side: int, capsys: pytest.CaptureFixture[str]
) -> None:
    parts = {
        "two domains": ["trainA", "trainB", "testA", "testB"],
        "pairs": ["trainA", "trainB"],
        "side by side": ["train", "val"],
        "one kind": [""],
        "one kind, divided": ["train", "test"],
    }[kind]
    for number, part in enumerate(parts):
        for index in range(2):
            name = f"{index}.png" if kind != "two domains" else f"{part}_{index}.png"
            write(tmp_path / "D" / part / name, 10 * number + index, side, side * (2 if kind == "side by side" else 1))
    assert main(["doctor", str(tmp_path / "D")]) == 0
    told = capsys.readouterr().err
    (tmp_path / "my.yaml").write_text(told.partition("\n\n")[2].rpartition("\n\n")[0])
    small = ["recipe.generator.base_channels=4"]
    small += ["recipe.generator.blocks=1"] if kind == "two domains" else []
    small += [] if kind.startswith("one kind") else ["recipe.discriminator.base_channels=4"]
    assert dry_run(load_config(tmp_path / "my.yaml", [*small, "train.device=cpu"]))
