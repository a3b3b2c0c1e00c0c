"""Other programs' generators: found in their files, and the same picture from the same numbers."""

from __future__ import annotations

import os
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import paddle
import pytest
from foreign_files import write_pth
from paddle import nn
from published_nets import as_paddle, as_torch, batch_of_picture, plain_instance, resnet, shaken, unet
from safetensors.numpy import save_file

from ppgan_lite.checkpoint import Header, PredictorSpec, build_net, net_spec, net_tensors, read_checkpoint
from ppgan_lite.errors import CheckpointError, UsageError
from ppgan_lite.foreign.conversion import direction_of
from ppgan_lite.foreign.lapstyle import lapstyle_names
from ppgan_lite.foreign.loading import describe_file, open_checkpoint
from ppgan_lite.foreign.options import ConversionOptions
from ppgan_lite.foreign.saving import save_as
from ppgan_lite.foreign.style_statistics import with_style_statistics
from ppgan_lite.foreign.vgg import vgg_names
from ppgan_lite.foreign.weights_files import read_weights
from ppgan_lite.images import resize
from ppgan_lite.nets.discriminators import PatchDiscriminator
from ppgan_lite.nets.lapstyle import LapStyleNet
from ppgan_lite.nets.resnet_generator import ResnetGenerator
from ppgan_lite.nets.style_transfer import StyleTransferNet
from ppgan_lite.nets.unet_generator import UnetGenerator
from ppgan_lite.nets.vgg import VGGEncoder
from ppgan_lite.pretrained import load_encoder

# The project's promise for outputs in [-1, 1]; measured differences are ten times smaller.
TOLERANCE = 1e-4

# Name -> (settings of a net written out from its paper, arguments that must be detected in its file).
RESNETS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "published": ({}, {"norm": "instance", "bias": True, "padding": "reflect", "dropout": False, "antialias": False}),
    "dropout": ({"dropout": True, "blocks": 3}, {"dropout": True, "blocks": 3}),
    "channels": ({"channels": (1, 2), "base": 6}, {"in_channels": 1, "out_channels": 2, "base_channels": 6}),
    "batch": ({"norm": batch_of_picture, "bias": False}, {"norm": "picture", "bias": False}),
    "batch with bias": ({"norm": batch_of_picture, "dropout": True}, {"norm": "picture", "bias": True}),
    "none": ({"norm": lambda _: nn.Identity(), "bias": False}, {"norm": "none", "bias": False}),
    "zero": ({"reflect": False}, {"padding": "reflect", "block_padding": "zero"}),
    "zero dropout": ({"reflect": False, "dropout": True}, {"block_padding": "zero", "dropout": True}),
    "CUT": ({"blurred": True}, {"antialias": True, "upsample": "transposed"}),
    "CUT batch": ({"blurred": True, "norm": batch_of_picture, "bias": False}, {"antialias": True, "norm": "picture"}),
    "resized": ({"resized": True}, {"upsample": "nearest", "antialias": False}),
    "PaddleGAN's instance": ({"norm": nn.InstanceNorm2D}, {"norm": "instance", "bias": True}),
}
UNETS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "published": ({}, {"norm": "picture", "bias": False, "depth": 5, "base_channels": 2}),
    "deeper": ({"depth": 6, "dropout": True, "channels": (2, 1)}, {"depth": 6, "in_channels": 2, "out_channels": 1}),
    "instance": ({"norm": plain_instance, "bias": True}, {"norm": "instance", "bias": True}),
    "none": ({"norm": lambda _: nn.Identity()}, {"norm": "none", "bias": False}),
}
CASES = [("ResnetGenerator", *case) for case in RESNETS.values()] + [
    ("UnetGenerator", *case) for case in UNETS.values()
]
NAMES = [f"resnet {name}" for name in RESNETS] + [f"unet {name}" for name in UNETS]


def published(kind: str, settings: dict[str, Any]) -> nn.Layer:
    return shaken((resnet if kind == "ResnetGenerator" else unet)(**settings))


def picture(channels: int = 3, size: int = 64) -> paddle.Tensor:
    rng = np.random.default_rng(1)
    return paddle.to_tensor(rng.uniform(-1, 1, (1, channels, size, size)).astype(np.float32))


