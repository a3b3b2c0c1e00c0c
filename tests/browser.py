"""A real Chromium without a window, for tests of pages: opens, runs JavaScript, waits, clicks, uploads, takes pictures.

Speaks the DevTools protocol through two pipes, so that nothing but the browser itself is needed. Tests take the fixture
`page` of conftest.py, which skips where no Chromium is installed.
"""

from __future__ import annotations

import base64
import json
import os
import select
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

# Debian's smallest comes first; the others are what people have.
NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

# Run as root, as CI does, Chromium refuses its sandbox; the pages are our own. Containers have a small /dev/shm.
OPTIONS = (
    "--headless",
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--hide-scrollbars",
    "--no-first-run",
    "--remote-debugging-pipe",
)

# The browser reads its orders from file descriptor 3 and answers on 4; a child of `subprocess` cannot be given numbers.
EXEC = "import os, sys; os.dup2(int(sys.argv[1]), 3); os.dup2(int(sys.argv[2]), 4); os.execv(sys.argv[3], sys.argv[3:])"


def find_chromium() -> str | None:
    """Return the path of an installed Chromium or Chrome: the one that the variable CHROMIUM names, or on the PATH."""
    named = os.environ.get("CHROMIUM")
    return named or next(filter(None, map(shutil.which, NAMES)), None)


class Chromium:
    """A running browser. Close it, or use it as a context."""

    def __init__(self, program: str) -> None:
        self._profile = tempfile.TemporaryDirectory(prefix="chromium_", ignore_cleanup_errors=True)
        to_browser, self._orders = os.pipe()
        self._answers, from_browser = os.pipe()
        ends = [os.dup(end) if end < 5 else end for end in (to_browser, from_browser)]
        self._log = open(Path(self._profile.name) / "log.txt", "wb")  # noqa: SIM115 - closed with the browser
        launcher = [sys.executable, "-SE", "-c", EXEC, *map(str, ends)]
        self._process = subprocess.Popen(
            [*launcher, program, *OPTIONS, f"--user-data-dir={self._profile.name}"],
            pass_fds=ends,
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
        )
        for end in {to_browser, from_browser, *ends}:
            os.close(end)
        self._number = 0
        self._unread = b""
        self.events: list[dict[str, Any]] = []

    def __enter__(self) -> Chromium:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def send(self, method: str, session: str | None = None, timeout_s: float = 60, **parameters: Any) -> dict[str, Any]:
        """Give an order of the DevTools protocol and return its result. Keeps the events that arrive meanwhile.

        Raises:
            RuntimeError: The browser refused.
            TimeoutError: It did not answer in time.
        """
        self._number += 1
        order = {"id": self._number, "method": method, "params": parameters}
        os.write(self._orders, json.dumps(order | ({"sessionId": session} if session else {})).encode() + b"\0")
        ends = time.monotonic() + timeout_s
        while True:
            message = self._read(ends)
            if message.get("id") != self._number:
                self.events.append(message)
            elif "error" in message:
                raise RuntimeError(f"{method}: {message['error']['message']}")
            else:
                return message["result"]

    def _read(self, ends: float) -> dict[str, Any]:
        while b"\0" not in self._unread:
            if not select.select([self._answers], [], [], max(0, ends - time.monotonic()))[0]:
                raise TimeoutError("Chromium did not answer")
            received = os.read(self._answers, 1 << 20)
            if not received:
                raise RuntimeError(f"Chromium ended: {Path(self._log.name).read_text(errors='replace')[-2000:]}")
            self._unread += received
        message, _, self._unread = self._unread.partition(b"\0")
        return json.loads(message)

    def close(self) -> None:
        """End the browser and remove its profile."""
        for end in (self._orders, self._answers):
            os.close(end)  # which it takes as the order to end
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._log.close()
        self._profile.cleanup()


