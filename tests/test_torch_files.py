"""PyTorch's .pth and .safetensors files, read as data."""

from __future__ import annotations

import collections
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from foreign_files import (
    SYSTEM,
    Storage,
    Tensor,
    described,
    safetensors_of,
    tensors,
    torch_legacy,
    torch_zip,
    write_pth,
    zip_of,
)
from safetensors.numpy import save_file

from ppgan_lite.errors import CheckpointError
from ppgan_lite.foreign.torch_files import write_torch
from ppgan_lite.foreign.weights_files import read_weights, requested_globals

ROW = np.arange(12, dtype=np.float32)
GLOBALS = ["collections.OrderedDict", "torch._utils._rebuild_tensor_v2", "torch.FloatStorage"]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "latest_net_G.pth"


def message(path: Path, data: bytes) -> str:
    path.write_bytes(data)
    with pytest.raises(CheckpointError) as caught:
        read_weights(path)
    text = str(caught.value)
    assert text.startswith(f"{path}: ")
    return text.removeprefix(f"{path}: ")


@pytest.mark.parametrize("legacy", [False, True])
def test_a_state_dict_comes_back_bit_for_bit_from_either_layout(path, legacy):
    rng = np.random.default_rng(0)
    state = {
        "model.1.weight": rng.normal(size=(4, 3, 2, 2)).astype(np.float32),
        "model.1.bias": rng.normal(size=4),
        "half": rng.normal(size=(2, 0, 3)).astype(np.float16),
        "num_batches_tracked": np.array(7),
        "mask": np.array([True, False]),
    }
    write_pth(path, state, legacy=legacy)
    found = read_weights(path)
    assert found.layout == "PyTorch"
    assert list(found.arrays) == list(state)
    for name, array in state.items():
        assert found.arrays[name].dtype == array.dtype
        np.testing.assert_array_equal(found.arrays[name], array)
    assert requested_globals(path)[:3] == [
        "collections.OrderedDict",
        "torch._utils._rebuild_tensor_v2",
        "torch.FloatStorage",
    ]


@pytest.mark.parametrize("legacy", [False, True])
def test_tensors_are_views_of_their_storages(path, legacy):
    storage = Storage("7", ROW)
    content = {
        "transposed": Tensor(storage, (4, 3), (1, 4)),
        "second half": Tensor(storage, (6,), (1,), offset=6),
        "of 0.3": Tensor(storage, (2,), (1,), function=""),
        "epoch": 12,
        "nested": {"list": [Tensor(storage, (), (), offset=5)]},
    }
    path.write_bytes((torch_legacy if legacy else torch_zip)(content, [storage]))
    found = read_weights(path).arrays
    np.testing.assert_array_equal(found["transposed"], ROW.reshape(3, 4).T)
    np.testing.assert_array_equal(found["second half"], ROW[6:])
    np.testing.assert_array_equal(found["of 0.3"], ROW[:2])
    assert found["epoch"] == 12 and found["nested/list/0"] == 5


def test_bfloat16_is_widened_to_the_same_numbers(path):
    values = np.array([1.0, -2.5, 3.140625, 1e30], np.float32)
    stored = Storage("0", (values.view(np.uint32) >> 16).astype(np.uint16), "bfloat16")
    path.write_bytes(torch_zip({"a": Tensor(stored, (4,), (1,))}, [stored]))
    found = read_weights(path).arrays["a"]
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, (values.view(np.uint32) & 0xFFFF0000).view(np.float32))


def test_every_type_that_the_safetensors_package_writes_for_nets_is_read(path):
    types = ("float64", "float32", "float16", "int64", "int32", "int16", "int8", "uint8", "bool")
    state = {name: np.arange(6).reshape(2, 3).astype(name) for name in types}
    save_file({**state, "scalar": np.array(2.5), "empty": np.zeros((0, 4), np.float32)}, path)
    found = read_weights(path).arrays
    assert found.keys() == {*types, "scalar", "empty"} and found["empty"].shape == (0, 4) and found["scalar"] == 2.5
    for name, array in state.items():
        assert found[name].dtype == array.dtype
        np.testing.assert_array_equal(found[name], array)


