"""`paddlegan inspect` and `paddlegan convert` on files of other programs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from foreign_files import write_pth
from published_nets import as_paddle, as_torch, resnet, shaken

from ppgan_lite.cli import main
from ppgan_lite.foreign.pdparams import write_pdparams
from ppgan_lite.foreign.weights_files import read_weights


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    return write_pth(tmp_path / "latest_net_G_B.pth", as_torch(shaken(resnet(blocks=1))))


def test_inspect_describes_a_file_of_another_program(checkpoint, capsys):
    assert main(["inspect", str(checkpoint), "--json"]) == 0
    description = json.loads(capsys.readouterr().out)
    assert description["format"] == "PyTorch file of weights"
    assert description["nets"]["generator_ba"]["kind"] == "ResnetGenerator"
    assert description["predictors"]["b_to_a"] == {
        "net": "generator_ba",
        "task": "translate",
        "inputs": ["photo"],
        "value_range": [-1.0, 1.0],
        "multiple_of": 1,
        "scale": 1,
        "settings": {},
    }
    assert description["globals"] == [
        "collections.OrderedDict",
        "torch._utils._rebuild_tensor_v2",
        "torch.FloatStorage",
    ]
    assert main(["inspect", str(checkpoint)]) == 0
    lines = capsys.readouterr().err.splitlines()
    assert "    kind: ResnetGenerator" in lines and "  licence: not stated in the file" in lines


def test_inspect_of_a_hostile_file_lists_its_globals_and_fails(tmp_path, capsys):
    path = tmp_path / "x.pdparams"
    path.write_bytes(b"\x80\x02cposix\nsystem\nX\x02\x00\x00\x00ls\x85R.")
    assert main(["inspect", str(path), "--json"]) == 1
    out, err = capsys.readouterr()
    assert json.loads(out)["globals"] == ["posix.system"]
    assert err == (
        f"paddlegan: error: {path}: asks for 'posix.system', which no file of weights needs. "
        "Nothing of it was run; do not open it with other programs\n"
    )
    assert main(["inspect", str(path)]) == 1
    assert 'globals: ["posix.system"]' in capsys.readouterr().err


def test_names_in_a_file_cannot_control_the_terminal(tmp_path, capsys):
    state = as_torch(shaken(resnet(blocks=1)))
    write_pdparams(tmp_path / "x.pdparams", {"\x1b[2J": state})
    assert main(["inspect", str(tmp_path / "x.pdparams")]) == 0
    write_pdparams(tmp_path / "y.pdparams", {"\x1b[2J": {"\x1b[3J": state["model.1.bias"]}})
    assert main(["inspect", str(tmp_path / "y.pdparams")]) == 1
    assert "\x1b" not in capsys.readouterr().err


def test_convert_goes_there_and_back(checkpoint, tmp_path, capsys):
    ours, back = tmp_path / "x.ppgan", tmp_path / "back.pth"
    assert main(["convert", str(checkpoint), "-o", str(ours)]) == 0
    assert capsys.readouterr().err == f"{ours}: generator_ba\n"
    assert main(["convert", str(ours), "-o", str(back), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["nets"] == ["generator_ba"]
    wanted, found = read_weights(checkpoint).arrays, read_weights(back).arrays
    assert list(found) == list(wanted)
    assert all(found[name].tobytes() == array.tobytes() for name, array in wanted.items())


def test_convert_follows_its_options(tmp_path, capsys):
    state = as_paddle(shaken(resnet(blocks=1, reflect=False)))
    write_pdparams(tmp_path / "a.pdparams", {"netG_A": state, "netG_B": state})
    source, ours, one = str(tmp_path / "a.pdparams"), str(tmp_path / "a.ppgan"), str(tmp_path / "one.pth")
    assert main(["convert", source, "-o", ours, "--padding", "zero"]) == 0
    assert main(["inspect", ours, "--json"]) == 0
    nets = json.loads(capsys.readouterr().out)["nets"]
    assert {net["arguments"]["padding"] for net in nets.values()} == {"zero"}
    assert main(["convert", source, "-o", one, "--net", "generator_ba"]) == 0
    assert main(["convert", source, "-o", one]) == 2
    assert "exists already. Choose another name, or allow it with --overwrite" in capsys.readouterr().err
    assert main(["convert", source, "-o", one, "--overwrite"]) == 2
    assert "can hold one net of generator_ab, generator_ba. Choose with --net" in capsys.readouterr().err


def test_convert_names_the_nets_that_it_leaves_out(tmp_path, capsys):
    state = as_paddle(shaken(resnet(blocks=1)))
    write_pdparams(tmp_path / "a.pdparams", {"netG": state, "optimG": {"x_moment1_0": state["model.1.bias"]}})
    assert main(["convert", str(tmp_path / "a.pdparams"), "-o", str(tmp_path / "a.ppgan")]) == 0
    assert "left out: optimG (an optimizer's state)\n" in capsys.readouterr().err
