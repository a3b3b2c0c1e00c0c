"""Published weights that do not ship: where they come from, where they are kept, and how they get there.

Nothing is fetched unless `fetch` is called. Needs no Paddle.
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
from ppgan_lite.runtime.files import replace_file
from ppgan_lite.runtime.user_folders import cache_folder, expand_user, make_cache_folder
from ppgan_lite.tables import did_you_mean

# Bytes that are there, bytes in all (None if the server does not say).
Progress = Callable[[int, int | None], None]


@dataclass(frozen=True)
class Weights:
    """A published file: its address, its name in the cache folder, and what it is."""

    address: str
    file: str
    title: str = "VGG-19"


WEIGHTS = {
    "vgg19": Weights("https://paddlegan.bj.bcebos.com/models/vgg_normalised.pdparams", "vgg_normalised.pdparams"),
}

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
        sha256: Its checksum; the publisher names none to compare it with.
        fresh: False if it was there before.
    """

    path: Path
    size_bytes: int
    sha256: str
    fresh: bool


def cached(name: str) -> Path:
    """Return where the weights of that name are kept, whether they are there or not.

    Raises:
        UsageError: The name is not in `WEIGHTS`.
    """
    return cache_folder() / _find(name).file


def fetched(name: str) -> Path:
    """Return where weights that were fetched are kept, after a look at their checksum.

    A file that somebody put there has none.

    Raises:
        UsageError: The name is not in `WEIGHTS`.
        CheckpointError: They are not there, or have changed since they were fetched.
    """
    path = cached(name)
    if not path.exists():
        raise CheckpointError(path, f"the published {WEIGHTS[name].title} is not there", remedy=how_to_get(name))
    if not _is_as_fetched(path):
        raise CheckpointError(path, "is damaged: it has changed since it was fetched", remedy=how_to_get(name))
    return path


def fetch(
    name: str, *, origin: str | None = None, destination: Path | None = None, progress: Progress | None = None
) -> Fetched:
    """Bring published weights into the cache folder.

    A download that was cut off leaves a ".part" file, and the next call goes on from there. The file gets its name only
    after it has been read and checked.

    Args:
        name: One of `WEIGHTS`.
        origin: An http or https address or a file to take it from instead of the official address; replaces a file that
            is there. Without it, a file that is there is left as it is, unless it has changed since it was fetched.
        destination: Folder to put it into, instead of `cache_folder()`.
        progress: Told how far it is; not for local files.

    Raises:
        UsageError: The name is not known, or the address is of another kind.
        CheckpointError: The address cannot be reached, the connection broke, or the file holds something else.
    """
    weights = _find(name)
    target = (destination or cache_folder()) / weights.file
    if origin is None and target.exists() and _is_as_fetched(target):
        return _fetched(target, fresh=False)
    source = origin or weights.address
    part = target.with_name(f"{target.name}.part")
    try:
        if destination is None:
            make_cache_folder()
        target.parent.mkdir(parents=True, exist_ok=True)
        if "://" in source:
            _download(source, part, progress or (lambda done, total: None), _by_hand(name, target, weights.address))
        else:
            _copy(expand_user(source), part)
        _check(part, source)
        _checksum_file(target).unlink(missing_ok=True)  # of the file that was there
        os.replace(part, target)
        replace_file(_checksum_file(target), f"{sha256_of(target)}\n".encode())
    except OSError as error:
        raise CheckpointError(
            target, f"cannot be written ({error.strerror})", remedy="Check the folder, its rights and the free space"
        ) from error
    return _fetched(target, fresh=True)


def how_to_get(name: str) -> str:
    """Say in one sentence how a user gets weights that are not in the cache folder."""
    return f"Run `paddlegan fetch {name}`, or download {_find(name).address} elsewhere and put it at {cached(name)}"


def _find(name: str) -> Weights:
    if name not in WEIGHTS:
        known = ", ".join(WEIGHTS)
        raise UsageError("fetch", f"{name!r} is not known", f"one of {known}", did_you_mean(name, WEIGHTS))
    return WEIGHTS[name]


def _by_hand(name: str, target: Path, address: str) -> str:
    return (
        f"Try again later, or download {address} on another machine and put it at {target} "
        f"(or run `paddlegan fetch {name} --from FILE`)"
    )


def _copy(source: Path, part: Path) -> None:
    if not source.is_file():
        found = "is a folder" if source.is_dir() else "there is no such file"
        raise CheckpointError(source, found, "a file of weights, or an http(s) address")
    shutil.copyfile(source, part)
    _version_file(part).unlink(missing_ok=True)  # a partial download is overwritten


def _check(part: Path, source: str) -> None:
    """Read the new file; remove it if it holds something else, so that no later download continues it."""
    try:
        vgg_encoder_tensors(read_weights(part).arrays, where=source)
    except CheckpointError as error:
        part.unlink()
        raise CheckpointError(source, error.found, error.expected or "weights of a VGG-19") from error
    finally:
        _version_file(part).unlink(missing_ok=True)


def _checksum_file(path: Path) -> Path:
    """Return the file beside fetched weights that holds their SHA-256."""
    return path.with_name(f"{path.name}.sha256")


def _is_as_fetched(path: Path) -> bool:
    """Say whether fetched weights are as they were; a file without a checksum was put there by somebody."""
    try:
        expected = _checksum_file(path).read_text(encoding="utf-8").strip()
    except (OSError, ValueError):
        return True
    return expected == sha256_of(path)


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
