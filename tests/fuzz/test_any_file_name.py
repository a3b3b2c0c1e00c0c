"""Any name that the system takes works for a source and a result, or is refused in a line."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import strategies as st
from inverter import LOADING, Inverter, replace_module
from mutations import prop

from ppgan_lite import cli
from ppgan_lite.checkpoint import Header, NetSpec, write_checkpoint
from ppgan_lite.images import WRITABLE, encode_image, read_image

PHOTO = np.random.default_rng(0).integers(0, 256, (8, 12, 3), np.uint8)
PNG = encode_image(Path("x.png"), PHOTO)
_LONGEST = 255  # bytes of a name, on the usual file systems

pytestmark = pytest.mark.skipif(os.name == "nt", reason="a name is text there, and many are refused")

_STEMS = st.one_of(
    st.text(min_size=1, max_size=30),
    st.binary(min_size=1, max_size=20).map(os.fsdecode),
    st.text("-.~$%*?[]{}'\"\\ \n\t\x1b|&;<>#=,:", min_size=1, max_size=12),
    st.integers(200, 260).map(lambda length: "n" * length),
    st.integers(60, 90).map(lambda length: "\N{GRINNING FACE}" * length),
    st.sampled_from(
        ["-o", "--", "--json", "-x", "~", "~root", "$HOME", "con", "e\u0301", "\u00e9", "\u202egnp", "a\nb"]
    ),
)


@st.composite
def names(draw: st.DrawFn) -> str:
    """Draw a name that a file may have."""
    name = draw(_STEMS) + draw(st.sampled_from(["", *WRITABLE, ".PNG", ".gif", ".txt"]))
    try:
        name = os.fsdecode(os.fsencode(name))
    except UnicodeEncodeError:  # a surrogate that stands for no byte
        name = name.encode("utf-8", "replace").decode()
    name = name.replace("/", "").replace("\0", "")
    return name if name not in ("", ".", "..") else "x.png"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Return a folder to be in, with a predictor that inverts."""
    import ppgan_lite.inference  # noqa: F401 - so that it can be given another attribute

    folder = tmp_path_factory.mktemp("names")
    with pytest.MonkeyPatch.context() as context:
        replace_module(context, LOADING, load_predictor=lambda *arguments, **options: Inverter())
        yield folder


def run(folder: Path, capfd: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    """Run the command line in an empty folder with a photo; return its exit code and what it printed as JSON."""
    with pytest.MonkeyPatch.context() as context:
        context.chdir(folder)
        capfd.readouterr()
        code = cli.main(list(arguments))
        captured = capfd.readouterr()
    said = captured.err
    assert "unexpected" not in said and "Traceback" not in said, said
    if code:
        lines = said.removesuffix("\n").split("\n")
        assert lines[-1].startswith("paddlegan: error: ") and all(line.isprintable() for line in lines), said
    return code, captured.out


def taken(name: str) -> bool:
    return len(os.fsencode(name)) <= _LONGEST


@prop(name=names(), target=names(), is_marked=st.booleans(), weight=3)
def test_a_photo_of_any_name_is_painted(
    folder: Path, capfd: pytest.CaptureFixture[str], name: str, target: str, is_marked: bool
) -> None:
    here = folder / "here"
    here.mkdir()
    try:
        if taken(name):
            (here / name).write_bytes(PNG)
        options = [
            "--style",
            "wave",
            "--faces",
            "1",
            "--json",
            "-o",
            f"./{target}" if target.startswith("-") else target,
        ]
        code, printed = run(here, capfd, "stylize", *options, *(["--"] if is_marked else []), name)
        found = {path.name for path in here.iterdir()}
        assert not taken(name) or (here / name).read_bytes() == PNG
        if code:
            assert found == ({name} if taken(name) else set())
            is_option = name.startswith("-") and (not is_marked or name == "-")
            has_suffix = Path(target).suffix.lower() in WRITABLE
            assert is_option or not taken(name) or not taken(target) or target == name or not has_suffix
        else:
            (result,) = json.loads(printed)["results"]
            assert found == {name, Path(result["output"]).parts[0]} and os.path.samefile(
                here / result["photo"], here / name
            )
            if Path(result["output"]).suffix.lower() in (".png", ".tif", ".tiff", ".bmp"):
                assert np.array_equal(read_image(here / result["output"])[0], 255 - PHOTO)
    finally:
        shutil.rmtree(here)


@prop(name=names(), target=names())
def test_a_folder_of_any_name_is_painted(
    folder: Path, capfd: pytest.CaptureFixture[str], name: str, target: str
) -> None:
    here = folder / "here"
    here.mkdir()
    try:
        if taken(name):
            (here / name).mkdir()
            (here / name / "a.png").write_bytes(PNG)
        output = f"./{target}/"
        code, _ = run(here, capfd, "stylize", "--style", "wave", "--faces", "1", "-o", output, "--", name)
        found = sorted(str(path.relative_to(here)) for path in here.rglob("*.png") if path.is_file())
        if code:
            assert not taken(name) or not taken(target) or target == name or name == "-"
            assert found == ([f"{name}/a.png"] if taken(name) else [])
        else:
            assert found == sorted([f"{name}/a.png", f"{target}/a.png"])
    finally:
        shutil.rmtree(here)


@prop(name=names().map(lambda name: f"{name}.ppgan"))
def test_a_checkpoint_of_any_name_is_described(folder: Path, capfd: pytest.CaptureFixture[str], name: str) -> None:
    here = folder / "here"
    here.mkdir()
    try:
        if taken(name):
            write_checkpoint(here / name, Header({"net": NetSpec("ResnetGenerator", {})}), {"net/net/a": np.zeros(3)})
        code, printed = run(here, capfd, "inspect", "--json", "--", name)
        assert (code == 0) == taken(name)
        assert code or json.loads(printed)["nets"]
    finally:
        shutil.rmtree(here)
