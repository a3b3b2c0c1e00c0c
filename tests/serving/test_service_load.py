"""What the service does when too much comes, too slowly, or when clients go away; and how it ends."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from service_bench import Service, png, running

from ppgan_lite.errors import MissingDependencyError, missing_extra
from ppgan_lite.serving import connections as connections_module
from ppgan_lite.serving import predictors as predictors_module
from ppgan_lite.serving.predictors import Predictors, UnavailableError
from ppgan_lite.serving.served import find_served
from ppgan_lite.serving.service import Limits

BOUNDARY = b"----boundary"
PART = b'--%s\r\nContent-Disposition: form-data; name="photo"; filename="a.png"\r\n\r\n' % BOUNDARY


def headers(length: int | None) -> bytes:
    """Return the start of a request that uploads so many bytes; None for chunks without a length."""
    size = b"Transfer-Encoding: chunked" if length is None else b"Content-Length: %d" % length
    kind = b"Content-Type: multipart/form-data; boundary=" + BOUNDARY
    return b"POST /stylize HTTP/1.1\r\nHost: test\r\n%s\r\n%s\r\n\r\n" % (kind, size)


@contextlib.contextmanager
def connected(service: Service) -> Iterator[socket.socket]:
    with socket.create_connection(service.address, timeout=30) as client:
        yield client


@contextlib.contextmanager
def asking(service: Service, count: int) -> Iterator[list[Future[httpx.Response]]]:
    """Have photos asked for on threads, and wait until all are taken."""
    with ThreadPoolExecutor(count) as clients:
        futures = [clients.submit(service.stylize) for _ in range(count)]
        service.wait_for_photos(count)
        yield futures
        service.predictor.gate.set()


def open_files() -> int:
    return len(os.listdir("/proc/self/fd"))


def status_of(client: socket.socket) -> int:
    return int(client.recv(4096).split()[1])


def wait_until(condition: Callable[[], bool]) -> None:
    ends = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < ends
        time.sleep(0.01)


# too much ------------------------------------------------------------------------------------------------------------


def test_a_full_queue_answers_when_to_come_again_and_loses_nobody() -> None:
    with running(limits=Limits(threads=1, waiting=2)) as service:
        service.predictor.gate.clear()
        with asking(service, 3) as taken:
            refused = service.stylize(png(400, 300))
            assert refused.status_code == 429
            assert refused.json() == {"error": "service: is busy. Try again in 3 s", "code": "busy"}
            assert refused.headers["retry-after"] == "3"
            assert refused.headers["x-content-type-options"] == "nosniff"
            assert len(service.predictor.calls) == 1  # the others wait
            service.predictor.gate.set()
            assert [future.result().status_code for future in taken] == [200, 200, 200]
        assert service.stylize().status_code == 200


@pytest.mark.parametrize("declared", [True, False], ids=["declared", "chunked"])
def test_an_upload_that_is_too_large_is_refused(declared: bool) -> None:
    data = PART + bytes(3_000_000)
    body: Any = data if declared else iter([data[:1_000_000], data[1_000_000:]])
    with running(limits=Limits(upload_bytes=1_000_000)) as service:
        kind = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY.decode()}"}
        answer = service.post("/stylize", content=body, headers=kind)
        assert answer.status_code == 413
        line = "upload: has more than 1 MB. Scale it down, or save it as JPEG"
        assert answer.json() == {"error": line, "code": "upload_too_large"}
        assert service.photos() == 0


def test_an_upload_that_asks_first_is_told_no_before_it_is_sent() -> None:
    with running(limits=Limits(upload_bytes=1000)) as service, connected(service) as client:
        client.sendall(headers(5000).replace(b"\r\n\r\n", b"\r\nExpect: 100-continue\r\n\r\n"))
        began = time.monotonic()
        assert status_of(client) == 413
        assert time.monotonic() - began < 5


# too slow ------------------------------------------------------------------------------------------------------------


def test_a_photo_that_takes_too_long_is_stopped() -> None:
    with running(limits=Limits(threads=1, waiting=1, timeout_s=0.3)) as service:
        service.predictor.gate.clear()
        with ThreadPoolExecutor(2) as clients:
            answers = [future.result() for future in [clients.submit(service.stylize) for _ in range(2)]]
        assert [answer.status_code for answer in answers] == [504, 504]
        line = "photo: was not done within 0.3 s. Try again later, or with a smaller photo"
        assert answers[0].json() == {"error": line, "code": "timed_out"}
        assert service.predictor.stopped.wait(20)
        service.predictor.gate.set()
        wait_until(lambda: service.stylize().status_code == 200)  # the thread is free again


def test_an_upload_that_is_too_slow_is_refused() -> None:
    with running(limits=Limits(timeout_s=0.3)) as service, connected(service) as client:
        client.sendall(headers(10_000) + PART)
        assert status_of(client) == 408
        service.wait_for_photos(0)


@pytest.mark.parametrize("sent", [b"", b"GET /health HTTP/1.1\r\nHost: te"], ids=["nothing", "half a head"])
def test_a_client_that_never_asks_is_dropped_and_others_are_served(
    sent: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections_module, "_LOOK_S", 0.3)
    with running() as service, connected(service) as client:
        client.sendall(sent)
        for _ in range(3):
            assert service.stylize().status_code == 200
        with contextlib.suppress(ConnectionError):
            assert client.recv(100) == b""


def test_a_client_that_sends_its_head_byte_by_byte_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections_module, "_LOOK_S", 0.5)
    with running() as service, connected(service) as client, pytest.raises(ConnectionError):
        for letter in b"GET /health HTTP/1.1\r\nX-Slow: " + b"o" * 400:
            client.sendall(bytes([letter]))
            time.sleep(0.05)


def test_a_client_that_does_not_read_its_answer_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections_module, "_LOOK_S", 0.3)
    photo = png(2400, 2000)  # 14 MB, more than sockets hold
    body = PART + photo + b"\r\n--%s\r\n" % BOUNDARY
    body += b'Content-Disposition: form-data; name="style"\r\n\r\ninverted\r\n--%s--\r\n' % BOUNDARY
    with running() as service, connected(service) as client:
        client.sendall(headers(len(body)) + body)
        service.predictor.wait_for_calls(1)
        service.wait_for_photos(0)
        time.sleep(2)  # it takes nothing meanwhile
        received = 0
        with contextlib.suppress(ConnectionError):
            while part := client.recv(1_000_000):
                received += len(part)
        assert 0 < received < len(photo)
        answer = service.stylize(photo)
        assert answer.status_code == 200 and len(answer.content) > 10_000_000


# clients that go away ------------------------------------------------------------------------------------------------


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="counts open files in /proc")
def test_a_client_that_hangs_up_in_mid_upload_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with running() as service:
        service.stylize()
        before = open_files()
        for _ in range(5):
            with connected(service) as client:
                client.sendall(headers(9_000_000) + PART + bytes(4_000_000))
                service.wait_for_photos(1)
            service.wait_for_photos(0)
        assert open_files() == before
        assert list(tmp_path.iterdir()) == []
        assert 'paddlegan_requests_total{path="/stylize",status="499"} 5.0' in service.get("/metrics").text
        assert service.stylize().status_code == 200


def test_nothing_is_written_on_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "none"))
    with running() as service:
        assert service.stylize(png(800, 500)).status_code == 200  # 1.2 MB


def test_a_photo_whose_client_is_gone_is_not_finished(service: Service) -> None:
    service.predictor.gate.clear()
    with pytest.raises(httpx.ReadTimeout):
        httpx.post(
            f"{service.base_url}/stylize", data={"style": "inverted"}, files={"photo": png()}, timeout=httpx.Timeout(1)
        )
    assert service.predictor.stopped.wait(20)
    service.wait_for_photos(0)
    service.predictor.gate.set()
    assert service.stylize().status_code == 200


# predictors ----------------------------------------------------------------------------------------------------------


def test_threads_that_want_one_predictor_load_it_once(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded: list[str] = []

    def load(source: str, **_: Any) -> Any:
        loaded.append(source)
        time.sleep(0.05)
        return object()

    monkeypatch.setattr(predictors_module, "load_predictor", load)
    predictors = Predictors(most=2)
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda number: predictors.get("ab"[number % 2]), range(16)))
    assert sorted(loaded) == ["a", "b"]
    assert len(set(map(id, found))) == 2
    predictors.get("c")
    predictors.get("c", is_deep=True)
    assert predictors.loaded == 2


def test_a_predictor_that_cannot_be_loaded_is_for_the_log(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    predictors = Predictors()
    with pytest.raises(UnavailableError, match=r"^service: this cannot be used now\. Its log tells why$"):
        predictors.get(str(tmp_path / "gone.ppgan"))
    assert "gone.ppgan" in caplog.text

    def load(source: str, **_: Any) -> Any:
        raise missing_extra("paddle", "PaddlePaddle", "cpu")

    monkeypatch.setattr(predictors_module, "load_predictor", load)
    with pytest.raises(MissingDependencyError):
        predictors.get("starry_night")


# start and end -------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def process(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], str, list[str]]]:
    """Run `paddlegan serve`; yields it, its address, and the lines that it prints."""
    command = [sys.executable, "-m", "ppgan_lite", "serve", "--port", "0", "--styles", "starry_night", *arguments]
    command += ["--timeout", "300"]  # the machine may be busy
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment) as server:
        assert server.stderr is not None
        lines: list[str] = []
        try:
            for line in server.stderr:
                lines.append(line)
                if found := re.search(r"http://\S+", line):
                    break
            else:
                pytest.fail("".join(lines))
            rest = threading.Thread(target=lambda: lines.extend(server.stderr or ()))
            rest.start()
            yield server, found[0], lines
            server.wait(300)
            rest.join()
        finally:
            server.kill()


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
def test_a_signal_ends_it_once_its_photos_are_finished(number: signal.Signals) -> None:
    with process() as (server, address, lines), ThreadPoolExecutor(1) as client:
        photo = png(96, 96)
        files, style = {"photo": ("a.png", photo)}, {"style": "starry_night"}
        answer = client.submit(httpx.post, f"{address}/stylize", data=style, files=files, timeout=300)
        wait_until(lambda: httpx.get(f"{address}/health", timeout=60).json()["photos"] == 1)
        server.send_signal(number)
        assert answer.result().status_code == 200
    assert server.returncode == 0, "".join(lines)
    assert "Traceback" not in "".join(lines)
    assert lines[0].startswith("starry_night on cpu, paddle")
    assert re.fullmatch(r"serving 1 style at http://127\.0\.0\.1:\d+ \(Ctrl-C ends\)\n", lines[1])


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")
def test_a_second_interrupt_ends_it_at_once() -> None:
    with process("--engine", "paddle") as (server, address, lines), ThreadPoolExecutor(1) as client:
        files, style = {"photo": ("a.png", png(1600, 1200))}, {"style": "starry_night"}
        answer = client.submit(httpx.post, f"{address}/stylize", data=style, files=files, timeout=300)
        wait_until(lambda: httpx.get(f"{address}/health", timeout=60).json()["photos"] == 1)
        server.send_signal(signal.SIGINT)
        with pytest.raises(httpx.TransportError):  # the first one is at work once nobody can connect any more
            while True:
                httpx.get(f"{address}/health", timeout=60)
        server.send_signal(signal.SIGINT)
        with contextlib.suppress(httpx.HTTPError):
            assert answer.result().status_code == 500
    assert server.returncode == 130
    assert lines[-1] == "paddlegan: interrupted\n"
    assert "Traceback" not in "".join(lines)


def test_an_address_in_use_is_told_in_one_line(run: Callable[..., tuple[int, str, str]]) -> None:
    with running() as service:
        host, port = service.address
        code, _, err = run("serve", "--styles", "starry_night", "--port", port)
    assert code == 2
    line = f"{host}:{port}: cannot be listened on (Address already in use)"
    assert err == f"paddlegan: error: {line}. Choose another one with --port; 0 takes one that is free\n"


def test_a_style_that_is_not_there_is_told_at_the_start(run: Callable[..., tuple[int, str, str]]) -> None:
    code, _, err = run("serve", "--styles", "starry_nigth")
    assert code == 2
    assert "'starry_nigth' does not ship" in err
    assert "Did you mean 'starry_night'" in err


def test_all_that_ships_is_offered_where_nothing_is_named() -> None:
    served = find_served([], [])
    assert {"starry_night", "any"} <= {style.name for style in served.styles}
    assert [style.name for style in find_served(["wheat_field", "any"], []).styles] == ["wheat_field", "any"]
