"""PaddleGAN's .pdparams files: read as data, whatever they contain."""

from __future__ import annotations

import collections
import os
import pickle
import pickletools
import struct
import time
from pathlib import Path
from typing import Any

import numpy as np
import paddle
import pytest

from ppgan_lite.errors import CheckpointError
from ppgan_lite.foreign import pickles
from ppgan_lite.foreign.lapstyle import decoder_names, lapstyle_names, revision_names
from ppgan_lite.foreign.pdparams import read_pdparams
from ppgan_lite.foreign.vgg import encoder_names, vgg_encoder_tensors, vgg_names
from ppgan_lite.nets.lapstyle import DraftDecoder, LapStyleNet
from ppgan_lite.nets.pyramid import RevisionNet
from ppgan_lite.nets.vgg import VGGEncoder


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "weights.pdparams"


def pickled(value: Any, protocol: int = 4) -> bytes:
    return pickle.dumps(value, protocol)


def message(path: Path, data: bytes) -> str:
    """Write a file, read it, and return the one line that refuses it."""
    path.write_bytes(data)
    with pytest.raises(CheckpointError) as caught:
        read_pdparams(path)
    text = str(caught.value)
    assert text.startswith(f"{path}: ")
    assert text.isprintable()
    return text.removeprefix(f"{path}: ")


