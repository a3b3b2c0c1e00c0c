"""Generators under strange names, and checkpoints of trainers: recognized by shapes, told where they cannot be."""

from __future__ import annotations

import collections
import sys
import types
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import paddle
import pytest
from foreign_files import tensors, torch_legacy, torch_zip, write_pth, zip_of
from johnson_net import Johnson, batch, example_names, lively, numbered_names, painted, photo, strange
from safetensors.numpy import save_file

from ppgan_lite.checkpoint import build_net, read_checkpoint
from ppgan_lite.errors import CheckpointError
from ppgan_lite.foreign.conversion import direction_of
from ppgan_lite.foreign.loading import describe_file, open_checkpoint
from ppgan_lite.foreign.options import ConversionOptions
from ppgan_lite.inference.loading import load_stylizer

# Generators of CycleGAN's kind under strange names

PUBLISHED_PADS = ("reflect", "zero", "reflect", "zero")


def assert_translates(net: Johnson, header: Any, arrays: Any, name: str, image: np.ndarray) -> None:
    values = batch(image / 127.5 - 1)
    with paddle.no_grad():
        found = build_net(name, header, arrays)(values)
    np.testing.assert_allclose(found.numpy(), paddle.tanh(net(values)).numpy(), atol=1e-4)


@pytest.mark.parametrize(("model", "block"), [("model", "block"), ("main", "res"), ("net.layers", "b")])
@pytest.mark.parametrize("affine", [False, True])
@pytest.mark.parametrize(("up", "transposed"), [(0, True), (1, False), (2, False)])
def test_numbers_of_layers_tell_the_paddings(tmp_path, model, block, affine, up, transposed):
    """PyTorch-GAN and others: one sequence with padding layers, upsampling layers before a convolution or none."""
    pads = (*PUBLISHED_PADS[:3], "reflect" if up == 2 else "zero")
    net = Johnson(kernel=7, affine=affine, transposed=transposed, pads=pads)
    path = write_pth(tmp_path / "G_BA_195.pth", net.state(*numbered_names(2, model, block, up)))
    header, arrays = open_checkpoint(path)
    spec = header.predictors["b_to_a"]
    assert (spec.task, spec.value_range) == ("translate", (-1.0, 1.0))
    assert_translates(net, header, arrays, spec.net, photo(37, 50))


def own_names(blocks: int) -> tuple[list[str], list[str]]:
    layers = ["initial", "down_blocks.0.conv", "down_blocks.1.conv"]
    layers += [f"res_blocks.{i}.block.{j}.conv" for i in range(blocks) for j in (0, 1)]
    layers += ["up_blocks.0.conv", "up_blocks.1.conv"]
    return [*(f"{layer}.0" for layer in layers), "last"], [f"{layer}.1" for layer in layers]


@pytest.mark.parametrize(
    ("padding", "pads"),
    [
        ("reflect", ("reflect", "zero", "reflect", "zero")),
        ("reflect-everywhere", ("reflect",) * 4),
        ("zero", ("zero",) * 4),
    ],
)
def test_padding_is_asked_for_where_names_do_not_tell_it(tmp_path, padding, pads):
    net = Johnson(kernel=7, affine=False, transposed=True, pads=pads)
    path = write_pth(tmp_path / "genh.pth.tar", net.state(*own_names(2)))
    with pytest.raises(
        CheckpointError, match=r"how its convolutions are padded\. Say it: .* --padding reflect\|zero\|"
    ):
        open_checkpoint(path)
    header, arrays = open_checkpoint(path, ConversionOptions(padding=padding))
    assert_translates(net, header, arrays, "generator", photo(40, 52))


def published_names(blocks: int) -> tuple[list[str], list[str]]:
    return numbered_names(blocks, "model", "conv_block", 0)


@pytest.mark.parametrize("part", ["weight", "scale"])
def test_instance_norms_with_weights_are_computed(tmp_path, part):
    net = Johnson(kernel=7, transposed=True, pads=PUBLISHED_PADS)
    state = net.state(*published_names(2))
    if part == "scale":
        state = {name.replace(".weight", ".scale") if array.ndim == 1 else name: array for name, array in state.items()}
    header, arrays = open_checkpoint(write_pth(tmp_path / "latest_net_G.pth", state))
    assert header.nets["generator"].arguments["norm"] == "picture"
    assert_translates(net, header, arrays, "generator", photo())


