"""The report of a training: reading a run's folder, the page, the verb, and what it costs a training."""

from __future__ import annotations

import base64
import io
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny
from PIL import Image

from ppgan_lite import cli
from ppgan_lite.errors import PpganError, UsageError
from ppgan_lite.training import TrainingInterrupted, train
from ppgan_lite.training.previews import draw_preview
from ppgan_lite.training.report import page, pictures, reporter, rules
from ppgan_lite.training.report.charts import draw_chart, nice_ticks
from ppgan_lite.training.report.curves import Curve
from ppgan_lite.training.report.page import TEXTS, Section, render, text_of
from ppgan_lite.training.report.pictures import MOST_PICTURES, MOST_PX, Shots, encode, spread
from ppgan_lite.training.report.record import DataFinding, NotFinite, Record, read_lines, read_record


@pytest.fixture(autouse=True)
def tiny_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    tiny.register(monkeypatch)


def line(iteration: int, **more: Any) -> str:
    return json.dumps({"iteration": iteration, "losses": {"l1": 1.0 / iteration}, "seconds": 2.0 * iteration, **more})


def made(folder: Path, *, lines: int = 40, previews: int = 3) -> Path:
    """Make the folder of a run with a loss, a validation and previews."""
    (folder / "previews").mkdir(parents=True)
    text = [line(number, lr={"nets": 1e-4}, data_share=0.01) for number in range(1, lines + 1)]
    text += []
    for number in range(5, lines + 1, 5):
        text.insert(0, json.dumps({"iteration": number, "validation": {"psnr": 20 + number / 10}}))
    text.sort(key=lambda item: json.loads(item)["iteration"])
    (folder / "metrics.jsonl").write_text("\n".join(text) + "\n", encoding="utf-8")
    (folder / "config.yaml").write_text("recipe: {name: Pix2Pix}\ntrain: {iterations: 40}\n", encoding="utf-8")
    for number in range(previews):
        sample = {"a": np.full((1, 3, 40, 40), number / 9, np.float32), "fake_b": np.zeros((1, 3, 40, 40), np.float32)}
        (folder / f"previews/{number * 10 + 1:07d}.png").write_bytes(draw_preview([sample, sample]).encode())
    return folder


def html(*records: Record, **options: Any) -> str:
    return render([Section.of(record) for record in records], **options).decode()


# A run's folder


def test_a_record_is_what_the_folder_of_a_run_holds(tmp_path):
    run = tmp_path / "run"
    train(tiny.experiment(6, log_every=1, validation={"every": 2}), run_dir=run)
    record = read_record(run)
    assert (record.name, record.state, record.iteration, record.best) == ("run", "finished", 6, "error")
    assert [len(record.losses["painter"]), len(record.validation["error"]), len(record.rates["judge"])] == [6, 3, 6]
    assert record.setting("train.iterations") == 6 and record.setting("train.nothing", 5) == 5
    assert record.starts[0]["data"] == {"files": 0, "findings": []}


def test_the_state_of_a_run_is_told_by_its_files(tmp_path, monkeypatch):
    stopped, failed = tmp_path / "stopped", tmp_path / "failed"
    tiny.in_update(monkeypatch, 3, lambda: __import__("signal").raise_signal(2))
    with pytest.raises(TrainingInterrupted):
        train(tiny.experiment(6, log_every=1), run_dir=stopped)
    monkeypatch.undo()
    tiny.register(monkeypatch)
    tiny.in_update(monkeypatch, 3, lambda: (_ for _ in ()).throw(PpganError("photo.png", "cannot be read")))
    with pytest.raises(PpganError):
        train(tiny.experiment(6), run_dir=failed)
    assert read_record(stopped).state == "stopped"
    assert (read_record(failed).state, read_record(failed).error) == ("failed", "photo.png: cannot be read")
    assert "stopped at iteration 3" in (stopped / "report.html").read_text(encoding="utf-8")
    assert "photo.png: cannot be read" in (failed / "report.html").read_text(encoding="utf-8")
    (stopped / "run.lock").touch()
    assert read_record(stopped).state == "running"


