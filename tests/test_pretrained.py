"""Pretrained encoders: from every kind of file, and errors without one."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import paddle
import pytest

from ppgan_lite import styles
from ppgan_lite.checkpoint import Header, net_spec, net_tensors, write_checkpoint
from ppgan_lite.errors import CheckpointError
from ppgan_lite.foreign.vgg import encoder_names, vgg_names
from ppgan_lite.nets.any_style import AnyStyleNet
from ppgan_lite.nets.discriminators import PatchDiscriminator
from ppgan_lite.nets.vgg import VGGEncoder
from ppgan_lite.pretrained import load_encoder

WIDTHS = (2, 3, 4, 5, 6)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PPGAN_LITE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def encoder() -> VGGEncoder:
    """The published number of convolutions, narrow."""
    paddle.seed(0)
    return VGGEncoder(WIDTHS)


def as_checkpoint(path: Path, net: paddle.nn.Layer) -> Path:
    write_checkpoint(path, Header({"it": net_spec(net)}), net_tensors("it", net))
    return path


def as_pdparams(path: Path, encoder: VGGEncoder, names: dict[str, str]) -> Path:
    path.parent.mkdir(exist_ok=True)
    state = {names[name]: tensor.numpy() for name, tensor in encoder.state_dict().items()}
    path.write_bytes(pickle.dumps(state, 4))
    return path


def as_npz(path: Path, encoder: VGGEncoder) -> Path:
    arrays = {name.replace("_", ""): tensor.numpy() for name, tensor in encoder.state_dict().items()}
    np.savez(path, **arrays, **{"conv11_aux.weight": np.zeros((8, 2, 1, 1), np.float32)})
    return path


def assert_same(found: VGGEncoder, wanted: VGGEncoder) -> None:
    assert found.arguments == wanted.arguments
    for name, tensor in wanted.state_dict().items():
        np.testing.assert_array_equal(found.state_dict()[name].numpy(), tensor.numpy())


def test_an_encoder_comes_from_each_kind_of_file(tmp_path, encoder):
    for path in (
        as_checkpoint(tmp_path / "encoder.ppgan", encoder),
        as_pdparams(tmp_path / "flat.pdparams", encoder, vgg_names()),
        as_pdparams(tmp_path / "parts.PDPARAMS", encoder, encoder_names()),
        as_npz(tmp_path / "encoder.npz", encoder),
    ):
        assert_same(load_encoder(str(path)), encoder)


def test_an_encoder_of_other_sizes_is_built_as_its_file_says(tmp_path):
    small = VGGEncoder((3, 2, 2, 4, 1), (1, 2, 1, 3, 1))
    assert_same(load_encoder(str(as_npz(tmp_path / "small.npz", small))), small)


def test_an_encoder_is_frozen(tmp_path, encoder):
    found = load_encoder(str(as_checkpoint(tmp_path / "encoder.ppgan", encoder)))
    assert not found.training
    assert all(parameter.stop_gradient for parameter in found.parameters())
    image = paddle.rand([1, 3, 32, 32])
    image.stop_gradient = False
    found(image)["relu5_1"].sum().backward()  # layers before it get their gradient through it
    assert image.grad is not None


def test_the_shipped_encoder_is_the_one_inside_the_painter_of_any_picture(tmp_path, monkeypatch):
    painter = AnyStyleNet(2, 1, WIDTHS, (1, 1, 1, 1, 1), 3, revision_channels=2)
    path = as_checkpoint(tmp_path / "any.ppgan", painter)
    monkeypatch.setattr(styles, "any_painting", lambda: path)
    assert_same(load_encoder("small"), painter.predictor.encoder)


def test_the_published_encoder_comes_from_the_cache_folder(cache, encoder):
    as_pdparams(cache / "vgg_normalised.pdparams", encoder, vgg_names())
    assert_same(load_encoder("vgg19"), encoder)


def test_the_published_encoder_is_never_fetched_by_itself(cache, monkeypatch):
    def refuse(*arguments: object, **options: object) -> None:
        pytest.fail("something opened a connection")

    monkeypatch.setattr("socket.socket.connect", refuse)
    with pytest.raises(CheckpointError) as caught:
        load_encoder("vgg19")
    path = cache / "vgg_normalised.pdparams"
    assert str(caught.value) == (
        f"{path}: the published VGG-19 is not there. Run `paddlegan fetch vgg19`, or download "
        f"https://paddlegan.bj.bcebos.com/models/vgg_normalised.pdparams elsewhere and put it at {path}"
    )
    assert not cache.exists()


def test_a_file_without_an_encoder_is_told(tmp_path, encoder):
    other = as_checkpoint(tmp_path / "other.ppgan", PatchDiscriminator(base_channels=1))
    shallow = {name: np.zeros((2, 2, 3, 3), np.float32) for name in ("conv11.weight", "conv21.weight")}
    np.savez(tmp_path / "shallow.npz", **shallow)
    lacking = {name.replace("_", ""): tensor.numpy() for name, tensor in encoder.state_dict().items()}
    del lacking["conv42.bias"]
    np.savez(tmp_path / "lacking.npz", **lacking)
    np.savez(tmp_path / "objects.npz", **{"conv0.weight": np.array([{}], object)})
    (tmp_path / "text.npz").write_text("no archive")
    (tmp_path / "empty.npz").write_bytes(b"")
    (tmp_path / "other.pdparams").write_bytes(pickle.dumps({"weight": np.zeros(3)}, 4))
    for path, told in (
        (other, "holds it; expected a VGG16, a VGGEncoder, a LapStyleNet or an AnyStyleNet"),
        (tmp_path / "shallow.npz", "has no convolution of stage 3; expected a VGG encoder up to relu5_1"),
        (tmp_path / "lacking.npz", "its weights do not fit VGGEncoder: conv4_2.bias is missing"),
        (tmp_path / "objects.npz", "cannot be read"),
        (tmp_path / "text.npz", "cannot be read"),
        (tmp_path / "empty.npz", "cannot be read"),
        (tmp_path / "none.npz", "cannot be read"),
        (tmp_path / "none.ppgan", "there is no such file"),
        (tmp_path / "other.pdparams", "expected the convolutions of a VGG-19"),
    ):
        with pytest.raises(CheckpointError) as caught:
            load_encoder(str(path))
        assert str(caught.value).startswith(f"{path}: ")
        assert told in str(caught.value)
        assert "\n" not in str(caught.value)
