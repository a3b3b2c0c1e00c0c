"""The browser that tests of pages use, on a small page: what it tells of a page must be true."""

from __future__ import annotations

from pathlib import Path

import pytest
from browser import Page

from ppgan_lite.images import read_image

PAGE = """<!doctype html><meta charset="utf-8"><title>A page</title>
<style>body { margin: 0; background: white } @media (prefers-color-scheme: dark) { body { background: black } }</style>
<button onclick="this.textContent = 'clicked'">button</button> <input type="file" multiple>
<div id="zone" style="height: 100px" ondragover="event.preventDefault()"
  ondrop="event.preventDefault(); this.textContent = event.dataTransfer.files[0].name"></div>
<a id="save" download="saved.txt" href="data:text/plain,hello">save</a>
<p style="height: 2000px"></p><p id="low" onclick="this.textContent = 'reached'">low</p>
"""


@pytest.fixture
def file(tmp_path: Path, page: Page) -> Path:
    path = tmp_path / "a page.html"
    path.write_text(PAGE, encoding="utf-8")
    page.open(path)
    return path


def test_it_runs_javascript_and_waits(page: Page, file: Path) -> None:
    assert page.js("document.title") == "A page"
    assert page.js("Promise.resolve({a: [1, null]})") == {"a": [1, None]}
    page.js("setTimeout(() => window.ready = 'yes', 50)")
    assert page.wait_for("window.ready") == "yes"
    with pytest.raises(RuntimeError, match="nothing is not defined"):
        page.js("nothing")
    with pytest.raises(TimeoutError, match=r"not true within 0\.1 s: false"):
        page.wait_for("false", timeout_s=0.1)


def test_it_clicks_uploads_and_drops(page: Page, file: Path) -> None:
    page.click("button")
    assert page.text("button") == "clicked"
    page.click("#low")
    assert page.text("#low") == "reached"
    page.set_files("input", file, file)
    assert page.js("document.querySelector('input').files.length") == 2
    page.drop_files("#zone", file)
    assert page.wait_for("document.querySelector('#zone').innerText") == "a page.html"


def test_it_saves_downloads(page: Page, file: Path, tmp_path: Path) -> None:
    page.save_downloads(tmp_path / "saved")
    page.click("#save")
    for _ in range(200):
        if (tmp_path / "saved/saved.txt").is_file():
            break
        page.js("new Promise(done => setTimeout(done, 20))")
    assert (tmp_path / "saved/saved.txt").read_text() == "hello"


def test_its_pictures_have_the_size_and_the_look_that_were_asked_for(page: Page, file: Path, tmp_path: Path) -> None:
    page.resize(320, 240)
    light, _ = read_image(page.screenshot(tmp_path / "light.png", whole=False))
    page.prefer(dark=True)
    dark, _ = read_image(page.screenshot(tmp_path / "dark.png"))
    assert light.shape == (240, 320, 3)
    assert dark.shape[1] == 320
    assert dark.shape[0] > 2000
    assert (light[-1].min(), dark[-1].max()) == (255, 0)


def test_it_tells_languages_errors_and_addresses(page: Page, file: Path) -> None:
    page.prefer(languages=("zh-CN", "zh"))
    page.open(file)
    assert page.js("navigator.languages") == ["zh-CN", "zh"]
    assert page.errors == []
    assert page.addresses == [file.as_uri()] * 2
    page.js("setTimeout(() => { throw new Error('broken page') })")
    page.wait_for("new Promise(done => setTimeout(done, 20, true))")
    assert "broken page" in page.errors[0]
    with pytest.raises(RuntimeError, match="ERR_FILE_NOT_FOUND"):
        page.open(file.with_name("none.html"))