@pytest.mark.parametrize(("step", "norm"), [(3, "instance"), (2, "none")])
def test_a_generator_without_residual_blocks_is_one_too(tmp_path, step, norm):
    net = Johnson(blocks=0, kernel=7, affine=False, transposed=True)
    state = net.state([f"main.{place * step}" for place in range(6)], [])
    header, _ = open_checkpoint(write_pth(tmp_path / "generator.pth", state), ConversionOptions(padding="zero"))
    arguments = header.nets["generator"].arguments
    assert (arguments["blocks"], arguments["norm"], arguments["padding"]) == (0, norm, "zero")


@pytest.mark.parametrize(
    ("name", "predictor"),
    [
        ("netG_A2B", "a_to_b"),
        ("netG_B2A", "b_to_a"),
        ("G_AB_195", "a_to_b"),
        ("G_BA", "b_to_a"),
        ("gen_B", "b_to_a"),
        ("generator_AtoB", "a_to_b"),
        ("netG_A_to_B", "a_to_b"),
        ("RAG_A3", None),
        ("genh", None),
    ],
)
def test_more_names_of_directions_are_understood(name, predictor):
    found = direction_of(name)
    assert (found and found[1]) == predictor


# Checkpoints of trainers


class Namespace:
    """Pickles as argparse.Namespace does."""

    def __init__(self, **settings: Any) -> None:
        self.__dict__.update(settings)


Namespace.__module__, Namespace.__qualname__ = "argparse", "Namespace"


def lightning(folder: Path, nets: Mapping[str, Mapping[str, np.ndarray]], *, legacy: bool = False) -> Path:
    """Write a checkpoint as PyTorch Lightning does: one state dict of all nets, optimizers and settings beside it."""
    state = {f"{prefix}.{name}": array for prefix, net in nets.items() for name, array in net.items()}
    made, storages = tensors({**state, "momentum": np.zeros((2, 2), np.float32)})
    content = {
        "epoch": 3,
        "pytorch-lightning_version": "1.9.0",
        "state_dict": collections.OrderedDict((name, made[name]) for name in state),
        "optimizer_states": [{"state": {0: {"step": 1, "exp_avg": made["momentum"]}}, "param_groups": [{"lr": 0.1}]}],
        "hyper_parameters": Namespace(lr=2e-4, size=(256, 256)),
    }
    settings = types.ModuleType("argparse")
    settings.Namespace = Namespace  # type: ignore[attr-defined]
    path = folder / "last.ckpt"
    with mock.patch.dict(sys.modules, {"argparse": settings}):
        path.write_bytes((torch_legacy if legacy else torch_zip)(content, storages))
    return path


@pytest.mark.parametrize("legacy", [False, True])
def test_a_checkpoint_of_lightning_gives_both_generators(tmp_path, legacy):
    there, back = (Johnson(kernel=7, affine=False, transposed=True, pads=PUBLISHED_PADS, seed=seed) for seed in (1, 2))
    critic = {f"model.{i}.weight": np.zeros(s, np.float32) for i, s in ((0, (4, 3, 4, 4)), (2, (1, 4, 4, 4)))}
    names = published_names(2)
    nets = {"netG_A": there.state(*names), "netG_B": back.state(*names), "netD_A": critic}
    path = lightning(tmp_path, nets, legacy=legacy)
    header, arrays = open_checkpoint(path)
    directions = {name: spec.net for name, spec in header.predictors.items()}
    assert directions == {"a_to_b": "generator_ab", "b_to_a": "generator_ba"}
    assert "netD_A (a discriminator" in header.about["left_out"] and "optimizer" in header.about["left_out"]
    assert header.about["epoch"] == 3
    assert "argparse.Namespace" in describe_file(path)["globals"]
    for name, net in (("generator_ab", there), ("generator_ba", back)):
        assert_translates(net, header, arrays, name, photo())


@pytest.mark.parametrize("prefix", ["generator", "net", "module.net", "model.generator"])
def test_plain_prefixes_are_stripped(tmp_path, prefix):
    net = lively(Johnson())
    state = {f"{prefix}.{name}": array for name, array in net.state(*example_names(2)).items()}
    path = write_pth(tmp_path / "x.pth", state)
    assert np.abs(load_stylizer(path)(photo()) - painted(net, photo())).max() < 1


