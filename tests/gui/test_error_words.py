"""Errors in the window's own words, in every language, with nothing that only a terminal can do."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import ppgan_lite
from ppgan_lite import errors
from ppgan_lite.checkpoint import read_checkpoint
from ppgan_lite.cli.terminal import describe
from ppgan_lite.errors import CheckpointError, PpganError, missing_extra
from ppgan_lite.gui.captions import error_line
from ppgan_lite.gui.texts import LANGUAGE_NAMES, TEXTS
from ppgan_lite.gui.worker import read_first_photo
from ppgan_lite.images import read_image, write_image
from ppgan_lite.images.bounds import check_size
from ppgan_lite.languages.terminal import error_in_words
from ppgan_lite.runtime.memory import require_memory

PACKAGE = Path(ppgan_lite.__file__).parent


def calls_of_errors() -> Iterator[tuple[str, ast.Call]]:
    """Yield each place in the package that makes one of our errors."""
    kinds = {name for name, value in vars(errors).items() if isinstance(value, type) and issubclass(value, PpganError)}
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in kinds:
                yield f"{path.relative_to(PACKAGE)}:{node.lineno}", node


@functools.cache  # it parses the whole package
def codes() -> frozenset[str]:
    """Return every code that an error of this package may have."""
    given = {
        keyword.value.value
        for _, call in calls_of_errors()
        for keyword in call.keywords
        if keyword.arg == "code" and isinstance(keyword.value, ast.Constant)
    }
    kinds = {value.code for value in vars(errors).values() if isinstance(value, type) and issubclass(value, PpganError)}
    return frozenset(given | kinds | set(codes_of_classes()))


def codes_of_classes() -> Iterator[str]:
    """Yield the codes of kinds of errors that are defined elsewhere, as those of the service."""
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            for line in node.body if isinstance(node, ast.ClassDef) and node.name.endswith("Error") else ():
                if isinstance(line, ast.Assign) and ast.unparse(line.targets[0]) == "code":
                    assert isinstance(line.value, ast.Constant)
                    yield line.value.value


@pytest.mark.parametrize("language", LANGUAGE_NAMES)
def test_every_code_has_words_in_every_language(language: str) -> None:
    assert sorted(code for code in codes() if f"error_{code}" not in TEXTS[language]) == []


def test_no_words_are_for_a_code_that_no_error_has() -> None:
    assert sorted(key for key in TEXTS["en"] if key.startswith("error_") and key[6:] not in codes()) == []


def provoked(folder: Path) -> Iterator[PpganError]:
    """Yield errors as a user of the window provokes them."""
    words = folder / "words.jpg"
    words.write_text("not a picture")
    (folder / "empty.png").write_bytes(b"")
    write_image(folder / "a.png", np.zeros((40, 40, 3), np.uint8))
    (folder / "cut.png").write_bytes((folder / "a.png").read_bytes()[:50])
    (folder / "nothing").mkdir()
    (folder / "cut.ppgan").write_bytes(b"\x10\0\0\0\0\0\0\0{")
    image = np.zeros((4, 4, 3), np.uint8)
    for provoke in (
        lambda: read_image(folder / "missing.png"),
        lambda: read_image(folder),
        lambda: read_image(words),
        lambda: read_image(folder / "empty.png"),
        lambda: read_image(folder / "cut.png"),
        lambda: read_first_photo(folder / "nothing"),
        lambda: check_size(100_000, 100_000, "huge.png"),
        lambda: write_image(folder / "a.png", image),
        lambda: write_image(folder, image),
        lambda: write_image(folder / "a.xyz", image),
        lambda: write_image(words / "below" / "a.png", image),
        lambda: require_memory("8000 x 6000 pixels", 10**16),
        lambda: read_checkpoint(folder / "missing.ppgan"),
        lambda: read_checkpoint(folder / "cut.ppgan"),
        lambda: read_checkpoint(folder / "a.png"),
    ):
        with pytest.raises(PpganError) as raised:
            provoke()
        yield raised.value
    yield missing_extra("paddle", "PaddlePaddle", "cpu")


def test_what_a_user_provokes_is_told_in_chinese_and_without_options_of_the_command_line(tmp_path: Path) -> None:
    for error in provoked(tmp_path):
        assert error.code not in ("other", "image", "checkpoint"), f"{error} has words of its own"
        english, chinese = (error_line(error, language) for language in ("en", "zh"))
        assert "--" not in english + chinese and "paddlegan " not in english + chinese
        assert any("\u4e00" <= letter <= "\u9fff" for letter in chinese), chinese
        name = Path(error.where).name
        assert error.code == "missing_extra" or (name in english and name in chinese)


def test_each_door_names_its_own_way_to_replace_a_file(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.touch()
    with pytest.raises(PpganError) as raised:
        write_image(path, np.zeros((4, 4, 3), np.uint8))
    told = f"{path}: exists already. Choose another name"
    assert str(raised.value) == f"{told}, or allow it with overwrite=True"
    assert error_in_words(raised.value) == describe(raised.value) == f"{told}, or allow it with --overwrite"
    assert error_line(raised.value, "en") == told


def test_an_error_without_words_is_told_as_the_command_line_tells_it() -> None:
    error = CheckpointError("a.ppgan", "is odd", "even", "Try another")
    assert error_line(error, "en") == str(error)
    assert error_line(error, "zh") == f"检查点文件有问题：{error}"
    assert error_line(ValueError("why"), "zh") == "ValueError: why"
    assert error_line(FileNotFoundError(2, "No such file", "a\nb"), "zh") == "a b：No such file"
