"""One picture from standard input to standard output: bytes, formats, errors, and nothing else on the way."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import types
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from inverter import Inverter
from PIL import Image

from ppgan_lite.cli.batch_options import FORMATS
from ppgan_lite.images import WRITABLE, decode_image, decode_stored, read_image, read_settings, write_image

Run = Callable[..., tuple[int, str, str]]
STYLIZE = ("stylize", "--style", "wave", "--faces", "1")


@pytest.fixture(autouse=True)
def in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run in a temporary folder, processes of their own too."""
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[1]))
    monkeypatch.chdir(tmp_path)


class Streams:
    """Standard input and output for bytes, in place of the process's own."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.monkeypatch = monkeypatch
        self.out = io.BytesIO()

    def hold(self, data: bytes, out: io.BufferedIOBase | io.BytesIO | None = None) -> None:
        self.out = out or io.BytesIO()  # type: ignore[assignment]
        text = types.SimpleNamespace(
            buffer=self.out, isatty=lambda: False, write=lambda text: None, flush=lambda: None, encoding="utf-8"
        )
        self.monkeypatch.setattr(sys, "stdin", types.SimpleNamespace(buffer=io.BytesIO(data), isatty=lambda: False))
        self.monkeypatch.setattr(sys, "stdout", text)


@pytest.fixture
def streams(monkeypatch: pytest.MonkeyPatch) -> Streams:
    return Streams(monkeypatch)


def picture(name: str = "PNG", mode: str = "RGB") -> bytes:
    ramp = np.linspace(10, 240, 36).astype(np.uint8)
    values = np.dstack([np.tile(ramp, (24, 1))] * len(mode))
    buffer = io.BytesIO()
    Image.fromarray(values).save(buffer, name, lossless=True)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("name", "options", "format"),
    [
        ("PNG", (), "PNG"),
        ("JPEG", (), "JPEG"),
        ("WEBP", (), "WEBP"),
        ("GIF", (), "PNG"),
        ("JPEG", ("--format", "png"), "PNG"),
        ("PNG", ("--format", "jpg"), "JPEG"),
    ],
)
def test_a_photo_goes_through_in_its_format_or_the_one_asked_for(
    run: Run,
    inverter: Inverter,
    streams: Streams,
    name: str,
    options: tuple[str, ...],
    format: str,
) -> None:
    streams.hold(picture(name))
    code, _, err = run(*STYLIZE, "-", "-o", "-", *options)
    assert (code, err) == (0, "wave on cpu, paddle (no GPU was found)\n")
    written = streams.out.getvalue()
    assert Image.open(io.BytesIO(written)).format == format
    result, expected = decode_image(written, "out")[0], 255 - decode_image(picture(name), "in")[0]
    assert np.abs(result.astype(int) - expected).mean() < (4 if format == name == "PNG" else 8)
    assert list(Path().iterdir()) == []


def test_a_file_goes_to_standard_output_with_its_settings(run: Run, inverter: Inverter, streams: Streams) -> None:
    Path("a.png").write_bytes(picture("JPEG"))  # what it is counts, not what it is called
    streams.hold(b"")
    assert run(*STYLIZE, "a.png", "-o", "-")[0] == 0
    Path("out").write_bytes(streams.out.getvalue())
    assert Image.open("out").format == "JPEG"
    settings = read_settings("out")
    assert settings is not None and settings.photo is not None and settings.photo.name == "a.png"


def test_sixteen_bits_go_through_where_the_format_holds_them(run: Run, inverter: Inverter, streams: Streams) -> None:
    deep = np.random.default_rng(2).integers(0, 65536, (8, 9, 3), np.uint16)
    write_image("deep.png", deep)
    streams.hold(Path("deep.png").read_bytes())
    code, _, err = run(*STYLIZE, "-", "-o", "-")
    assert code == 0, err
    assert decode_stored(streams.out.getvalue(), "out")[0].dtype == np.uint16
    streams.hold(picture("JPEG"))
    code, _, err = run(*STYLIZE, "-", "-o", "-", "--depth", "16")
    found = "standard output: jpg holds 8 bits per channel, not 16; expected --format png or tif, or --depth 8"
    assert code == 1 and err.splitlines()[-1] == f"paddlegan: error: {found}"
    assert streams.out.getvalue() == b""


@pytest.mark.parametrize("data", [b"", b"a letter", picture()[:80]])
def test_what_is_no_picture_leaves_standard_output_empty(
    run: Run,
    inverter: Inverter,
    streams: Streams,
    data: bytes,
) -> None:
    for command in ((*STYLIZE, "-", "-o", "-"), ("degrade", "-", "-")):
        streams.hold(data)
        code, _, err = run(*command)
        assert (code, streams.out.getvalue()) == (1, b"")
        assert err.splitlines()[-1].startswith("paddlegan: error: standard input: ")


def test_more_than_a_picture_does_not_fit_standard_output(run: Run, inverter: Inverter, streams: Streams) -> None:
    for name in ("photos/a.png", "b.png"):
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_bytes(picture())
    streams.hold(b"")
    for sources in (("photos",), ("b.png", "photos/a.png")):
        code, _, err = run(*STYLIZE, *sources, "-o", "-")
        assert code == 2
        assert err == "paddlegan: error: --output: - is for one picture; expected a folder, for more than one\n"
    for option in ("--json", "--jsonl"):
        code, _, err = run(*STYLIZE, "b.png", "-o", "-", option)
        found = f"{option}: and the picture both go to standard output; expected a file or folder for --output"
        assert (code, err) == (2, f"paddlegan: error: {found}\n")
    assert not inverter.calls


def test_a_terminal_gets_no_picture(run: Run, inverter: Inverter, streams: Streams) -> None:
    streams.hold(picture())
    sys.stdout.isatty = lambda: True  # type: ignore[method-assign]
    for command in ((*STYLIZE, "-", "-o", "-"), ("degrade", "-", "-")):
        code, _, err = run(*command)
        assert code == 2
        assert err == "paddlegan: error: standard output: is a terminal; expected a pipe or a file\n"


def test_a_format_goes_for_all_results(run: Run, inverter: Inverter) -> None:
    assert [f".{name}" in WRITABLE for name in FORMATS] == [True] * len(FORMATS)
    for name in ("photos/a.png", "photos/in/b.png"):
        Path(name).parent.mkdir(exist_ok=True, parents=True)
        Path(name).write_bytes(picture())
    assert run(*STYLIZE, "photos", "-o", "out", "--format", "webp")[0] == 0
    assert run(*STYLIZE, "photos/a.png", "--format", "tif")[0] == 0
    made = {path.as_posix() for path in Path().rglob("*.*")} - {"photos/a.png", "photos/in/b.png"}
    assert made == {"out/a.webp", "out/in/b.webp", "photos/a_wave.tif"}
    assert Image.open("out/a.webp").format == "WEBP"
    code, _, err = run(*STYLIZE, "photos/a.png", "-o", "c.jpg", "--format", "png")
    assert (code, err) == (2, "paddlegan: error: --format: png is not that of c.jpg; expected one of them\n")
    assert run(*STYLIZE, "photos/a.png", "-o", "c.jpeg", "--format", "jpg")[0] == 0


def test_a_picture_is_degraded_on_its_way(run: Run, streams: Streams) -> None:
    streams.hold(picture())
    assert run("degrade", "-", "-", "--blur", "1", "--noise", "0.25")[0] == 0
    first = streams.out.getvalue()
    worse, _ = decode_image(first, "out")
    assert worse.shape == (24, 36, 3) and 0.4 < np.isin(worse, (0, 255)).all(axis=-1).mean() < 0.6
    streams.hold(picture())
    assert run("degrade", "-", "-", "--blur", "1", "--noise", "0.25")[0] == 0
    assert streams.out.getvalue() == first
    streams.hold(picture())
    assert run("degrade", "-", "-", "--blur", "1", "--noise", "0.25", "--seed", "1")[0] == 0
    assert streams.out.getvalue() != first
    for arguments, found in (
        (("-", "out"), "-: is given for one of SRC and DST; expected it for both, or two folders"),
        (("-", "-", "--json"), "--json: is for folders; expected two folders instead of -"),
    ):
        code, _, err = run("degrade", *arguments)
        assert (code, err) == (2, f"paddlegan: error: {found}\n")


# in a process of its own ----------------------------------------------------------------------------------------------

DEGRADE = [sys.executable, "-m", "ppgan_lite", "degrade", "-", "-"]


def test_pipes_carry_the_same_bytes_as_files() -> None:
    done = subprocess.run(DEGRADE, input=picture("JPEG"), capture_output=True, check=True)
    assert done.stderr == b"" and Image.open(io.BytesIO(done.stdout)).format == "JPEG"
    again = subprocess.run(DEGRADE, input=done.stdout, capture_output=True, check=True)
    assert Image.open(io.BytesIO(again.stdout)).size == (36, 24)


@pytest.mark.skipif(os.name == "nt", reason="a shell is needed")
def test_whoever_stops_reading_or_never_does_is_no_crash() -> None:
    Path("in.bmp").write_bytes(picture("BMP"))
    Image.fromarray(np.zeros((2000, 2000, 3), np.uint8)).save("large.bmp")
    command = f"{sys.executable} -m ppgan_lite degrade - - --blur 1"
    piped = f"set -o pipefail; {command} < large.bmp | head -c 100 | wc -c; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", piped], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.strip(), done.stderr) == (1, "100", "")
    closed = subprocess.run(["bash", "-c", f"{command} < in.bmp >&-"], capture_output=True, text=True, check=False)
    expected = "paddlegan: error: standard output: is closed; expected a pipe or a file\n"
    assert (closed.returncode, closed.stderr) == (2, expected)


@pytest.mark.skipif(os.name == "nt", reason="file descriptors are redirected")
def test_what_libraries_print_does_not_reach_the_picture() -> None:
    script = (
        "import os, sys\n"
        "from ppgan_lite.runtime.streams import binary_output\n"
        "with binary_output() as stream:\n"
        "    os.write(1, b'a note of a library')\n"
        "    print('another', flush=True)\n"
        "    stream.write(b'picture')\n"
        "print('later')\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("picturelater\n", "a note of a libraryanother\n")


def test_a_styled_photo_is_the_same_by_pipes_as_by_files(tmp_path: Path) -> None:
    write_image(tmp_path / "a.png", np.random.default_rng(3).integers(0, 256, (40, 56, 3), np.uint8))
    command = [sys.executable, "-m", "ppgan_lite", "stylize", "--style", "starry_night", "--strip-metadata"]
    subprocess.run([*command, str(tmp_path / "a.png"), "-o", str(tmp_path / "b.png")], check=True, capture_output=True)
    data = (tmp_path / "a.png").read_bytes()
    done = subprocess.run([*command, "-", "-o", "-"], input=data, check=True, capture_output=True)
    assert np.array_equal(decode_image(done.stdout, "out")[0], read_image(tmp_path / "b.png")[0])
