"""Any file in the place of a checkpoint is refused in a line or read whole; nothing in it is ever executed."""

from __future__ import annotations

import contextlib
import functools
import json
import pickle
import struct
import sys
import tempfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from foreign_files import described, safetensors_of, tensors, torch_legacy, torch_zip, write_pth, zip_of
from hypothesis import strategies as st
from mutations import bounded, check_line, mutated, prop

from ppgan_lite.checkpoint import Header, NetSpec, PredictorSpec, build_net, read_checkpoint, write_checkpoint
from ppgan_lite.checkpoint import files as checkpoints
from ppgan_lite.errors import CheckpointError
from ppgan_lite.foreign.loading import describe_file, open_checkpoint
from ppgan_lite.foreign.npz_files import read_npz as read_npz_arrays
from ppgan_lite.nets import NETS

ROW = np.arange(20, dtype=np.float32)
STATE = {"model.1.weight": ROW.reshape(4, 5), "model.1.bias": ROW[:4], "n": np.array(3)}

# What a program in a file would do, by the names of Python's audit events.
_FORBIDDEN = ("exec", "os.", "subprocess.", "socket.", "shutil.", "pickle.find_class", "ctypes.", "code.")
_HARMLESS = ("os.listdir", "os.scandir", "os.fwalk", "os.walk", "os.utime")
_watched: list[str] | None = None


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    if _watched is None or event in _HARMLESS:
        return
    is_writing = event == "open" and (isinstance(arguments[1], str) and set(arguments[1]) & set("wax+"))
    if event.startswith(_FORBIDDEN) or is_writing:
        _watched.append(f"{event} {arguments}")


sys.addaudithook(_audit)


@contextlib.contextmanager
def nothing_executed() -> Iterator[None]:
    """Fail if a block executes code, opens a connection, or writes, moves or deletes a file."""
    global _watched
    _watched = seen = []
    try:
        yield
    finally:
        _watched = None
    assert not seen


def read_npz(path: Path) -> dict[str, np.ndarray]:
    return read_npz_arrays(path, ".*", expected="an archive of arrays")


def whole_file(kind: str, folder: Path) -> bytes:
    path = folder / "whole"
    if kind == "ours":
        specs = {"paint": PredictorSpec("net", "stylize", settings={"a": 1})}
        header = Header({"net": NetSpec("ResnetGenerator", {"blocks": 1})}, specs, about={"title": "T\u00e4st"})
        write_checkpoint(path, header, {f"net/net/{name}": value for name, value in STATE.items()})
    elif kind in ("zip", "legacy"):
        write_pth(path, STATE, legacy=kind == "legacy")
    elif kind == "npz":
        with path.open("wb") as file:
            np.savez(file, **STATE)
    elif kind == "pdparams":
        return pickle.dumps({"netG": STATE, "epoch": 3, "name": "caf\u00e9"}, 4)
    else:
        entries = {
            "a": {"dtype": "F32", "shape": [4, 5], "data_offsets": [0, 80]},
            "b": {"dtype": "BF16", "shape": [3], "data_offsets": [80, 86]},
        }
        return safetensors_of({"__metadata__": {"format": "pt"}, **entries}, ROW.tobytes() + b"abcdef")
    return path.read_bytes()


@functools.cache
def originals() -> dict[str, bytes]:
    """Return a small file of each kind, once everything that is needed to open them is imported."""
    with tempfile.TemporaryDirectory() as folder:
        found = {
            kind: whole_file(kind, Path(folder)) for kind in ("ours", "zip", "legacy", "npz", "pdparams", "safetensors")
        }
        for data in found.values():
            for read in (open_checkpoint, describe_file, read_npz):
                (Path(folder) / "x").write_bytes(data)
                with contextlib.suppress(CheckpointError):
                    read(Path(folder) / "x")
    return found


def tried(read: Callable[[Path], Any], path: Path, data: bytes) -> Any:
    """Return what is read of a file; None if it is refused in a line."""
    path.write_bytes(data)
    try:
        with bounded(len(data)), nothing_executed():
            return read(path)
    except CheckpointError as error:
        check_line(error, path)
    return None


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    originals()
    return tmp_path_factory.mktemp("checkpoints") / "x.bin"