def test_nan_is_found_in_the_log_and_told_by_the_report(tmp_path, monkeypatch):
    def broken(self: Any, batch: Any) -> dict[str, float]:
        return {"painter": float("nan") if self.iteration == 3 else 1.0}

    monkeypatch.setattr(tiny.TinyRecipe, "update", broken)
    run = tmp_path / "run"
    with pytest.raises(PpganError, match="loss painter is nan"):
        train(tiny.experiment(6, log_every=1), run_dir=run)
    assert read_record(run).not_finite == NotFinite(3, "painter")
    assert "Start again: the numbers broke down at iteration 3." in (run / "report.html").read_text(encoding="utf-8")


def test_lines_that_are_damaged_are_left_out_and_those_lost_in_a_crash_too(tmp_path):
    path = tmp_path / "metrics.jsonl"
    texts = [line(1), "{", '"text"', '{"iteration": "2"}', line(3), line(5), line(4), "\0\0", line(6)[:9]]
    path.write_text("\n".join(texts), encoding="utf-8")
    assert [item["iteration"] for item in read_lines(path)] == [1, 3, 4]
    assert read_lines(tmp_path / "none") == []


@pytest.mark.parametrize("name", ["config.yaml", "environment.json", "data.txt", "train.log", "metrics.jsonl"])
@pytest.mark.parametrize(
    "content", [b"", b"\0\0\0", b"\xff\xfe", b"[1, {", b"[[1]]", b'{"a": 1}', b"- - -\n: : :", b"[null]"]
)
def test_no_damaged_file_of_a_run_stops_a_report(tmp_path, name, content):
    run = made(tmp_path / "run")
    (run / name).write_bytes(content)
    assert b"</html>" in render([Section.of(read_record(run), Shots(run / "previews").shots())])


@pytest.mark.parametrize(
    "config",
    [{"recipe": 3, "data": [], "train": None}, {"loader": {"batch_size": "two"}, "train": {"iterations": "x"}}],
)
def test_no_setting_of_another_kind_stops_a_report(config):
    assert "</html>" in html(Record(config=config, seconds=Curve.of([(1, 1.0), (2, 2.0)])))


def test_a_folder_without_a_run_is_refused(tmp_path, capsys):
    with pytest.raises(UsageError, match="holds no run"):
        read_record(tmp_path)
    assert cli.main(["report", str(tmp_path)]) == 2
    assert cli.main(["report", str(tmp_path / "none")]) == 2
    assert "is no folder" in capsys.readouterr().err


# The page


def test_every_text_is_there_in_every_language_with_the_same_values():
    fields = {
        language: {key: sorted(re.findall(r"{(\w+)}", text)) for key, text in texts.items()}
        for language, texts in TEXTS.items()
    }
    assert fields["en"] == fields["zh"]


def test_every_judgement_and_every_advice_has_its_texts():
    source = Path(rules.__file__).read_text(encoding="utf-8")
    judged = {*re.findall(r'Judgement\(\s*"(\w+)"', source), *(code for code, _ in rules.ADVICE)}
    assert len(judged) > 20
    for code in judged | {"diverse", "losses_flat"}:
        assert f"judge_{code}" in TEXTS["en"] and f"judge_{code}_evidence" in TEXTS["en"], code
    advised = (
        {advice for _, advice in rules.ADVICE} | {*rules.AFTER_THE_END.values()} | {"wait_for_rate", "cannot_tell"}
    )
    for code in advised:
        assert f"advice_{code}" in TEXTS["en"] and f"advice_{code}_why" in TEXTS["en"], code
    unused = {key for key in TEXTS["en"] if key.startswith("judge_")}
    assert {key for key in unused if re.sub("_(evidence|try)$", "", key[6:]) not in judged | {"losses_flat"}} == set()


