"""Styles of the user's own: found, listed, added, removed; damaged files among them."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from net_examples import STYLE_TRANSFER

from ppgan_lite.checkpoint import Header, net_spec, net_tensors, write_checkpoint
from ppgan_lite.errors import CheckpointError, UsageError
from ppgan_lite.inference.loading import find_checkpoint, load_predictor
from ppgan_lite.runtime.user_folders import data_folder
from ppgan_lite.styles import users
from ppgan_lite.styles.users import THUMBNAIL, find_user_style, name_of, remove_style, user_styles

Run = Callable[..., tuple[int, str, str]]  # the command line


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of a user without styles."""
    monkeypatch.setenv("PPGAN_LITE_DATA", str(tmp_path / "data"))
    return tmp_path / "data" / "styles"


def write_style(path: Path, *, thumbnail: np.ndarray | None = None, **about: object) -> Path:
    """Write a tiny painter of one style."""
    from ppgan_lite.nets.style_transfer import StyleTransferNet
    from ppgan_lite.recipes.painter import painter_spec

    net = StyleTransferNet(**STYLE_TRANSFER)
    header = Header({"painter": net_spec(net)}, {"painter": painter_spec(net, draft_px=32)}, about=about)
    extra = {} if thumbnail is None else {THUMBNAIL: thumbnail}
    path.parent.mkdir(parents=True, exist_ok=True)
    write_checkpoint(path, header, {**net_tensors("painter", net), **extra})
    return path


# The folder


