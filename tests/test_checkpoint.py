"""Checkpoints: written and read back, and refused when damaged or hostile."""

from __future__ import annotations

import json
import os
import pickle
import struct
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import paddle
import pytest
import tiny
from safetensors.numpy import save

from ppgan_lite import checkpoint
from ppgan_lite.checkpoint import (
    Header,
    NetSpec,
    PredictorSpec,
    build_net,
    describe,
    net_spec,
    net_tensors,
    read_checkpoint,
    read_header,
    sha256_of,
    write_checkpoint,
)
from ppgan_lite.errors import CheckpointError


@pytest.fixture(autouse=True)
def tiny_tables(monkeypatch):
    tiny.register(monkeypatch)


@pytest.fixture
def painter() -> tiny.TinyNet:
    paddle.seed(0)
    net = tiny.TinyNet(channels=5, kernels=[3])
    net(paddle.rand([2, 3, 8, 8]))  # moves the batch norm's buffers
    net.eval()
    return net


@pytest.fixture
def header(painter) -> Header:
    return Header(
        nets={"painter": net_spec(painter)},
        predictors={
            "paint": PredictorSpec("painter", "stylize", ("photo", "style"), (-1.0, 1.0), 4, 1, {"draft_px": 9})
        },
        recipe={"name": "TinyRecipe", "learning_rate": 0.1},
        training={"iteration": 7},
        about={"title": "星夜"},
    )


@pytest.fixture
def file(tmp_path, header, painter) -> Path:
    path = tmp_path / "画 1.ppgan"
    write_checkpoint(path, header, net_tensors("painter", painter))
    return path


def with_json(path: Path, change) -> None:
    """Rewrite a checkpoint with its JSON changed by `change(dict)` and without a checksum; the tensors stay."""
    data = path.read_bytes()
    length = int.from_bytes(data[:8], "little")
    front = json.loads(data[8 : 8 + length])
    about_itself = json.loads(front["__metadata__"]["ppgan_lite"])
    del about_itself["checksum"], about_itself["checked"]
    changed = change(about_itself)
    front["__metadata__"]["ppgan_lite"] = json.dumps(about_itself if changed is None else changed)
    text = json.dumps(front).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data[8 + length :])


def refused(path: Path) -> str:
    """Return the one line with which a file is refused, without the file's name."""
    messages = set()
    for read in (read_header, read_checkpoint, describe):
        with pytest.raises(CheckpointError) as caught:
            read(path)
        messages.add(str(caught.value))
    assert len(messages) == 1
    message = messages.pop()
    assert "\n" not in message
    assert message.startswith(f"{path}: ")
    return message.removeprefix(f"{path}: ")


def test_a_net_comes_back_as_it_was(file, header, painter):
    read, tensors = read_checkpoint(file)
    assert read == header == read_header(file)
    assert read.predictors["paint"].inputs == ("photo", "style")
    net = build_net("painter", read, tensors)
    photo = paddle.rand([1, 3, 7, 9])
    assert np.array_equal(net(photo).numpy(), painter(photo).numpy())
    assert not net.training


def test_a_path_in_a_header_need_not_be_utf_8(tmp_path):
    path = os.fsdecode(b"caf\xe9 \xe5\xa4\x9c \\udce9")
    written = Header(nets={}, training={"folder": path}, about={path: [path]})
    write_checkpoint(tmp_path / "x.ppgan", written, {})
    assert read_header(tmp_path / "x.ppgan") == written


def test_half_size_files_give_float32_nets(tmp_path, header, painter):
    large = np.array([1e30], np.float32)
    path = tmp_path / "half.ppgan"
    write_checkpoint(path, header, {**net_tensors("painter", painter), "style/a/mean": large}, half=True)
    read, tensors = read_checkpoint(path)
    assert {tensor.dtype for tensor in tensors.values()} == {np.dtype(np.float32)}
    assert tensors["style/a/mean"] == large
    net = build_net("painter", read, tensors)
    photo = paddle.rand([1, 3, 8, 8])
    np.testing.assert_allclose(net(photo).numpy(), painter(photo).numpy(), atol=5e-3)
    raw = {name: tensor.astype(np.float16) for name, tensor in tensors.items() if name.startswith("net/")}
    assert build_net("painter", read, raw).first.weight.dtype == paddle.float32


def test_arrays_of_any_layout_come_back_in_order(tmp_path):
    arrays = {
        "turned": np.arange(6, dtype=np.float32).reshape(2, 3).T,
        "every/second": np.arange(6)[::2],
        "single": np.array(3.0, np.float32),
        "empty": np.zeros((0, 3), np.float32),
    }
    write_checkpoint(tmp_path / "x.ppgan", Header(nets={}), arrays)
    _, tensors = read_checkpoint(tmp_path / "x.ppgan")
    for name, array in arrays.items():
        assert tensors[name].shape == array.shape
        assert np.array_equal(tensors[name], array)


