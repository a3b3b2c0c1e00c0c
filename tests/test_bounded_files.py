"""Small files made to cost much: none takes more than two seconds, or its size twice and 200 MB."""

from __future__ import annotations

import io
import json
import logging
import os
import signal
import struct
import subprocess
import sys
import time
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest
from bounded_runs import check_bounded
from foreign_files import safetensors_of, zip_of
from PIL import Image

from ppgan_lite.checkpoint import read_checkpoint
from ppgan_lite.errors import CancelledError, CheckpointError, ImageError
from ppgan_lite.foreign.loading import open_checkpoint
from ppgan_lite.foreign.npz_files import read_npz
from ppgan_lite.images import decode_stored, read_image, reading_threads
from ppgan_lite.pretrained import load_encoder

OPEN, DESCRIBE = "ppgan_lite.foreign.loading:open_checkpoint", "ppgan_lite.foreign.loading:describe_file"

MAGIC = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."


def pickled(*parts: bytes) -> bytes:
    return b"\x80\x02" + b"".join(parts) + b"."


def text(value: str) -> bytes:
    data = value.encode()
    return b"X" + struct.pack("<I", len(data)) + data


# A tuple of the same tuple twice, sixty times: hashing, comparing or printing it takes 2 ** 60 steps.
NESTED = b")" + b"q\x00h\x00\x86" * 60
LEGACY = MAGIC + pickled(b"M\xe9\x03")
LITTLE = pickled(b"}", text("little_endian"), b"\x88s")


def shared_dicts(names: int, levels: int) -> bytes:
    """Return a dict of `names` names of 480 letters, each of them the same dict of such names, and so on."""
    parts = []
    for level in range(levels):
        inner = b"K\x01" if level == 0 else b"h" + bytes([level - 1])
        parts.append(b"}(" + b"".join(text(f"{name:03}{'x' * 477}") + inner for name in range(names)) + b"uq")
        parts.append(bytes([level]))
    return b"".join(parts)


PICKLES = {
    "nested key": pickled(b"}", NESTED, b"K\x01s"),
    "nested key of an ordered dict": pickled(b"ccollections\nOrderedDict\n](", NESTED, b"K\x01\x86e\x85R"),
    "nested type": pickled(b"cnumpy\ndtype\n", NESTED, b"\x85R"),
    "nested global": b"\x80\x04" + NESTED + NESTED + b"\x93.",
    "nested protocol": MAGIC + pickled(NESTED) + pickled(b"}") + pickled(b"}") + pickled(b"]"),
    "nested storage": LEGACY + LITTLE + pickled(b"}") + pickled(b"](", NESTED, b"e"),
    "numbered storage": LEGACY + LITTLE + pickled(b"}") + pickled(b"](K\x01e"),
    "shared names": pickled(b"}", text("a"), b"](", shared_dicts(45, 3), b"es"),
    "the same pairs": pickled(
        b"](K\x01K\x02\x86q\x01",
        b"h\x01" * 100_000,
        b"eq\x00ccollections\nOrderedDict\nq\x02",
        b"(h\x02h\x00\x85R" * 50_000,
    ),
    "the same arguments": pickled(
        b"(", b"K\x01" * 100_000, b"tq\x00ccollections\nOrderedDict\nq\x01", b"h\x01h\x00R" * 50_000
    ),
    "many states": pickled(b"ccollections\nOrderedDict\n)R", b"}b" * 450_000),
    "many dicts": pickled(b"(", b"}" * 900_000, b"t"),
    "many marks": pickled(b"(" * 900_000),
    "one emoji": pickled(text("a" * 60_000_000 + "\N{GRINNING FACE}")),
    "one emoji in bytes": pickled(
        b"c_codecs\nencode\n", text("a" * 60_000_000 + "\N{GRINNING FACE}"), text("latin1"), b"\x86R"
    ),
}


def shaped(shape: bytes, size: int = 8) -> bytes:
    front = b'{"a":{"dtype":"F32","shape":[%b],"data_offsets":[0,%d]}}' % (shape, size)
    return struct.pack("<Q", len(front)) + front + bytes(size)


