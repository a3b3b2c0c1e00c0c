"""The doctor: faults of pictures are found before a training, and named with their remedy."""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from PIL import Image
from tiny import register

from ppgan_lite.cli import main
from ppgan_lite.data import inspection
from ppgan_lite.data.doctor import DoctorReport, examine, examine_folder
from ppgan_lite.data.findings import Finding, alike
from ppgan_lite.data.inspection import inspect, inspect_all
from ppgan_lite.errors import DataError, UsageError


@pytest.fixture(autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give each test a cache of its own; return the file."""
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("PPGAN_LITE_CACHE", str(folder))
    return folder / "pictures.sqlite"


def scene(seed: int, height: int = 64, width: int = 64) -> np.ndarray:
    """A colored picture with something large in it, another one for each seed."""
    small = np.random.default_rng(seed).integers(0, 256, (5, 5, 3), dtype=np.uint8)
    return np.asarray(Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC))


def write(path: Path, image: np.ndarray, **options: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(image).save(path, **options)
    return path


def scenes(folder: Path, count: int = 4, first: int = 0) -> Path:
    for seed in range(first, first + count):
        write(folder / f"{seed}.png", scene(seed))
    return folder


def found(report: DoctorReport) -> list[tuple[str, str, str]]:
    """Return severity, kind and file name of each finding."""
    return [(finding.severity, finding.kind, Path(finding.file).name) for finding in report.findings]


def folder_data(folder: Path, **arguments: Any) -> dict[str, Any]:
    return {"name": "Folder", "folders": [str(folder)], "size": 32, **arguments}


# Findings


def test_nothing_is_wrong_with_good_pictures(tmp_path):
    report = examine(folder_data(scenes(tmp_path)))
    assert report == DoctorReport((), 4)
    assert report.lines() == ["4 pictures: nothing is wrong"]
    report.check()


@pytest.mark.parametrize(
    ("name", "content", "kind", "told"),
    [
        ("0.jpg", b"", "unreadable", "the file is empty"),
        ("0.jpg", b"<html>not found</html>", "unreadable", "is not a picture of a known kind"),
        ("0.png", b"\x89PNG\r\n\x1a\n" + bytes(50), "unreadable", "is not a picture of a known kind"),
    ],
)
def test_files_that_hold_no_picture_are_errors(tmp_path, name, content, kind, told):
    scenes(tmp_path, 2, first=1)
    (tmp_path / name).write_bytes(content)
    report = examine(folder_data(tmp_path))
    path = str(tmp_path / name)
    assert report.findings == (Finding("error", kind, path, told, "Replace it or take it out"),)
    with pytest.raises(DataError) as caught:
        report.check()
    expected = f"{path}: {told}. Replace it or take it out; `paddlegan doctor` tells of all that is wrong"
    assert str(caught.value) == expected


@pytest.mark.parametrize(
    ("suffix", "options"), [(".jpg", {"quality": 95}), (".jpg", {"progressive": True}), (".png", {})]
)
@pytest.mark.parametrize("share", [0.4, 0.95])
def test_truncated_files_are_errors_however_little_is_missing(tmp_path, suffix, options, share):
    noise = np.random.default_rng(0).integers(0, 256, (200, 300, 3), dtype=np.uint8)
    path = write(tmp_path / f"0{suffix}", noise, **options)
    assert inspect(path).fault == ""
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    finding = examine(folder_data(tmp_path)).findings[0]
    assert (finding.severity, finding.kind, finding.file) == ("error", "truncated", str(path))
    assert finding.text.startswith("cannot be decoded (image file is truncated")


@pytest.mark.parametrize("suffix", [".jpg", ".png"])
def test_files_cut_within_their_first_bytes_are_errors_like_any_other(tmp_path, suffix):
    path = write(tmp_path / f"0{suffix}", scene(0))
    data = path.read_bytes()
    for length in (3, 20, 100):
        path.write_bytes(data[:length])
        finding = examine(folder_data(tmp_path), cache=tmp_path / "cache").findings[0]
        assert (finding.severity, finding.file) == ("error", str(path))


def test_one_broken_file_does_not_hide_what_is_wrong_with_the_others(tmp_path):
    scenes(tmp_path, 3)
    (tmp_path / "broken.jpg").write_bytes(b"")
    write(tmp_path / "9.png", scene(1))
    assert found(examine(folder_data(tmp_path))) == [
        ("error", "unreadable", "broken.jpg"),
        ("warning", "duplicate", "9.png"),
    ]


def test_the_same_file_twice_is_a_warning_that_names_the_other(tmp_path):
    scenes(tmp_path / "a")
    write(tmp_path / "b/again.png", scene(2))
    report = examine(folder_data(tmp_path))
    assert report.findings == (
        Finding(
            "warning",
            "duplicate",
            str(tmp_path / "b/again.png"),
            f"is the same file as {tmp_path / 'a/2.png'}",
            "Take one of the two out: it counts twice",
        ),
    )
    report.check()


@pytest.mark.parametrize("change", ["compressed", "halved", "brighter", "stretched"])
def test_a_picture_that_looks_the_same_is_a_near_duplicate(tmp_path, change):
    scenes(tmp_path, 3)
    image = Image.fromarray(scene(1, 128, 128))
    write(tmp_path / "1.png", np.asarray(image))
    changed, options = {
        "compressed": (image, {"quality": 30}),
        "halved": (image.resize((64, 64)), {"quality": 90}),
        "brighter": (image.point(lambda value: int(value * 0.8) + 20), {"quality": 90}),
        "stretched": (image.resize((200, 90)), {"quality": 90}),
    }[change]
    write(tmp_path / "9.jpg", np.asarray(changed), **options)
    report = examine(folder_data(tmp_path))
    assert found(report) == [("warning", "near-duplicate", "9.jpg")]
    assert report.findings[0].text == f"looks the same as {tmp_path / '1.png'}"


def test_flat_pictures_are_not_called_alike(tmp_path):
    for value in (10, 100, 200):
        write(tmp_path / f"{value}.png", np.full((40, 40, 3), value, np.uint8))
    assert examine(folder_data(tmp_path)).findings == ()


def test_those_alike_are_the_pairs_that_comparing_all_with_all_finds():
    rng = np.random.default_rng(0)
    thumbnails = rng.integers(0, 256, (3000, 64)).astype(np.uint8)
    for copy, original in ((2900, 5), (17, 2000), (2950, 2949)):
        thumbnails[copy] = np.clip(thumbnails[original] + rng.integers(-4, 5, 64), 0, 255)
    vectors = thumbnails - thumbnails.mean(axis=1, keepdims=True)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    wanted = [(int(i), int(j)) for i, j in np.argwhere(vectors @ vectors.T > 0.985) if j < i]
    assert alike(thumbnails, thumbnails, earlier=True) == wanted == [(2000, 17), (2900, 5), (2950, 2949)]
    assert alike(thumbnails[2900:2901], thumbnails[:100]) == [(0, 5)]
    assert alike(thumbnails[:0], thumbnails) == alike(thumbnails, thumbnails[:0]) == []


def test_pictures_for_validation_that_are_learned_from_are_told(tmp_path):
    scenes(tmp_path / "train", 4)
    scenes(tmp_path / "val", 2, first=10)
    write(tmp_path / "val/copy.png", scene(1))
    write(tmp_path / "val/like.jpg", scene(2), quality=60)
    report = examine(folder_data(tmp_path / "train"), folder_data(tmp_path / "val", augment=False))
    assert [(finding.kind, Path(finding.file).name, finding.text) for finding in report.findings] == [
        ("leak", "copy.png", f"is for validation, and the same file as {tmp_path / 'train/1.png'}"),
        ("leak", "like.jpg", f"is for validation, and looks the same as {tmp_path / 'train/2.png'}"),
    ]
    assert report.errors == []


def test_validating_on_the_training_pictures_is_told_once(tmp_path):
    scenes(tmp_path, 4)
    report = examine(folder_data(tmp_path), folder_data(tmp_path, augment=False))
    assert [finding.text for finding in report.findings] == [
        "is for training and for validation, and so are 3 more of 4"
    ]


def test_one_painting_may_serve_training_and_validation(tmp_path):
    scenes(tmp_path / "train", 2)
    scenes(tmp_path / "val", 2, first=5)
    painting = str(write(tmp_path / "painting.png", scene(9)))
    section = {"name": "ContentAndStyle", "style": [painting], "size": 32}
    sides = {"content_short_side": [40, 40], "style_short_side": [40, 40]}
    content = [{"content": [str(tmp_path / part)], **section, **sides} for part in ("train", "val")]
    assert examine(content[0], content[1]).findings == ()


def test_pictures_smaller_than_the_crop_are_told(tmp_path):
    scenes(tmp_path, 2)
    write(tmp_path / "tiny.png", scene(7, 30, 90))
    (finding,) = examine(folder_data(tmp_path)).findings
    assert (finding.severity, finding.kind, Path(finding.file).name) == ("warning", "small", "tiny.png")
    assert finding.text == "has 90 x 30 px and is enlarged for the crop of 32 px"


def test_grayscale_among_color_is_told_and_color_among_grayscale(tmp_path):
    scenes(tmp_path / "mostly_color", 3)
    write(tmp_path / "mostly_color/gray.jpg", scene(5)[..., 0])
    write(tmp_path / "mostly_color/gray_as_rgb.jpg", scene(6)[..., :1].repeat(3, axis=2))
    assert found(examine(folder_data(tmp_path / "mostly_color"))) == [
        ("warning", "gray", "gray.jpg"),
        ("warning", "gray", "gray_as_rgb.jpg"),
    ]
    assert examine(folder_data(tmp_path / "mostly_color", channels=1)).findings == ()
    for seed in range(3):
        write(tmp_path / f"mostly_gray/{seed}.png", scene(seed)[..., 0])
    write(tmp_path / "mostly_gray/color.png", scene(5))
    assert found(examine(folder_data(tmp_path / "mostly_gray"))) == [("warning", "colored", "color.png")]


def test_empty_folders_are_told(tmp_path):
    scenes(tmp_path / "full/deep", 2)
    (tmp_path / "empty/below").mkdir(parents=True)
    (tmp_path / "full/empty").mkdir()
    (tmp_path / ".git").mkdir()
    (tmp_path / "full/@eaDir").mkdir()
    report = examine(folder_data(tmp_path))
    assert [(f.kind, f.file) for f in report.findings] == [
        ("empty folder", str(tmp_path / "empty")),
        ("empty folder", str(tmp_path / "full/empty")),
        ("left out", str(tmp_path)),
    ]


def test_data_that_cannot_be_used_at_all_is_an_error(tmp_path):
    (tmp_path / "empty").mkdir()
    for section, told in (
        (folder_data(tmp_path / "nowhere"), "there is no such file or folder; expected pictures to use as photos"),
        (folder_data(tmp_path / "empty"), "holds no picture; expected at least one to use as photos"),
        (folder_data(tmp_path, size=0), "0; expected 1 pixel or more"),
    ):
        (finding,) = examine(section).errors
        assert finding.text == told
    with pytest.raises(UsageError, match="data: 'Foldr' is not known"):
        examine({"name": "Foldr"})


# Pairs


def pair_data(folder: Path, **arguments: Any) -> dict[str, Any]:
    return {"name": "Paired", "folder": str(folder), "size": 32, **arguments}


def test_pairs_whose_names_differ_are_all_named(tmp_path):
    scenes(tmp_path / "A", 6)
    scenes(tmp_path / "B", 6, first=4)
    report = examine(pair_data(tmp_path))
    assert found(report) == [("error", "no partner", f"{i}.png") for i in (0, 1, 2, 3, 6, 7, 8, 9)]
    assert report.findings[0].text == "has no partner in B"


def test_pairs_whose_sizes_differ_are_told(tmp_path):
    for name, size_a, size_b in (
        ("same", (64, 64), (64, 64)),
        ("aspect", (64, 64), (64, 80)),
        ("scale", (64, 96), (32, 48)),
    ):
        write(tmp_path / f"A/{name}.png", scene(len(name), *size_a))
        write(tmp_path / f"B/{name}.png", scene(len(name) + 10, *size_b))
    report = examine(pair_data(tmp_path))
    assert found(report) == [("error", "pair sizes", "aspect.png"), ("warning", "pair sizes", "scale.png")]
    assert report.findings[0].text == f"has 64 x 64 px, its partner {tmp_path / 'B/aspect.png'} 80 x 64 px"
    cropped_only = examine(pair_data(tmp_path, resize="none"))
    assert [finding.kind for finding in cropped_only.errors] == ["pair sizes"] * 2
    halved = examine({**pair_data(tmp_path, scale=2, direction="b_to_a")})
    assert ("warning", "pair sizes", "scale.png") not in found(halved) and len(halved.errors) == 1


def test_pairs_side_by_side_need_an_even_width(tmp_path):
    write(tmp_path / "good.png", scene(0, 64, 128))
    write(tmp_path / "odd.png", scene(1, 64, 127))
    write(tmp_path / "narrow.png", scene(2, 64, 60))
    report = examine(pair_data(tmp_path))
    assert found(report) == [("error", "pair sizes", "odd.png"), ("warning", "small", "narrow.png")]
    assert report.findings[1].text == "has 30 x 64 px and is enlarged for the crop of 32 px"


def test_data_that_is_not_read_from_files_needs_no_doctor(monkeypatch):
    register(monkeypatch)
    assert examine({"name": "TinyData"}) == DoctorReport((), 0)


# The report


def many(count: int) -> DoctorReport:
    findings = [Finding("error", "unreadable", f"{i}.jpg", "the file is empty", "Take it out") for i in range(count)]
    return DoctorReport((*findings, Finding("warning", "small", "x.jpg", "is small", "Take it out")), 20)


def test_a_report_tells_the_first_of_each_kind_and_how_many_there_are():
    assert many(4).lines(2) == [
        "error: unreadable (4)",
        "  0.jpg: the file is empty. Take it out",
        "  1.jpg: the file is empty. Take it out",
        "  and 2 more",
        "warning: small (1)",
        "  x.jpg: is small. Take it out",
        "20 pictures: 4 errors, 1 warning",
    ]
    assert [error.file for error in many(4).errors] == ["0.jpg", "1.jpg", "2.jpg", "3.jpg"]
    assert [warning.file for warning in many(4).warnings] == ["x.jpg"]
    with pytest.raises(
        DataError, match=r"^0\.jpg: the file is empty \(and 3 more errors\)\. Take it out; `paddlegan doc"
    ):
        many(4).check()


# Cache


@pytest.fixture
def looked_at(monkeypatch) -> list[str]:
    """Return the names of the files that are decoded from now on."""
    names: list[str] = []
    look = inspection.inspect
    monkeypatch.setattr(inspection, "inspect", lambda path: names.append(path.name) or look(path))
    return names


def test_a_file_is_looked_at_once_until_it_changes(tmp_path, looked_at, cache):
    scenes(tmp_path, 3)
    first = inspect_all(tmp_path.iterdir())
    assert sorted(looked_at) == ["0.png", "1.png", "2.png"]
    looked_at.clear()
    assert inspect_all(tmp_path.iterdir()) == first and looked_at == []
    write(tmp_path / "1.png", scene(9))
    os.utime(tmp_path / "2.png", ns=(1, 1))
    again = inspect_all(tmp_path.iterdir())
    assert sorted(looked_at) == ["1.png", "2.png"]
    assert again[tmp_path / "1.png"].digest != first[tmp_path / "1.png"].digest
    assert again[tmp_path / "0.png"] == first[tmp_path / "0.png"]
    assert cache.is_file()


def test_a_file_that_cannot_be_read_is_looked_at_again(tmp_path, looked_at):
    (tmp_path / "0.png").write_bytes(b"")
    for _ in range(2):
        assert inspect_all([tmp_path / "0.png", tmp_path / "gone.png"])[tmp_path / "gone.png"].fault != ""
    assert len(looked_at) == 4


def test_the_cache_is_bounded_and_keeps_what_was_looked_at_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cache: Path
) -> None:
    monkeypatch.setattr(inspection, "_MAX_FACTS", 3)
    files = [write(tmp_path / f"{number}.png", scene(number)) for number in range(5)]
    for file in files:
        inspect_all([file])
    with contextlib.closing(sqlite3.connect(cache)) as database:
        kept = {Path(os.fsdecode(path)).name for (path,) in database.execute("SELECT path FROM pictures_2")}
    assert kept == {"2.png", "3.png", "4.png"}


@pytest.mark.parametrize("content", [b"no database", b"SQLite format 3\0" + bytes(5000), b""])
def test_a_damaged_cache_is_made_anew(tmp_path, looked_at, cache, content):
    scenes(tmp_path, 2)
    cache.write_bytes(content)
    first = inspect_all(tmp_path.iterdir())
    assert all(facts.fault == "" for facts in first.values())
    looked_at.clear()
    assert inspect_all(tmp_path.iterdir()) == first and looked_at == []


def test_no_cache_can_be_written_and_all_is_found_all_the_same(tmp_path, monkeypatch):
    scenes(tmp_path / "pictures", 2)
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("PPGAN_LITE_CACHE", str(tmp_path / "file"))
    assert examine(folder_data(tmp_path / "pictures")) == DoctorReport((), 2)


def test_what_was_seen_before_an_interruption_is_kept(tmp_path, looked_at):
    scenes(tmp_path, 40)

    def interrupt(share: float) -> None:
        if share > 0.5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        inspect_all(tmp_path.iterdir(), progress=interrupt)
    looked_at.clear()
    inspect_all(tmp_path.iterdir())
    assert len(looked_at) < 25


def test_progress_rises_to_one(tmp_path):
    scenes(tmp_path, 5)
    shares: list[float] = []
    inspect_all(tmp_path.iterdir(), progress=shares.append)
    assert shares == [0.2, 0.4, 0.6, 0.8, 1.0]


def test_facts_are_those_of_the_upright_picture(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    for suffix in (".jpg", ".png"):
        facts = inspect(write(tmp_path / f"0{suffix}", scene(0, 600, 900), exif=exif))
        assert (facts.fault, facts.width, facts.height, facts.gray) == ("", 600, 900, False)


# Folders


@pytest.mark.parametrize(
    ("folders", "words", "data", "validation"),
    [
        (
            {"trainA": 0, "trainB": 10, "testA": 20, "testB": 30},
            "two domains, as in trainA/ and trainB/: train and test",
            {"name": "Unpaired", "split": "train"},
            {"split": "test", "augment": False},
        ),
        (
            {"A": 0, "B": 0.5},
            "pairs by name, as in A/ and B/: not divided into train and test",
            {"name": "Paired", "split": "train"},
            None,
        ),
        (
            {"train": 0, "val": 10},
            "pictures of one kind: train and val",
            {"name": "Degraded"},
            {"clean": ["val"], "augment": False},
        ),
    ],
)
def test_a_folder_says_what_it_is_for(tmp_path, folders, words, data, validation):
    for name, first in folders.items():
        for seed in range(int(first), int(first) + 4):
            write(tmp_path / name / f"{seed}.png", scene(seed if first == int(first) else seed + 50, 70, 110))
    layout, report = examine_folder(tmp_path)
    assert report.findings == () and report.files == 4 * len(folders)
    assert layout.words == words
    assert data.items() <= layout.data.items()
    assert layout.data["size"] == 64
    if validation and "clean" in validation:
        validation["clean"] = [str(tmp_path / name) for name in validation["clean"]]
    assert layout.others == ((validation,) if validation else ())


def test_pictures_twice_as_wide_as_high_are_pairs_side_by_side(tmp_path):
    for seed in range(4):
        write(tmp_path / f"train/{seed}.png", scene(seed, 64, 128))
        write(tmp_path / f"test/{seed}.png", scene(seed + 9, 64, 128))
    layout, report = examine_folder(tmp_path)
    assert layout.words == "pairs, A and B side by side in one file: train and test"
    assert layout.data == {"name": "Paired", "folder": str(tmp_path), "split": "train", "size": 64}
    assert report.findings == ()


def test_all_splits_are_looked_at(tmp_path):
    for split, first in (("train", 0), ("val", 10), ("test", 20)):
        scenes(tmp_path / split, 2, first=first)
    write(tmp_path / "test/copy.png", scene(0))
    (tmp_path / "val/broken.png").write_bytes(b"")
    assert found(examine_folder(tmp_path)[1]) == [
        ("error", "unreadable", "broken.png"),
        ("warning", "leak", "copy.png"),
    ]


# The command


def test_the_command_tells_of_a_folder_and_suggests_a_configuration(tmp_path, capsys):
    scenes(tmp_path / "trainA", 2)
    scenes(tmp_path / "trainB", 2, first=5)
    assert main(["doctor", str(tmp_path)]) == 0
    told = capsys.readouterr().err
    assert told.startswith(
        f"{tmp_path}: two domains, as in trainA/ and trainB/: train. For a configuration:\n\n"
        "base: cyclegan_photo2monet\ndata:\n"
    )
    assert told.endswith("4 pictures: nothing is wrong\n")
    section = yaml.safe_load(told.partition("\n\n")[2].rpartition("\n\n")[0])["data"]
    assert section == {"name": "Unpaired", "folder": str(tmp_path), "split": "train", "size": 64}


def test_a_picture_without_partner_may_mean_that_there_are_no_pairs(tmp_path, capsys):
    scenes(tmp_path / "my own/trainA", 3)
    scenes(tmp_path / "my own/trainB", 2, first=5)
    for number in (0, 1):
        (tmp_path / f"my own/trainB/{number + 5}.png").rename(tmp_path / f"my own/trainB/{number}.png")
    assert main(["doctor", str(tmp_path / "my own")]) == 2
    command = f"paddlegan train -c cyclegan_photo2monet -o data.folder='{tmp_path}/my own'"
    told = capsys.readouterr().err
    assert "error: no partner (1)\n" in told
    assert told.endswith(f"If A and B are no pairs but two kinds of pictures: {command}\n")


def test_errors_exit_with_2_and_warnings_do_not(tmp_path, capsys):
    scenes(tmp_path, 8)
    write(tmp_path / "copy.png", scene(1))
    assert main(["doctor", str(tmp_path)]) == 0
    for i in range(7):
        (tmp_path / f"broken{i}.png").write_bytes(b"")
    capsys.readouterr()
    assert main(["doctor", str(tmp_path)]) == 2
    told = capsys.readouterr().err
    assert "error: unreadable (7)\n" in told and "  and 2 more\n" in told
    assert told.endswith("16 pictures: 7 errors, 1 warning\n")
    assert main(["doctor", str(tmp_path), "--all"]) == 2
    assert "broken6.png: the file is empty. Replace it or take it out\n" in capsys.readouterr().err


def test_json_holds_all_findings(tmp_path, capsys):
    scenes(tmp_path, 2)
    (tmp_path / "broken.png").write_bytes(b"")
    assert main(["doctor", str(tmp_path), "--json"]) == 2
    told = json.loads(capsys.readouterr().out)
    assert told["layout"] == "pictures of one kind: not divided into train and test"
    assert told["config"]["data"]["name"] == "Degraded"
    assert told["files"] == 3 and told["warnings"] == []
    assert told["errors"] == [
        {
            "severity": "error",
            "kind": "unreadable",
            "file": str(tmp_path / "broken.png"),
            "text": "the file is empty",
            "remedy": "Replace it or take it out",
        }
    ]


def test_the_command_looks_at_the_pictures_of_a_configuration(tmp_path, capsys, monkeypatch):
    register(monkeypatch)
    config = tmp_path / "x.yaml"
    settings = {"recipe": {"name": "TinyRecipe"}, "data": folder_data(tmp_path / "p"), "train": {"iterations": 1}}
    config.write_text(yaml.safe_dump(settings))
    scenes(tmp_path / "p", 2)
    assert main(["doctor", str(config)]) == 0
    assert capsys.readouterr().err == "2 pictures: nothing is wrong\n"
    assert main(["doctor", str(config), "-o", "data.size=80"]) == 0
    assert "warning: small (2)" in capsys.readouterr().err
    assert main(["doctor", str(config), "-o", "data.folders=[nowhere]"]) == 2
    assert "nowhere: there is no such file or folder" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["nowhere"], "nowhere: there is no such file or folder; expected a YAML file or a folder of pictures"),
        ([".", "-o", "a.b=1"], "--override: a folder has no settings; expected a YAML file"),
    ],
)
def test_what_cannot_be_meant_is_told(arguments, told, capsys):
    assert main(["doctor", *arguments]) == 2
    assert capsys.readouterr().err == f"paddlegan: error: {told}\n"