def difference(path: Path, net: nn.Layer, predictor: str = "a_to_b", choices: ConversionOptions | None = None) -> float:
    """Return the largest difference between the outputs of a file's net and of another net for the same picture."""
    header, tensors = open_checkpoint(path, choices)
    spec = header.predictors[predictor]
    assert (spec.task, spec.inputs, spec.value_range) == ("translate", ("photo",), (-1.0, 1.0))
    ours = build_net(spec.net, header, tensors)
    x = picture(header.nets[spec.net].arguments["in_channels"])
    with paddle.no_grad():
        wanted = net(x).numpy()
        found = ours(x).numpy()
    assert wanted.std() > 0.05  # else nothing is compared
    return float(np.abs(found - wanted).max())


def write_pdparams(path: Path, content: Any) -> Path:
    path.write_bytes(pickle.dumps(content, 4))
    return path


@pytest.mark.parametrize(("kind", "settings", "arguments"), CASES, ids=NAMES)
@pytest.mark.parametrize("layout", ["pth", "pdparams"])
def test_a_file_gives_the_picture_that_its_own_program_gives(tmp_path, kind, settings, arguments, layout):
    net = published(kind, settings)
    path = tmp_path / f"latest_net_G.{layout}"
    if layout == "pth":
        write_pth(path, as_torch(net))
    else:
        write_pdparams(path, as_paddle(net))
    header, _ = open_checkpoint(path)
    assert header.nets["generator"].kind == kind
    assert header.nets["generator"].arguments.items() >= arguments.items()
    assert difference(path, net) < TOLERANCE


@pytest.mark.parametrize("prefix", ["module.", "module._orig_mod."])
@pytest.mark.parametrize("legacy", [False, True])
def test_prefixes_of_wrappers_are_stripped(tmp_path, prefix, legacy):
    net = published("ResnetGenerator", {})
    path = write_pth(tmp_path / "latest_net_G.pth", as_torch(net, prefix), legacy=legacy)
    assert difference(path, net) < TOLERANCE


def test_running_statistics_of_old_instance_norms_are_left_out(tmp_path):
    net = published("ResnetGenerator", {})
    state = as_torch(net)
    places = ["model.2", "model.5", "model.8", "model.10.conv_block.2", "model.10.conv_block.6", "model.13"]
    for place in places:
        channels = state[f"{place.rpartition('.')[0]}.{int(place.rpartition('.')[2]) - 1}.bias"].size
        state[f"{place}.running_mean"] = np.full(channels, 3, np.float32)
        state[f"{place}.running_var"] = np.full(channels, 9, np.float32)
        state[f"{place}.num_batches_tracked"] = np.array(3)
    path = write_pth(tmp_path / "latest_net_G.pth", state, legacy=True)
    assert difference(path, net) < TOLERANCE
    header, _ = open_checkpoint(path)
    assert header.nets["generator"].arguments["norm"] == "instance"
    assert "running statistics of instance norms" in header.about["notes"]


def test_batch_norms_use_the_statistics_of_the_picture_or_of_the_training_as_chosen(tmp_path):
    net = published("UnetGenerator", {})
    path = write_pth(tmp_path / "latest_net_G.pth", as_torch(net))
    for layer in net.sublayers():
        if isinstance(layer, nn.BatchNorm):
            layer._trainable_statistics = False
    header, _ = open_checkpoint(path, ConversionOptions(statistics="training"))
    assert header.nets["generator"].arguments["norm"] == "batch"
    assert difference(path, net, choices=ConversionOptions(statistics="training")) < TOLERANCE
    assert difference(path, net) > 0.05


def test_padding_can_be_chosen_where_a_file_was_made_otherwise(tmp_path):
    path = write_pth(tmp_path / "latest_net_G.pth", as_torch(published("ResnetGenerator", {"reflect": False})))
    for padding in ("zero", "reflect"):
        arguments = open_checkpoint(path, ConversionOptions(padding=padding))[0].nets["generator"].arguments
        assert (arguments["padding"], arguments["block_padding"]) == (padding, None)