def ours(header: Mapping[str, object]) -> bytes:
    fields = {"nets": {}, "predictors": {}, "recipe": {}, "training": {}, "about": {}, "version": 1, "program": "x"}
    return safetensors_of({"__metadata__": {"ppgan_lite": json.dumps({**fields, **header})}})


def many_nets() -> bytes:
    nets = {str(number): {"kind": "VGGEncoder", "arguments": {}} for number in range(9_000)}
    fields = {"nets": nets, "predictors": {}, "recipe": {}, "training": {}, "about": {}, "version": 1, "program": "x"}
    tensors = {f"net/{name}/a": {"dtype": "U8", "shape": [0], "data_offsets": [0, 0]} for name in nets}
    return safetensors_of({"__metadata__": {"ppgan_lite": json.dumps(fields)}, **tensors})


SAFETENSORS = {
    "endless shape": shaped(b"2," * 900_000 + b"2"),
    "endless shape of large sides": shaped(b"9223372036854775807," * 100_000 + b"2"),
    "100 sides": shaped(b"1," * 99 + b"1", 4),
    "an endless side beside 0": shaped(b"0," + b"9" * 30, 0),
    "a long side beside 0": shaped(b"0,9223372036854775807", 0),
    "many lists": safetensors_of({"__metadata__": {"a": [[[]]] * 1_000_000}}),
    "many unknown keys": ours({"predictors": {"a": {"net": "x", **{f"key{number}": 1 for number in range(60_000)}}}}),
    "a long unknown key": ours({"predictors": {"a": {"net": "x", "n" * 1_000_000: 1}}}),
    "many nets": many_nets(),
}


def nested_zip(entries: int) -> bytes:
    """Return a zip archive, each entry of which contains all those after it."""
    names = [b"a/%d" % number for number in range(entries)]
    size = sum(30 + len(name) for name in names) + 1000
    archive, central = b"", b""
    for name in names:
        place = len(archive)
        size -= 30 + len(name)
        facts = struct.pack("<III", 0, size, size)  # wrong checksums, which nobody should get to compare
        archive += struct.pack("<4s5H", b"PK\3\4", 20, 0, 0, 0, 33) + facts + struct.pack("<HH", len(name), 0) + name
        central += struct.pack("<4s6H", b"PK\1\2", 20, 20, 0, 0, 0, 33) + facts
        central += struct.pack("<5HII", len(name), 0, 0, 0, 0, 0, place) + name
    archive += bytes(1000)
    end = struct.pack("<4s4HIIH", b"PK\5\6", 0, 0, entries, entries, len(central), len(archive), 0)
    return archive + central + end


def written(folder: Path, files: Mapping[str, bytes]) -> list[Path]:
    paths = [folder / f"{name}.pth" for name in files]
    for path, data in zip(paths, files.values(), strict=True):
        path.write_bytes(data)
    return paths


@pytest.mark.parametrize("function", [OPEN, DESCRIBE])
def test_no_file_of_weights_costs_more_than_two_seconds_or_its_size(tmp_path, function):
    paths = written(tmp_path, {**PICKLES, **SAFETENSORS, "nested zip": nested_zip(19_000)})
    runs = check_bounded(function, paths, ("CheckpointError",))
    assert all(len(run.message) < 1000 for run in runs.values())


def test_overlaps_of_zip_entries_are_found_before_checksums_are_compared(tmp_path):
    """The checksums of 19,000 entries in each other took two seconds."""
    (path,) = written(tmp_path, {"nested zip": nested_zip(50)})
    with pytest.raises(CheckpointError, match="has zip entries that overlap"):
        open_checkpoint(path)


def read_encoder(path: str) -> None:
    """Read a NumPy archive as `load_encoder` does."""
    read_npz(Path(path), r"conv(0|[1-5][1-9])\.(weight|bias)", expected="a NumPy archive of VGG weights")


def npy(shape: str, data: bytes) -> bytes:
    header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + data


