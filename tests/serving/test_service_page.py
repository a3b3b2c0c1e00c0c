"""The page for people, in a real browser: drop a photo, pick a style, slide, compare, download."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from browser import Page
from service_bench import FakePredictors, Service, png, running

from ppgan_lite.images import read_image
from ppgan_lite.serving.served import find_served
from ppgan_lite.serving.service import Limits

SHOWN = "!document.querySelector('#after').hidden"
IDLE = "document.querySelector('#busy').hidden"


@pytest.fixture
def shown(page: Page) -> Iterator[Service]:
    """Show the page of a service with all styles, whose predictor is a fake; return the service."""
    with running(find_served([], []), FakePredictors(), Limits(upload_bytes=1_000_000)) as service:
        page.open(str(service.base_url))
        page.wait_for("document.querySelectorAll('#styles input').length > 5")
        yield service


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "a photo.png"
    path.write_bytes(png(60, 40))
    return path


def pick(page: Page, style: str) -> None:
    page.click(f"#styles label:has([value={style}]) b")


def slide(page: Page, percent: int) -> None:
    page.js(
        f"(slider => {{ slider.value = {percent}; for (const name of ['input', 'change'])"
        "slider.dispatchEvent(new Event(name)); })(document.querySelector('#strength'))"
    )


def test_a_photo_is_dropped_painted_compared_and_downloaded(
    page: Page, shown: Service, photo: Path, tmp_path: Path
) -> None:
    page.drop_files("#drop", photo)
    page.wait_for("!document.querySelector('#pictures').hidden")
    assert shown.predictor.calls == []  # no style is picked yet
    pick(page, "great_wave")
    page.wait_for(SHOWN)
    assert shown.predictor.calls == [{"strength": 1.0, "keep_colors": False, "brush": None}]

    before = page.screenshot(tmp_path / "before.png", whole=False)
    page.js("document.querySelector('#compare').focus()")
    page.press("End")
    assert page.js("getComputedStyle(document.querySelector('#after')).clipPath") == "inset(0px 0px 0px 100%)"
    assert (read_image(before)[0] != read_image(page.screenshot(tmp_path / "after.png", whole=False))[0]).any()

    page.save_downloads(tmp_path / "saved")
    page.click("#download")
    saved = tmp_path / "saved" / "a photo_great_wave.png"
    ends = time.monotonic() + 20
    while not saved.is_file():
        assert time.monotonic() < ends
        time.sleep(0.02)
    np.testing.assert_array_equal(read_image(saved)[0], 255 - read_image(photo)[0])
    assert page.errors == []
    base = (f"{shown.base_url}", f"blob:{shown.base_url}".rstrip("/"), "data:")
    assert [address for address in page.addresses if not address.startswith(base)] == []


def test_each_change_paints_again_and_stops_what_is_painted(page: Page, shown: Service, photo: Path) -> None:
    page.set_files("#photo", photo)
    shown.predictor.gate.clear()
    pick(page, "great_wave")
    shown.predictor.wait_for_calls(1)
    assert page.text("#busy") == "Painting…"
    slide(page, 40)
    assert shown.predictor.stopped.wait(20)  # the first is given up
    shown.predictor.gate.set()
    page.wait_for(f"{SHOWN} && {IDLE}")
    page.click("#keep")
    page.wait_for(IDLE)
    wanted = [(1.0, False), (0.4, False), (0.4, True)]
    page.wait_for(f"{SHOWN} && {IDLE}")
    assert [(call["strength"], call["keep_colors"]) for call in shown.predictor.calls] == wanted
    assert page.errors == []


def test_errors_and_a_busy_service_are_told(page: Page, shown: Service, photo: Path, tmp_path: Path) -> None:
    pick(page, "great_wave")
    large, broken = tmp_path / "large.png", tmp_path / "broken.tif"
    large.write_bytes(bytes(1_500_000))
    page.set_files("#photo", large)
    page.wait_for("!document.querySelector('#error').hidden")
    assert page.text("#error") == "This file has more than 1 MB. Scale the photo down, or save it as JPEG"
    broken.write_bytes(b"words")
    page.set_files("#photo", broken)
    page.wait_for("document.querySelector('#error').innerText.includes('broken.tif')")
    assert page.text("#error").startswith("broken.tif: is not a picture of a known kind")
    page.set_files("#photo", photo)
    page.wait_for(SHOWN)
    assert page.js("document.querySelector('#error').hidden")


def test_a_refused_photo_is_sent_again(page: Page, photo: Path) -> None:
    with running(find_served(["great_wave"], []), FakePredictors(), Limits(threads=1, waiting=0)) as service:
        page.open(str(service.base_url))
        page.wait_for("document.querySelectorAll('#styles input').length")
        service.predictor.gate.clear()
        pick(page, "great_wave")
        page.set_files("#photo", photo)
        service.wait_for_photos(1)
        page.js("window.first = state.request; state.request = null; paint(); 0")  # as from a second page
        page.wait_for("document.querySelector('#error').innerText.startsWith('The service is busy')")
        service.predictor.gate.set()
        page.wait_for(f"{SHOWN} && {IDLE}")
        assert len(service.predictor.calls) == 2


def test_a_painting_of_the_users_own_is_asked_for(page: Page, shown: Service, photo: Path, tmp_path: Path) -> None:
    page.set_files("#photo", photo)
    pick(page, "any")
    page.wait_for("!document.querySelector('#painting-row').hidden")
    assert shown.predictor.calls == []
    page.set_files("#painting", photo)
    page.wait_for(SHOWN)
    assert shown.predictor.paintings[0].shape == (40, 60, 3)


@pytest.mark.parametrize("width", [400, 900, 1600])
def test_nothing_is_cut_off_at_any_width(page: Page, shown: Service, photo: Path, width: int) -> None:
    page.resize(width, 800)
    page.set_files("#photo", photo)
    pick(page, "great_wave")
    page.wait_for(SHOWN)
    assert page.js("document.documentElement.scrollWidth") == width
    texts = "[...document.querySelectorAll('header *, #controls .row *, .button')]"
    cut = "getComputedStyle(e).display !== 'inline' && e.scrollWidth > e.clientWidth + 1"
    assert page.js(f"{texts}.filter(e => {cut}).map(e => e.outerHTML)") == []


def test_it_speaks_chinese_and_is_dark_where_the_browser_is(page: Page, shown: Service) -> None:
    page.prefer(dark=True, languages=("zh-CN", "zh"))
    page.open(str(shown.base_url))
    page.wait_for("document.querySelectorAll('#styles input').length > 5")
    assert page.js("[document.documentElement.lang, document.title]") == ["zh-CN", "照片变画作"]
    assert page.text("#download") == "下载"
    assert "星月夜" in page.text("#styles")
    assert page.js("getComputedStyle(document.body).backgroundColor") == "rgb(25, 24, 23)"
    # Every text is there in both languages.
    assert page.js("Object.keys(TEXTS.en).join() === Object.keys(TEXTS.zh).join()")
    assert "undefined" not in page.text()


def test_the_page_of_the_api_needs_no_network(page: Page, shown: Service) -> None:
    page.open(f"{shown.base_url}/docs")
    page.wait_for("document.querySelectorAll('.opblock').length >= 7")
    assert [address for address in page.addresses if not address.startswith((str(shown.base_url), "data:"))] == []
    assert page.errors == []