@pytest.mark.parametrize(
    ("name", "direction"),
    [
        ("latest_net_G_A", "a_to_b"),
        ("200_net_G_B", "b_to_a"),
        ("netG_A", "a_to_b"),
        ("G_B", "b_to_a"),
        ("latest_net_G", None),
        ("DRAWING_A", None),
        ("latest_net_D_A", None),
    ],
)
def test_the_direction_is_read_from_a_name(name, direction):
    found = direction_of(name)
    assert found == (
        None if direction is None else ({"a_to_b": "generator_ab"}.get(direction, "generator_ba"), direction)
    )


def test_the_direction_of_a_single_file_is_that_of_its_name(tmp_path):
    net = published("ResnetGenerator", {})
    path = write_pth(tmp_path / "latest_net_G_B.pth", as_torch(net))
    header, _ = open_checkpoint(path)
    assert {name: spec.net for name, spec in header.predictors.items()} == {"b_to_a": "generator_ba"}


@pytest.fixture
def training(tmp_path) -> tuple[Path, nn.Layer, nn.Layer]:
    """A training checkpoint of PaddleGAN's CycleGAN, and its two generators."""
    there, back = (shaken(resnet(norm=nn.InstanceNorm2D), seed) for seed in (1, 2))
    discriminator = {f"model.{place}.weight": np.zeros(shape, np.float32) for place, shape in DISCRIMINATOR.items()}
    adam = {"conv2d_0.w_0_moment1_0": np.zeros(3, np.float32), "LR_Scheduler": {"last_epoch": 4, "last_lr": 1e-4}}
    content = {
        "netG_A": as_paddle(there),
        "netG_B": as_paddle(back),
        "netD_A": discriminator,
        "netD_B": discriminator,
        "epoch": 7,
    }
    path = write_pdparams(tmp_path / "epoch_7_checkpoint.pdparams", {**content, "optimG": adam})
    return path, there, back


DISCRIMINATOR = {0: (8, 3, 4, 4), 2: (16, 8, 4, 4), 5: (32, 16, 4, 4), 8: (1, 32, 4, 4)}


def test_a_training_checkpoint_of_paddlegan_gives_both_directions(training):
    path, there, back = training
    assert difference(path, there, "a_to_b") < TOLERANCE
    assert difference(path, back, "b_to_a") < TOLERANCE
    header, _ = open_checkpoint(path)
    assert header.source == str(path)
    assert header.about == {
        "origin": "epoch_7_checkpoint.pdparams, a PaddlePaddle file",
        "licence": "not stated in the file",
        "epoch": 7,
        "left_out": "netD_A (a discriminator (4 convolutions, 3 channels in)), netD_B (a discriminator (4 "
        "convolutions, 3 channels in)), optimG (an optimizer's state)",
    }


def test_a_file_is_described_without_building_anything(training):
    path, there, _ = training
    description = describe_file(path)
    assert description["format"] == "PaddlePaddle file of weights"
    assert set(description["nets"]) == {"generator_ab", "generator_ba"}
    numbers = sum(value.size for name, value in there.state_dict().items() if ".scale" not in name)
    norms = sum(value.size for name, value in there.state_dict().items() if name.endswith(".scale"))
    assert description["nets"]["generator_ab"]["parameters"] == numbers - norms  # their biases
    assert description["predictors"]["b_to_a"]["net"] == "generator_ba"
    assert description["globals"] == [
        f"{np.zeros(1).__reduce__()[0].__module__}._reconstruct",
        "numpy.ndarray",
        "numpy.dtype",
    ]
    assert description["size_bytes"] == path.stat().st_size and len(description["sha256"]) == 64
    assert "problem" not in description


@pytest.mark.parametrize("revisions", [0, 1, 2])
def test_lapstyle_of_paddlegan_is_one_painter(tmp_path, revisions):
    net = LapStyleNet((2, 3, 4, 5, 6), (2, 2, 4, 4, 1), revision_channels=2 if revisions else 64, revisions=revisions)
    content: dict[str, dict[str, np.ndarray]] = {"netD": {"x.weight": np.zeros(3, np.float32)}}
    for ours, joined in lapstyle_names(revisions).items():
        part, _, name = joined.partition("/")
        content.setdefault(part, {})[name] = net.state_dict()[ours].numpy()
    path = write_pdparams(tmp_path / "lapstyle.pdparams", content)
    header, tensors = open_checkpoint(path)
    found = build_net("painter", header, tensors)
    assert found.arguments == net.arguments
    photo = picture(size=64) * 0.5 + 0.5
    np.testing.assert_array_equal(found.draft(photo, None).numpy(), net.draft(photo, None).numpy())
    assert header.predictors["painter"].inputs == ("photo", "style")
    assert header.predictors["painter"].settings == {"draft_px": 128, "style_px": 128}