class Call:
    """Pickles as a call of a function, which `pickle.load` would run."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self.reduced = function, arguments

    def __reduce__(self) -> Any:
        return self.reduced


# Valid files


@pytest.mark.parametrize("protocol", [2, 3, 4])
def test_a_state_dict_that_paddle_saved_comes_back_bit_for_bit(path, protocol):
    net = paddle.nn.Sequential(paddle.nn.Conv2D(3, 4, 3), paddle.nn.BatchNorm2D(4))
    paddle.save(net.state_dict(), str(path), protocol=protocol)
    found = read_pdparams(path)
    assert list(found) == list(net.state_dict())
    for name, tensor in net.state_dict().items():
        assert found[name].dtype == np.float32
        assert found[name].tobytes() == tensor.numpy().tobytes()


@pytest.mark.parametrize("protocol", [2, 3, 4])
def test_nets_and_optimizers_of_a_training_are_told_apart_by_their_names(path, protocol):
    net = paddle.nn.Linear(2, 3)
    adam = paddle.optimizer.Adam(paddle.optimizer.lr.StepDecay(0.5, 10), parameters=net.parameters())
    net(paddle.ones([1, 2])).sum().backward()
    adam.step()
    paddle.save({"net_dec": net.state_dict(), "epoch": 12, "optimG": adam.state_dict()}, str(path), protocol=protocol)
    found = read_pdparams(path)
    assert found["epoch"] == 12
    assert found["net_dec/weight"].tobytes() == net.weight.numpy().tobytes()
    assert found[f"optimG/{net.bias.name}_moment1_0"].shape == (3,)
    assert found["optimG/LR_Scheduler/last_lr"] == 0.5


@pytest.mark.parametrize("protocol", [2, 3, 4])
def test_every_kind_of_number_and_layout_is_read(path, protocol):
    arrays = {
        name: np.arange(12).reshape(3, 4).astype(name)
        for name in ("float16", "float32", "float64", "int8", "uint16", "int64", "bool")
    }
    arrays["columns first"] = np.asfortranarray(arrays["float32"])
    arrays["empty"] = np.zeros([0, 3], np.float32)
    arrays["alone"] = np.array(2.5, np.float32)
    others = {
        "number": 3,
        "fraction": 0.25,
        "flag": True,
        "of numpy": np.float64(0.5),
        "text": "left out",
        "none": None,
    }
    path.write_bytes(pickled({**arrays, **others, "list": [arrays["int8"], {"deep": 1}]}, protocol))
    found = read_pdparams(path)
    for name, array in arrays.items():
        assert found[name].dtype == array.dtype
        np.testing.assert_array_equal(found[name], array)
    assert found["number"] == 3 and found["fraction"] == 0.25 and found["flag"] and found["of numpy"] == 0.5
    assert {"text", "none"}.isdisjoint(found)
    assert found["list/0"].shape == (3, 4)
    assert found["list/1/deep"] == 1


def test_files_of_numpy_1_are_read(path):
    data = pickled(collections.OrderedDict(a=np.arange(3, dtype=np.float32)), 2)
    old = data.replace(b"cnumpy._core.multiarray\n", b"cnumpy.core.multiarray\n")
    assert old != data or b"cnumpy.core.multiarray\n" in data
    path.write_bytes(old)
    np.testing.assert_array_equal(read_pdparams(path)["a"], np.arange(3, dtype=np.float32))


# Hostile files


def test_functions_that_a_file_names_are_reported_and_not_run(path, tmp_path):
    canary = tmp_path / "canary"
    for function, reason in (
        (os.system, f"{os.system.__module__}.system"),  # posix, nt
        (eval, "builtins.eval"),
        (exec, "builtins.exec"),
        (getattr, "builtins.getattr"),
        (np.load, "numpy.load"),
    ):
        for protocol in (2, 4):
            data = pickled({"weight": Call(function, f"open({str(canary)!r}, 'w')")}, protocol)
            found = reason.replace("builtins", "__builtin__") if protocol == 2 else reason
            assert message(path, data) == (
                f"asks for {found!r}, which no file of weights needs. "
                "Nothing of it was run; do not open it with other programs"
            )
    assert not canary.exists()


def short(text: str) -> bytes:
    return b"\x8c" + bytes([len(text)]) + text.encode()


# A good array, as protocol 4 writes it up to its state.
ARRAY = (
    *(short("numpy._core.multiarray"), short("_reconstruct"), b"\x93"),
    *(short("numpy"), short("ndarray"), b"\x93", b"K\x00\x85", b"C\x01b", b"\x87R"),
)


def of_opcodes(*parts: bytes) -> bytes:
    return b"\x80\x04" + b"".join(parts) + b"."


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (of_opcodes(short("collections"), short("OrderedDict.fromkeys"), b"\x93"), "collections.OrderedDict.fromkeys"),
        (of_opcodes(short("os.path"), short("os.system"), b"\x93"), "os.path.os.system"),
        (of_opcodes(b"cposix\nsystem\n"), "posix.system"),
        (of_opcodes(short("builtins\x1b[2J"), short("eval"), b"\x93"), r"\x1b"),
        (of_opcodes(b"(iposix\nsystem\n"), "opcode INST"),
        (of_opcodes(b"(", b"cnumpy\nndarray\n", b"o"), "opcode OBJ"),
        (of_opcodes(b"cnumpy\nndarray\n", b")\x81"), "opcode NEWOBJ"),
        (of_opcodes(b"\x82\x01"), "opcode EXT1"),
        (of_opcodes(short("id"), b"Q"), "opcode BINPERSID"),
        (of_opcodes(b"cnumpy\nndarray\n", b")R"), "it calls what is no function"),
        (of_opcodes(b"}", b")R"), "it calls what is no function"),
        (of_opcodes(b"}", b"}", short("a"), b"K\x01s", b"b"), "it gives a state to a dict"),
        (of_opcodes(b"cnumpy\ndtype\n", b"}b"), ""),
        (of_opcodes(b"cbuiltins\ntuple\n", b"]\x85R"), "it makes a tuple of something else"),
        (of_opcodes(b"ccollections\nOrderedDict\n", b"K\x01\x85R"), "it makes a dict of something else than pairs"),
        (of_opcodes(b"K\x01"), "holds a int; expected a dict of named arrays"),
        (of_opcodes(b"}", short("a"), *ARRAY, b"s"), "'a' has no numbers"),
        (of_opcodes(b"}", b"N", b"K\x01s"), "has a key that is no name"),
        (of_opcodes(b"}", short("UnpackBigParamInfor@@"), b"}s"), "holds arrays cut into slices"),
        (of_opcodes(b"h\x05"), ""),
        (of_opcodes(b"e"), ""),
        (of_opcodes(b"\x86"), ""),
    ],
)
def test_forged_opcodes_are_refused(path, data, reason):
    assert reason in message(path, data)


@pytest.mark.parametrize(
    ("dtype", "reason"),
    [
        (object, "it has an array of type O8"),
        (np.dtype("U4"), "it has an array of type U4"),
        (np.dtype("c8"), "it has an array of type c8"),
        (np.dtype(">f4"), "another byte order or with fields"),
        (np.dtype([("x", "f4")]), "it has an array of type V4"),
    ],
)
def test_arrays_of_other_things_than_numbers_are_refused(path, dtype, reason):
    assert reason in message(path, pickled({"a": np.zeros(3, dtype)}))


def test_an_array_must_have_the_bytes_that_its_shape_needs(path):
    good = pickled({"a": np.zeros((3, 5), np.float32)})
    assert good.count(b"K\x03K\x05\x86") == 1
    for shape in (b"K\x03K\x06\x86", b"K\x03K\x04\x86", b"K\x03J\xff\xff\xff\xff\x86", b"K\x03N\x86"):
        assert "an array of" in message(path, good.replace(b"K\x03K\x05\x86", shape))
    huge = b"\x8a\x08" + struct.pack("<q", 2**62)  # LONG1
    assert "does not have the bytes" in message(path, good.replace(b"K\x03K\x05\x86", huge + huge + b"\x86"))


def test_lengths_beyond_the_file_reserve_no_memory(path):
    for opcode in (b"\x8e", b"\x8d"):  # BINBYTES8, BINUNICODE8
        assert "is damaged" in message(path, of_opcodes(opcode + struct.pack("<Q", 2**40) + b"abc"))
    path.write_bytes(of_opcodes(b"}", b"r" + struct.pack("<I", 2**32 - 1)))  # a memo of 2^32 places
    assert read_pdparams(path) == {}


def test_references_cannot_make_a_small_file_large(path, monkeypatch):
    cycle: dict[str, Any] = {}
    cycle["a"] = cycle
    assert "is nested too deep" in message(path, pickled(cycle))
    level: Any = {}
    for _ in range(7):
        level = {str(i): level for i in range(100)}
    assert "too many entries" in message(path, pickled(level))
    text = b"X" + struct.pack("<I", 100_000) + b"a" * 100_000 + b"q\x00"
    again = b"c_codecs\nencode\nh\x00\x8c\x06latin1\x86R"
    assert "more than it can hold" in message(path, of_opcodes(text, again * 50))
    monkeypatch.setattr(pickles, "MAX_OPCODES", 1000)
    assert "more than 1000 opcodes" in message(path, of_opcodes(b"]" * 1000))


def test_a_file_cut_off_anywhere_is_refused(path):
    data = pickled({"net": {"a": np.zeros((5, 5), np.float32)}, "b": np.zeros(400)})
    for percent in range(100):
        message(path, data[: len(data) * percent // 100])


def test_flipped_bytes_are_refused_or_change_numbers_only(path):
    good = pickled({"net": {"a": np.zeros((5, 5), np.float32)}, "b": (np.zeros(3), 3)})
    rng = np.random.default_rng(0)
    started = time.monotonic()
    for _ in range(500):
        data = bytearray(good)
        for place in rng.integers(len(data), size=rng.integers(1, 4)):
            data[place] = rng.integers(256)
        path.write_bytes(data)
        try:
            found = read_pdparams(path)
        except CheckpointError as error:
            assert str(error).isprintable()
        else:
            assert all(isinstance(array, np.ndarray) for array in found.values())
    assert time.monotonic() - started < 20


def test_other_kinds_of_files_are_refused_by_their_kind(path, tmp_path):
    assert message(path, b"") == "is empty (0 bytes); expected a .pdparams file. Copy or download it again"
    assert message(path, b"<html>") == "does not begin like a pickle; expected a .pdparams file that paddle.save wrote"
    assert message(path, pickled([1, 2])) == "holds a list; expected a dict of named arrays"
    with pytest.raises(CheckpointError, match="is a folder"):
        read_pdparams(tmp_path)
    with pytest.raises(CheckpointError, match=r"there is no such file; expected a \.pdparams file"):
        read_pdparams(tmp_path / "none")


def test_the_opcodes_of_a_good_file_are_the_ones_that_are_known(path):
    """Valid files stay readable: none of the opcodes that pickle writes for arrays is refused."""
    for protocol in (2, 3, 4):
        data = pickled({"a": np.zeros(3), "b": [(1, "x")], "c": None, "d": 2**40, "e": 1e9, "f": b"x" * 300}, protocol)
        path.write_bytes(data)
        assert {"REDUCE", "BUILD"} <= {opcode.name for opcode, _, _ in pickletools.genops(data)}
        assert list(read_pdparams(path)) == ["a", "b/0/0", "d", "e"]


# Names


@pytest.mark.parametrize("revisions", [0, 1, 2])
def test_names_of_lapstyle_map_one_to_one(revisions):
    names = lapstyle_names(revisions)
    net = LapStyleNet((2, 3, 4, 5, 6), revision_channels=2, revisions=revisions)
    assert set(names) == set(net.state_dict())
    assert len(set(names.values())) == len(names)
    assert {theirs.split("/")[0] for theirs in names.values()} == {"net_enc", "net_dec", "net_rev", "net_rev_2"} - {
        *(("net_rev",) if revisions < 1 else ()),
        *(("net_rev_2",) if revisions < 2 else ()),
    }


def test_names_of_each_net_are_all_of_its_parameters():
    for names, net in (
        (vgg_names(), VGGEncoder((2, 2, 2, 2, 2))),
        (encoder_names(), VGGEncoder((2, 2, 2, 2, 2))),
        (decoder_names(), DraftDecoder((2, 3, 4, 5))),
        (revision_names(), RevisionNet(2)),
    ):
        assert set(names) == set(net.state_dict())


def test_names_are_those_of_the_published_files():
    assert [name for name in vgg_names().values() if name.endswith("weight")] == [
        f"{place}.weight" for place in (0, 2, 5, 9, 12, 16, 19, 22, 25, 29, 32, 35, 38, 42)
    ]
    encoder = encoder_names()
    assert encoder["conv0.bias"] == "enc_1.0.bias"
    assert encoder["conv1_1.weight"] == "enc_1.2.weight"
    assert encoder["conv1_2.weight"] == "enc_2.1.weight"
    assert encoder["conv2_1.weight"] == "enc_2.5.weight"
    assert encoder["conv4_1.weight"] == "enc_4.11.weight"
    assert encoder["conv5_1.weight"] == "enc_5.11.weight"
    names = lapstyle_names(2)
    assert names["decoder.residual4.conv2.weight"] == "net_dec/resblock_41.conv_block.4.weight"
    assert names["revisions.0.down.weight"] == "net_rev/DownBlock.4.weight"
    assert names["revisions.1.to_rgb.bias"] == "net_rev_2/UpBlock.5.bias"


@pytest.mark.parametrize("layout", ["flat", "encoder", "lapstyle"])
def test_the_encoder_is_found_in_each_layout(layout):
    net = VGGEncoder((2, 3, 4, 5, 6)).state_dict()
    names = {
        "flat": vgg_names(),
        "encoder": encoder_names(),
        "lapstyle": {ours: f"net_enc/{theirs}" for ours, theirs in encoder_names().items()},
    }[layout]
    state = {theirs: net[ours].numpy() for ours, theirs in names.items()}
    found = vgg_encoder_tensors({**state, "45.weight": np.zeros(3), "net_dec/x": np.zeros(3)}, where="here")
    assert {name: array.tobytes() for name, array in found.items()} == {
        name: tensor.numpy().tobytes() for name, tensor in net.items()
    }


def test_weights_of_another_net_are_no_encoder():
    for state in ({}, {"conv.weight": np.zeros((3, 3))}, {name: np.zeros(3) for name in vgg_names().values()}):
        with pytest.raises(CheckpointError, match=r"here: holds .* expected the convolutions of a VGG-19"):
            vgg_encoder_tensors(state, where="here")