def test_bfloat16_in_a_safetensors_file_is_widened_to_the_same_numbers(path):
    values = np.array([1.0, -2.5, 3.140625, 1e30], np.float32)
    front = {
        "b": {"dtype": "BF16", "shape": [2, 2], "data_offsets": [2, 10]},
        "a": {"dtype": "BF16", "shape": [], "data_offsets": [0, 2]},
    }
    stored = (values.view(np.uint32) >> 16).astype(np.uint16)
    path.write_bytes(safetensors_of(front, stored[1:2].tobytes() + stored.tobytes()))
    found = read_weights(path).arrays
    assert list(found) == ["b", "a"] and {array.dtype for array in found.values()} == {np.dtype(np.float32)}
    np.testing.assert_array_equal(found["b"], (values.view(np.uint32) & 0xFFFF0000).view(np.float32).reshape(2, 2))
    assert found["a"] == -2.5 and not found["a"].flags.writeable


def test_float8_is_refused_by_name(path):
    data = safetensors_of({"a": {"dtype": "F8_E5M2", "shape": [3], "data_offsets": [0, 3]}}, bytes(3))
    assert message(path, data) == (
        "tensor a is of type F8_E5M2; expected one of F64, F32, F16, BF16, I64, I32, I16, I8, U8, BOOL"
    )


def test_texts_of_python_2_are_read(path):
    data = torch_legacy({"weight": Tensor(Storage("5", ROW), (12,), (1,))}, [Storage("5", ROW)])
    as_text = b"X\x06\x00\x00\x00weight"
    assert data.count(as_text) == 1
    path.write_bytes(data.replace(as_text, b"U\x06weight"))
    assert list(read_weights(path).arrays) == ["weight"]


def test_a_safetensors_file_of_another_program_is_read(path):
    front = {
        "__metadata__": {"format": "pt"},
        "b": {"dtype": "F32", "shape": [3, 4], "data_offsets": [8, 56]},
        "a": {"dtype": "I64", "shape": [], "data_offsets": [0, 8]},
    }
    path.write_bytes(safetensors_of(front, np.array(5).tobytes() + ROW.tobytes()))
    found = read_weights(path)
    assert found.layout == "safetensors" and requested_globals(path) == []
    np.testing.assert_array_equal(found.arrays["b"], ROW.reshape(3, 4))
    assert found.arrays["a"] == 5


def test_a_written_file_has_the_opcodes_of_torch_save(path):
    """The writer's own pickle asks for nothing else than torch.load(weights_only=True) allows, and is read back."""
    state = {"a.weight": ROW.reshape(3, 4).T, "n": np.array(3), "empty": np.zeros((0, 2), np.float32)}
    write_torch(path, state)
    assert sorted(requested_globals(path)) == sorted([*GLOBALS, "torch.LongStorage"])
    found = read_weights(path).arrays
    for name, array in state.items():
        np.testing.assert_array_equal(found[name], array)
    first = path.read_bytes()
    write_torch(path, state)
    assert path.read_bytes() == first


def state_zip(**changes: Any) -> bytes:
    content, storages = tensors({"a": ROW})
    return torch_zip(content, storages, **changes)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "is empty (0 bytes); expected a file of weights: .ppgan, .pdparams, .pth or .safetensors"),
        (b"\x89PNG\r\n\x1a\n1234", "is a picture; expected a file of weights"),
        (zip_of({"a.npy": b"1"}), "is a NumPy archive (.npz); expected a state dict that torch.save wrote"),
        (
            state_zip(extra={"archive/constants.pkl": b"", "archive/code/net.py": b"import os"}),
            "is a TorchScript archive: a program with its weights; expected a state dict that torch.save wrote. "
            "Save net.state_dict() instead, in the program that made it",
        ),
        (zip_of({"photo.jpg": b"1"}), "is a zip archive without a data.pkl"),
        (zip_of({"a/data.pkl": b"1", "b/data.pkl": b"1"}), "is a zip archive without a data.pkl"),
        (zip_of({"a/data.pkl": b"\x80\x02}.", "a/byteorder": b"big"}), "was written on a big-endian machine"),
        (torch_legacy({}, [], {**SYSTEM, "little_endian": False}), "was written on a big-endian machine"),
        (torch_zip([1, 2], []), "holds a list; expected a state dict: named tensors"),
        (torch_zip(Tensor(Storage("0", ROW), (12,), (1,)), [Storage("0", ROW)]), "holds one tensor"),
        (state_zip()[:-30], "is damaged (truncated or not a zip archive"),
    ],
)
def test_a_file_without_a_state_dict_is_refused_by_its_kind(path, data, reason):
    assert reason in message(path, data)


