"""Nets of fast neural style, and generators under strange names: recognized, and the same picture as in their own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import paddle
import pytest
from click.testing import CliRunner
from foreign_files import write_pth
from johnson_net import Johnson, batch, example_names, lively, normalized, painted, photo, strange
from paddle.nn import functional as F
from PIL import Image
from safetensors.numpy import save_file

from ppgan_lite.checkpoint import FOREIGN_SUFFIXES
from ppgan_lite.cli import commands
from ppgan_lite.errors import CheckpointError, UsageError
from ppgan_lite.export.numerical_check import Difference, tolerance
from ppgan_lite.export.plan import ExportOptions, plan_export
from ppgan_lite.foreign.loading import describe_file, open_checkpoint
from ppgan_lite.foreign.options import ConversionOptions
from ppgan_lite.gui.choices import checkpoint_choice
from ppgan_lite.images import read_image, to_depth
from ppgan_lite.inference.loading import load_predictor, load_stylizer
from ppgan_lite.inference.stylization.full_size import FullSizeStylizer
from ppgan_lite.inference.translation import staging


@pytest.mark.parametrize("blocks", [1, 5])
@pytest.mark.parametrize("size", [(40, 56), (37, 51), (16, 17)])
@pytest.mark.parametrize("layout", ["zip", "legacy"])
def test_a_net_of_pytorchs_examples_paints_as_its_own_program(tmp_path, blocks, size, layout):
    net = lively(Johnson(blocks=blocks))
    path = write_pth(tmp_path / "mosaic.model", net.state(*example_names(blocks)), legacy=layout == "legacy")
    painter, image = load_stylizer(path), photo(*size)
    wanted, found = painted(net, image), painter(image)
    assert isinstance(painter, FullSizeStylizer)
    assert found.shape == image.shape and wanted.std() > 30
    assert np.abs(found - wanted).max() < 1
    assert painter.spec.task == "stylize" and painter.spec.inputs == ("photo",) and painter.name == "mosaic"


def test_the_values_are_those_of_pytorch():
    """Recorded with PyTorch 2.14.1: a net written there from the paper and the list of layers, with these weights."""
    net = Johnson(width=2, blocks=1)
    for place, (weight, bias) in enumerate(net.convs):
        waves = np.sin(np.arange(weight.size) * 0.7 + place).reshape(weight.shape)
        net.convs[place] = (waves.astype(np.float32) / 4, np.cos(np.arange(bias.size)).astype(np.float32))
    net.norms = [
        (1 + np.sin(np.arange(len(a))).astype(np.float32) / 4, np.cos(np.arange(len(a))).astype(np.float32) / 4)
        for a, _ in net.norms
    ]
    image = (127.5 + 127.5 * np.sin(np.arange(3 * 18 * 21) * 0.37)).reshape(18, 21, 3)
    found = net(batch(image))[0].numpy()
    np.testing.assert_allclose(found[:, [0, 9, 17], [0, 10, 20]], RECORDED, atol=1e-4)


RECORDED = [[1.23383, -3.08416, 2.72878], [0.88366, -2.60879, 0.98111], [0.00553, -2.3439, -1.30339]]


def test_running_statistics_of_old_versions_are_left_out(tmp_path):
    net = lively(Johnson())
    state = {}
    for name, array in net.state(*example_names(2)).items():
        state[name] = array
        if ".in" in f".{name}" and name.endswith("bias"):
            layer = name.removesuffix(".bias")
            state |= {f"{layer}.running_mean": array + 3, f"{layer}.running_var": np.abs(array) + 9}
    path = write_pth(tmp_path / "candy.pth", state, legacy=True)
    header, _ = open_checkpoint(path)
    assert "running statistics of instance norms" in header.about["notes"]
    assert np.abs(load_stylizer(path)(photo()) - painted(net, photo())).max() < 1


def of_bgr(net: Johnson, image: np.ndarray) -> np.ndarray:
    return painted(net, image[..., ::-1])[..., ::-1]


def rrmina_names(blocks: int) -> tuple[list[str], list[str]]:
    layers = [f"ConvBlock.{place}" for place in (0, 2, 4)]
    layers += [f"ResidualBlock.{i}.conv{j}" for i in range(blocks) for j in (1, 2)]
    ups = ["DeconvBlock.0", "DeconvBlock.2"]
    convs = [f"{layer}.conv_layer" for layer in layers] + [f"{layer}.conv_transpose" for layer in ups]
    return [*convs, "DeconvBlock.4.conv_layer"], [f"{layer}.norm_layer" for layer in layers + ups]


def linder_noren_names(blocks: int) -> tuple[list[str], list[str]]:
    layers = [f"model.{place}" for place in range(3)]
    layers += [f"model.{3 + i}.block.{j}" for i in range(blocks) for j in (0, 1)]
    layers += [f"model.{3 + blocks + place}" for place in range(3)]
    return [f"{layer}.block.1" for layer in layers], [f"{layer}.norm" for layer in layers[:-1]]


@pytest.mark.parametrize(
    ("names", "settings", "own"),
    [
        (example_names(2, ("upsample_conv1", "upsample_conv2", "upsample_conv3")), {}, painted),
        (example_names(2, ("up1", "up2", "up3")), {}, normalized),
        (linder_noren_names(5), {"blocks": 5}, normalized),
        (rrmina_names(2), {"transposed": True}, of_bgr),
    ],
)
def test_descendants_are_known_by_the_names_of_their_layers(tmp_path, names, settings, own):
    net = Johnson(**settings)
    if own is not normalized:
        lively(net)
    path = write_pth(tmp_path / "style.pth", net.state(*names))
    wanted = own(net, photo())
    assert wanted.std() > 20
    assert np.abs(load_stylizer(path)(photo()) - wanted).max() < 1


@pytest.mark.parametrize("write", [write_pth, lambda path, state: save_file(state, path)])
def test_the_first_nets_of_fast_neural_style_are_of_bgr(tmp_path, write):
    """Before PyTorch had instance norms with weights, the example had its own, whose parts are scale and shift."""
    net = lively(Johnson())
    parts = {"weight": "scale", "bias": "shift"}
    state = {}
    for name, array in net.state(*example_names(2)).items():
        layer, _, part = name.rpartition(".")
        state[f"{layer}.{parts[part]}" if array.ndim == 1 and ".conv2d" not in name else name] = array
    write(tmp_path / "starry-night.model", state)
    assert np.abs(load_stylizer(tmp_path / "starry-night.model")(photo()) - of_bgr(net, photo())).max() < 1


ASKED = "is a residual generator by the shapes of its layers, but does not tell"


def test_what_no_shape_tells_is_asked_for_by_a_flag(tmp_path):
    path = write_pth(tmp_path / "mine.pth", strange(Johnson()))
    for options, missing in (
        (
            ConversionOptions(),
            "the values that it takes and returns nor how its convolutions are padded. Say it: paddlegan convert FILE "
            "-o OUT.ppgan --values 0..255|0..1|sigmoid|imagenet|-1..1 --padding reflect|zero|reflect-everywhere",
        ),
        (
            ConversionOptions(values="0..255"),
            "how its convolutions are padded. Say it: paddlegan convert FILE -o OUT.ppgan --padding "
            "reflect|zero|reflect-everywhere",
        ),
    ):
        with pytest.raises(CheckpointError) as caught:
            open_checkpoint(path, options)
        assert str(caught.value) == f"{path}: {ASKED} {missing}"
    assert ASKED in describe_file(path)["problem"]


@pytest.mark.parametrize(
    ("values", "own"),
    [
        ("0..255", lambda net, image: net(batch(image))),
        ("0..1", lambda net, image: net(batch(image / 255)) * 255),
        ("sigmoid", lambda net, image: F.sigmoid(net(batch(image / 255))) * 255),
        ("-1..1", lambda net, image: paddle.tanh(net(batch(image / 127.5 - 1))) * 127.5 + 127.5),
        ("imagenet", lambda net, image: batch(normalized(net, image))),
    ],
)
def test_each_kind_of_values_gives_the_picture_of_its_own_program(tmp_path, values, own):
    net = lively(Johnson(width=3)) if values == "0..255" else Johnson(width=3)
    if values == "0..1":
        net.convs[-1] = (net.convs[-1][0] / 4, net.convs[-1][1] + 0.5)
    path = write_pth(tmp_path / "mine.pth", strange(net))
    target = tmp_path / "mine.ppgan"
    arguments = ["convert", str(path), "-o", str(target), "--values", values, "--padding", "reflect"]
    assert CliRunner().invoke(commands, arguments, catch_exceptions=False).exit_code == 0
    wanted = own(net, photo())[0].numpy().transpose(1, 2, 0).clip(0, 255)
    assert wanted.std() > 20
    assert np.abs(load_stylizer(target)(photo()) - wanted).max() < 1


def test_norms_with_weights_and_statistics_are_asked_for(tmp_path):
    net = lively(Johnson())
    state: dict[str, np.ndarray] = {}
    for name, array in strange(net).items():
        state[name] = array
        if name.endswith(".n.bias"):
            layer = name.removesuffix(".bias")
            state |= {f"{layer}.running_mean": array * 0 + 2, f"{layer}.running_var": array * 0 + 4}
    path = write_pth(tmp_path / "mine.pth", state)
    known: dict[str, Any] = {"values": "0..255", "padding": "reflect"}
    with pytest.raises(CheckpointError, match=r"whether its norms are instance .*--norm instance\|batch"):
        open_checkpoint(path, ConversionOptions(**known))
    for norm, statistics, kind in (
        ("instance", None, "picture"),
        ("batch", None, "batch"),
        ("batch", "picture", "picture"),
    ):
        header, _ = open_checkpoint(path, ConversionOptions(**known, norm=norm, statistics=statistics))
        assert header.nets["painter"].arguments["norm"] == kind
    state["layer0.n.num_batches_tracked"] = np.array(3)
    header, arrays = open_checkpoint(write_pth(path, state), ConversionOptions(**known))
    assert header.nets["painter"].arguments["norm"] == "batch"
    np.testing.assert_array_equal(arrays["net/painter/stem.norm._variance"], np.full(4, 4))


# Settings of a painter


@pytest.fixture
def painter(tmp_path) -> FullSizeStylizer:
    found = load_predictor(write_pth(tmp_path / "p.pth", lively(Johnson()).state(*example_names(2))))
    assert isinstance(found, FullSizeStylizer)
    return found


def test_strength_mixes_the_painting_with_the_photo(painter):
    image = photo()
    full = painter(image).astype(float)
    np.testing.assert_array_equal(painter(image, strength=0.0), image)
    assert np.abs(painter(image, strength=0.25) - (image + 0.25 * (full - image))).max() <= 0.51
    halves = np.array([[0.0, 1.0]], np.float32)
    for arguments in ({"strength": halves}, {"strokes": halves}):
        mixed = painter(image, **arguments)
        np.testing.assert_array_equal(mixed[:, :4], image[:, :4])
        assert np.abs(mixed[:, -4:] - full[:, -4:]).max() <= 1


def test_strength_0_gives_back_a_photo_of_16_bits(painter):
    deep = np.random.default_rng(0).integers(0, 65_536, (40, 44, 3), np.uint16)
    result = painter(deep, strength=0.0)
    assert result.dtype == np.uint16
    np.testing.assert_array_equal(result, deep)
    full = painter(to_depth(photo(), 16))
    assert np.abs(full / 257 - painter(photo())).max() <= 0.6


def test_wide_strokes_are_painted_on_a_smaller_copy(painter):
    image = photo(80, 120)
    wide = painter(image, brush=32.0)
    assert wide.shape == image.shape and not np.array_equal(wide, painter(image))
    np.testing.assert_array_equal(painter(image, brush=3.0), painter(image))
    assert painter.cost(80, 120, brush=32.0).memory < painter.cost(80, 120).memory


def test_colors_of_the_photo_can_be_kept(painter):
    image = photo()
    kept = painter(image, keep_colors=True).astype(float)
    assert np.abs((kept - kept.mean(axis=2, keepdims=True)) - (image - image.mean(axis=2, keepdims=True))).mean() < 40


def test_settings_out_of_range_and_paintings_are_refused(painter):
    for arguments, message in (
        ({"strength": 1.5}, "strength: 1.5; expected a number from 0 to 1"),
        ({"brush": 0.0}, "brush: 0.0; expected a width in pixels above 0"),
        ({"style": photo()}, "style: p has a style already; expected no painting"),
    ):
        with pytest.raises(UsageError) as caught:
            painter(photo(), **arguments)
        assert str(caught.value) == message
    with pytest.raises(UsageError, match="p paints in a style of its own"):
        painter.with_style(photo())


def test_the_window_offers_its_settings(painter):
    choice = checkpoint_choice(Path("p.pth"), painter.spec, painter.directions)
    assert choice.has_settings and not choice.needs_painting and choice.directions == ()
    assert {".pth", ".model", ".ckpt"} <= set(FOREIGN_SUFFIXES)  # which the window opens


def test_a_large_photo_is_painted_stage_by_stage_as_a_small_one(tmp_path, monkeypatch):
    net = lively(Johnson())
    painter = load_stylizer(write_pth(tmp_path / "p.pth", net.state(*example_names(2))))
    monkeypatch.setattr(painter._translator, "_whole_px", 1000)
    monkeypatch.setattr(staging, "STRIP_VALUES", 30_000)
    image, shares = photo(231, 150), []
    found = painter(image, progress=shares.append)
    assert len(shares) > 20 and shares[-1] == 1
    assert np.abs(found - painted(net, image)).max() < 1


def test_a_painter_is_painted_with_converted_and_exported_from_the_command_line(tmp_path):
    net = lively(Johnson())
    source = write_pth(tmp_path / "candy.model", net.state(*example_names(2)))
    Image.fromarray(photo()).save(tmp_path / "photo.png")

    def run(*arguments: object) -> None:
        result = CliRunner().invoke(commands, [str(argument) for argument in arguments], catch_exceptions=False)
        assert result.exit_code == 0, result.output

    run("stylize", tmp_path / "photo.png", "-o", tmp_path / "a.png", "--style", source)
    assert np.abs(read_image(tmp_path / "a.png")[0] - painted(net, photo())).max() < 1
    run("convert", source, "-o", tmp_path / "candy.ppgan")
    run("stylize", tmp_path / "photo.png", "-o", tmp_path / "b.png", "--style", tmp_path / "candy.ppgan")
    np.testing.assert_array_equal(read_image(tmp_path / "a.png")[0], read_image(tmp_path / "b.png")[0])
    run("export", source, "-o", tmp_path / "out", "--format", "paddle")


def test_an_export_of_a_painter_may_differ_by_a_quarter_of_a_step(tmp_path):
    """Before, 0.013 of values from 0 to 255 were allowed, and a published mosaic of 8 channels differed by 0.015."""
    plan = plan_export(write_pth(tmp_path / "candy.pth", Johnson().state(*example_names(2))), ExportOptions("onnx"))
    assert tolerance(plan, half=False) == Difference(0.25, pytest.approx(0.05))


def test_a_painter_of_another_program_becomes_a_style_of_ones_own(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    net = lively(Johnson())
    source = write_pth(tmp_path / "candy.model", net.state(*example_names(2)))
    result = CliRunner().invoke(commands, ["styles", "--add", str(source)], catch_exceptions=False)
    assert result.exit_code == 0 and result.output.startswith("candy: ")
    assert np.abs(load_stylizer("candy")(photo()) - painted(net, photo())).max() < 1