class Page:
    """A tab with cookies and storage of its own. Times are in seconds, sizes in CSS pixels."""

    def __init__(self, chromium: Chromium) -> None:
        self._chromium = chromium
        self._context = chromium.send("Target.createBrowserContext")["browserContextId"]
        target = chromium.send("Target.createTarget", url="about:blank", browserContextId=self._context)["targetId"]
        self._session = chromium.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "DOM", "Log"):
            self.send(f"{domain}.enable")
        self.resize(1000, 800)

    def send(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Give this tab an order of the DevTools protocol and return its result."""
        return self._chromium.send(method, self._session, **parameters)

    def open(self, place: str | Path) -> None:
        """Show an address or a file, and wait until it is loaded."""
        address = place.resolve().as_uri() if isinstance(place, Path) else place
        failure = self.send("Page.navigate", url=address).get("errorText")
        if failure:
            raise RuntimeError(f"{address}: {failure}")
        self.wait_for("document.readyState === 'complete' && location.href !== 'about:blank'")

    def js(self, expression: str) -> Any:
        """Return the value of a JavaScript expression as JSON gives it; waits for a promise.

        Raises:
            RuntimeError: It threw.
        """
        done = self.send("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in done:
            details = done["exceptionDetails"]
            raise RuntimeError(details.get("exception", {}).get("description") or details["text"])
        return done["result"].get("value")

    def wait_for(self, condition: str, *, timeout_s: float = 30) -> Any:
        """Wait until a JavaScript expression is true, and return its value."""
        ends = time.monotonic() + timeout_s
        while not (value := self.js(condition)):
            if time.monotonic() > ends:
                raise TimeoutError(f"not true within {timeout_s} s: {condition}; errors: {self.errors}")
            time.sleep(0.03)
        return value

    def text(self, selector: str = "body") -> str:
        """Return the visible text of the first element that matches."""
        return self.js(f"document.querySelector({json.dumps(selector)}).innerText")

    def click(self, selector: str) -> None:
        """Click the middle of the first element that matches, with the mouse; scrolls there first."""
        x, y = self._middle(selector)
        for kind in ("mousePressed", "mouseReleased"):
            self.send("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def press(self, key: str) -> None:
        """Press and release a key that has a name, such as "Tab", "Enter" or "ArrowRight"."""
        code = {"Tab": 9, "Enter": 13, "Escape": 27, " ": 32, "ArrowLeft": 37, "ArrowRight": 39, "End": 35, "Home": 36}
        text = {"text": "\r"} if key == "Enter" else {"text": " "} if key == " " else {}
        self.send("Input.dispatchKeyEvent", type="keyDown", key=key, windowsVirtualKeyCode=code[key], **text)
        self.send("Input.dispatchKeyEvent", type="keyUp", key=key, windowsVirtualKeyCode=code[key])

    def set_files(self, selector: str, *files: Path) -> None:
        """Choose files in an `<input type=file>`, as a person does in its dialog."""
        node = self.send("DOM.querySelector", nodeId=self._root(), selector=selector)["nodeId"]
        self.send("DOM.setFileInputFiles", files=[str(file.resolve()) for file in files], nodeId=node)

    def drop_files(self, selector: str, *files: Path) -> None:
        """Drag files from outside over an element and drop them there."""
        x, y = self._middle(selector)
        data = {"items": [], "files": [str(file.resolve()) for file in files], "dragOperationsMask": 1}
        for kind in ("dragEnter", "dragOver", "drop"):
            self.send("Input.dispatchDragEvent", type=kind, x=x, y=y, data=data)

    def save_downloads(self, folder: Path) -> None:
        """Have downloads written into a folder."""
        self._chromium.send(
            "Browser.setDownloadBehavior",
            behavior="allow",
            browserContextId=self._context,
            downloadPath=str(folder.resolve()),
        )

    def resize(self, width: int, height: int, *, scale: float = 1) -> None:
        """Give the tab another size; `scale` is device pixels per CSS pixel."""
        self.send(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=scale, mobile=False
        )

    def prefer(self, *, dark: bool = False, languages: Sequence[str] = ("en-US", "en")) -> None:
        """Set what pages opened from now on are told about the user's look and languages."""
        self.send(
            "Emulation.setEmulatedMedia",
            features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}],
        )
        agent = self._chromium.send("Browser.getVersion")["userAgent"]
        self.send("Emulation.setUserAgentOverride", userAgent=agent, acceptLanguage=",".join(languages))

    def screenshot(self, file: Path, *, whole: bool = True) -> Path:
        """Write a PNG of the whole page, or of what is visible of it."""
        size = self.send("Page.getLayoutMetrics")["cssContentSize"]
        clip = {"clip": {"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1}} if whole else {}
        picture = self.send("Page.captureScreenshot", captureBeyondViewport=whole, **clip)["data"]
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(base64.b64decode(picture))
        return file

    @property
    def addresses(self) -> list[str]:
        """Everything that the tab has asked for over the network so far, in order."""
        return [event["request"]["url"] for event in self._events("Network.requestWillBeSent")]

    @property
    def errors(self) -> list[str]:
        """Exceptions that nothing caught, and errors in the console, among them requests that failed."""
        self.js("0")  # reads what has arrived
        thrown = [event["exceptionDetails"] for event in self._events("Runtime.exceptionThrown")]
        logged = [event["entry"] for event in self._events("Log.entryAdded") if event["entry"]["level"] == "error"]
        printed = [event["args"] for event in self._events("Runtime.consoleAPICalled") if event["type"] == "error"]
        return (
            [error.get("exception", {}).get("description") or error["text"] for error in thrown]
            + [f"{entry['text']} {entry.get('url', '')}".strip() for entry in logged]
            + [" ".join(str(argument.get("value")) for argument in arguments) for arguments in printed]
        )

    def close(self) -> None:
        """Close the tab and forget its cookies and storage."""
        self._chromium.send("Target.disposeBrowserContext", browserContextId=self._context)
        self._chromium.events.clear()

    def _events(self, method: str) -> list[dict[str, Any]]:
        events = self._chromium.events
        return [
            event["params"] for event in events if event["method"] == method and event.get("sessionId") == self._session
        ]

    def _root(self) -> int:
        return self.send("DOM.getDocument", depth=0)["root"]["nodeId"]

    def _middle(self, selector: str) -> tuple[float, float]:
        found = self.js(
            f"(() => {{ const found = document.querySelector({json.dumps(selector)}); if (!found) return null;"
            "found.scrollIntoView({block: 'center', behavior: 'instant'}); const box = found.getBoundingClientRect();"
            "return [box.x + box.width / 2, box.y + box.height / 2]; })()"
        )
        if found is None:
            raise RuntimeError(f"no element matches {selector}")
        return found[0], found[1]
