"""Putting a painter among the styles: tools/publish_style.py."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import paddle
import pytest
from safetensors.numpy import save_file

from ppgan_lite.checkpoint import Header, net_spec, net_tensors, read_checkpoint, sha256_of, write_checkpoint
from ppgan_lite.errors import CheckpointError, UsageError
from ppgan_lite.images import read_image
from ppgan_lite.inference.loading import load_predictor
from ppgan_lite.inference.stylization.painters import REFERENCE
from ppgan_lite.nets.any_style import AnyStyleNet
from ppgan_lite.nets.color_alignment import mean_and_covariance
from ppgan_lite.nets.painter_interface import IMAGE
from ppgan_lite.nets.style_transfer import StyleTransferNet
from ppgan_lite.recipes.painter import painter_spec

TOOLS = Path(__file__).parents[1] / "tools"
HISTORY = [{"program": "a script", "iterations": 400, "seconds": 61}, {"program": "another", "iterations": 20}]
ANY_STYLE = {"channels": 3, "blocks": 1, "encoder_channels": [2, 3, 4, 5, 6], "encoder_convs": [1, 2, 1, 1, 1]}


@pytest.fixture(scope="module")
def script() -> Any:
    """Return the script as a module; Python puts a script's own folder on its path, and so must we."""
    sys.path.insert(0, str(TOOLS))
    try:
        yield importlib.import_module("publish_style")
    finally:
        sys.path.remove(str(TOOLS))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder of styles that holds none yet."""
    (tmp_path / "styles").mkdir()
    (tmp_path / "styles" / "catalogue.json").write_text('{"styles": []}')
    return tmp_path / "styles"


def run(script: Any, monkeypatch: pytest.MonkeyPatch, *arguments: object) -> None:
    monkeypatch.setattr(sys, "argv", ["publish_style.py", *map(str, arguments)])
    script.main()


def painter_of_one_style() -> StyleTransferNet:
    paddle.seed(0)
    net = StyleTransferNet(channels=3, blocks=2, revision_channels=5)
    net.update_own_style({IMAGE: mean_and_covariance(paddle.rand([1, 3, 9, 9]))})
    return net


def write_safetensors(path: Path, net: paddle.nn.Layer, **metadata: str) -> Path:
    tensors = {name: tensor.astype(np.float16) for name, tensor in net_tensors("painter", net).items()}
    save_file(tensors, path, metadata or None)
    return path


TITLES = ("--title", "The Wave", "--title-zh", "浪", "--artist", "Somebody", "--artist-zh", "某人", "--year", "1831")


def test_a_style_trained_with_pytorch_becomes_one_of_ours(script, folder, tmp_path, monkeypatch):
    net = painter_of_one_style()
    source = write_safetensors(tmp_path / "wave.safetensors", net, history=json.dumps(HISTORY))
    settings = '{"noise_std": 0.004}'
    run(script, monkeypatch, source, "wave", *TITLES, "--folder", folder, "--settings", settings)
    [entry] = json.loads((folder / "catalogue.json").read_text(encoding="utf-8"))["styles"]
    assert entry == {
        "name": "wave",
        "title": {"en": "The Wave", "zh": "浪"},
        "artist": {"en": "Somebody", "zh": "某人"},
        "year": "1831",
        "file": "wave.ppgan",
        "sha256": sha256_of(folder / "wave.ppgan"),
        "training": {"history": HISTORY},
    }
    header, tensors = read_checkpoint(folder / "wave.ppgan")
    assert header.nets["painter"] == net_spec(net)
    assert header.predictors["painter"].settings == {"noise_std": 0.004, "draft_px": 512}
    assert header.predictors["painter"].inputs == ("photo",)
    assert header.training["history"] == HISTORY
    assert header.about["title"] == entry["title"]
    for name, tensor in net_tensors("painter", net).items():
        np.testing.assert_array_equal(tensors[name], tensor.astype(np.float16))
    thumbnail, _ = read_image(folder / "wave.jpg")
    assert min(thumbnail.shape[:2]) == 160
    photo = np.random.default_rng(0).integers(0, 256, (40, 56, 3), np.uint8)
    assert load_predictor(folder / "wave.ppgan", device="cpu")(photo).shape == photo.shape


def test_a_style_that_is_published_again_keeps_its_titles_and_its_place(script, folder, tmp_path, monkeypatch):
    source = write_safetensors(tmp_path / "wave.safetensors", painter_of_one_style())
    for name in ("wave", "other"):
        run(script, monkeypatch, source, name, *TITLES, "--folder", folder)
    run(script, monkeypatch, source, "wave", "--year", "c. 1831", "--folder", folder)
    entries = json.loads((folder / "catalogue.json").read_text(encoding="utf-8"))["styles"]
    assert [entry["name"] for entry in entries] == ["wave", "other"]
    assert (entries[0]["year"], entries[1]["year"]) == ("c. 1831", "1831")
    assert entries[0]["title"] == {"en": "The Wave", "zh": "浪"}


def test_a_checkpoint_of_ours_is_published_without_what_training_needs(script, folder, tmp_path, monkeypatch):
    net = painter_of_one_style()
    config = {"data": {"style": ["/home/me/wave.jpg"], "style_short_side": [600, 600]}}
    header = Header(
        {"painter": net_spec(net), "other": net_spec(net)},
        {"painter": painter_spec(net, noise_std=0.02, draft_px=400)},
        {"name": "StyleTransferDraft", "perceptual": "/home/me/vgg.npz"},
        {"iteration": 7, "seconds": 3.2, "config": config},
    )
    tensors = {**net_tensors("painter", net), **net_tensors("other", net)}
    write_checkpoint(tmp_path / "final.ppgan", header, tensors)
    run(script, monkeypatch, tmp_path / "final.ppgan", "wave", *TITLES, "--folder", folder)
    published, tensors = read_checkpoint(folder / "wave.ppgan")
    assert tensors.keys() == {*net_tensors("painter", net), REFERENCE}
    assert published.predictors["painter"].settings == {"noise_std": 0.02, "draft_px": 400}
    [record] = published.training["history"]
    assert (record["iterations"], record["paintings"], record["recipe"]["perceptual"]) == (7, ["wave.jpg"], "vgg.npz")
    assert "/home" not in json.dumps(published.training)


def test_the_painter_of_any_style_takes_its_revision_net_from_another(script, folder, tmp_path, monkeypatch):
    paddle.seed(0)
    drafts, revises = AnyStyleNet(**ANY_STYLE, revisions=0), AnyStyleNet(**ANY_STYLE, revisions=1)
    source = write_safetensors(tmp_path / "drafts.safetensors", drafts, history=json.dumps(HISTORY))
    other = write_safetensors(tmp_path / "revises.safetensors", revises)
    run(script, monkeypatch, source, "any", "--revisions-from", other, "--folder", folder)
    assert not (folder / "any.jpg").exists()
    assert json.loads((folder / "catalogue.json").read_text(encoding="utf-8"))["styles"] == []
    header, tensors = read_checkpoint(folder / "any.ppgan")
    assert header.nets["painter"].arguments == revises.arguments
    for name, tensor in net_tensors("painter", drafts).items():
        np.testing.assert_array_equal(tensors[name], tensor.astype(np.float16))
    name = "net/painter/revisions.0.up.weight"
    np.testing.assert_array_equal(tensors[name], net_tensors("painter", revises)[name].astype(np.float16))
    photo = np.random.default_rng(0).integers(0, 256, (40, 56, 3), np.uint8)
    assert load_predictor(folder / "any.ppgan", device="cpu")(photo, style=photo).shape == photo.shape


def test_what_cannot_be_published_is_told_and_leaves_the_styles_as_they_are(script, folder, tmp_path, monkeypatch):
    net = painter_of_one_style()
    good = write_safetensors(tmp_path / "good.safetensors", net)
    damaged = {
        name: tensor for name, tensor in net_tensors("painter", net).items() if not name.endswith("stem.conv.weight")
    }
    save_file(damaged, tmp_path / "damaged.safetensors")
    save_file({"weight": np.zeros(3, np.float32)}, tmp_path / "other.safetensors")
    for arguments, error, told in (
        ((good, "wave"), UsageError, "--title: missing; expected one in English and one in Chinese"),
        ((good, "wave", *TITLES[:-2]), UsageError, "--year: missing"),
        ((tmp_path / "other.safetensors", "wave", *TITLES), UsageError, "holds no tensors of a painter"),
        ((tmp_path / "damaged.safetensors", "wave", *TITLES), CheckpointError, "transform.stem.conv.weight is missing"),
    ):
        with pytest.raises(error) as caught:
            run(script, monkeypatch, *arguments, "--folder", folder)
        assert told in str(caught.value)
    assert [path.name for path in folder.iterdir()] == ["catalogue.json"]


def test_a_learned_style_is_published_with_its_painting(script, folder, tmp_path, monkeypatch):
    net = painter_of_one_style()
    settings = {"content": 0.05, "scale": 1.4, "photos": "those that ship", "started_from": "udnie"}
    about = {"painting": {"file": "wave.jpg", "sha256": "0" * 64}, "minutes": 6.0, "settings": settings}
    training = {"history": [{"iterations": 7}]}
    header = Header({"painter": net_spec(net)}, {"painter": painter_spec(net)}, training=training, about=about)
    write_checkpoint(tmp_path / "learned.ppgan", header, net_tensors("painter", net))
    run(script, monkeypatch, tmp_path / "learned.ppgan", "wave", *TITLES, "--folder", folder)
    published, _ = read_checkpoint(folder / "wave.ppgan")
    [record] = published.training["history"]
    assert record["job"] == {"painting": "wave.jpg", "content": 0.05, "scale": 1.4}
    assert (record["iterations"], record["start"], record["photos"]) == (7, "udnie", "those that ship")