def test_a_painting_can_be_put_into_a_lapstyle_file(tmp_path):
    net = LapStyleNet((2, 3, 4, 5, 6), revision_channels=2, revisions=1)
    spec = PredictorSpec("painter", "stylize", ("photo", "style"), settings={"style_px": 32})
    header = Header({"painter": net_spec(net)}, {"painter": spec})
    painting = np.random.default_rng(0).integers(0, 255, (48, 64, 3), np.uint8)
    bound, tensors = with_style_statistics(header, net_tensors("painter", net), painting)
    assert bound.predictors["painter"].inputs == ("photo",)
    found = build_net("painter", bound, tensors)
    small = paddle.to_tensor(resize(painting, 43, 32).transpose(2, 0, 1)[None].astype(np.float32) / 255)
    for layer, pair in net.style_statistics(small).items():
        for own, wanted in zip(found.own_statistics()[layer], pair, strict=True):
            np.testing.assert_array_equal(own.numpy(), wanted.numpy())
    with pytest.raises(UsageError, match=r"--painting: no net of .* takes a painting"):
        with_style_statistics(bound, tensors, painting)


@pytest.mark.parametrize("inputs", [("photo",), ("photo", "style")])
def test_a_painter_of_one_style_takes_no_painting(inputs):
    net = StyleTransferNet(2, 1, 2)
    header = Header({"painter": net_spec(net)}, {"painter": PredictorSpec("painter", "stylize", inputs)}, source="x")
    with pytest.raises(UsageError) as caught:
        with_style_statistics(header, net_tensors("painter", net), np.zeros((32, 32, 3), np.uint8))
    assert str(caught.value) == "--painting: no net of x takes a painting"


def test_a_painter_of_one_style_is_described(tmp_path):
    net = StyleTransferNet(2, 1, 2)
    header = Header({"painter": net_spec(net)}, {"painter": PredictorSpec("painter", "stylize")})
    save_as(tmp_path / "x.ppgan", header, net_tensors("painter", net))
    found = describe_file(tmp_path / "x.ppgan")["nets"]["painter"]
    numbers = sum(tensor.size for tensor in net_tensors("painter", net).values())
    assert (found["kind"], found["arguments"], found["parameters"]) == ("StyleTransferNet", net.arguments, numbers)


def test_a_file_of_ours_is_read_as_it_is(tmp_path):
    net = ResnetGenerator(base_channels=2, blocks=1)
    path = tmp_path / "x.ppgan"
    save_as(path, Header({"generator": net_spec(net)}), net_tensors("generator", net))
    found, tensors = open_checkpoint(path, ConversionOptions(padding="zero"))
    wanted, _ = read_checkpoint(path)
    assert found == wanted and set(tensors) == {f"net/generator/{name}" for name in net.state_dict()}
    assert describe_file(path)["globals"] == []


# Saving


CANNOT_BE_SAVED = {
    ".pth": {"resnet resized", "resnet batch with bias", "resnet PaddleGAN's instance"},
    ".pdparams": {"resnet resized", "resnet batch with bias", "resnet CUT", "resnet CUT batch"},
}
ROUND_TRIPS = [
    pytest.param(kind, settings, suffix, id=f"{name} {suffix}")
    for name, (kind, settings, _) in zip(NAMES, CASES, strict=True)
    for suffix, cannot in CANNOT_BE_SAVED.items()
    if name not in cannot
]