def test_a_text_has_its_numbers_as_people_write_them():
    values = {"name": "l1", "iteration": 12000, "rate": 2e-4}
    assert (
        text_of("en", "judge_not_finite_evidence", values) == "l1 at iteration 12,000; the learning rate was 2.00e-4."
    )
    assert text_of("zh", "judge_not_finite_evidence", values) == "第 12,000 次迭代的 l1；当时学习率为 2.00e-4。"
    assert text_of("en", "nothing", values) == ""


def test_names_from_files_are_escaped():
    bad = '<script>alert("x")</script>&\'"'
    record = Record(
        name=bad,
        config={"recipe": {"name": bad}, "train": {"init_from": bad}, bad: bad},
        starts=[{"iteration": 0, "command": bad, "host": bad, "device": bad}],
        losses={bad: Curve.of([(1, 1.0), (2, 2.0)])},
        validation={bad: Curve.of([(1, 1.0)])},
        findings=[DataFinding("warning", bad, 1, bad)],
        data_counts={bad: 1},
        error=bad,
        best=bad,
    )
    text = html(record)
    assert "<script>alert" not in text and "alert(&#34;x&#34;)" in text
    assert "</script>alert" not in text and 'alert("x")</script>' not in text


def test_a_page_loads_nothing_and_may_not():
    text = html(Record())
    assert "default-src 'none'" in text
    assert not re.search(r"""(?:src|href|url\()\s*=?\s*["']?\s*(?:https?:|//|file:)""", text)


def test_a_name_that_is_no_unicode_is_written_all_the_same():
    assert b"caf?" in render([Section.of(Record(name="caf\udce9"))])


def test_a_chart_has_raw_values_their_mean_and_a_table_with_both_ends():
    curve = Curve.of([(10 * number, float(number % 7)) for number in range(1, 101)])
    chart = draw_chart("loss", {"l1": curve}, name="l1")
    assert chart is not None
    [drawn] = chart.lines
    assert len(drawn.raw.split()) == len(drawn.mean.split()) == 100
    assert len(drawn.points) == 100 and chart.table[0] == [10, 1.0] and chart.table[-1] == [1000, 2.0]
    assert len(chart.table) == 12
    ticks = [tick.text for tick in chart.x_ticks]
    assert ticks[0] == "0" and ticks[-1] == "1k"
    assert draw_chart("loss", {"l1": Curve.of([(1, None)])}) is None


def test_rare_outliers_and_the_start_do_not_flatten_a_curve():
    values = np.full(400, 1.0) + np.linspace(0, 0.1, 400)
    values[:5], values[200] = 900, 1e6
    chart = draw_chart("loss", {"l1": Curve.of(list(enumerate(values.tolist(), 1)))}, smooth=False)
    assert chart is not None
    assert float(chart.y_ticks[-1].text) < 2


@pytest.mark.parametrize(("low", "high"), [(0, 1), (0.1, 0.1001), (-3, 700), (1e-9, 2e-9), (5, 5), (0, 0)])
def test_ticks_are_round_and_span_the_range(low, high):
    ticks = nice_ticks(low, high, 5)
    assert 2 <= len(ticks) <= 8
    assert ticks[0] <= low + 1e-12 and ticks[-1] >= high - 1e-12


def test_a_chart_of_one_point_and_of_a_constant_can_be_drawn():
    text = html(
        Record(losses={"l1": Curve.of([(5, 2.0)])}, validation={"psnr": Curve.of([(1, 0.0), (2, 0.0)])}, best="psnr")
    )
    assert "<circle" in text and "nan" not in text.split("<main>")[1].split("<script>")[0]


# Previews


def test_previews_are_chosen_evenly_and_none_anew():
    chosen: set[int] = set()
    for count in range(1, 200):
        now = spread(list(range(count)))
        assert len(now) <= MOST_PICTURES and now[0] == 0 and now[-1] == count - 1
        assert {*now[:-1]} <= {*chosen, count - 2} | {*now[-2:]}
        chosen |= {*now}