@prop(data=st.deferred(lambda: mutated(list(originals().values()))), weight=6)
def test_any_file_is_read_or_refused_in_a_line(path: Path, data: bytes) -> None:
    opened = tried(open_checkpoint, path, data)
    facts = tried(describe_file, path, data)
    assert opened is None or facts is not None
    tried(read_npz, path, data)


@prop(data=st.deferred(lambda: mutated([originals()["ours"]])), weight=4)
def test_no_damage_to_a_checkpoint_of_ours_is_overlooked(path: Path, data: bytes) -> None:
    found = tried(read_checkpoint, path, data)
    assert (found is not None) == (data == originals()["ours"])


def mended(data: bytes) -> bytes:
    """Return a checkpoint of ours with a right checksum, if it has a place for one."""
    end = 8 + int.from_bytes(data[:8], "little")
    match = checkpoints._CHECKSUM.search(data, 8, end)
    if match is None:
        return data
    value = checkpoints._crc32(data[:end], match.span(1), [memoryview(data)[end:]])
    return data[: match.start(1)] + b"%08x" % value + data[match.end(1) :]


@st.composite
def forged(draw: st.DrawFn) -> bytes:
    """Draw a checkpoint of ours whose header says something else, with a right checksum."""
    data = originals()["ours"]
    end = 8 + int.from_bytes(data[:8], "little")
    front = json.loads(data[8:end])
    about = json.loads(front["__metadata__"]["ppgan_lite"])
    place: Any = about
    for _ in range(draw(st.integers(1, 4))):
        keys = list(place) if isinstance(place, dict) else []
        if not keys:
            break
        key = draw(st.sampled_from(keys))
        if draw(st.booleans()):
            place[key] = draw(_values())
            break
        place = place[key]
    if isinstance(place, dict) and draw(st.booleans()):
        place[
            draw(st.one_of(st.sampled_from(["net", "kind", "arguments", "inputs", "scale"]), st.text(max_size=5)))
        ] = draw(_values())
    front["__metadata__"]["ppgan_lite"] = json.dumps(about)
    if draw(st.booleans()):
        entry = front[draw(st.sampled_from([name for name in front if name != "__metadata__"]))]
        entry[draw(st.sampled_from(["dtype", "shape", "data_offsets", "x"]))] = draw(_values())
    text = json.dumps(front).encode()
    return mended(struct.pack("<Q", len(text)) + text + data[end:])


def _values() -> st.SearchStrategy[Any]:
    leaves = st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.integers(-2, 40),
        st.floats(),
        st.text(max_size=12),
        st.sampled_from([*NETS, "F32", "BF16", "stylize", "restore", "photo", "instance", "__class__"]),
    )
    return st.recursive(
        leaves,
        lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=8), inner, max_size=3)),
        max_leaves=6,
    )


@prop(data=st.deferred(forged), weight=3)
def test_any_header_is_understood_or_refused_in_a_line(path: Path, data: bytes) -> None:
    found = tried(read_checkpoint, path, data)
    facts = tried(describe_file, path, data)
    assert found is None or facts is not None
    if facts is not None:
        json.dumps(facts)


_ARGUMENTS = ("blocks", "base_channels", "channels", "depth", "norm", "in_channels", "out_channels", "layers", "levels")


@prop(
    kind=st.sampled_from(sorted(NETS)),
    arguments=st.dictionaries(st.sampled_from(_ARGUMENTS), _values(), max_size=3),
    weight=0.25,
)
def test_no_arguments_of_a_net_raise_anything_else(kind: str, arguments: dict[str, Any]) -> None:
    header = Header({"net": NetSpec(kind, arguments)}, source="x.ppgan")
    with pytest.raises(CheckpointError) as caught:
        build_net("net", header, {"net/net/a": ROW})
    check_line(caught.value, "x.ppgan")