@pytest.mark.parametrize(("kind", "settings", "suffix"), ROUND_TRIPS)
def test_a_round_trip_changes_no_bit(tmp_path, kind, settings, suffix):
    net = published(kind, settings)
    path = tmp_path / "latest_net_G.pth"
    write_pth(path, as_torch(net))
    for step in ("ours.ppgan", f"back{suffix}"):
        header, tensors = open_checkpoint(path)
        path = tmp_path / step
        assert save_as(path, header, tensors) == ["generator"]
    found = {name.removeprefix("netG/"): array for name, array in read_weights(path).arrays.items()}
    wanted = as_torch(net) if suffix == ".pth" else as_paddle(net)
    for name, array in wanted.items():
        if not name.endswith("num_batches_tracked"):
            assert found[name].tobytes() == array.tobytes()
    spare = {name for name in set(found) - set(wanted) if not name.endswith((".scale", ".bias"))}
    assert set(wanted) <= set(found) and spare == set()


def test_instance_norms_get_the_weights_that_paddlegan_gives_them(tmp_path, training):
    path, there, _ = training
    header, tensors = open_checkpoint(path)
    assert save_as(tmp_path / "back.pdparams", header, tensors) == ["generator_ab", "generator_ba"]
    found, wanted = read_weights(tmp_path / "back.pdparams").arrays, as_paddle(there)
    assert {name for name in found if name.startswith("netG_A/")} == {f"netG_A/{name}" for name in wanted}
    for name, array in wanted.items():
        np.testing.assert_array_equal(found[f"netG_A/{name}"], array)


def test_a_pth_takes_one_of_two_generators(tmp_path, training):
    header, tensors = open_checkpoint(training[0])
    with pytest.raises(UsageError, match="can hold one net of generator_ab, generator_ba") as caught:
        save_as(tmp_path / "latest_net_G.pth", header, tensors)
    assert caught.value.remedy == "Choose with --net, or end the file's name in _G_A or _G_B"
    assert save_as(tmp_path / "latest_net_G_B.pth", header, tensors) == ["generator_ba"]
    assert save_as(tmp_path / "x.pth", header, tensors, net="generator_ab") == ["generator_ab"]
    with pytest.raises(UsageError, match="there is no generator 'x'; expected one of generator_ab, generator_ba"):
        save_as(tmp_path / "x.pth", header, tensors, net="x")
    with pytest.raises(UsageError, match=r"cannot write \.onnx; expected one of \.ppgan \.pdparams \.pth"):
        save_as(tmp_path / "x.onnx", header, tensors)


@pytest.mark.parametrize(
    ("net", "suffix", "reason"),
    [
        (ResnetGenerator(base_channels=2, blocks=1, attention=True), ".pth", "has self-attention, which pytorch"),
        (ResnetGenerator(base_channels=2, blocks=1, padding="zero"), ".pdparams", "has zero padding at the borders"),
        (ResnetGenerator(base_channels=2, blocks=1, upsample="nearest"), ".pth", "has resize-convolutions"),
        (ResnetGenerator(base_channels=2, blocks=1, antialias=True), ".pdparams", "antialiasing, which PaddleGAN"),
        (ResnetGenerator(base_channels=2, blocks=1, norm="none"), ".pth", "convolutions with bias beside none norms"),
        (ResnetGenerator(base_channels=2, blocks=1, kernel=9), ".pth", "has filters of 9x9, which pytorch"),
        (ResnetGenerator(base_channels=2, blocks=1, output="sigmoid"), ".pth", "has sigmoid values, which pytorch"),
        (ResnetGenerator(base_channels=2, blocks=1, downsample_padding="reflect"), ".pth", "has reflect padding where"),
        (UnetGenerator(base_channels=2, depth=3), ".pth", "a U-Net of depth 3, less than 5"),
        (PatchDiscriminator(base_channels=2), ".pth", "holds PatchDiscriminator; expected a generator"),
        (StyleTransferNet(2, 1, 2), ".pth", "holds StyleTransferNet; expected a generator: the PyTorch repositories"),
        (StyleTransferNet(2, 1, 2), ".pdparams", "holds StyleTransferNet; expected a generator or a LapStyleNet"),
        (PatchDiscriminator(base_channels=2), ".pdparams", "holds PatchDiscriminator; expected a generator or a LapS"),
        (
            LapStyleNet((2, 2, 2, 2, 2), revision_channels=2),
            ".pdparams",
            "its encoder_channels is [2, 2, 2, 2, 2]; exp",
        ),
    ],
)
def test_a_net_that_another_program_cannot_build_is_not_saved_for_it(tmp_path, net, suffix, reason):
    header = Header({"net": net_spec(net)}, source="x.ppgan")
    with pytest.raises(CheckpointError) as caught:
        save_as(tmp_path / f"x{suffix}", header, net_tensors("net", net))
    assert reason in str(caught.value)
    assert not list(tmp_path.iterdir())