def test_a_preview_is_a_small_jpeg_without_the_row_of_captions(tmp_path):
    path = tmp_path / "0000001.png"
    samples = [{"a": np.zeros((1, 3, 500, 900), np.float32), "fake_b": np.ones((1, 3, 500, 900), np.float32)}] * 4
    path.write_bytes(draw_preview(samples).encode())
    shot = encode(path, 1)
    assert shot is not None and max(shot.width, shot.height) == MOST_PX
    image = Image.open(io.BytesIO(base64.b64decode(shot.uri.partition(",")[2])))
    assert image.format == "JPEG" and image.size == (shot.width, shot.height)
    assert image.getpixel((10, 2))[0] < 60  # a picture, not the white of captions
    assert [name for name, _ in shot.columns] == ["a", "fake_b"]
    assert sum(share for _, share in shot.columns) == pytest.approx(1)


@pytest.mark.parametrize("content", [b"", b"\x89PNG\r\n\x1a\nrest", b"no picture"])
def test_a_preview_that_cannot_be_read_is_left_out(tmp_path, content):
    (tmp_path / "0000001.png").write_bytes(content)
    Image.new("RGB", (30, 20)).save(tmp_path / "0000002.png")  # of an earlier version: without a layout
    (tmp_path / "notes.txt").touch()
    [shot] = Shots(tmp_path).shots()
    assert (shot.iteration, shot.columns, shot.height) == (2, (), 20)
    assert Shots(tmp_path / "none").shots() == []


def test_a_renewal_reads_only_previews_that_are_new(tmp_path, monkeypatch):
    run = made(tmp_path / "run", previews=5)
    shots, read = Shots(run / "previews"), []
    monkeypatch.setattr(pictures, "encode", lambda path, iteration: read.append(iteration) or encode(path, iteration))
    assert [shot.iteration for shot in shots.shots(at_most=2)] == [31, 41]
    assert [shot.iteration for shot in shots.shots(at_most=2)] == [11, 21, 31, 41]
    assert len(shots.shots()) == 5
    assert read == [41, 31, 21, 11, 1]


# A training


def test_a_training_renews_its_report_at_validations_and_at_its_end(tmp_path, monkeypatch):
    run, seen = tmp_path / "run", []
    renew = reporter.Reporter.renew
    monkeypatch.setattr(reporter, "_COST_SHARE", 1e9)
    monkeypatch.setattr(
        reporter.Reporter, "renew", lambda self, state, error="": (seen.append(state), renew(self, state, error))
    )
    train(tiny.experiment(6, log_every=1, validation={"every": 2}), run_dir=run)
    assert seen == ["running", "running", "running", "finished"]
    assert "finished: iteration 6 of 6" in (run / "report.html").read_text(encoding="utf-8")


def test_renewals_take_a_small_share_of_the_time(tmp_path, monkeypatch):
    now = [0.0]
    monkeypatch.setattr(reporter.time, "monotonic", lambda: now[0])
    renewals = []

    def slow(sections: Any) -> bytes:
        renewals.append(now[0])
        now[0] += 0.1
        return b""

    monkeypatch.setattr(reporter, "render", slow)
    writer = reporter.Reporter(tmp_path, {})
    for number in range(1, 101):
        now[0] += 0.2
        writer.line({"iteration": number, "validation": {"psnr": 1.0}})
        writer.line({"iteration": number, "losses": {"l1": 1.0}})
    assert 8 <= len(renewals) <= 11


def test_a_resumed_run_continues_its_curves_and_marks_the_place(tmp_path):
    run = tmp_path / "run"
    train(tiny.experiment(4, log_every=1), run_dir=run)
    train(tiny.experiment(8, log_every=1), run_dir=run, resume=True)
    record = read_record(run)
    assert record.losses["painter"].iterations.tolist() == [1, 2, 3, 4, 5, 6, 7, 8]
    assert record.resumes == [4]
    text = (run / "report.html").read_text(encoding="utf-8")
    assert "finished: iteration 8 of 8" in text and ">resumed<" in text