def test_a_summary_needs_no_tensor(file):
    summary = describe(file)
    assert summary["format"] == "ppgan_lite"
    assert summary["version"] == 1
    parameters = 5 * 3 * 9 + 5 + 4 * 5 + 3 * 5 + 3
    assert summary["nets"] == {
        "painter": {
            "kind": "TinyNet",
            "arguments": {"channels": 5, "kernels": [3], "tails": 0},
            "parameters": parameters,
        }
    }
    assert summary["predictors"]["paint"]["settings"] == {"draft_px": 9}
    assert summary["about"] == {"title": "星夜"}
    assert summary["size_bytes"] == file.stat().st_size
    assert summary["sha256"] == sha256_of(file)
    json.dumps(summary)


def test_reading_and_describing_do_not_import_paddle(file):
    code = (
        "import sys; from ppgan_lite.checkpoint import describe, read_checkpoint;"
        "describe(sys.argv[1]); read_checkpoint(sys.argv[1]); sys.exit('paddle' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code, str(file)], check=False).returncode == 0


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(file, header, monkeypatch):
    before = file.read_bytes()

    def full_disk(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full_disk)
    with pytest.raises(CheckpointError, match=r"cannot be written \(No space left on device\)"):
        write_checkpoint(file, header, {"style/a/mean": np.zeros(3, np.float32)})
    assert file.read_bytes() == before
    assert list(file.parent.iterdir()) == [file]


def test_writing_into_a_folder_that_is_not_there_says_so(tmp_path, header):
    with pytest.raises(CheckpointError, match=r"cannot be written \(No such file or directory\)"):
        write_checkpoint(tmp_path / "no/x.ppgan", header, {})


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty (0 bytes); expected a checkpoint file"),
        (pickle.dumps({"w": 1}), "is not a checkpoint but a Python pickle (.pdparams, .pkl), which is not opened"),
        (b"PK\x03\x04rest of it", "is not a checkpoint but a zip archive (.pth, .npz, .zip)"),
        (b"\x89PNG\r\n\x1a\n" + bytes(40), "is not a checkpoint but a picture"),
        (b"\xff\xd8\xff\xe0" + bytes(40), "is not a checkpoint but a picture"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "is not a checkpoint but a picture"),
        ("weights: 夜\n".encode() * 900, "is not a checkpoint but text"),
        (b'{"nets": 1}', "is not a checkpoint but text"),
        (b"\x89HDF\r\n\x1a\n" + bytes(9), "is not a checkpoint but an HDF5 file (.h5)"),
        (b"\x1f\x8b\x08" + bytes(9), "is not a checkpoint but a compressed archive"),
        (b"\x08\x06\x12\x07pytorch\x1a\x033.4:\x99", "is not a checkpoint but an ONNX graph"),
        (b"\x04\0\0\0\x01\0\0\0\x03\0\0\0V 1\r\0\0\0", "is not a checkpoint but a file of Lua's Torch"),
        (bytes(range(128, 255)), "is not a checkpoint but a file of an unknown kind"),
        (b"\x01", "is not a checkpoint but"),
        (struct.pack("<Q", 1 << 40) + b"{" + bytes(9), "its header has 1099511627776 bytes, the file 18"),
        (struct.pack("<Q", 5000) + b"{" + bytes(9), "is damaged (truncated: its header has 5000 bytes, the file 18)"),
        (struct.pack("<Q", 9) + b'{"a": [}]', "is damaged (its header is not JSON"),
        (struct.pack("<Q", 60000) + b'{"a":' * 12000, "is damaged (its header is not JSON"),
        (save({"a": np.zeros(2)}), "is a safetensors file of another program"),
        (save({"a": np.zeros(2)}, {"format": "pt"}), "is a safetensors file of another program"),
        (save({}, {"ppgan_lite": "nothing"}), "is damaged (its header is not JSON"),
        (save({}, {"ppgan_lite": "[]"}), "is damaged (its header is not a JSON object)"),
        (save({}, {"ppgan_lite": "{}"}), "is damaged (its format version is None)"),
    ],
)
def test_a_file_that_is_no_checkpoint_is_told_for_what_it_is(tmp_path, content, message):
    path = tmp_path / "x.ppgan"
    path.write_bytes(content)
    assert message in refused(path)


def test_a_hostile_pickle_is_not_executed(tmp_path):
    class Bomb:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "executed"),)

    path = tmp_path / "x.pdparams"
    path.write_bytes(pickle.dumps(Bomb()))
    assert "a Python pickle" in refused(path)
    assert not (tmp_path / "executed").exists()


def test_a_missing_file_and_a_folder_are_told(tmp_path):
    assert refused(tmp_path / "no.ppgan") == "there is no such file; expected a checkpoint file. Check the path"
    assert refused(tmp_path).startswith("is a folder; expected a checkpoint file")