# Files without a generator


def refused(path: Path) -> str:
    with pytest.raises(CheckpointError) as caught:
        open_checkpoint(path)
    reason = str(caught.value).removeprefix(f"{path}: ")
    assert describe_file(path)["problem"] == reason
    return reason


GENERATORS = "a generator of CycleGAN, pix2pix, CUT or LapStyle"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (
            {f"model.{place}.weight": np.zeros(shape, np.float32) for place, shape in DISCRIMINATOR.items()},
            f"holds a discriminator (4 convolutions, 3 channels in); expected {GENERATORS}. "
            "Give the file with G in its name, such as latest_net_G.pth",
        ),
        (
            {"state": {0: {"exp_avg": np.zeros(3)}}, "param_groups": [{"lr": 0.1, "params": [0]}]},
            f"holds an optimizer's state; expected {GENERATORS}. "
            "Give the file of the net's weights that was saved beside it",
        ),
        (
            {"conv2d_0.w_0_moment1_0": np.zeros(3), "LR_Scheduler": {"last_lr": 0.1}},
            f"holds an optimizer's state; expected {GENERATORS}. "
            "Give the file of the net's weights that was saved beside it",
        ),
        (
            {"g_ema": {"style.1.weight": np.zeros(3), "conv1.conv.weight": np.zeros(3)}},
            f"holds a StyleGAN net; expected {GENERATORS}. There is no StyleGAN here",
        ),
        (
            {"mlp_0.0.weight": np.zeros((2, 2)), "mlp_0.0.bias": np.zeros(2)},
            f"holds CUT's net of patch features (netF); expected {GENERATORS}. "
            "Give the file with G in its name, such as latest_net_G.pth",
        ),
        (
            {"layer1.0.conv1.weight": np.zeros(3), "fc.weight": np.zeros(3)},
            f"holds 2 arrays of no net known here (layer1.0.conv1.weight, fc.weight ...); expected {GENERATORS}",
        ),
        ({}, f"holds no arrays; expected {GENERATORS}"),
    ],
)
def test_a_file_without_a_generator_is_refused_by_the_name_of_its_net(tmp_path, content, reason):
    assert refused(write_pdparams(tmp_path / "x.pdparams", content)) == reason


def changed(change: Any, **settings: Any) -> dict[str, np.ndarray]:
    state = as_torch(published("ResnetGenerator", settings))
    change(state)
    return state


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        (changed(lambda s: s.pop("model.11.conv_block.5.bias")), "is nearly a ResNet generator of PaddleGAN, pytorch"),
        (changed(lambda s: s.pop("model.11.conv_block.5.bias")), "but model.11.conv_block.5.bias is missing; expected"),
        (changed(lambda s: s.update({"model.30.x": np.zeros(1)})), "but model.30.x is not part of it"),
        (
            changed(lambda s: s.update({"model.4.weight": np.zeros((8, 4, 5, 5), np.float32)})),
            "but model.4.weight has shape [8, 4, 5, 5] instead of [8, 4, 3, 3]",
        ),
        (
            changed(lambda s: [s.pop(name) for name in list(s) if name.startswith("model.4.")]),
            "is a ResNet generator of 5 outer convolutions and 2 in each block; expected 6 outer ones",
        ),
        (
            changed(lambda s: [s.pop(f"model.{place}.filt") for place in (14, 18)], blurred=True),
            "is a CUT generator that is antialiased only where it downsamples; expected antialiasing in both",
        ),
        (changed(lambda s: s["model.7.filt"].__imul__(2), blurred=True), "its blur model.7 has another filter"),
    ],
)
def test_a_variant_that_is_not_known_is_refused_and_not_guessed(tmp_path, state, reason):
    assert reason in refused(write_pth(tmp_path / "latest_net_G.pth", state))


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_weights_that_are_not_finite_are_refused_by_name(tmp_path, value):
    path = write_pth(tmp_path / "latest_net_G.pth", changed(lambda s: s["model.4.bias"].__setitem__(0, value)))
    with pytest.raises(CheckpointError, match=r"tensor net/generator/downs\.0\.conv\.bias holds NaN or infinity"):
        open_checkpoint(path)


