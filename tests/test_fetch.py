"""Fetching published weights, from a server that runs here."""

from __future__ import annotations

import hashlib
import pickle
import shutil
import socket
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from ppgan_lite import fetch as fetching
from ppgan_lite import published
from ppgan_lite.errors import CheckpointError, UsageError
from ppgan_lite.fetch import fetch
from ppgan_lite.foreign.vgg import vgg_names
from ppgan_lite.published import cached, fetched, how_to_get
from ppgan_lite.runtime.user_folders import cache_folder

FILE = "vgg_normalised.pdparams"


def weights(seed: int = 0) -> bytes:
    """Return a file that has a VGG-19's names and is small, but larger than one block."""
    rng = np.random.default_rng(seed)
    shapes = {"weight": (40, 40, 3, 3), "bias": (40,)}
    state = {theirs: rng.random(shapes[theirs.split(".")[1]], np.float32) for theirs in vgg_names().values()}
    return pickle.dumps(state, 4)


class Server(ThreadingHTTPServer):
    """Serves one file, with ranges; breaks off after `breaks_after` bytes."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.content = weights()
        self.headers = {"ETag": '"one"'}
        self.breaks_after: int | None = None
        self.says_length = True
        self.requests: list[dict[str, str]] = []

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        server = self.server
        server.requests.append(dict(self.headers))
        if self.path.startswith("/to/"):
            self.send_response(302)
            self.send_header("Location", self.path.removeprefix("/to/"))
            self.end_headers()
            return
        if self.path != f"/{FILE}":
            self.send_error(404)
            return
        start, content = 0, server.content
        wanted = self.headers["Range"]
        if wanted and self.headers["If-Range"] in server.headers.values():
            start = int(wanted.removeprefix("bytes=").removesuffix("-"))
        if start >= len(content):
            self.send_error(416)
            return
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        if server.says_length:
            self.send_header("Content-Length", str(len(content) - start))
        for name, value in server.headers.items():
            self.send_header(name, value)
        self.end_headers()
        end = None if server.breaks_after is None else start + server.breaks_after
        self.wfile.write(content[start:end])

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PPGAN_LITE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("no_proxy", "*")
    return tmp_path / "cache"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    with Server() as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        address = f"{running.address}/{FILE}"
        monkeypatch.setitem(published.WEIGHTS, "vgg19", published.Weights(address, FILE, {"en": "VGG-19"}, "encoder"))
        yield running
        running.shutdown()
        thread.join()


def test_a_file_is_fetched_into_the_cache_with_progress_and_checksum(server, cache):
    seen: list[tuple[int, int | None]] = []
    found = fetch("vgg19", progress=lambda done, total: seen.append((done, total)))
    size = len(server.content)
    assert found == fetching.Fetched(cache / FILE, size, hashlib.sha256(server.content).hexdigest(), fresh=True)
    assert found.path.read_bytes() == server.content
    assert cached("vgg19") == found.path
    assert seen[0] == (0, size) and seen[-1] == (size, size)
    assert seen == sorted(seen) and len(seen) > 3
    assert sorted(path.name for path in cache.iterdir()) == [FILE, f"{FILE}.sha256"]


def test_a_file_that_changed_since_it_was_fetched_is_told_and_fetched_again(server, cache):
    path = fetch("vgg19").path
    assert fetched("vgg19") == path
    damaged = bytearray(server.content)
    damaged[-100] ^= 1
    path.write_bytes(damaged)
    with pytest.raises(CheckpointError, match=r"damaged: it has changed since it was fetched\. Run `paddlegan fetch"):
        fetched("vgg19")
    assert fetch("vgg19").fresh and path.read_bytes() == server.content
    path.write_bytes(damaged)
    (cache / f"{FILE}.sha256").unlink()  # somebody put the file there
    assert fetched("vgg19") == path


def test_a_file_that_is_there_is_not_fetched_again(server):
    first = fetch("vgg19")
    second = fetch("vgg19")
    assert len(server.requests) == 1
    assert (second.sha256, second.fresh) == (first.sha256, False)
    fetch("vgg19", origin=f"{server.address}/{FILE}")  # an origin that is given replaces it
    assert len(server.requests) == 2


@pytest.mark.parametrize("version", [{"ETag": '"one"'}, {"Last-Modified": "Sat, 01 Jan 2022 00:00:00 GMT"}])
def test_a_broken_download_goes_on_where_it_stopped(server, cache, version):
    server.headers = version
    server.breaks_after = 400_000
    with pytest.raises(CheckpointError) as caught:
        fetch("vgg19")
    assert str(caught.value) == (
        f"{server.address}/{FILE}: the connection broke after 400000 bytes (of {len(server.content)}). "
        "Run the same again to go on from there"
    )
    assert not (cache / FILE).exists()
    server.breaks_after = None
    seen: list[tuple[int, int | None]] = []
    fetch("vgg19", progress=lambda done, total: seen.append((done, total)))
    assert server.requests[1]["Range"] == "bytes=400000-"
    assert seen[0] == (400_000, len(server.content))
    assert (cache / FILE).read_bytes() == server.content
    assert sorted(path.name for path in cache.iterdir()) == [FILE, f"{FILE}.sha256"]


@pytest.mark.parametrize("change", ["version", "address", "no version", "weak version"])
def test_parts_of_different_files_are_never_joined(server, cache, change):
    if change == "no version":
        server.headers = {}
    if change == "weak version":
        server.headers = {"ETag": 'W/"one"'}
    server.breaks_after = 400_000
    with pytest.raises(CheckpointError):
        fetch("vgg19")
    server.breaks_after = None
    server.content = weights(seed=1)
    if change == "version":
        server.headers = {"ETag": '"two"'}
    origin = f"http://localhost:{server.server_port}/{FILE}" if change == "address" else None
    assert fetch("vgg19", origin=origin).path.read_bytes() == server.content


def test_a_part_that_is_whole_already_is_fetched_afresh(server, cache):
    server.breaks_after = 400_000
    with pytest.raises(CheckpointError):
        fetch("vgg19")
    (cache / f"{FILE}.part").write_bytes(server.content)
    server.breaks_after = None
    fetch("vgg19")
    assert (cache / FILE).read_bytes() == server.content


def test_a_server_that_does_not_say_the_length_is_followed_to_its_end(server, cache):
    server.says_length = False
    seen: list[tuple[int, int | None]] = []
    fetch("vgg19", progress=lambda done, total: seen.append((done, total)))
    assert seen[-1] == (len(server.content), None)
    assert (cache / FILE).read_bytes() == server.content


def test_a_file_that_the_server_lacks_says_what_to_do_instead(server, cache):
    with pytest.raises(CheckpointError) as caught:
        fetch("vgg19", origin=f"{server.address}/gone")
    assert str(caught.value) == (
        f"{server.address}/gone: the server answers 404 (Not Found). Try again later, or download "
        f"{server.address}/{FILE} on another machine and put it at {cache / FILE} "
        "(or run `paddlegan fetch vgg19 --from FILE`)"
    )
    assert list(cache.iterdir()) == []


def test_without_a_connection_it_says_which_file_to_put_where(cache):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{unused.getsockname()[1]}/{FILE}"
    with pytest.raises(CheckpointError, match="cannot be reached") as caught:
        fetch("vgg19", origin=address)
    assert "vgg_normalised.pdparams on another machine and put it at" in str(caught.value)
    assert str(cache / FILE) in str(caught.value)


def test_what_is_no_vgg_is_refused_and_leaves_nothing(server, cache, tmp_path):
    for content in (b"<html>Log in to the hotel's network</html>", pickle.dumps({"a": np.zeros(3)}, 4)):
        server.content = content
        with pytest.raises(CheckpointError, match=f"^{server.address}/{FILE}: "):
            fetch("vgg19")
        assert list(cache.iterdir()) == []
        local = tmp_path / "local.pdparams"
        local.write_bytes(content)
        with pytest.raises(CheckpointError):
            fetch("vgg19", origin=str(local))
        assert list(cache.iterdir()) == []


def test_a_bad_file_does_not_replace_a_good_one(server, cache):
    good = fetch("vgg19").sha256
    server.content = b"no weights"
    with pytest.raises(CheckpointError):
        fetch("vgg19", origin=f"{server.address}/{FILE}")
    assert fetch("vgg19").sha256 == good


def test_too_much_is_not_taken(server, cache, monkeypatch):
    monkeypatch.setattr(fetching, "MAX_BYTES", 1000)
    with pytest.raises(CheckpointError, match=f"would send {len(server.content)} bytes; expected at most 1000"):
        fetch("vgg19")
    server.says_length = False
    with pytest.raises(CheckpointError, match="sends more than 1000 bytes"):
        fetch("vgg19")
    assert not list(cache.glob("*.part"))


def test_a_local_file_is_copied(cache, tmp_path):
    local = tmp_path / "downloaded elsewhere.pdparams"
    local.write_bytes(weights())
    found = fetch("vgg19", origin=str(local), destination=tmp_path / "other")
    assert found.path == tmp_path / "other" / FILE
    assert found.path.read_bytes() == local.read_bytes()
    assert not cache.exists()
    for origin, missing in ((tmp_path / "none", tmp_path / "none"), (tmp_path, tmp_path / FILE)):
        with pytest.raises(CheckpointError, match=f"^{missing}: there is no such file; expected a file of weights, or"):
            fetch("vgg19", origin=str(origin))
    shutil.copy(local, tmp_path / FILE)
    assert fetch("vgg19", origin=str(tmp_path)).sha256 == found.sha256


@pytest.mark.parametrize("address", ["ftp://127.0.0.1/x", "file:///etc/passwd", "data://x", "HTTPX://a"])
def test_only_http_and_https_are_spoken(address):
    with pytest.raises(UsageError, match="expected http:// or https://, or the path of a file"):
        fetch("vgg19", origin=address)


def test_redirections_are_followed_over_http_only(server, cache):
    fetch("vgg19", origin=f"{server.address}/to/{server.address}/{FILE}")
    for target in ("file:///etc/passwd", "ftp://127.0.0.1/x"):
        with pytest.raises(CheckpointError):
            fetch("vgg19", origin=f"{server.address}/to/{target}")


@pytest.mark.parametrize("address", ["http://", "http://[::1", "http://127.0.0.1/a b\n"])
def test_what_is_no_address_is_told(address):
    with pytest.raises((UsageError, CheckpointError)) as caught:
        fetch("vgg19", origin=address)
    assert "\n" not in str(caught.value)


def test_an_unknown_name_is_told_with_the_nearest(monkeypatch):
    monkeypatch.setattr(published, "released", lambda: {})
    with pytest.raises(UsageError) as caught:
        fetch("vgg17")
    assert (
        str(caught.value)
        == "fetch: 'vgg17' is not known; expected one of vgg19, lpips, inception. Did you mean 'vgg19'?"
    )
    with pytest.raises(UsageError) as caught:
        fetch("vgg16")
    assert str(caught.value) == "fetch: 'vgg16' ships with the program. Use it by its name, without fetching it"


def test_a_cache_folder_that_cannot_be_made_is_told(tmp_path, server):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(CheckpointError, match=r"cannot be written .* Check the folder, its rights and the free space"):
        fetch("vgg19", destination=tmp_path / "file" / "below")


def test_the_cache_folder_is_the_one_of_the_system(tmp_path, monkeypatch, cache):
    assert cache_folder() == cache
    monkeypatch.delenv("PPGAN_LITE_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache_folder() == tmp_path / "xdg" / "ppgan_lite"
    monkeypatch.delenv("XDG_CACHE_HOME")
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "local"))
    for platform, folder in (
        ("linux", ".cache/ppgan_lite"),
        ("darwin", "Library/Caches/ppgan_lite"),
        ("win32", "local/ppgan_lite/Cache"),
    ):
        monkeypatch.setattr(sys, "platform", platform)
        assert cache_folder() == tmp_path / folder
    assert str(cached("vgg19")) in how_to_get("vgg19")


def test_the_official_address_is_paddlegans():
    assert published.WEIGHTS["vgg19"].address == "https://paddlegan.bj.bcebos.com/models/vgg_normalised.pdparams"
