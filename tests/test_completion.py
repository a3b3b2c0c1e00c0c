"""Completion by the shell: what it offers, and bash for real."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.shell_completion import ShellComplete

import ppgan_lite
from ppgan_lite.cli import commands

VARIABLE = "_PADDLEGAN_COMPLETE"
Complete = Callable[[str], list[str]]


@pytest.fixture
def complete(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Complete:
    """Return a function that completes the last word of a line, in a folder with a run and a checkpoint."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(VARIABLE, "bash_complete")
    for name in ("runs/monet/final.ppgan", "runs/monet/train.log", "mine.ppgan", "photo.jpg"):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).touch()

    def complete(line: str) -> list[str]:
        *arguments, incomplete = line.split(" ")
        found = ShellComplete(commands, {}, "paddlegan", VARIABLE).get_completions(arguments, incomplete)
        return [item.value or item.type for item in found]

    return complete


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("styl", ["styles", "stylize"]),
        ("stylize --style starry", ["file", "starry_night"]),
        ("stylize --style 星", ["file", "星月夜"]),
        ("stylize p", ["file"]),
        ("translate --checkpoint m", ["file", "mine.ppgan"]),
        ("translate --checkpoint runs/", ["file", "runs/monet"]),
        ("translate --checkpoint runs/monet/f", ["file", "runs/monet/final.ppgan"]),
        ("export mine", ["file", "mine.ppgan"]),
        ("train -c cyclegan_p", ["file", "cyclegan_photo2monet"]),
        ("train -c tiny/pix2pix_f", ["file", "tiny/pix2pix_facades"]),
        ("train --resume runs/m", ["dir", "runs/monet"]),
        ("train --device c", ["cpu"]),
        ("evaluate udn", ["file", "udnie"]),
        ("evaluate --metric kid", ["kid", "kid_vgg16"]),
        ("doctor restore_x", ["dir", "restore_x4"]),
        ("board runs/", ["dir", "runs/monet"]),
        ("stylize --lang ", ["en", "zh"]),
        ("restore --checkpoint photo", ["file", "photos"]),
        ("inspect photo", ["file", "photos"]),
        ("models --fetch vgg", ["vgg19"]),
        ("fetch vgg", ["vgg19"]),
        ("train --over", ["--override"]),
    ],
)
def test_a_shell_completes(complete: Complete, line: str, expected: list[str]) -> None:
    assert complete(line) == expected


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
def test_bash_completes_a_style(tmp_path: Path) -> None:
    program = tmp_path / "paddlegan"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m ppgan_lite "$@"\n')
    program.chmod(0o755)
    script = (
        f"source <({VARIABLE}=bash_source paddlegan)\ncompopt() {{ :; }}\n"
        "COMP_WORDS=(paddlegan stylize --style starry_n); COMP_CWORD=3\n"
        '_paddlegan_completion paddlegan\necho "${COMPREPLY[@]}"\n'
    )
    path = os.pathsep.join([str(tmp_path), os.environ["PATH"]])
    environment = {**os.environ, "PATH": path, "PYTHONPATH": str(Path(ppgan_lite.__file__).parents[1])}
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, env=environment, check=True)
    assert done.stdout == "starry_night\n", done.stderr