def test_a_newer_format_asks_for_an_update(file):
    with_json(file, lambda value: value.update(version=2, nets="of a form that is not known yet"))
    expected = "is of format version 2; expected 1 or older. Update ppgan-lite: a newer one wrote it"
    assert refused(file) == expected


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"version": 0}, "its format version is 0"),
        ({"version": True}, "its format version is True"),
        ({"version": "1"}, "its format version is '1'"),
        ({"nets": []}, "'nets' is missing from its header or of the wrong kind"),
        ({"about": None}, "'about' is missing from its header or of the wrong kind"),
        ({"program": 1}, "'program' is missing from its header or of the wrong kind"),
        ({"nets": {"a": 1}}, "net a is not a JSON object"),
        ({"nets": {"a": {"kind": "TinyNet"}}}, "net a: arguments: missing; expected a mapping"),
        ({"nets": {"a": {"kind": 1, "arguments": {}}}}, "net a: kind: 1 (an integer); expected text"),
        ({"predictors": {"p": {"net": "other", "task": "stylize"}}}, "predictor p is of net other"),
        (
            {"predictors": {"p": {"net": "painter", "task": "stylize", "value_range": [0]}}},
            "predictor p: value_range: [0] (a list); expected a list of 2: a number, a number",
        ),
        (
            {"predictors": {"p": {"net": "painter", "task": "stylize", "inputs": "photo"}}},
            "predictor p: inputs: 'photo' (text); expected a list, each text",
        ),
    ],
)
def test_a_header_with_a_wrong_field_is_refused(file, change, message):
    with_json(file, lambda value: value.update(change))
    assert message in refused(file)


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        (
            {"dtype": "F8_E4M3", "shape": [4], "data_offsets": [0, 4]},
            "tensor a is of type F8_E4M3; expected one of F64",
        ),
        ({"dtype": "F32", "shape": [1 << 40], "data_offsets": [0, 8]}, "does not have the bytes that it needs"),
        ({"dtype": "F32", "shape": [-2], "data_offsets": [0, 8]}, "is not described as safetensors does"),
        ({"dtype": "F32", "shape": [2.0], "data_offsets": [0, 8]}, "is not described as safetensors does"),
        ({"dtype": "F32", "shape": [2], "data_offsets": [8]}, "is not described as safetensors does"),
        ({"dtype": ["F32"], "shape": [2], "data_offsets": [0, 8]}, "is not described as safetensors does"),
        ("F32", "is not described as safetensors does"),
        ({"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}, "truncated: its tensors end at byte"),
    ],
)
def test_a_forged_tensor_is_refused_before_memory_is_reserved(tmp_path, entry, message):
    text = json.dumps({"__metadata__": {"ppgan_lite": "{}"}, "a": entry}).encode()
    path = tmp_path / "x.ppgan"
    path.write_bytes(struct.pack("<Q", len(text)) + text + bytes(4))
    assert message in refused(path)


def test_overlapping_tensors_are_refused(file):
    data = file.read_bytes()
    length = int.from_bytes(data[:8], "little")
    front = json.loads(data[8 : 8 + length])
    first, second = [name for name in front if name.startswith("net/painter/norm")][:2]
    front[first]["data_offsets"] = front[second]["data_offsets"]
    text = json.dumps(front).encode()
    file.write_bytes(struct.pack("<Q", len(text)) + text + data[8 + length :])
    with pytest.raises(CheckpointError, match="is damaged"):
        read_checkpoint(file)


def test_a_file_cut_anywhere_is_refused(file):
    data = file.read_bytes()
    for length in {*range(0, len(data), 37), 7, 8, 9, len(data) - 1}:
        file.write_bytes(data[:length])
        with pytest.raises(CheckpointError):
            read_checkpoint(file)
    file.write_bytes(data + b"\0")
    assert "longer than it says" in refused(file)


def test_a_file_with_any_byte_changed_is_refused(file):
    data = file.read_bytes()
    rng = np.random.default_rng(0)
    for place in {*range(150), *range(150, len(data), 11)}:  # the checksum is in the first 150
        changed = bytearray(data)
        changed[place] ^= int(rng.choice([1, 2, 4, 8, 16, 32, 64, 128, 255]))
        file.write_bytes(changed)
        with pytest.raises(CheckpointError) as caught:
            read_checkpoint(file)
        assert "\n" not in str(caught.value)


def test_a_changed_weight_is_told_by_the_checksum(file):
    data = file.read_bytes()
    file.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    for read in (read_checkpoint, describe):
        with pytest.raises(
            CheckpointError, match=r"is damaged \(its checksum is not that of its bytes\)\. Copy or down"
        ):
            read(file)
    with_json(file, lambda value: value.update(checked=True))
    with pytest.raises(CheckpointError, match=r"is damaged \(its checksum cannot be read\)"):
        read_checkpoint(file)