def test_a_whole_net_and_a_stylegan_pickle_are_distinguished_from_an_attack(path):
    whole = b"\x80\x02cmodels.networks\nResnetGenerator\n)\x81."
    reason = message(path, zip_of({"archive/data.pkl": whole}))
    assert reason == (
        "holds a whole net (models.networks.ResnetGenerator), which only its own program can load; expected a state "
        "dict that torch.save wrote. Save net.state_dict() instead, in the program that made it"
    )
    stylegan = b"\x80\x03}X\x05\x00\x00\x00G_emactorch_utils.persistence\n_reconstruct_persistent_obj\n}\x85Rs."
    assert "is a StyleGAN pickle: a program with its weights" in message(path, stylegan)


@pytest.mark.parametrize(
    ("tensor", "reason"),
    [
        (((13,), (1,), 0), "a tensor of shape [13] goes beyond its storage of 12 numbers"),
        (((12,), (1,), 1), "a tensor of shape [12] goes beyond its storage of 12 numbers"),
        (((1_000_000,), (0,), 0), "a tensor of shape [1000000] goes beyond its storage of 12 numbers"),
        (((2**40, 2**40), (0, 0), 0), "goes beyond its storage"),
        (((-3,), (1,), 0), "it has an array of an impossible shape"),
        (((3,), (-1,), 0), "it has an array of an impossible shape"),
        (((3,), (1, 1), 0), "it has a tensor of something else than a storage"),
        (((3,), (1,), -1), "it has a tensor of something else than a storage"),
        (((3.0,), (1,), 0), "it has an array of an impossible shape"),
        (((1,) * 33, (1,) * 33, 0), "it has an array of an impossible shape"),
    ],
)
def test_a_tensor_must_lie_within_its_storage(path, tensor, reason):
    shape, strides, offset = tensor
    storage = Storage("0", ROW)
    for write in (torch_zip, torch_legacy):
        assert reason in message(path, write({"a": Tensor(storage, shape, strides, offset)}, [storage]))


def test_a_storage_must_have_the_bytes_that_it_says(path):
    said, there = Storage("0", ROW), Storage("0", ROW[:11])
    content = {"a": Tensor(said, (12,), (1,))}
    assert "a storage of 12 numbers has 44 bytes" in message(path, torch_zip(content, [there]))
    assert "it has no storage 0" in message(path, torch_zip(content, []))
    assert "truncated: storage 0 of 48 bytes is not all there" in message(path, torch_legacy(content, [there]))
    assert "its list of storages is not that of its tensors" in message(path, torch_legacy(content, []))
    twice = {"a": Tensor(said, (12,), (1,)), "b": Tensor(Storage("0", ROW.astype(np.float64)), (12,), (1,))}
    assert "it describes storage 0 in two ways" in message(path, torch_zip(twice, [said]))


def test_references_to_something_else_than_storages_are_refused(path):
    for reference in (
        ("module", 1),
        "0",
        ("storage", 1, "0", "cpu", 3),
        ("storage",) * 5,
        ("storage", None, "0", "", 1),
    ):
        forged = described({})[:-1] + pickle.dumps(reference, 2)[2:-1] + b"Q."
        assert "is damaged or not a pickle (it refers to" in message(path, zip_of({"a/data.pkl": forged}))


def test_tensors_that_repeat_a_storage_are_refused(path):
    storage = Storage("0", np.zeros(500_000, np.float32))
    content = {str(number): Tensor(storage, (500_000,), (1,)) for number in range(10)}
    assert "says the same numbers again and again" in message(path, torch_zip(content, [storage]))


def test_an_ordered_dict_keeps_its_order_and_loses_its_attributes(path):
    content = collections.OrderedDict(b=1, a=2)
    content._metadata = collections.OrderedDict(x=[1])  # type: ignore[attr-defined]
    path.write_bytes(torch_zip(content, []))
    assert list(read_weights(path).arrays) == ["b", "a"]
