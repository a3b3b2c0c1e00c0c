"""VisualDL: files of a run, the server, and its page in a real browser."""

from __future__ import annotations

import contextlib
import json
import os
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import tiny

from ppgan_lite.errors import MissingDependencyError, UsageError
from ppgan_lite.training import train
from ppgan_lite.training.board import serve_board

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Path:
    """Return a run that wrote for VisualDL, and was resumed."""
    folder = tmp_path_factory.mktemp("board") / "run"
    settings = {"preview_every": 2, "visualdl": True, "histograms": True, "log_every": 1, "validation": {"every": 2}}
    with pytest.MonkeyPatch.context() as context:
        tiny.register(context)
        train(tiny.experiment(2, **settings), run_dir=folder)
        train(tiny.experiment(4, **settings), run_dir=folder, resume=True)
    return folder


@contextlib.contextmanager
def served(run: Path, number: int = signal.SIGINT) -> Iterator[str]:
    """Start `paddlegan board`; yield the address that it names, and end it by a signal."""
    command = [sys.executable, "-m", "ppgan_lite", "board", str(run), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as board:
        assert board.stderr
        line = board.stderr.readline()
        assert line.endswith("/ (Ctrl-C ends it)\n"), line
        yield line.split("/ (")[0]
        board.send_signal(number)
        assert board.wait(timeout=20) == 130


def get(address: str, **query: str) -> str:
    # A client that names no language, as curl.
    with urllib.request.urlopen(f"{address}?{urllib.parse.urlencode(query)}", timeout=20) as answer:
        return answer.read().decode("utf-8")


def losses(run: Path) -> dict[int, float]:
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text(encoding="utf-8").splitlines()]
    return {line["iteration"]: line["losses"]["painter"] for line in lines if "losses" in line}


def test_the_server_gives_every_number_picture_and_histogram_of_a_run(run):
    with served(run) as address:
        api = f"{address}/app/api"
        starts = json.loads(get(f"{api}/runs"))["data"]
        assert sorted(Path(start).name for start in starts) == ["from_0000002", "start"]
        found = {}
        for start in starts:
            rows = get(f"{api}/scalar/data", run=start, tag="losses/painter", type="tsv").splitlines()[1:]
            found |= {int(row.split("\t")[0]): float(row.split("\t")[3]) for row in rows}
        assert found == pytest.approx(losses(run))
        tags = json.loads(get(f"{api}/scalar/tags"))["data"]["tags"][0]
        assert {"lr/judge", "validation/error", "speed/data_share"} < set(tags)
        assert json.loads(get(f"{api}/image/tags"))["data"]["tags"] == [["preview"], ["preview"]]
        assert "painter/first.weight" in json.loads(get(f"{api}/histogram/tags"))["data"]["tags"][0]
        assert sorted(json.loads(get(f"{api}/component_tabs"))["data"]) == ["histogram", "image", "scalar"]
        page = get(f"{address}/app/index")
        assert "<title>VisualDL</title>" in page
        assert "63a600296f8a71f576c4806376a9245b" not in page  # the number that its telemetry goes by


class Browser:
    """A headless Chromium, driven through a pipe (Chrome DevTools Protocol)."""

    def __init__(self, profile: Path) -> None:
        read_end, self._commands = os.pipe()
        self._answers, write_end = os.pipe()
        flags = ["--headless=new", "--no-sandbox", "--disable-gpu", f"--user-data-dir={profile}"]
        # Its pipe is file descriptors 3 and 4.
        start = f"import os, sys; os.dup2({read_end}, 3); os.dup2({write_end}, 4); os.execv(sys.argv[1], sys.argv[1:])"
        self._process = subprocess.Popen(
            [sys.executable, "-c", start, str(CHROMIUM), *flags, "--remote-debugging-pipe", "about:blank"],
            pass_fds=(read_end, write_end),
            stderr=subprocess.DEVNULL,
        )
        os.close(read_end)
        os.close(write_end)
        self._unread, self._number, self._session = b"", 0, None
        targets = self.call("Target.getTargets")["targetInfos"]
        page = next(target["targetId"] for target in targets if target["type"] == "page")
        self._session = self.call("Target.attachToTarget", targetId=page, flatten=True)["sessionId"]

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        os.write(self._commands, json.dumps(message | ({"sessionId": self._session} if self._session else {})).encode())
        os.write(self._commands, b"\0")
        while True:
            while b"\0" not in self._unread:
                assert select.select([self._answers], [], [], 30)[0], f"the browser does not answer to {method}"
                read = os.read(self._answers, 1 << 16)
                assert read, "the browser has gone"
                self._unread += read
            answer, _, self._unread = self._unread.partition(b"\0")
            if (found := json.loads(answer)).get("id") == self._number:
                return found["result"]

    def value(self, expression: str) -> Any:
        return self.call("Runtime.evaluate", expression=expression, returnByValue=True)["result"].get("value")

    def wait_for(self, expression: str) -> Any:
        for _ in range(200):
            if value := self.value(expression):
                return value
            time.sleep(0.1)
        raise AssertionError(f"the page never had {expression}: {self.value('document.body.innerText')}")

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._commands)
        os.close(self._answers)


@pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on this machine")
def test_a_loss_can_be_read_off_the_page_in_a_browser(run, tmp_path):
    with served(run) as address, contextlib.closing(Browser(tmp_path)) as browser:
        browser.call("Page.navigate", url=f"{address}/app/scalar")
        rectangle = "document.querySelector('canvas')?.getBoundingClientRect()"
        chart = json.loads(browser.wait_for(f"JSON.stringify({rectangle})"))  # losses/painter is the first one
        rows = "[...document.querySelectorAll('tr')].map(row => row.innerText).join('\\n')"
        told = None
        for place in range(200):
            share = 0.4 + place % 10 / 50
            x, y = chart["x"] + chart["width"] * share, chart["y"] + chart["height"] / 2
            browser.call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)
            # The columns: which start, smoothed, value, iteration.
            if told := re.search(r"visualdl/\w+\t[\d.]+\t([\d.]+)\t(\d+)\t", browser.value(rows)):
                break
            time.sleep(0.1)
        assert told
        assert float(told[1]) == pytest.approx(losses(run)[int(told[2])], abs=1e-4)


def test_a_folder_without_anything_for_visualdl_is_told(tmp_path):
    with pytest.raises(UsageError) as caught:
        serve_board(tmp_path, host="127.0.0.1", port=0, ready=print)
    assert str(caught.value) == (
        f"{tmp_path}: holds nothing for VisualDL; expected a run with a visualdl folder. Train with"
        " -o train.visualdl=true; the numbers of every run are in its metrics.jsonl too"
    )


def test_a_port_that_is_taken_is_told(run):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(UsageError, match=rf"^127\.0\.0\.1:{port}: cannot be listened at .* --port"):
            serve_board(run, host="127.0.0.1", port=port, ready=print)


def test_visualdl_that_is_not_installed_is_told_before_the_first_iteration(tmp_path, monkeypatch):
    tiny.register(monkeypatch)
    monkeypatch.setitem(sys.modules, "visualdl", None)
    with pytest.raises(MissingDependencyError, match=r"^train\.visualdl: VisualDL is not installed\. Install it with"):
        train(tiny.experiment(1, visualdl=True), run_dir=tmp_path)
    assert not (tmp_path / "metrics.jsonl").exists()