def test_a_file_without_a_checksum_is_read(file, header):
    with_json(file, lambda value: None)
    assert b"check" not in file.read_bytes()
    assert read_checkpoint(file)[0] == header
    assert describe(file)["nets"]["painter"]["kind"] == "TinyNet"


def test_the_same_content_is_the_same_file(tmp_path, file, header, painter):
    write_checkpoint(tmp_path / "again.ppgan", header, net_tensors("painter", painter))
    assert (tmp_path / "again.ppgan").read_bytes() == file.read_bytes()


def test_a_file_with_any_byte_changed_is_refused_or_read_where_it_has_no_checksum(file):
    with_json(file, lambda value: None)
    data = file.read_bytes()
    rng = np.random.default_rng(0)
    header_bytes = 8 + int.from_bytes(data[:8], "little")
    places = [*range(8), *rng.integers(8, header_bytes, 300), *rng.integers(header_bytes, len(data), 40)]
    outcomes = set()
    for place in places:
        changed = bytearray(data)
        changed[place] ^= int(rng.integers(1, 256))
        file.write_bytes(changed)
        try:
            read, tensors = read_checkpoint(file)
            for name in read.nets:
                build_net(name, read, tensors)
            outcomes.add("read")
        except CheckpointError as error:
            assert "\n" not in str(error)
            outcomes.add("refused")
    assert outcomes == {"read", "refused"}


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_weights_that_are_not_finite_are_refused(tmp_path, header, painter, value):
    tensors = net_tensors("painter", painter)
    tensors["net/painter/last.bias"][1] = value
    write_checkpoint(tmp_path / "x.ppgan", header, tensors)
    with pytest.raises(CheckpointError, match=r"tensor net/painter/last\.bias holds NaN or infinity"):
        read_checkpoint(tmp_path / "x.ppgan")


def test_tensors_that_do_not_fit_are_refused_before_any_is_loaded(file, painter):
    read, tensors = read_checkpoint(file)
    prefix = f"{file}: net painter: its weights do not fit TinyNet: "
    missing = {name: tensor for name, tensor in tensors.items() if name != "net/painter/first.bias"}
    extra = {**tensors, "net/painter/third.bias": tensors["net/painter/first.bias"]}
    turned = {**tensors, "net/painter/last.weight": tensors["net/painter/last.weight"].reshape(5, 3, 1, 1)}
    whole = {**tensors, "net/painter/last.bias": np.zeros(3, np.int64)}
    for wrong, message in (
        (missing, "first.bias is missing"),
        (extra, "third.bias is not part of it"),
        (turned, "last.weight has shape [5, 3, 1, 1] instead of [3, 5, 1, 1]"),
        (whole, "last.bias is int64 instead of float32"),
    ):
        with pytest.raises(CheckpointError) as caught:
            build_net("painter", read, wrong)
        assert str(caught.value) == prefix + message
    before = {name: tensor.copy() for name, tensor in net_tensors("painter", painter).items()}
    with pytest.raises(CheckpointError):
        checkpoint.load_net(painter, "painter", {**missing, "net/painter/last.bias": np.ones(3, np.float32)}, where="x")
    assert all(np.array_equal(before[name], tensor) for name, tensor in net_tensors("painter", painter).items())


def test_many_faults_are_told_shortly(file):
    read, _ = read_checkpoint(file)
    with pytest.raises(CheckpointError, match=r"first\.weight is missing; .*; and \d+ more$"):
        build_net("painter", read, {})


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (
            NetSpec("Unknown", {}),
            "its kind 'Unknown' is not known here. Update ppgan-lite, if a newer one wrote the file",
        ),
        (
            NetSpec("TinyNet", {"chanels": 5}),
            "its arguments do not fit TinyNet: chanels: TinyNet has no such key;"
            " expected one of channels, kernels, tails. Did you mean 'channels'?",
        ),
        (
            NetSpec("TinyNet", {"channels": "5"}),
            "its arguments do not fit TinyNet: channels: '5' (text); expected an integer",
        ),
        (NetSpec("TinyNet", {"kernels": []}), "TinyNet cannot be built (list index out of range)"),
    ],
)
def test_a_net_that_cannot_be_built_is_told(file, spec, message):
    read, tensors = read_checkpoint(file)
    with pytest.raises(CheckpointError) as caught:
        build_net("painter", replace(read, nets={"painter": spec}), tensors)
    assert str(caught.value) == f"{file}: net painter: {message}"


def test_a_net_that_the_checkpoint_does_not_have_is_told(file):
    read, tensors = read_checkpoint(file)
    with pytest.raises(CheckpointError, match="the checkpoint has no such net; expected one of painter"):
        build_net("judge", read, tensors)