# Honest files that cannot be used are told without a false alarm


def calling(function: str, *arguments: str) -> bytes:
    """Return a file whose only tensor is made by a function of PyTorch's."""
    given = b"".join(b"ctorch\n%b\n" % argument.encode() for argument in arguments)
    description = b"\x80\x02}U\x01actorch._utils\n%b\n(%btRs." % (function.encode(), given)
    return zip_of({"a/data.pkl": description, "a/byteorder": b"little", "a/version": b"3\n"})


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (calling("_rebuild_sparse_tensor"), "holds a sparse tensor"),
        (calling("_rebuild_qtensor"), "holds a quantized tensor"),
        (calling("_rebuild_meta_tensor_no_storage"), "holds a tensor without numbers"),
        (calling("_rebuild_tensor_v3", *["float32"] * 6, "float8_e4m3fn"), "holds numbers of type float8_e4m3fn"),
        (calling("_rebuild_tensor_v3", *["float32"] * 6, "uint16"), "holds numbers of type uint16"),
    ],
)
def test_tensors_of_other_kinds_are_told_by_name(tmp_path, data, found):
    path = tmp_path / "x.pth"
    path.write_bytes(data)
    with pytest.raises(CheckpointError) as caught:
        open_checkpoint(path)
    assert str(caught.value) == f"{path}: {found}; expected arrays of ordinary numbers"


def test_a_git_lfs_pointer_is_told(tmp_path):
    for name in ("mosaic.pth", "x.ppgan", "x.safetensors"):
        path = tmp_path / name
        path.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 6728029\n")
        for read in (open_checkpoint, read_checkpoint):
            with pytest.raises(CheckpointError, match=r"Git LFS pointer.*`git lfs pull`"):
                read(path)


def test_safetensors_that_lose_the_order_of_strange_names_are_told(tmp_path):
    save_file(strange(Johnson(kernel=7, affine=False)), tmp_path / "x.safetensors")
    with pytest.raises(CheckpointError) as caught:
        open_checkpoint(tmp_path / "x.safetensors", ConversionOptions(padding="zero"))
    found = "does not tell the order of its layers. Give the .pth that it was made of"
    assert str(caught.value) == f"{tmp_path / 'x.safetensors'}: {found}"


def test_numbered_layers_keep_their_order_in_safetensors(tmp_path):
    net = Johnson(blocks=3, kernel=7, transposed=True, pads=PUBLISHED_PADS)
    save_file(net.state(*numbered_names(3, "main", "res", 0)), tmp_path / "G_AB.safetensors")
    header, arrays = open_checkpoint(tmp_path / "G_AB.safetensors")
    assert_translates(net, header, arrays, "generator_ab", photo())


def test_a_painter_in_half_precision_safetensors_is_read(tmp_path):
    net = lively(Johnson())

    def half(array: np.ndarray) -> np.ndarray:
        return array.astype(np.float16).astype(np.float32)

    state = {name: array.astype(np.float16) for name, array in net.state(*example_names(2)).items()}
    save_file(state, tmp_path / "x.safetensors")  # which sorts the names
    net.convs = [(half(weight), half(bias)) for weight, bias in net.convs]
    net.norms = [tuple(half(part) for part in norm) for norm in net.norms]
    found = load_stylizer(tmp_path / "x.safetensors")(photo())
    assert np.abs(found - painted(net, photo())).max() < 1


def test_nets_of_no_width_or_of_endless_blocks_are_none(tmp_path):
    """Before, 800 blocks in a file of 2.4 MB took 40 s to load."""
    names = example_names(65)
    refused = {
        "blocks": Johnson(width=1, blocks=65).state(*names),
        "width": {name: array[:0] for name, array in Johnson(width=1).state(*example_names(2)).items()},
    }
    for name, state in refused.items():
        with pytest.raises(CheckpointError, match="arrays of no net known here"):
            open_checkpoint(write_pth(tmp_path / f"{name}.pth", state))
    state = Johnson(width=1, blocks=65, kernel=7, affine=False, transposed=True).state(*published_names(65))
    with pytest.raises(CheckpointError, match="is a ResNet generator of 65 blocks; expected at most 64"):
        open_checkpoint(write_pth(tmp_path / "published.pth", state))
