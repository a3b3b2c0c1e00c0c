"""Fetch published weights: from an address, a folder or a file into the cache folder, whole and checked or not at all.

Nothing is fetched unless `fetch` is called. What there is to fetch, `published.py` knows. Needs no Paddle.
"""

from __future__ import annotations

import contextlib
import http.client
import os
import shutil
import ssl
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ppgan_lite import __version__
from ppgan_lite.checkpoint import sha256_of
from ppgan_lite.errors import CheckpointError, UsageError
from ppgan_lite.foreign.vgg import vgg_encoder_tensors
from ppgan_lite.foreign.weights_files import read_weights
from ppgan_lite.published import Weights, cached, checksum_file, find_weights, in_checkout, is_as_fetched
from ppgan_lite.runtime.files import replace_file
from ppgan_lite.runtime.user_folders import cache_folder, expand_user, make_cache_folder

# Bytes that are there, bytes in all (None if the server does not say).
Progress = Callable[[int, int | None], None]

# The largest of these files has 80 MB; whatever sends more than this sends something else.
MAX_BYTES = 1_000_000_000
_TIMEOUT_S = 30
_BLOCK = 1 << 18


@dataclass(frozen=True)
class Fetched:
    """A file of weights in the cache folder.

    Attributes:
        path: Where it lies.
        size_bytes: How large it is.
        sha256: Its checksum.
        fresh: False if it was there before.
    """

    path: Path
    size_bytes: int
    sha256: str
    fresh: bool


def fetch(
    name: str, *, origin: str | None = None, destination: Path | None = None, progress: Progress | None = None
) -> Fetched:
    """Bring published weights into the cache folder.

    A download that was cut off leaves a ".part" file, and the next call goes on from there. The file gets its name only
    after it has been read and checked.

    Args:
        name: One of `published.fetchable`.
        origin: Where to take it from instead of the official address: a file, a folder that holds it, or an http or
            https address, which is that of a folder if it ends in "/". Replaces a file that is there. Without it, a
            file that is there is left as it is, unless it has changed since it was fetched or another one is published.
        destination: Folder to put it into, instead of `cache_folder()`.
        progress: Told how far it is; not for local files.

    Raises:
        UsageError: The name is not known, no address is, or the address is of another kind.
        CheckpointError: The address cannot be reached, the connection broke, or the file holds something else.
    """
    weights = find_weights(name)
    target = (destination or cache_folder()) / weights.file
    if origin is None and target.exists() and is_as_fetched(target) and _is_the_published(target, weights):
        return _fetched(target, fresh=False)
    source = _source(name, weights, origin)
    part = target.with_name(f"{target.name}.part")
    try:
        if destination is None:
            make_cache_folder()
        target.parent.mkdir(parents=True, exist_ok=True)
        if "://" in source:
            _download(source, part, progress or (lambda done, total: None), _by_hand(name, target, weights.address))
        else:
            _copy(expand_user(source), part)
        _check(part, source, weights)
        checksum_file(target).unlink(missing_ok=True)  # of the file that was there
        os.replace(part, target)
        replace_file(checksum_file(target), f"{sha256_of(target)}\n".encode())
    except OSError as error:
        raise CheckpointError(
            target, f"cannot be written ({error.strerror})", remedy="Check the folder, its rights and the free space"
        ) from error
    return _fetched(target, fresh=True)


def remove(name: str) -> Path:
    """Delete weights that were fetched, and what a broken download left of them; return where they were.

    Raises:
        UsageError: They are not there, or not to be fetched.
        OSError: They cannot be deleted.
    """
    path = cached(name)
    part = path.with_name(f"{path.name}.part")
    there = [file for file in (path, checksum_file(path), part, _version_file(part)) if file.exists()]
    if not there:
        raise UsageError("--remove", f"{name} is not here")
    for file in there:
        file.unlink(missing_ok=True)
    return path


def _source(name: str, weights: Weights, origin: str | None) -> str:
    """Return the address or the path of the file itself."""
    file = Path(weights.file).name
    if origin is None:
        if (path := in_checkout(name)) is not None:
            return str(path)
        if not weights.address:
            found, expected = "its address is not known here", "--from with its file, a folder or an address"
            raise UsageError(name, found, expected, "The folder releases/ of the project's repository holds it")
        return weights.address
    if "://" in origin:
        return origin + file if origin.endswith("/") else origin
    path = expand_user(origin)
    return str(path / file if path.is_dir() else path)


def _is_the_published(path: Path, weights: Weights) -> bool:
    return not weights.sha256 or sha256_of(path) == weights.sha256


def _by_hand(name: str, target: Path, address: str) -> str:
    return (
        f"Try again later, or download {address} on another machine and put it at {target} "
        f"(or run `paddlegan fetch {name} --from FILE`)"
    )


def _copy(source: Path, part: Path) -> None:
    if not source.is_file():
        found = "is a folder" if source.is_dir() else "there is no such file"
        raise CheckpointError(source, found, "a file of weights, or an http(s) address")
    try:
        shutil.copyfile(source, part)
    except OSError:
        part.unlink(missing_ok=True)
        raise
    _version_file(part).unlink(missing_ok=True)  # a partial download is overwritten


