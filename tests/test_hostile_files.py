"""Files made to harm: nothing in them runs, nothing crashes, little memory is taken, one line names the fault."""

from __future__ import annotations

import os
import pickle
import struct
import subprocess
import sys
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from foreign_files import (
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

from ppgan_lite.checkpoint import Header, NetSpec, build_net, read_checkpoint, write_checkpoint
from ppgan_lite.errors import CheckpointError, ImageError, PpganError
from ppgan_lite.foreign import pickles
from ppgan_lite.foreign.loading import describe_file, open_checkpoint
from ppgan_lite.images import read_image

SPARE_BYTES = 200_000_000
ROW = np.arange(20, dtype=np.float32)


@contextmanager
def little_memory(path: Path) -> Iterator[None]:
    """Fail if more than twice the file and 200 MB are taken meanwhile."""
    tracemalloc.start()
    try:
        yield
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 2 * path.stat().st_size + SPARE_BYTES


def refused(path: Path, data: bytes) -> str:
    """Write a file, open it, describe it, and return the one line that refuses it."""
    path.write_bytes(data)
    with little_memory(path), pytest.raises(CheckpointError) as caught:
        open_checkpoint(path)
    text = str(caught.value)
    assert text.startswith(f"{path}: ") and text.isprintable() and len(text) < 600
    try:
        assert describe_file(path)["problem"]
    except CheckpointError as error:  # a file of ours that is damaged
        assert str(error) == text
    return text.removeprefix(f"{path}: ")


def small_zip(description: bytes) -> bytes:
    return zip_of({"a/data.pkl": description, "a/byteorder": b"little", "a/version": b"3\n"})


def small_legacy(description: bytes) -> bytes:
    """The older layout, the description of the tensors replaced."""
    whole = torch_legacy({}, [])
    return whole.replace(described({}, legacy=True), description, 1)


def bare(description: bytes) -> bytes:
    return description


LAYOUTS = [bare, small_zip, small_legacy]


def of_opcodes(*parts: bytes) -> bytes:
    return b"\x80\x02" + b"".join(parts) + b"."


def text(value: str) -> bytes:
    return b"X" + struct.pack("<I", len(value)) + value.encode()


class Call:
    """Pickles as a call, which `pickle.load` and `torch.load` would do."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self.reduced = function, arguments

    def __reduce__(self) -> Any:
        return self.reduced


def attacks(canary: Path) -> dict[str, tuple[bytes, str]]:
    """Return pickles that write a file when they are loaded, and the global that each asks for."""
    command = f"echo x > {canary}"
    code = f"open({str(canary)!r}, 'w')"
    return {
        "os.system by REDUCE": (pickle.dumps(Call(os.system, command), 2), f"{os.system.__module__}.system"),
        "eval": (pickle.dumps(Call(eval, code), 2), "__builtin__.eval"),
        "exec of Python 3": (of_opcodes(b"cbuiltins\nexec\n", text(code), b"\x85R"), "builtins.exec"),
        "os.system": (of_opcodes(b"cos\nsystem\n", text(command), b"\x85R"), "os.system"),
        "a dotted name": (
            b"\x80\x04" + b"\x8c\x05torch\x8c\x17serialization.os.system\x93" + text(command) + b"\x85R.",
            "torch.serialization.os.system",
        ),
        "a dotted module": (
            of_opcodes(b"ctorch._utils.os\nsystem\n", text(command), b"\x85R"),
            "torch._utils.os.system",
        ),
        "BUILD": (
            of_opcodes(b"ccollections\nOrderedDict\n)R", b"}", text("__reduce__"), b"cos\nsystem\n", b"sb"),
            "os.system",
        ),
        "getattr": (
            of_opcodes(b"c__builtin__\ngetattr\n", b"cos\npath\n", text("system"), b"\x86R"),
            "__builtin__.getattr",
        ),
        "torch.load inside": (of_opcodes(b"ctorch\nload\n", text(str(canary)), b"\x85R"), "torch.load"),
        "numpy.load": (of_opcodes(b"cnumpy\nload\n", text(str(canary)), b"\x85R"), "numpy.load"),
        "a module's own class": (of_opcodes(b"csubprocess\nPopen\n", text(command), b"\x85R"), "subprocess.Popen"),
    }


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("attack", list(attacks(Path("x"))))
def test_no_function_of_a_file_is_run(tmp_path, layout, attack):
    canary = tmp_path / "canary"
    data, asked = attacks(canary)[attack]
    path = tmp_path / "latest_net_G.pth"
    reason = refused(path, layout(data))
    assert reason.startswith(f"asks for {asked!r}, which no file of weights needs. Nothing of it was run")
    assert asked in describe_file(path)["globals"]
    assert not canary.exists()


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (of_opcodes(b"(iposix\nsystem\n"), "opcode INST"),
        (of_opcodes(b"(cnumpy\nndarray\no"), "opcode OBJ"),
        (of_opcodes(b"ccollections\nOrderedDict\n)\x81"), "opcode NEWOBJ"),
        (of_opcodes(b"\x82\x01"), "opcode EXT1"),
        (of_opcodes(b"P1\n"), "opcode PERSID"),
        (of_opcodes(b"\x8f"), "opcode EMPTY_SET"),
        (of_opcodes(b"}}b"), "it gives a state to a dict"),
        (of_opcodes(b"\x80\x05\x97"), "opcode NEXT_BUFFER"),
        (of_opcodes(b"ccollections\nOrderedDict\n(c__builtin__\ntuple\n)tR"), ""),
        (pickle.dumps({"a": np.array([object])}, 2), ""),
        (pickle.dumps({"a": np.zeros(3, object)}, 2), "it has an array of type O8"),
        (b"\x80\x02}.}.", ""),
        (b"\x80\x02" + b"(" * 5000 + b".", ""),
    ],
)
def test_forged_opcodes_and_object_arrays_are_refused(tmp_path, layout, data, reason):
    assert reason in refused(tmp_path / "x.pth", layout(data))


# Claims beyond the file


@pytest.mark.parametrize("layout", LAYOUTS)
def test_claims_beyond_the_file_reserve_no_memory(tmp_path, layout):
    path = tmp_path / "x.pth"
    for opcode in (b"\x8e", b"\x8d"):  # BINBYTES8, BINUNICODE8 of 2^40 bytes
        assert "is damaged" in refused(path, layout(of_opcodes(opcode + struct.pack("<Q", 2**40) + b"abc")))
    assert "is damaged" in refused(path, layout(of_opcodes(b"T" + struct.pack("<i", 2**31 - 1) + b"abc")))
    huge = b"\x8a\x08" + struct.pack("<q", 2**60)
    assert "is damaged" in refused(path, layout(of_opcodes(b"\x8b" + struct.pack("<i", 2**31 - 1) + huge)))


def test_a_storage_of_2_to_the_60_numbers_is_refused(tmp_path):
    class Claims(Storage):
        """Says more numbers than it has."""

        @property
        def values(self) -> Any:
            return type("Values", (), {"size": 2**60})

        @values.setter
        def values(self, value: Any) -> None: ...

    tensor = {"a": Tensor(Claims("0", ROW), (2**60,), (1,))}
    path = tmp_path / "x.pth"
    assert "a storage of 1152921504606846976 numbers has 80 bytes" in refused(
        path, torch_zip(tensor, [Storage("0", ROW)])
    )
    assert "storage 0 of 4611686018427387904 bytes is not all" in refused(
        path, torch_legacy(tensor, [Storage("0", ROW)])
    )


def test_deep_and_endless_pickles_are_refused(tmp_path, monkeypatch):
    path = tmp_path / "x.pdparams"
    cycle: dict[str, Any] = {}
    cycle["a"] = cycle
    assert "is nested too deep" in refused(path, pickle.dumps(cycle, 4))
    assert "is damaged" in refused(path, of_opcodes(b"]" * 10_000))
    monkeypatch.setattr(pickles, "MAX_OPCODES", 1000)
    assert "has more than 1000 opcodes" in refused(path, b"\x80\x02" + b"}q\x00h\x00" * 400 + b".")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (struct.pack("<Q", 2**40) + b'{"a":1}', "its header has 1099511627776 bytes, the file 15"),
        (struct.pack("<Q", 2**63) + b'{"a":1}', "its header has 9223372036854775808 bytes"),
        (
            safetensors_of({"a": {"dtype": "F32", "shape": [2**40], "data_offsets": [0, 8]}}, bytes(8)),
            "does not have the",
        ),
        (
            safetensors_of({name: {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]} for name in "ab"}, bytes(8)),
            "its tensors overlap or leave gaps",
        ),
        (
            safetensors_of({"a": {"dtype": "F32", "shape": [1], "data_offsets": [4, 8]}}, bytes(8)),
            "its tensors overlap or leave gaps",
        ),
        (safetensors_of({"a": {"dtype": "F32", "shape": [-1], "data_offsets": [0, 8]}}, bytes(8)), "is not described"),
        (struct.pack("<Q", 40_000) + b"{" + b"[" * 39_999, "its header is not JSON"),
        (safetensors_of({"__metadata__": [1]}), "its metadata is not a JSON object"),
    ],
)
def test_forged_safetensors_are_refused(tmp_path, data, reason):
    assert reason in refused(tmp_path / "x.safetensors", data)


def test_arguments_of_a_header_cannot_make_a_net_larger_than_its_file(tmp_path):
    path = tmp_path / "x.ppgan"
    for kind, arguments in (
        ("ResnetGenerator", {"base_channels": 100_000}),
        ("ResnetGenerator", {"blocks": 10**9}),
        ("UnetGenerator", {"depth": 12}),
        ("VGGEncoder", {"channels": [10**6] * 5}),
    ):
        write_checkpoint(path, Header({"net": NetSpec(kind, arguments)}), {"net/net/a": ROW})
        header, found = read_checkpoint(path)
        with pytest.raises(CheckpointError, match=f"{kind} cannot be built .*far more numbers than the file has"):
            build_net("net", header, found)


# Zip archives


def entry_names(name: str) -> bytes:
    return zip_of({"a/data.pkl": described({}), name: b"x"})


@pytest.mark.parametrize(
    "name", ["../../etc/cron.d/x", "/etc/passwd", "a/../../x", "a//x", "C:/x", "a\\..\\x", "a/\x1b[2Jx", "a/./x"]
)
def test_zip_names_that_lead_elsewhere_are_refused(tmp_path, name):
    reason = refused(tmp_path / "x.pth", entry_names(name))
    assert reason.startswith("has a zip entry named") and reason.endswith("expected plain names, each once")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["x.pth"]


def test_a_zip_bomb_is_not_unpacked(tmp_path):
    bomb = zip_of({"a/data.pkl": bytes(300_000_000)}, zipfile.ZIP_DEFLATED)
    assert len(bomb) < 2_000_000
    reason = refused(tmp_path / "x.pth", bomb)
    assert reason == (
        "has a compressed zip entry 'a/data.pkl' of 300000000 bytes; expected uncompressed entries, as torch.save "
        "writes them"
    )


def test_a_zip_of_too_many_entries_is_not_listed(tmp_path):
    assert "is a zip archive of more than 20000 entries" in refused(
        tmp_path / "x.pth", b"PK\x03\x04" + (b"PK\x01\x02" + bytes(42)) * 20_001
    )


def test_zip_entries_that_overlap_or_lie_are_refused(tmp_path):
    path = tmp_path / "x.pth"
    content, storages = tensors({"a": ROW, "b": ROW})
    good = bytearray(torch_zip(content, storages))
    central = good.index(b"PK\x01\x02")
    name = good.index(b"archive/data/1001", central)
    other = good.index(b"archive/data/1000", central)

    def forged(change: Callable[[bytearray], None]) -> str:
        data = bytearray(good)
        change(data)
        return refused(path, bytes(data))

    def put(offset: int, value: int) -> Callable[[bytearray], None]:
        return lambda data: data.__setitem__(slice(offset, offset + 4), struct.pack("<I", value))

    header_offset, size, packed = name - 4, name - 22, name - 26
    first = struct.unpack_from("<I", good, other - 4)[0]
    assert "has another name in its own header" in forged(put(header_offset, first))
    assert "is not where it should be" in forged(put(header_offset, first + 1))
    assert "of 4096 bytes" in forged(put(size, 4096))
    whole = len(good)

    def longer(data: bytearray) -> None:
        put(size, whole)(data)
        put(packed, whole)(data)

    assert "goes beyond the file" in forged(longer)
    # The first entry made so long that it takes in the second one, its checksum made right.
    second = struct.unpack_from("<I", good, header_offset)[0]
    start = first + 30 + len("archive/data/1000")
    taken = bytes(good[start : second + 40])

    def wider(data: bytearray) -> None:
        put(other - 30, zlib.crc32(taken))(data)
        put(other - 26, len(taken))(data)
        put(other - 22, len(taken))(data)

    assert "has zip entries that overlap" in forged(wider)
    assert "checksum" in forged(lambda data: data.__setitem__(start, data[start] ^ 1))
    encrypted = name - 46 + 8
    assert "has an encrypted zip entry" in forged(lambda data: data.__setitem__(encrypted, data[encrypted] | 1))
    twice = bytes(good).replace(b"archive/data/1001", b"archive/data/1000")
    assert "has a zip entry named 'archive/data/1000'; expected plain names, each once" in refused(path, twice)


# Damage


def whole_files(folder: Path) -> dict[str, bytes]:
    """A small file of each kind."""
    state = {"model.1.weight": ROW.reshape(4, 5), "model.1.bias": ROW[:4], "n": np.array(3)}
    files = {
        "zip": write_pth(folder / "zip.pth", state).read_bytes(),
        "legacy": write_pth(folder / "legacy.pth", state, legacy=True).read_bytes(),
        "pdparams": pickle.dumps({"netG": state, "epoch": 3}, 4),
        "safetensors": safetensors_of(
            {
                "a": {"dtype": "F32", "shape": [4, 5], "data_offsets": [0, 80]},
                "b": {"dtype": "U8", "shape": [3], "data_offsets": [80, 83]},
            },
            ROW.tobytes() + b"abc",
        ),
    }
    write_checkpoint(folder / "ours.ppgan", Header({"net": NetSpec("ResnetGenerator", {})}), {"net/net/a": ROW})
    return {**files, "ours": (folder / "ours.ppgan").read_bytes()}


KINDS = ["zip", "legacy", "pdparams", "safetensors", "ours"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_cut_off_at_every_hundredth_is_refused(tmp_path, kind):
    data = whole_files(tmp_path)[kind]
    path = tmp_path / "cut.bin"
    for percent in range(100):
        path.write_bytes(data[: len(data) * percent // 100])
        with pytest.raises(CheckpointError) as caught:
            open_checkpoint(path)
        assert str(caught.value).isprintable()


@pytest.mark.parametrize("kind", KINDS)
def test_flipped_bytes_are_refused_or_change_numbers_only(tmp_path, kind):
    """2,000 of them over the five kinds of files."""
    good = whole_files(tmp_path)[kind]
    path = tmp_path / "flipped.bin"
    rng = np.random.default_rng(KINDS.index(kind))
    before = {*sys.modules}
    for _ in range(2000 // len(KINDS)):
        data = bytearray(good)
        for place in rng.integers(len(data), size=rng.integers(1, 4)):
            data[place] ^= int(rng.integers(1, 256))
        path.write_bytes(data)
        for function in (open_checkpoint, describe_file):
            try:
                function(path)
            except PpganError as error:
                assert str(error).isprintable()
    assert not {name for name in {*sys.modules} - before if name.startswith(("torch", "paddle", "os", "subprocess"))}


def test_opening_a_file_needs_neither_paddle_nor_torch(tmp_path):
    write_pth(tmp_path / "x.pth", {"model.1.weight": ROW})
    script = (
        "import sys\n"
        "from ppgan_lite.foreign.loading import describe_file\n"
        f"assert describe_file({str(tmp_path / 'x.pth')!r})['problem']\n"
        "assert not {'paddle', 'torch'} & set(sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


# Pictures


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def test_a_picture_that_unpacks_to_too_much_is_refused_with_its_size(tmp_path):
    path = tmp_path / "bomb.png"
    header = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0)
    rows = zlib.compress(bytes(1_000_000))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b""))
    with little_memory(path), pytest.raises(ImageError, match=r"30000 x 30000 pixels \(900 megapixels\)"):
        read_image(path)


@pytest.mark.parametrize(
    "data",
    [b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"8BPS\0\1"],
)
def test_formats_that_are_not_on_the_list_are_not_decoded(tmp_path, data):
    path = tmp_path / "x.png"
    path.write_bytes(data)
    with pytest.raises(ImageError, match="is not a picture of a known kind; expected one of JPEG, PNG"):
        read_image(path)