def test_an_archive_of_numpy_is_not_unpacked_whole(tmp_path):
    big = npy("(27500000,)", bytes(110_000_000))
    archives = {
        "bomb": {"conv0.weight.npy": big, "conv11.weight.npy": big},
        "others": {"conv0.bias.npy": npy("(3,)", bytes(12)), "optimizer.npy": big, "conv99.weight.npy": big},
        "claim": {"conv0.weight.npy": npy("(1000000000000, 3, 1, 1)", bytes(12))},
        "endless": {"conv0.weight.npy": npy(f"({'9,' * 4000})", bytes(12))},
    }
    for name, entries in archives.items():
        (tmp_path / f"{name}.npz").write_bytes(zip_of(entries, zipfile.ZIP_DEFLATED))
    paths = sorted(tmp_path.iterdir())
    runs = check_bounded("test_bounded_files:read_encoder", paths, ("CheckpointError",))
    told = {path.stem: run.message.removeprefix(f"{path}: ") for path, run in runs.items()}
    assert told["bomb"] == "cannot be read (it unpacks to 220 MB); expected a NumPy archive of VGG weights"
    assert told["others"] == ""
    assert "does not have the bytes that it needs" in told["claim"]
    assert told["endless"].startswith("cannot be read")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes have no names here")
@pytest.mark.parametrize("suffix", [".pth", ".npz", ".ppgan", ".safetensors"])
def test_a_pipe_that_nobody_writes_to_does_not_hang(tmp_path, suffix):
    path = tmp_path / f"pipe{suffix}"
    os.mkfifo(path)
    for read in (load_encoder, read_checkpoint):
        with pytest.raises(CheckpointError, match="is a pipe or a device"):
            read(str(path))


# Pictures


def gif(width: int, height: int) -> bytes:
    screen = struct.pack("<HHBBB", width, height, 0x80, 0, 0) + bytes(6)
    return b"GIF89a" + screen + b"," + struct.pack("<HHHHB", 0, 0, width, height, 0) + b"\x02\x01\x04\0;"


def bmp(width: int, height: int) -> bytes:
    return b"BM" + struct.pack("<IHHI", 54, 0, 0, 54) + struct.pack("<IiiHH6I", 40, width, height, 1, 24, *[0] * 6)


def flat(kind: str, mode: str, width: int, height: int, **options: object) -> bytes:
    stream = io.BytesIO()
    Image.new(mode, (width, height)).save(stream, kind, **options)
    return stream.getvalue()


def test_a_small_file_of_a_huge_picture_is_refused_with_its_size(tmp_path):
    pictures = {
        "gif": gif(20_000, 20_000),
        "bmp": bmp(20_000, 20_000),
        "ppm": b"P3 20000 20000 255 1 2 3",
        "png": flat("PNG", "1", 12_000, 9_000),
        "webp": flat("WEBP", "RGB", 4_000, 4_000, lossless=True),
    }
    for suffix, data in pictures.items():
        (tmp_path / f"x.{suffix}").write_bytes(data)
    runs = check_bounded("ppgan_lite.images:read_image", sorted(tmp_path.iterdir()), ("ImageError",))
    told = {path.suffix: run.message.removeprefix(f"{path}: ") for path, run in runs.items()}
    assert told[".gif"] == (
        "20000 x 20000 pixels in 34 bytes, which take 1600 MB of memory; expected a picture that is not almost empty. "
        "Scale it down first"
    )
    assert [message for message in told.values() if "pixels in" not in message] == []


def test_a_flat_picture_takes_the_memory_that_is_reckoned_with(tmp_path):
    """Each of these takes about 170 MB by `pixel_bytes`, its file next to nothing."""
    pictures = {
        "a.png": flat("PNG", "RGB", 6000, 4000),
        "b.png": flat("PNG", "L", 8500, 5000),
        "c.png": flat("PNG", "P", 8500, 5000),
        "a.webp": flat("WEBP", "RGB", 3000, 3000, lossless=True),
        "a.tif": flat("TIFF", "L", 8500, 5000, compression="tiff_deflate"),
        "a.gif": flat("GIF", "P", 8500, 5000),
    }
    for name, data in pictures.items():
        (tmp_path / name).write_bytes(data)
    runs = check_bounded("ppgan_lite.images:read_image", sorted(tmp_path.iterdir()), ())
    assert len(runs) == len(pictures)


