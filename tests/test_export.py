"""Exports: the files, their agreement with the net, and that nothing is written where they disagree."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import importlib.util
import json
import os
import re
from pathlib import Path
from typing import Any

import numpy as np
import paddle
import pytest
from foreign_files import write_pth
from net_examples import ANY_STYLE, LAPSTYLE, STYLE_TRANSFER, build, fill, picture
from paddle import nn
from PIL import Image
from published_nets import as_torch, resnet, shaken

from ppgan_lite.checkpoint import Header, PredictorSpec, net_spec, net_tensors, write_checkpoint
from ppgan_lite.errors import CheckpointError, ExportError, MissingDependencyError, UsageError
from ppgan_lite.export import formats
from ppgan_lite.export.end_to_end import EndToEndPainter, Float16Weights, _mirrored
from ppgan_lite.export.exporting import export
from ppgan_lite.export.folder import atomic_folder, check_folder
from ppgan_lite.export.numerical_check import check_export
from ppgan_lite.export.plan import ExportOptions, plan_export
from ppgan_lite.images import read_image
from ppgan_lite.inference.loading import load_predictor
from ppgan_lite.nets.any_style import AnyStyleNet
from ppgan_lite.nets.lapstyle import LapStyleNet
from ppgan_lite.nets.style_transfer import StyleTransferNet
from ppgan_lite.nets.traced_alignment import roots

needs_onnx = pytest.mark.skipif(
    any(importlib.util.find_spec(name) is None for name in ("paddle2onnx", "onnx", "onnxruntime")),
    reason="needs the extra [export]",
)
TRANSLATES = {"task": "translate", "value_range": (-1.0, 1.0)}
RESTORES = {"task": "restore", "value_range": (0.0, 1.0)}


def save(path: Path, nets: dict[str, nn.Layer], about: dict[str, Any] | None = None, **spec: Any) -> Path:
    """Write a checkpoint with a predictor of the same name for each net."""
    predictors = {name: PredictorSpec(name, **spec) for name in nets}
    tensors = {key: value for name, net in nets.items() for key, value in net_tensors(name, net).items()}
    specs = {name: net_spec(net) for name, net in nets.items()}
    write_checkpoint(path, Header(specs, predictors, about=about or {}), tensors)
    return path


def generator(folder: Path, name: str = "ResnetGenerator") -> tuple[Path, nn.Layer]:
    net = build(name)
    net.eval()
    spec = RESTORES if name.startswith("SRResNet") else TRANSLATES
    return save(folder / "horse.ppgan", {"a_to_b": net}, **spec, scale=net.arguments.get("scale", 1)), net


def painter(folder: Path, *, own_style: bool, **settings: Any) -> Path:
    net = fill(LapStyleNet(**LAPSTYLE, revisions=1, own_style=own_style))
    # Weights drawn at random answer far outside [0, 1], where clipping would hide any difference.
    net.decoder.to_rgb.weight.set_value(net.decoder.to_rgb.weight * 0.05)
    net.decoder.to_rgb.bias.set_value(paddle.full([3], 0.5))
    if own_style:
        net.update_own_style(net.style_statistics(0.3 + 0.3 * picture(60, 70, phase=2.0)))
    inputs = ("photo",) if own_style else ("photo", "style")
    spec = {"task": "stylize", "inputs": inputs, "value_range": (0.0, 1.0), "settings": settings}
    return save(folder / "wave.ppgan", {"painter": net}, {"title": {"en": "The Wave"}, "licence": "CC0"}, **spec)


def one_style_painter(folder: Path, **settings: Any) -> Path:
    """Write a feed-forward painter of one style."""
    net = fill(StyleTransferNet(**STYLE_TRANSFER))
    net.revisions[0].to_rgb.weight.set_value(net.revisions[0].to_rgb.weight * 0.1)
    spec = {"task": "stylize", "inputs": ("photo",), "value_range": (0.0, 1.0), "settings": settings}
    return save(folder / "wave.ppgan", {"painter": net}, **spec)


def any_style_painter(folder: Path, **settings: Any) -> Path:
    """Write a painter of any style."""
    net = fill(AnyStyleNet(**ANY_STYLE))
    net.revisions[0].to_rgb.weight.set_value(net.revisions[0].to_rgb.weight * 0.1)
    spec = {"task": "stylize", "inputs": ("photo", "style"), "value_range": (0.0, 1.0), "settings": settings}
    return save(folder / "wave.ppgan", {"painter": net}, **spec)


def values(height: int, width: int, channels: int = 3) -> np.ndarray:
    return picture(height, width, channels=channels).numpy() * 2 - 1


def run_onnx(path: Path, **inputs: np.ndarray) -> np.ndarray:
    import onnxruntime

    (found,) = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"]).run(None, inputs)
    return found


def photo_file(path: Path, height: int, width: int, phase: float = 0.0) -> np.ndarray:
    """Write a lossless picture under any name, and return it.

    Its pixels come in blocks of 2x2, so that downsampling it by 2 needs no rounding.
    """
    rows, columns = np.mgrid[0:height, 0:width] // 2 * 2
    waves = [np.sin(rows / 9 + phase + channel) * np.cos(columns / (7 + channel)) for channel in range(3)]
    image = np.rint(np.stack(waves, axis=-1) * 100 + 120).astype(np.uint8)
    with path.open("wb") as file:
        Image.fromarray(image).save(file, "PNG")
    return image


def run_example_program(folder: Path, monkeypatch: pytest.MonkeyPatch) -> np.ndarray:
    """Run the example program of a model card, and return the picture that it writes."""
    readme = (folder / "README.md").read_text(encoding="utf-8")
    [program] = re.findall(r"```python\n(.*?)```", readme, re.DOTALL)
    monkeypatch.chdir(folder)
    exec(compile(program, "README.md", "exec"), {})
    return read_image(folder / "result.png")[0]


@needs_onnx
@pytest.mark.parametrize("name", ["ResnetGenerator", "UnetGenerator", "SRResNet, twice"])
def test_an_onnx_file_agrees_with_its_net_at_any_size(tmp_path, name):
    path, net = generator(tmp_path, name)
    card = export(path, tmp_path / "out", ExportOptions())
    x = values(37, 50)
    with paddle.no_grad():
        expected = net(paddle.to_tensor(x)).numpy()
    found = run_onnx(tmp_path / "out" / "horse.onnx", photo=x)
    assert expected.std() > 0.05 and found.shape == expected.shape
    assert np.abs(found - expected).max() < 1e-4
    assert 0 < card.numerical_check.largest < 1e-4
    assert [trial.sizes["photo"] for trial in card.numerical_check.trials] == [(192, 256), (181, 203)]


@pytest.mark.parametrize(("name", "onednn"), [("ResnetGenerator", True), ("ResnetGenerator, antialiased", False)])
def test_a_paddle_program_agrees_with_its_net_at_any_size(tmp_path, monkeypatch, name, onednn):
    """Where a net resizes, oneDNN fails in Paddle 3.3, and the example program does without it."""
    path, _ = generator(tmp_path, name)
    card = export(path, tmp_path / "out", ExportOptions(format="paddle"))
    assert sorted(file.name for file in (tmp_path / "out").iterdir()) == [
        *("README.md", "horse.json", "horse.pdiparams", "model_card.json")
    ]
    assert card.onednn is onednn
    photo = photo_file(tmp_path / "out" / "photo.jpg", 45, 66)
    found = run_example_program(tmp_path / "out", monkeypatch)
    assert np.abs(found.astype(int) - load_predictor(path, engine="paddle")(photo)).max() <= 1


@needs_onnx
def test_lapstyle_for_one_size_agrees_with_its_predictor(tmp_path, monkeypatch):
    """Input noise, alignment and revision equal those of the predictor, whose code differs."""
    path = painter(tmp_path, own_style=True, noise_std=0.05, draft_px=32)
    card = export(path, tmp_path / "out", ExportOptions(size=(96, 64)))
    photo = photo_file(tmp_path / "out" / "photo.jpg", 64, 96)
    found = run_example_program(tmp_path / "out", monkeypatch)
    expected = load_predictor(path, engine="paddle")(photo)
    assert expected.std() > 10
    assert np.abs(found.astype(int) - expected).max() <= 1
    assert card.numerical_check.largest < 0.25 / 255
    assert card.inputs[0]["shape"] == [1, 3, 64, 96] == card.outputs[0]["shape"]
    assert card.painting == card.painting | {"levels": 1, "noise_std": 0.05, "best_short_side_px": 64}


@needs_onnx
@pytest.mark.parametrize("write", [functools.partial(painter, own_style=False), any_style_painter])
def test_any_painting_is_taken_at_any_size(tmp_path, monkeypatch, write):
    path = write(tmp_path, draft_px=40, style_px=50)
    card = export(path, tmp_path / "out", ExportOptions())
    photo = photo_file(tmp_path / "out" / "photo.jpg", 80, 90)
    painting = photo_file(tmp_path / "out" / "style.jpg", 50, 70, phase=2.0)
    found = run_example_program(tmp_path / "out", monkeypatch)
    expected = load_predictor(path, engine="paddle")(photo, style=painting)
    assert expected.std() > 10
    assert np.abs(found.astype(int) - expected).max() <= 1
    assert [port["name"] for port in card.inputs] == ["photo", "style"]
    assert card.inputs[1]["best_px"] == 50


def test_a_painter_of_one_style_for_one_size_agrees_with_its_predictor(tmp_path, monkeypatch):
    path = one_style_painter(tmp_path, noise_std=0.05, draft_px=33)
    card = export(path, tmp_path / "out", ExportOptions(format="paddle", size=(96, 66)))
    photo = photo_file(tmp_path / "out" / "photo.jpg", 66, 96)
    found = run_example_program(tmp_path / "out", monkeypatch)
    expected = load_predictor(path, engine="paddle")(photo)
    assert expected.std() > 10
    assert np.abs(found.astype(int) - expected).max() <= 1
    arguments = {**STYLE_TRANSFER, "revisions": 1, "revision_size": "full"}
    assert card.net == {"kind": "StyleTransferNet", "arguments": arguments}
    assert card.painting == card.painting | {"levels": 1, "noise_std": 0.05, "best_short_side_px": 66}


@needs_onnx
def test_a_painter_of_one_style_paints_at_any_size(tmp_path, monkeypatch):
    path = one_style_painter(tmp_path, draft_px=40)
    card = export(path, tmp_path / "out", ExportOptions())
    photo = photo_file(tmp_path / "out" / "photo.jpg", 80, 90)
    found = run_example_program(tmp_path / "out", monkeypatch)
    expected = load_predictor(path, engine="paddle")(photo)
    assert expected.std() > 10
    assert np.abs(found.astype(int) - expected).max() <= 1
    assert [port["name"] for port in card.inputs] == ["photo"]
    assert card.numerical_check.largest < 2e-4
    assert [trial.sizes["photo"] for trial in card.numerical_check.trials] == [(192, 256), (181, 203)]


def test_a_net_that_stylizes_must_be_a_painter(tmp_path):
    path = save(tmp_path / "x.ppgan", {"net": build("SRResNet")}, task="stylize")
    with pytest.raises(CheckpointError) as caught:
        plan_export(path, ExportOptions())
    assert str(caught.value) == (
        f"{path}: its predictor stylizes with a SRResNet; expected one of LapStyleNet, StyleTransferNet, AnyStyleNet"
    )


@needs_onnx
def test_the_model_card_says_everything_that_a_user_must_know(tmp_path):
    path = painter(tmp_path, own_style=True, draft_px=300)
    card = export(path, tmp_path / "out", ExportOptions(levels=0))
    assert json.loads((tmp_path / "out" / "model_card.json").read_bytes()) == json.loads(json.dumps(card.to_json()))
    written = (tmp_path / "out" / "wave.onnx").read_bytes()
    assert card.files == {"wave.onnx": {"bytes": len(written), "sha256": hashlib.sha256(written).hexdigest()}}
    assert card.source_sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert card.title == "The Wave" and card.licence == "CC0" and card.origin == "not stated"
    assert card.task == "stylize" and card.painting["levels"] == 0
    assert card.inputs == [
        {
            "name": "photo",
            "shape": [1, 3, "height", "width"],
            "dtype": "float32",
            "layout": "NCHW",
            "range": [0.0, 1.0],
            "smallest_px": 16,
            "multiple_of": 1,
            "preprocessing": "RGB, upright, pixels / 255, as float32 1 x 3 x height x width; "
            "sides of at least 16 pixels",
        }
    ]
    assert card.outputs[0]["postprocessing"] == "value * 255, rounded and clipped to 0 .. 255, gives RGB pixels"
    assert set(card.versions) == {"paddle", "paddle2onnx", "onnx", "onnxruntime"}
    readme = (tmp_path / "out" / "README.md").read_text(encoding="utf-8")
    for words in ("# The Wave", "License: CC0", card.source_sha256, hashlib.sha256(written).hexdigest()):
        assert words in readme
    assert "drafts of about 300 pixels on the short side" in readme and "| allowed | 0.00098 | 0.0002 |" in readme


@needs_onnx
def test_the_onnx_file_has_the_names_and_metadata_that_users_expect(tmp_path):
    import onnx

    path, net = generator(tmp_path)
    export(path, tmp_path / "out", ExportOptions())
    model = onnx.load(tmp_path / "out" / "horse.onnx")
    assert [entry.version for entry in model.opset_import if not entry.domain] == [17]
    [photo], [result] = model.graph.input, model.graph.output
    assert (photo.name, result.name) == ("photo", "result")
    sides = [dim.dim_param or dim.dim_value for dim in photo.type.tensor_type.shape.dim]
    assert sides == [1, 3, "photo_height", "photo_width"]
    used = {name for node in model.graph.node for name in node.input}
    assert {tensor.name for tensor in model.graph.initializer} <= used
    assert not [node for node in model.graph.node if node.op_type == "Constant"]
    numbers = sum(int(np.prod(tensor.dims)) for tensor in model.graph.initializer)
    assert numbers >= sum(parameter.size for parameter in net.parameters())
    labels = {entry.key: entry.value for entry in model.metadata_props}
    assert labels["source_sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert labels["licence"] == "not stated"


@needs_onnx
def test_half_stores_weights_in_float16_and_reports_the_difference(tmp_path):
    import onnx

    path, net = generator(tmp_path)
    card = export(path, tmp_path / "out", ExportOptions(half=True))
    found = run_onnx(tmp_path / "out" / "horse.onnx", photo=values(40, 48))
    for parameter in net.parameters():
        parameter.set_value(parameter.numpy().astype(np.float16).astype(np.float32))
    with paddle.no_grad():
        expected = net(paddle.to_tensor(values(40, 48))).numpy()
    assert np.abs(found - expected).max() < 1e-4
    assert 1e-4 < card.numerical_check.largest <= card.numerical_check.tolerance.largest == 4 / 255 * 2
    kinds = {
        tuple(tensor.dims): tensor.data_type for tensor in onnx.load(tmp_path / "out" / "horse.onnx").graph.initializer
    }
    assert all(kinds[tuple(p.shape)] == onnx.TensorProto.FLOAT16 for p in net.parameters() if p.ndim == 4)


def test_half_for_one_size_as_a_paddle_program(tmp_path):
    path, net = generator(tmp_path, "UnetGenerator")
    card = export(path, tmp_path / "out", ExportOptions(format="paddle", half=True, size=(70, 50)))
    numbers = sum(parameter.size for parameter in net.parameters())
    assert card.files["horse.pdiparams"]["bytes"] < 2.3 * numbers
    assert [trial.sizes["photo"] for trial in card.numerical_check.trials] == [(70, 50), (70, 50)]
    assert card.weights.startswith("float16")


def test_weights_that_float16_cannot_represent_stay_float32():
    layer = nn.Linear(2, 2)
    layer.weight.set_value(paddle.full([2, 2], 1e5))
    half = Float16Weights(layer)
    assert {name: str(value.dtype) for name, value in half.named_parameters()} == {
        "half0_bias": "paddle.float16",
        "net.weight": "paddle.float32",
    }
    assert half(paddle.ones([1, 2])).tolist() == [[2e5, 2e5]]


@needs_onnx
def test_a_file_of_another_program_is_exported_too(tmp_path, run):
    net = shaken(resnet())
    path = write_pth(tmp_path / "latest_net_G_B.pth", as_torch(net))
    code, _, err = run("export", path, "-o", tmp_path / "out")
    assert code == 0, err
    lines = err.splitlines()
    assert lines[0] == f"{tmp_path / 'out'}: latest_net_G_B.onnx, model_card.json, README.md"
    assert lines[1].startswith("photo 192x256: differs from the net by at most ")
    assert lines[3].startswith("allowed: 0.0001, 0.0001 on average; ONNX Runtime ")
    x = values(48, 40)
    with paddle.no_grad():
        expected = net(paddle.to_tensor(x)).numpy()
    assert np.abs(run_onnx(tmp_path / "out" / "latest_net_G_B.onnx", photo=x) - expected).max() < 1e-4
    card = json.loads((tmp_path / "out" / "model_card.json").read_bytes())
    assert card["predictor"] == "b_to_a" and card["licence"] == "not stated in the file"


@needs_onnx
def test_an_export_that_differs_from_its_net_is_refused_and_leaves_nothing(tmp_path, monkeypatch, run):
    import onnx

    def tampered(*arguments: Any) -> list[Path]:
        [path] = formats._write_onnx(*arguments)
        model = onnx.load(path)
        # The last one: a norm after an earlier one would cancel the change.
        [weight] = [tensor for tensor in model.graph.initializer if list(tensor.dims) == [3, 4, 7, 7]]
        changed = onnx.numpy_helper.to_array(weight) * np.float32(1.01)
        weight.CopyFrom(onnx.numpy_helper.from_array(changed, weight.name))
        onnx.save(model, path)
        return [path]

    path, _ = generator(tmp_path)
    out = tmp_path / "folder" / "out"
    assert run("export", path, "-o", out)[0] == 0
    before = {file.name: file.read_bytes() for file in out.iterdir()}
    monkeypatch.setitem(formats.FORMATS, "onnx", dataclasses.replace(formats.FORMATS["onnx"], write=tampered))
    code, _, err = run("export", path, "-o", out, "--overwrite")
    assert code == 1
    expected = (
        r"paddlegan: error: horse: the export differs from its net by up to [\d.e-]+, [\d.e-]+ on average, "
        r"on a picture of 192x256; expected at most 0.0001, 0.0001 on average. Nothing was written\n"
    )
    assert re.fullmatch(expected, err)
    assert {file.name: file.read_bytes() for file in out.iterdir()} == before
    assert [file.name for file in out.parent.iterdir()] == ["out"]


@pytest.mark.parametrize(
    ("run", "message"),
    [
        (lambda arrays: arrays["photo"] * np.nan, "differs from its net by up to nan"),
        (lambda arrays: arrays["photo"][..., 1:], r"the export gives \[1, 3, 256, 191\], its net \[1, 3, 256, 192\]"),
    ],
)
def test_neither_nan_nor_another_shape_is_near_enough(tmp_path, run, message):
    path, _ = generator(tmp_path)
    with pytest.raises(ExportError, match=message):
        check_export(plan_export(path, ExportOptions()), run, runtime="a program", half=False)


def test_a_folder_is_replaced_only_where_it_holds_an_export_and_nothing_else(tmp_path, run):
    path, _ = generator(tmp_path, "SRResNet")
    out = tmp_path / "out"
    arguments = ("export", path, "-o", out, "--format", "paddle", "--json")
    code, printed, err = run(*arguments)
    assert code == 0, err
    assert json.loads(printed)["format"] == "ppgan_lite export"
    code, _, err = run(*arguments)
    assert (code, err) == (
        2,
        f"paddlegan: error: {out}: exists already. Choose another name, or allow it with --overwrite\n",
    )
    assert run(*arguments, "--overwrite")[0] == 0
    (out / "notes.txt").write_text("mine")
    code, _, err = run(*arguments, "--overwrite")
    assert code == 2
    assert err.endswith("out: holds other files (notes.txt); expected an earlier export. Choose another name\n")
    assert (out / "notes.txt").read_text() == "mine"
    code, _, err = run("export", path, "-o", path)
    assert code == 2 and "horse.ppgan: is a file; expected a folder" in err


def test_a_folder_whose_name_is_not_utf_8_is_refused(tmp_path):
    folder = tmp_path / os.fsdecode(b"caf\xe9")
    with pytest.raises(UsageError, match=r"caf.: is a name that is not UTF-8, to which Paddle cannot write; expected"):
        check_folder(folder, overwrite=False)


def test_a_folder_that_cannot_be_made_is_reported(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ExportError, match="cannot be written"), atomic_folder(tmp_path / "file" / "out"):
        pass


def test_a_missing_package_is_reported_with_its_extra(tmp_path, monkeypatch):
    path, _ = generator(tmp_path)
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "onnxruntime" else found(name))
    monkeypatch.setitem(
        formats.FORMATS,
        "onnx",
        dataclasses.replace(formats.FORMATS["onnx"], packages={"onnxruntime": "onnxruntime"}),
    )
    with pytest.raises(MissingDependencyError) as caught:
        export(path, tmp_path / "out", ExportOptions())
    assert str(caught.value) == (
        'export: onnxruntime is not installed. Install it with: pip install "ppgan-lite[export]" '
        "(Python 3.10 to 3.12), or use --format paddle"
    )
    assert not (tmp_path / "out").exists()


def test_a_direction_names_the_net_and_the_files(tmp_path):
    nets = {"a_to_b": build("ResnetGenerator"), "b_to_a": build("UnetGenerator")}
    path = save(tmp_path / "horse.ppgan", nets, **TRANSLATES)
    plan = plan_export(path, ExportOptions(direction="b_to_a"))
    assert plan.name == "horse_b_to_a" and type(plan.build_layer()).__name__ == "UnetGenerator"
    assert plan_export(path, ExportOptions()).name == "horse_a_to_b"
    with pytest.raises(UsageError, match="has no predictor 'b_to_c'; expected a_to_b or b_to_a"):
        plan_export(path, ExportOptions(direction="b_to_c"))
    run = tmp_path / "horses"
    run.mkdir()
    (run / "train.log").touch()
    path.rename(run / "final.ppgan")
    assert plan_export(run, ExportOptions()).name == "horses_a_to_b", "a run gives its own name, not that of its file"


def test_names_of_styles_are_those_of_their_checkpoints():
    plan = plan_export("starry_night", ExportOptions())
    assert (plan.name, plan.levels, plan.min_side_px) == ("starry_night", 1, 32)
    assert list(plan_export("any", ExportOptions()).inputs) == ["photo", "style"]


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        (ExportOptions(size=(64, 31)), "--size: wave.ppgan takes no picture of 64x31; expected sides of at least 32"),
        (ExportOptions(levels=7), "--levels: 7; expected 0 to 6"),
        (ExportOptions(levels=-1), "--levels: -1; expected 0 to 6"),
        (ExportOptions(levels=3, size=(127, 200)), "--size: wave.ppgan takes no picture of 127x200"),
    ],
)
def test_options_that_do_not_fit_a_painter_are_refused(tmp_path, wanted, message):
    for path in (painter(tmp_path, own_style=True), one_style_painter(tmp_path)):
        with pytest.raises(UsageError, match=re.escape(message)):
            plan_export(path, wanted)


def test_options_that_do_not_fit_a_generator_are_refused(tmp_path):
    net = build("ResnetGenerator")
    path = save(tmp_path / "horse.ppgan", {"a_to_b": net}, **TRANSLATES, multiple_of=8)
    message = "--size: horse.ppgan takes no picture of 36x40; expected sides of at least 16, in multiples of 8"
    with pytest.raises(UsageError, match=re.escape(message)):
        plan_export(path, ExportOptions(size=(36, 40)))
    with pytest.raises(
        UsageError, match=re.escape("--levels: horse.ppgan does not draft; expected a painter. Leave it out")
    ):
        plan_export(path, ExportOptions(levels=1))
    assert [plan_export(path, ExportOptions()).fitting(side) for side in (3, 16, 181)] == [16, 16, 184]
    discriminator = save(tmp_path / "discriminator.ppgan", {"discriminator": build("PatchDiscriminator")}, **TRANSLATES)
    with pytest.raises(CheckpointError, match="its predictor is a PatchDiscriminator"):
        plan_export(discriminator, ExportOptions())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--size", "640"), "'640' is no size; give width and height in pixels, such as 1280x720."),
        (("--size", "64x64", "--dynamic"), "--dynamic: and --size exclude each other. Leave one of them out"),
        (("--format", "torchscript"), "'torchscript' is not one of 'onnx', 'paddle'"),
    ],
)
def test_the_command_line_refuses_unknown_options(tmp_path, run, arguments, message):
    code, _, err = run("export", "starry_night", "-o", tmp_path / "out", *arguments)
    assert code == 2 and message in err and err.count("\n") == 1


def test_roots_by_products_are_those_by_eigenvectors():
    """Over four decades, as far as a covariance with its ridge goes."""
    rng = np.random.default_rng(0)
    vectors = np.linalg.qr(rng.standard_normal((24, 24)))[0]
    matrix = (vectors * np.logspace(-3, 1, 24)) @ vectors.T
    values, vectors = np.linalg.eigh(matrix)
    root, inverse = roots(paddle.to_tensor(matrix[None]), 20)
    assert np.abs(root[0].numpy() - (vectors * np.sqrt(values)) @ vectors.T).max() < 1e-8
    assert np.abs(inverse[0].numpy() - (vectors / np.sqrt(values)) @ vectors.T).max() < 1e-8


def test_noise_for_any_size_is_continued_by_its_mirror_image():
    assert _mirrored(4).tolist() == [0, 1, 2, 3]
    assert _mirrored(1030)[508:516].tolist() == [508, 509, 510, 511, 511, 510, 509, 508]
    assert _mirrored(1030)[1020:].tolist() == [3, 2, 1, 0, 0, 1, 2, 3, 4, 5]
    whole = EndToEndPainter(LapStyleNet(**LAPSTYLE), levels=0, noise_std=0.02, draft_size=None)
    noise = whole._noise_of(paddle.zeros([1, 3, 40, 600]))
    assert noise.shape == [1, 1, 40, 600]
    assert np.array_equal(noise[..., 512:].numpy(), noise[..., 424:512].numpy()[..., ::-1])
    assert 0.02 < float(noise.std()) < 0.04  # a fine and a coarse part, each of this deviation