@pytest.mark.parametrize("fault", [RuntimeError("no page"), OSError(28, "No space left on device"), MemoryError()])
def test_a_report_that_fails_is_one_warning_and_changes_nothing(tmp_path, monkeypatch, capsys, fault):
    config = tiny.experiment(6, log_every=1, preview_every=2, validation={"every": 1})
    train(config, run_dir=tmp_path / "good")
    capsys.readouterr()

    def fail(*arguments: Any, **options: Any) -> bytes:
        raise fault

    monkeypatch.setattr(reporter, "render", fail)
    monkeypatch.setattr(reporter, "_COST_SHARE", 1e9)
    train(config, run_dir=tmp_path / "bad")
    err = capsys.readouterr().err
    assert err.count("the training goes on") == 1 and "Traceback" not in err
    assert not (tmp_path / "bad/report.html").exists()
    assert tiny.tensors_of(tmp_path / "bad/latest.ppgan") == tiny.tensors_of(tmp_path / "good/latest.ppgan")
    assert tiny.losses_of(tmp_path / "bad") == tiny.losses_of(tmp_path / "good")


def test_without_jinja2_a_training_runs_and_the_verb_says_what_to_install(tmp_path, monkeypatch, capsys):
    page._template.cache_clear()
    monkeypatch.setitem(__import__("sys").modules, "jinja2", None)
    run = tmp_path / "run"
    assert train(tiny.experiment(2), run_dir=run).is_file()
    assert cli.main(["report", str(run)]) == 1
    assert 'pip install "ppgan-lite[cpu]"' in capsys.readouterr().err
    page._template.cache_clear()


# The verb


def test_the_verb_writes_the_report_of_a_run_that_has_none(tmp_path, capsys):
    run = made(tmp_path / "run")
    assert cli.main(["report", str(run), "--lang", "zh"]) == 0
    assert str(run / "report.html") in capsys.readouterr().err
    text = (run / "report.html").read_text(encoding="utf-8")
    assert '<html lang="zh" data-fixed>' in text and text.count("data:image/jpeg") == 3
    assert cli.main(["report", str(run)]) == 0  # its own report may be renewed