@pytest.mark.usefixtures("no_home")
def test_the_data_folder_is_the_users(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert data_folder() == Path(os.devnull) / "ppgan_lite"  # which cannot be written
    assert user_styles() == ([], [])
    monkeypatch.setenv("HOME", "/home/ann")
    for platform, expected in (
        ("linux", "/home/ann/.local/share/ppgan_lite"),
        ("darwin", "/home/ann/Library/Application Support/ppgan_lite"),
        ("win32", "/home/ann/AppData/Local/ppgan_lite"),
    ):
        monkeypatch.setattr(sys, "platform", platform)
        assert data_folder() == Path(expected)
    monkeypatch.setenv("LOCALAPPDATA", "/local")
    assert data_folder() == Path("/local/ppgan_lite")
    monkeypatch.setenv("XDG_DATA_HOME", "/xdg")
    assert data_folder() == Path("/xdg/ppgan_lite")
    monkeypatch.setenv("PPGAN_LITE_DATA", "~/mine")
    assert data_folder() == Path("/home/ann/mine")


# Names


@pytest.mark.parametrize(
    ("title", "name"),
    [("Aunt's Garden", "aunt_s_garden"), ("  a--b ", "a_b"), ("富岳", "富岳"), ("Ünï", "ünï"), ("x" * 99, "x" * 60)],
)
def test_a_name_is_made_of_a_title(title: str, name: str) -> None:
    assert name_of(title) == name


@pytest.mark.parametrize("title", ["", "..", "/", "CON", "com1", "!?"])
def test_a_title_without_a_name_is_refused(title: str) -> None:
    with pytest.raises(
        UsageError, match=r"^--name: .* gives no name for a file; expected a name with letters or digits$"
    ):
        name_of(title)


# Finding


def test_a_style_is_used_by_its_name_everywhere(folder: Path, photo: np.ndarray) -> None:
    path = write_style(folder / "garden.ppgan")
    assert find_checkpoint("garden") == path
    painted = load_predictor("garden")(photo)
    assert painted.shape == photo.shape
    np.testing.assert_array_equal(painted, load_predictor(path)(photo))


def test_a_style_that_ships_comes_before_one_of_its_name(folder: Path) -> None:
    write_style(folder / "udnie.ppgan")
    assert find_checkpoint("udnie") != folder / "udnie.ppgan"


@pytest.mark.parametrize("name", ["../garden", "styles/garden", "/garden", "", ".", "a\nb"])
def test_a_name_never_leaves_the_folder(folder: Path, name: str) -> None:
    write_style(folder / "garden.ppgan")
    write_style(folder.parent / "garden.ppgan")
    assert find_user_style(name) is None
    with pytest.raises(UsageError, match=r"^--remove: "):
        remove_style(name)


def test_an_unknown_name_is_told_the_users_styles_too(folder: Path) -> None:
    expected = r"^style: 'gardn' does not ship, nor is there such a file; expected one of .*, starry_night, .*$"
    with pytest.raises(UsageError, match=expected):
        find_checkpoint("gardn")
    write_style(folder / "garden.ppgan")
    expected = (
        r"^style: 'gardn' does not ship, nor is it one of yours, nor is there such a file; "
        r"expected one of .*, garden\. Did you mean 'garden'\?$"
    )
    with pytest.raises(UsageError, match=expected):
        find_checkpoint("gardn")


# Listing


def test_styles_are_listed_after_those_that_ship(folder: Path, run: Run) -> None:
    write_style(folder / "garden.ppgan", title={"en": "Aunt's Garden", "zh": "Aunt's Garden"}, minutes=6)
    code, out, err = run("styles")
    assert (code, out) == (0, "")
    assert re.split(" {2,}", err.splitlines()[-1]) == ["garden", "Aunt's Garden", "yours", "learned in 6 min"]
    styles = json.loads(run("styles", "--json")[1])
    assert [style["yours"] for style in styles] == [False] * (len(styles) - 1) + [True]
    assert styles[-1]["path"] == str(folder / "garden.ppgan")
    assert styles[-1]["title"] == {"en": "Aunt's Garden", "zh": "Aunt's Garden"}


def test_what_is_no_style_is_one_line_each(folder: Path, run: Run) -> None:
    good = write_style(folder / "good.ppgan").read_bytes()
    (folder / "cut.ppgan").write_bytes(good[:-100])
    (folder / "empty.ppgan").write_bytes(b"")
    (folder / "folder.ppgan").mkdir()
    (folder / ".hidden.ppgan").write_bytes(b"")
    (folder / "notes.txt").write_text("text", encoding="utf-8")
    write_checkpoint(folder / "nothing.ppgan", Header({}), {})
    code, _, err = run("styles")
    assert code == 0
    lines = err.splitlines()
    assert lines[-5].startswith("good ")
    assert sorted(line.partition(": ")[2].partition(".ppgan: ")[2] for line in lines[-4:]) == sorted(
        [
            "is empty (0 bytes); expected a checkpoint file. Copy or download it again",
            next(line for line in lines if "cut.ppgan" in line).partition(".ppgan: ")[2],
            "is a folder; expected a checkpoint file. Give a .ppgan file that `paddlegan train` wrote",
            "holds no predictor; expected a checkpoint that paints in one style",
        ]
    )
    assert [json.loads(run("styles", "--json")[1])[-1]["name"]] == ["good"]


@pytest.mark.parametrize("title", [None, 7, "", {}, {"en": 7}, ["x"]])
def test_a_file_without_a_title_is_called_as_it_is(folder: Path, title: object) -> None:
    write_style(folder / "garden.ppgan", title=title, minutes="many")
    (style,), errors = user_styles()
    assert (style.title, style.minutes, errors) == ("garden", None, [])


def test_control_characters_of_a_title_are_not_shown(folder: Path) -> None:
    write_style(folder / "garden.ppgan", title="a\x1b[2Jb\n" + "c" * 500)
    assert user_styles()[0][0].title == ("a[2Jb" + "c" * 500)[:200]


def test_a_thumbnail_comes_with_the_file(folder: Path) -> None:
    picture = np.arange(4 * 5 * 3, dtype=np.uint8).reshape(4, 5, 3)
    for thumbnail, expected in (
        (picture, picture),
        (None, None),
        (picture.astype(np.float32), None),
        (picture[..., 0], None),
        (np.zeros((0, 5, 3), np.uint8), None),
        (np.zeros((1, 2000, 3), np.uint8), None),
    ):
        write_style(folder / "garden.ppgan", thumbnail=thumbnail)
        np.testing.assert_array_equal(user_styles()[0][0].thumbnail(), expected)


# Adding and removing


def test_a_style_that_somebody_gave_is_added_under_its_name(folder: Path, tmp_path: Path, run: Run) -> None:
    given = write_style(tmp_path / "Aunt's Garden.ppgan", title="Garden")
    code, _, err = run("styles", "--add", given)
    assert (code, err) == (0, f"aunt_s_garden: {folder / 'aunt_s_garden.ppgan'}\n")
    assert find_user_style("aunt_s_garden").read_bytes() == given.read_bytes()
    code, _, err = run("styles", "--add", given)
    assert (code, err) == (
        2,
        "paddlegan: error: --name: you have a style of the name aunt_s_garden; expected another one. "
        "Go on with it: --resume; remove it: paddlegan styles --remove aunt_s_garden\n",
    )


def test_what_is_no_style_is_not_added(folder: Path, tmp_path: Path, run: Run) -> None:
    given = write_style(tmp_path / "garden.ppgan")
    (tmp_path / "flipped.ppgan").write_bytes(given.read_bytes()[:-1] + b"\x00")
    write_style(tmp_path / "udnie.ppgan")
    for name, code in (("flipped.ppgan", 1), ("missing.ppgan", 1), ("udnie.ppgan", 2)):
        found, _, err = run("styles", "--add", tmp_path / name)
        assert (found, err.count("\n")) == (code, 1), err
    assert not folder.exists()


def test_a_removed_style_is_gone_with_its_run(folder: Path, run: Run) -> None:
    path = write_style(folder / "garden.ppgan")
    (users.runs_folder() / "garden" / "draft").mkdir(parents=True)
    code, _, err = run("styles", "--remove", "garden")
    assert (code, err) == (0, f"{path} is removed\n")
    assert not path.exists() and not (users.runs_folder() / "garden").exists()
    code, _, err = run("styles", "--remove", "garden")
    assert (code, err) == (
        2,
        "paddlegan: error: --remove: 'garden' is none of yours; expected a style of your own; you have none yet\n",
    )


def test_what_ships_is_not_removed(folder: Path, run: Run) -> None:
    write_style(folder / "garden.ppgan")
    code, _, err = run("styles", "--remove", "udnie")
    assert (code, err) == (
        2,
        "paddlegan: error: --remove: 'udnie' ships with the program; expected one of garden\n",
    )


def test_add_and_remove_exclude_each_other(run: Run) -> None:
    assert run("styles", "--add", "a", "--remove", "b")[0] == 2


def test_a_damaged_thumbnail_is_an_error(folder: Path) -> None:
    path = write_style(folder / "garden.ppgan", thumbnail=np.zeros((4, 5, 3), np.uint8))
    (style,), _ = user_styles()
    path.write_bytes(path.read_bytes()[:-1] + b"\x01")
    with pytest.raises(CheckpointError):
        style.thumbnail()


def test_a_style_is_shown_under_another_title_and_keeps_its_name_and_file(folder: Path, run: Run) -> None:
    path = write_style(folder / "attic.ppgan", title="Attic")
    before = path.read_bytes()
    assert run("styles", "--rename", "attic", "The Attic\u202e, 1")[::2] == (0, "attic: The Attic, 1\n")
    assert user_styles()[0][0].title == "The Attic, 1" and path.read_bytes() == before
    assert "The Attic, 1" in run("styles")[2]
    assert run("styles", "--rename", "attic", "")[::2] == (0, "attic: Attic\n")
    (folder / users._TITLES).write_text("[damaged")
    assert user_styles()[0][0].title == "Attic"
    run("styles", "--rename", "attic", "Once")
    run("styles", "--remove", "attic")
    write_style(folder / "attic.ppgan", title="Another")
    assert user_styles()[0][0].title == "Another", "a removed style leaves no title behind"
    code, _, error = run("styles", "--rename", "starry_night", "Mine")
    assert code == 2 and "starry_night" in error
    assert run("styles", "--rename", "attic", "a", "--remove", "attic")[0] == 2