def test_a_unet_that_is_not_whole_is_refused(tmp_path):
    state = as_torch(published("UnetGenerator", {}))
    del state["model.model.3.weight"]
    assert "is a U-Net of an unknown kind" in refused(write_pth(tmp_path / "latest_net_G.pth", state))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes have no names here")
def test_a_pipe_is_refused(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for read in (open_checkpoint, describe_file):
        with pytest.raises(CheckpointError, match=r"pipe: is a pipe or a device; expected a file\. Save it to a file"):
            read(tmp_path / "pipe")


def test_half_a_lapstyle_is_refused(tmp_path):
    path = write_pdparams(tmp_path / "x.pdparams", {"net_enc": {"a": np.zeros(1)}, "net_dec": {"b": np.zeros(1)}})
    assert "is a LapStyle file without net_enc/enc_1.0.weight; expected PaddleGAN's nets, whole" in refused(path)


def test_a_folder_and_a_missing_file_are_refused(tmp_path):
    for path, reason in ((tmp_path, "is a folder"), (tmp_path / "none.pth", "there is no such file")):
        for function in (open_checkpoint, describe_file):
            with pytest.raises(CheckpointError, match=f"{reason}; expected a file of weights"):
                function(path)


# VGG-19


def test_torchvisions_vgg_gives_the_features_of_its_preprocessing(tmp_path):
    rng = np.random.default_rng(0)
    widths = (3, 2, 3, 4, 5, 6)
    places = iter((0, 2, 5, 7, 10, 12, 14, 16, 19, 21, 23, 25, 28))
    state: dict[str, np.ndarray] = {"classifier.0.weight": np.zeros((2, 2), np.float32)}
    for stage, count in enumerate((2, 2, 4, 4, 1), start=1):
        for number in range(count):
            into = widths[stage - 1] if number == 0 else widths[stage]
            place = next(places)
            state[f"features.{place}.weight"] = rng.normal(size=(widths[stage], into, 3, 3)).astype(np.float32)
            state[f"features.{place}.bias"] = rng.normal(size=widths[stage]).astype(np.float32)
    encoder = load_encoder(str(write_pth(tmp_path / "vgg19.pth", state)))
    image = np.full((3, 8, 8), 0.25, np.float32)  # flat: zeros or mirrors around it do not matter inside
    normalised = (0.25 - np.array([0.485, 0.456, 0.406])) / np.array([0.229, 0.224, 0.225])
    wanted = state["features.0.weight"].sum((2, 3)) @ normalised + state["features.0.bias"]
    found = encoder(paddle.to_tensor(image[None]), last="relu1_1")["relu1_1"].numpy()
    np.testing.assert_allclose(found[0, :, 4, 4], np.maximum(wanted, 0), rtol=1e-4, atol=1e-4)
    np.testing.assert_array_equal(encoder.state_dict()["conv5_1.weight"].numpy(), state["features.28.weight"])


@pytest.mark.parametrize("suffix", [".pth", ".safetensors", ".pdparams"])
def test_the_normalised_vgg_is_read_from_every_kind_of_file(tmp_path, suffix):
    net = VGGEncoder((2, 3, 4, 5, 6))
    state = {theirs: net.state_dict()[ours].numpy() for ours, theirs in vgg_names().items()}
    path = tmp_path / f"vgg_normalised{suffix}"
    if suffix == ".pth":
        write_pth(path, state, legacy=True)
    elif suffix == ".safetensors":
        save_file(state, path)
    else:
        write_pdparams(path, state)
    for name, tensor in load_encoder(str(path)).state_dict().items():
        np.testing.assert_array_equal(tensor.numpy(), net.state_dict()[name].numpy())
    header, tensors = open_checkpoint(path)
    assert header.nets["encoder"].arguments == net.arguments and not header.predictors
    assert isinstance(build_net("encoder", header, tensors), VGGEncoder)