def _check(part: Path, source: str, weights: Weights) -> None:
    """Compare the new file with the one published; remove it if it is another, so that no later download continues it.

    Of a publisher who names no checksum, it is read as weights of a VGG-19.
    """
    try:
        if weights.sha256:
            _compare(part, source, weights)
        else:
            _read_as_vgg(part, source)
    except CheckpointError:
        part.unlink()
        raise
    finally:
        _version_file(part).unlink(missing_ok=True)


def _read_as_vgg(part: Path, source: str) -> None:
    try:
        vgg_encoder_tensors(read_weights(part).arrays, where=source)
    except CheckpointError as error:
        raise CheckpointError(source, error.found, error.expected or "weights of a VGG-19") from error


def _compare(part: Path, source: str, weights: Weights) -> None:
    """Refuse a file that is not the one published, byte by byte."""
    size = part.stat().st_size
    remedy = "It is another version, or incomplete: take it from elsewhere, or update ppgan-lite"
    if weights.bytes is not None and size != weights.bytes:
        raise CheckpointError(source, f"has {size} bytes", f"{weights.bytes}", remedy)
    if (found := sha256_of(part)) != weights.sha256:
        raise CheckpointError(source, f"has the SHA-256 {found}", weights.sha256, remedy)


def _fetched(path: Path, *, fresh: bool) -> Fetched:
    return Fetched(path, path.stat().st_size, sha256_of(path), fresh)


def _download(address: str, part: Path, progress: Progress, remedy: str) -> None:
    """Fetch an address into a file, going on where an earlier attempt at the same version of it has stopped."""
    scheme = address.partition("://")[0].lower()
    if scheme not in ("http", "https"):
        raise UsageError(address, f"an address of {scheme}", "http:// or https://, or the path of a file")
    try:
        try:
            _receive(address, part, progress)
        except urllib.error.HTTPError as error:
            if error.code != http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
                raise
            part.unlink()  # as long as the whole file or longer: nothing to go on from
            _receive(address, part, progress)
    except CheckpointError:  # of a file that is too large
        part.unlink(missing_ok=True)
        raise
    except urllib.error.HTTPError as error:
        raise CheckpointError(address, f"the server answers {error.code} ({error.reason})", remedy=remedy) from error
    except urllib.error.URLError as error:
        raise CheckpointError(address, f"cannot be reached ({error.reason})", remedy=remedy) from error
    except ValueError as error:
        raise UsageError(address, f"is no address ({error})") from error
    except (ConnectionError, TimeoutError, ssl.SSLError, http.client.HTTPException, EOFError) as error:
        there = part.stat().st_size if part.exists() else 0
        detail = str(error) or type(error).__name__
        raise CheckpointError(
            address,
            f"the connection broke after {there} bytes ({detail})",
            remedy="Run the same again to go on from there",
        ) from error


def _receive(address: str, part: Path, progress: Progress) -> None:
    headers = {"User-Agent": f"ppgan_lite/{__version__}", "Accept-Encoding": "identity"}
    version = _version_of_part(part, address)
    if version:
        # If-Range: should the file have changed since, the server sends all of the new one.
        headers |= {"Range": f"bytes={part.stat().st_size}-", "If-Range": version}
    with _opener().open(urllib.request.Request(address, headers=headers), timeout=_TIMEOUT_S) as response:
        resumed = response.status == http.HTTPStatus.PARTIAL_CONTENT
        done = part.stat().st_size if resumed else 0
        if resumed and not (response.headers["Content-Range"] or "").startswith(f"bytes {done}-"):
            part.unlink()
            raise http.client.HTTPException("the server sent another part than was asked for")
        length = response.headers["Content-Length"]
        total = done + int(length) if length and length.isdigit() else None
        if (total or 0) > MAX_BYTES:
            raise CheckpointError(address, f"would send {total} bytes", f"at most {MAX_BYTES}")
        _remember_version(part, address, response.headers)
        with part.open("ab" if resumed else "wb") as file:
            progress(done, total)
            while block := response.read(_BLOCK):
                file.write(block)
                done += len(block)
                if done > MAX_BYTES:
                    raise CheckpointError(address, f"sends more than {MAX_BYTES} bytes", "a file of weights")
                progress(done, total)
    if total is not None and done < total:
        raise EOFError(f"of {total}")


def _opener() -> urllib.request.OpenerDirector:
    """Return an opener for http and https alone, redirections included; `build_opener` would add ftp and files."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler,
        urllib.request.HTTPHandler,
        urllib.request.HTTPSHandler,
        urllib.request.HTTPRedirectHandler,
        urllib.request.HTTPDefaultErrorHandler,
        urllib.request.HTTPErrorProcessor,
        urllib.request.UnknownHandler,
    ):
        opener.add_handler(handler())
    return opener


def _version_file(part: Path) -> Path:
    """Return the path of the file next to a ".part" file: its address, and the server's name of its version."""
    return part.with_name(f"{part.name}.version")


def _version_of_part(part: Path, address: str) -> str:
    """Return the version that a ".part" file is a part of, "" if there is none to go on from."""
    with contextlib.suppress(OSError, ValueError):
        of_address, version = _version_file(part).read_text(encoding="utf-8").split("\n")
        if of_address == address and part.stat().st_size:
            return version
    return ""


def _remember_version(part: Path, address: str, headers: http.client.HTTPMessage) -> None:
    tag = headers["ETag"] or ""
    # Weak tags do not promise the same bytes.
    version = tag if tag and not tag.startswith("W/") else headers["Last-Modified"] or ""
    _version_file(part).write_text(f"{address}\n{version}", encoding="utf-8")