def test_a_stream_without_end_is_told_at_once(tmp_path):
    if not Path("/dev/zero").exists():
        pytest.skip("there is no /dev/zero here")
    with pytest.raises(ImageError, match="/dev/zero: is not a picture of a known kind; expected one of JPEG"):
        read_image("/dev/zero")


def test_a_git_lfs_pointer_is_no_picture(tmp_path):
    path = tmp_path / "photo.jpg"
    path.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n")
    with pytest.raises(ImageError) as caught:
        read_image(path)
    remedy = "Fetch it with `git lfs pull`, or download the file itself"
    assert str(caught.value) == f"{path}: is a Git LFS pointer, not the picture; expected the picture. {remedy}"


def segment(kind: int, data: bytes) -> bytes:
    return b"\xff" + bytes([kind]) + struct.pack(">H", len(data) + 2) + data


def progressive_jpeg(scans: int) -> bytes:
    """Return a gray JPEG of 2048 x 2048 pixels, the same scan of which is repeated."""
    front = segment(0xDB, b"\0" + bytes([1] * 64))
    front += segment(0xC2, struct.pack(">BHHB3s", 8, 2048, 2048, 1, b"\1\x11\0"))
    front += segment(0xC4, b"\0" + bytes([1] + [0] * 15) + b"\0")
    front += segment(0xC4, b"\x10" + bytes([1, 1] + [0] * 14) + b"\xe0\0")
    first = segment(0xDA, b"\1\1\0\0\0\0") + bytes(256 * 256 // 8)
    # "32,767 empty blocks" twice, and one empty block twice
    bits = ("0" + "1" * 14) * 2 + "10" * 2
    data = int(bits.ljust(40, "1"), 2).to_bytes(5, "big").replace(b"\xff", b"\xff\0")
    return b"\xff\xd8" + front + first + (segment(0xDA, b"\1\1\0\1\x3f\0") + data) * scans + b"\xff\xd9"


def test_a_jpeg_of_many_scans_is_told_and_can_be_abandoned(tmp_path, caplog):
    path = tmp_path / "slow.jpg"
    path.write_bytes(progressive_jpeg(300))
    with caplog.at_level(logging.WARNING):
        assert read_image(path)[0].shape == (2048, 2048, 3)
    assert not caplog.messages  # a fraction of a second
    path.write_bytes(progressive_jpeg(100_000))
    for read in (read_image, lambda path: decode_stored(path.read_bytes(), str(path))):
        caplog.clear()
        started = time.monotonic()
        with caplog.at_level(logging.WARNING), pytest.raises(KeyboardInterrupt), reading_threads(1) as pool:
            read_in_background = pool.submit(read, path)
            while not caplog.messages:
                time.sleep(0.01)
            raise KeyboardInterrupt
        assert time.monotonic() - started < 10
        assert isinstance(read_in_background.exception(), CancelledError)
        assert caplog.messages == [
            f"{path}: is stored in 100001 scans of 2048 x 2048 pixels; reading it takes 84 s or more"
        ]
    path.write_bytes(progressive_jpeg(10))
    assert read_image(path)[0].shape == (2048, 2048, 3)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signal")
def test_ctrl_c_ends_the_reading_of_a_jpeg_of_many_scans(tmp_path):
    """It would take a minute."""
    path = tmp_path / "slow.jpg"
    path.write_bytes(progressive_jpeg(80_000))
    command = [sys.executable, "-m", "ppgan_lite", "stylize", str(path), "-o", str(tmp_path / "x.png"), "--style"]
    process = subprocess.Popen([*command, "starry_night"], stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    lines = [process.stderr.readline()]
    assert "80001 scans" in lines[0]
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=60) == 130
    assert "interrupted" in process.stderr.read()