def test_several_runs_are_compared_on_one_page(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    one, other = made(tmp_path / "one"), made(tmp_path / "other", lines=20)
    same_name = made(tmp_path / "deep/one")
    (other / "config.yaml").write_text("recipe: {name: Pix2Pix}\ntrain: {iterations: 20}\n", encoding="utf-8")
    assert cli.main(["report", str(one), str(other), str(same_name)]) == 0
    text = (tmp_path / "comparison.html").read_text(encoding="utf-8")
    assert "<h1>one, other, one (2)</h1>" in text
    assert "<code>train.iterations</code></th><td>40</td><td>20</td><td>40</td>" in text
    assert cli.main(["report", str(one), str(other)]) == 2
    assert "exists already" in capsys.readouterr().err
    assert cli.main(["report", str(one), str(other), "--overwrite"]) == 0


def test_json_has_the_judgements_with_their_numbers_and_writes_nothing(tmp_path, capsys):
    run = made(tmp_path / "run")
    assert cli.main(["report", str(run), "--json"]) == 0
    [found] = json.loads(capsys.readouterr().out)
    assert (found["iteration"], found["advice"], found["text"]) == (40, "go_on", "Go on: the results still improve.")
    codes = {judgement["code"]: judgement for judgement in found["judgements"]}
    assert codes["improving"]["values"]["best"] == 24.0
    assert "from 20.5 (iteration 5) to 24 (iteration 40)" in codes["improving"]["evidence"]
    assert not (run / "report.html").exists()


# In a browser


@pytest.fixture
def shown(tmp_path: Path, page: Any) -> Any:
    """Return a page of a browser that shows the report of a run."""
    run = made(tmp_path / "run")
    page.prefer(languages=("en-US",))
    page.open(_written(run))
    return page


def _written(run: Path) -> Path:
    assert cli.main(["report", str(run)]) == 0
    return run / "report.html"


def test_the_page_opens_without_errors_and_asks_for_nothing_else(shown):
    assert shown.errors == []
    assert [address for address in shown.addresses if not address.startswith("data:")] == [shown.js("location.href")]
    assert "Go on: the results still improve." in shown.text("main")


def test_curves_are_drawn_and_can_be_read_off(shown):
    assert shown.js("[...document.querySelectorAll('.plot .mean')].every(line => line.getTotalLength() > 20)")
    assert shown.js("document.querySelectorAll('.chart').length") == 5
    box = shown.js(
        "(() => {const plot = document.querySelector('.plot'); plot.scrollIntoView({block: 'center'});"
        "const box = plot.getBoundingClientRect(); return [box.x + 0.99 * box.width, box.y + 50]})()"
    )
    shown.send("Input.dispatchMouseEvent", type="mouseMoved", x=box[0], y=box[1])
    assert shown.wait_for("document.querySelector('.readout').textContent").startswith("40: 24")
    shown.js("document.querySelector('.plot').focus()")
    shown.press("Home")
    assert shown.text(".readout").startswith("5: 20.5")
    shown.press("ArrowRight")
    assert shown.text(".readout").startswith("10: 21")


def test_the_slider_moves_through_the_previews(shown):
    visible = (
        "[...document.querySelectorAll('.previews img')].filter(image => image.offsetWidth > 0)"
        ".map(image => image.dataset.iteration)"
    )
    assert shown.js(visible) == ["21"]
    assert shown.js("[...document.images].every(image => image.complete && image.naturalWidth > 0)")
    shown.js("document.querySelector('.slider input').focus()")
    shown.press("Home")
    assert shown.js(visible) == ["1"] and "Iteration 1" in shown.text(".at")
    shown.click(".slider [data-step='1']")
    assert shown.js(visible) == ["11"]
    assert "a translated to b" in shown.text(".captions")


def test_the_language_follows_the_browser_and_the_switch(shown, tmp_path):
    assert shown.text("h2") == "Whether to go on"
    shown.click("[data-language=zh]")
    assert shown.text("h2") == "要不要继续" and shown.js("document.documentElement.lang") == "zh"
    assert "Whether" not in shown.text("main")
    shown.js("localStorage.clear()")
    shown.prefer(languages=("zh-CN", "en"))
    shown.open(tmp_path / "run/report.html")
    assert shown.text("h2") == "要不要继续"


def test_it_is_dark_where_that_is_wished_and_light_on_paper(shown):
    background = "getComputedStyle(document.body).backgroundColor"
    shown.prefer(dark=True)
    assert shown.js(background) == "rgb(20, 24, 27)"
    dark = [{"name": "prefers-color-scheme", "value": "dark"}]
    shown.send("Emulation.setEmulatedMedia", media="print", features=dark)
    assert shown.js(background) == "rgb(255, 255, 255)"
    verdict = "getComputedStyle(document.querySelector('.verdict')).backgroundColor"
    assert min(map(int, re.findall(r"\d+", shown.js(verdict)))) > 200
    assert shown.js("document.querySelector('.slider').offsetWidth") == 0


@pytest.mark.parametrize("width", [320, 500, 1000, 1600])
def test_nothing_is_wider_than_the_page(shown, width):
    shown.resize(width, 800)
    shown.js("document.querySelectorAll('details').forEach(details => {details.open = true})")
    assert shown.js("document.documentElement.scrollWidth") <= width


def test_a_comparison_has_a_line_for_each_run(tmp_path, page):
    runs = [made(tmp_path / name) for name in ("one", "two")]
    assert cli.main(["report", *map(str, runs), "-o", str(tmp_path / "both.html")]) == 0
    page.prefer(languages=("en-US",))
    page.open(tmp_path / "both.html")
    assert page.errors == []
    assert page.js("document.querySelectorAll('.chart:first-child .plot .mean').length") == 2
    assert page.text(".legend").split() == ["one", "two"]