# Opcodes of pickles with plausible arguments, in any order.
_OPCODES = (
    *(b"}", b"]", b")", b"(", b"t", b"d", b"l", b"e", b"u", b"s", b"a", b"0", b"1", b"2", b"N", b"\x88", b"\x85"),
    *(b"\x86", b"\x87", b"R", b"b", b"\x81", b"\x92", b"\x93", b"\x94", b"Q", b"q\x00", b"q\x01", b"h\x00", b"h\x01"),
    *(b"K\x01", b"M\xe9\x03", b"J\xff\xff\xff\xff", b"\x8a\x01\x05", b"\x8a\x00", b"G" + bytes(8), b"I12\n", b"F1.5\n"),
    *(b"X\x01\x00\x00\x00a", b"\x8c\x05torch", b"\x8c\x06system", b"\x8c\x02os", b"U\x01a", b"C\x02ab", b"V\\u0041\n"),
    *(b"X\x07\x00\x00\x00storage", b"X\x03\x00\x00\x00cpu", b"X\x04\x00\x00\x001000", b"S'x'\n", b"L5L\n"),
    *(b"ccollections\nOrderedDict\n", b"ctorch._utils\n_rebuild_tensor_v2\n", b"ctorch\nFloatStorage\n"),
    *(b"cnumpy.core.multiarray\n_reconstruct\n", b"cnumpy\nndarray\n", b"cnumpy\ndtype\n", b"c_codecs\nencode\n"),
    *(b"cos\nsystem\n", b"c__builtin__\neval\n", b"cbuiltins\ngetattr\n", b"iposix\nsystem\n", b"o", b"\x82\x01"),
    *(b"\x95" + struct.pack("<Q", 4), b"\x97", b"\x98", b"\x8f", b"\x90", b"P1\n", b"."),
)


@st.composite
def pickles(draw: st.DrawFn) -> bytes:
    """Draw a file around a pickle of any opcodes."""
    body = b"\x80" + bytes([draw(st.integers(2, 5))]) + b"".join(draw(st.lists(st.sampled_from(_OPCODES), max_size=30)))
    if draw(st.booleans()):
        content, _ = tensors(STATE)
        start = described(content)[:-1]
        body = start[: draw(st.integers(2, len(start)))] + body[2:]
    body += b"."
    layout = draw(st.sampled_from(["bare", "zip", "legacy"]))
    if layout == "zip":
        return zip_of({"a/data.pkl": body, "a/byteorder": b"little", "a/version": b"3\n", "a/data/1000": ROW.tobytes()})
    if layout == "legacy":
        return torch_legacy({}, []).replace(described({}, legacy=True), body, 1)
    return body


@prop(data=pickles(), weight=6)
def test_no_pickle_of_any_opcodes_executes_anything(path: Path, data: bytes) -> None:
    tried(open_checkpoint, path, data)
    tried(describe_file, path, data)


@prop(data=st.deferred(lambda: mutated([torch_zip(*tensors(STATE))], mend_zip)), weight=3)
def test_zips_with_right_checksums_are_read_or_refused(path: Path, data: bytes) -> None:
    tried(open_checkpoint, path, data)
    tried(describe_file, path, data)


def mend_zip(data: bytes) -> bytes:
    """Return a damaged zip archive with the checksums that its entries now have."""
    changed = bytearray(data)
    place = data.find(b"PK\x01\x02")
    while place >= 0 and place + 46 <= len(data):
        size, name, extra = (
            int.from_bytes(data[place + at : place + at + count], "little") for at, count in ((20, 4), (28, 2), (30, 2))
        )
        start = int.from_bytes(data[place + 42 : place + 46], "little")
        if data[start : start + 4] == b"PK\x03\x04":
            lengths = [int.from_bytes(data[start + at : start + at + 2], "little") for at in (26, 28)]
            begin = start + 30 + sum(lengths)
            checksum = struct.pack("<I", zlib.crc32(data[begin : begin + size]))
            changed[place + 16 : place + 20] = checksum
            changed[start + 14 : start + 18] = checksum
        place = data.find(b"PK\x01\x02", place + 46 + name + extra)
    return bytes(changed)
