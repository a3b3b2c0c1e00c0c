"""The models that are published: listed, fetched, used by name, removed; from folders, and a server that runs here."""

from __future__ import annotations

import errno
import hashlib
import json
import shutil
import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from ppgan_lite import published
from ppgan_lite.checkpoint import Header, NetSpec, PredictorSpec, write_checkpoint
from ppgan_lite.errors import CheckpointError, UsageError
from ppgan_lite.fetch import fetch, remove
from ppgan_lite.published import SHIPPED, place_of, released, releases_folder, weights_file

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PPGAN_LITE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "cache"


def publish(folder: Path, *names: str, address: str = "") -> None:
    """Write models that restore, and a manifest of them."""
    paddle = pytest.importorskip("paddle")
    from ppgan_lite.checkpoint import net_tensors
    from ppgan_lite.nets.sr_resnet import SRResNet

    paddle.seed(0)
    arguments = {"base_channels": 4, "blocks": 1, "residual": True}
    net = SRResNet(**arguments)
    header = Header({"generator": NetSpec("SRResNet", arguments)}, {"restore": PredictorSpec("generator", "restore")})
    folder.mkdir(parents=True, exist_ok=True)
    entries = []
    for name in names:
        path = folder / f"{name}.ppgan"
        write_checkpoint(path, header, net_tensors("generator", net))
        entry = {"name": name, "file": path.name, "bytes": path.stat().st_size, "task": "restore"}
        entry |= {"title": {"en": f"noise off {name}", "zh": "去噪"}, "trained_on": "photos of ours", "licence": "CC0"}
        entries.append({**entry, "sha256": hashlib.sha256(path.read_bytes()).hexdigest(), "a newer key": 1})
    manifest = {"address": address, "models": entries}
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")


@pytest.fixture
def releases(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return a folder of releases with two models; the installed package has its manifest, but not the models."""
    folder, installed = tmp_path / "releases", tmp_path / "installed"
    publish(folder, "phone", "fax")
    installed.mkdir()
    shutil.copy(folder / "manifest.json", installed)
    monkeypatch.setattr(published, "releases_folder", lambda: installed)
    released.cache_clear()
    yield folder
    released.cache_clear()


@pytest.fixture
def server(releases: Path) -> Iterator[str]:
    """Serve the folder of releases; return its address."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *arguments: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(releases))) as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}/"
        running.shutdown()
        thread.join()


def test_a_model_is_fetched_from_a_folder_used_by_its_name_and_removed(run: Run, releases, cache, photo_file) -> None:
    code, _, err = run("restore", photo_file, "--checkpoint", "phone", "-o", "restored.png")
    assert code == 2
    assert err == "paddlegan: error: phone: this model is not here yet. Fetch it: paddlegan models --fetch phone\n"
    code, _, err = run("models", "--fetch", "phone", "--from", str(releases))
    assert code == 0 and err.endswith("Use it: paddlegan restore PHOTO --checkpoint phone\n"), err
    assert (cache / "models" / "phone.ppgan").read_bytes() == (releases / "phone.ppgan").read_bytes()
    assert run("restore", photo_file, "--checkpoint", "phone", "-o", "restored.png", "--device", "cpu")[0] == 0
    assert run("again", "restored.png", "-o", "again.png", "--device", "cpu")[0] == 0  # the weights are found
    code, out, _ = run("inspect", "phone", "--json")
    assert code == 0 and json.loads(out)["sha256"] == released()["phone"].sha256
    assert run("models", "--remove", "phone")[0] == 0
    assert not list((cache / "models").iterdir())
    code, _, err = run("models", "--remove", "phone")
    assert (code, err) == (2, "paddlegan: error: --remove: phone is not here\n")


def test_the_list_says_what_models_do_and_where_they_are(run: Run, releases, cache) -> None:
    fetch("phone", origin=str(releases))
    code, _, err = run("models")
    lines = err.splitlines()
    assert code == 0
    [phone] = [line.split() for line in lines if line.startswith("phone")]
    assert phone == ["phone", "noise", "off", "phone", "0.0", "MB", "fetched"]
    assert lines[lines.index("    trained on photos of ours; CC0") - 1].startswith("phone")
    assert any(line.startswith("fax ") and line.endswith("not yet") for line in lines)
    assert any(line.startswith("photos ") and line.endswith("ships") for line in lines)
    code, out, _ = run("models", "--json")
    found = {entry["name"]: entry for entry in json.loads(out)}
    assert found["phone"]["path"] == str(cache / "models" / "phone.ppgan")
    assert (found["fax"]["place"], found["fax"]["path"]) == ("not_yet", None)
    assert "noise off phone" not in run("--lang", "zh", "models")[2]


def test_a_model_is_fetched_from_an_address_of_a_folder_or_a_file(releases, server, cache) -> None:
    for origin in (server, f"{server}phone.ppgan"):
        found = fetch("phone", origin=origin)
        assert found.fresh and found.path.read_bytes() == (releases / "phone.ppgan").read_bytes()
        remove("phone")


def test_the_official_address_is_that_of_the_manifest(releases, server, monkeypatch) -> None:
    with pytest.raises(UsageError) as caught:
        fetch("phone")
    assert str(caught.value) == (
        "phone: its address is not known here; expected --from with its file, a folder or an address. "
        "The folder releases/ of the project's repository holds it"
    )
    publish(releases.parent / "installed", "phone", "fax", address=server)
    for name in ("phone", "fax"):
        (releases.parent / "installed" / f"{name}.ppgan").unlink()
    released.cache_clear()
    assert fetch("phone").fresh
    assert not fetch("phone").fresh


def test_a_checkout_has_its_models_beside_it(releases, monkeypatch) -> None:
    monkeypatch.setattr(published, "releases_folder", lambda: releases)
    assert fetch("phone").fresh


def test_another_file_than_the_one_published_is_refused_and_leaves_nothing(releases, server, cache) -> None:
    good = (releases / "phone.ppgan").read_bytes()
    flipped = bytearray(good)
    flipped[-1] ^= 1
    sha256 = released()["phone"].sha256
    cases = [(good[:-100], f"has {len(good) - 100} bytes; expected {len(good)}. It is another version, or incomplete")]
    cases += [(bytes(flipped), f"has the SHA-256 {hashlib.sha256(flipped).hexdigest()}; expected {sha256}. It is ano")]
    for content, told in cases:
        (releases / "phone.ppgan").write_bytes(content)
        for origin in (f"{server}phone.ppgan", str(releases / "phone.ppgan")):
            with pytest.raises(CheckpointError) as caught:
                fetch("phone", origin=origin)
            assert str(caught.value).startswith(f"{origin}: {told}")
            assert not list((cache / "models").iterdir())


def test_a_fetched_model_that_was_published_anew_is_fetched_again(releases, cache) -> None:
    fetch("phone", origin=str(releases))
    path = cache / "models" / "phone.ppgan"
    path.write_bytes(path.read_bytes() + b" ")
    (cache / "models" / "phone.ppgan.sha256").write_text(hashlib.sha256(path.read_bytes()).hexdigest())
    assert place_of("phone") == "older"
    with pytest.raises(UsageError, match="its address is not known"):
        fetch("phone")
    assert fetch("phone", origin=str(releases)).fresh and place_of("phone") == "fetched"


def test_a_full_disk_is_told_in_one_line_and_leaves_nothing(run: Run, releases, cache, monkeypatch) -> None:
    def full(source: Path, target: Path) -> None:
        Path(target).write_bytes(b"a part")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("ppgan_lite.fetch.shutil.copyfile", full)
    code, _, err = run("models", "--fetch", "phone", "--from", str(releases))
    told = "cannot be written (No space left on device). Check the folder, its rights and the free space"
    assert (code, err) == (1, f"paddlegan: error: {cache / 'models' / 'phone.ppgan'}: {told}\n")
    assert not list((cache / "models").iterdir())


def test_names_that_are_not_known_are_told_with_the_nearest(run: Run, releases, photo_file) -> None:
    code, _, err = run("models", "--fetch", "fone")
    expected = "phone, fax, vgg19, lpips, inception"
    assert code == 2 and f"'fone' is not known; expected one of {expected}. Did you mean 'phone'?" in err
    fetch("phone", origin=str(releases))
    code, _, err = run("restore", photo_file, "--checkpoint", "fone", "-o", "out.png")
    told = "--checkpoint: there is no file fone; expected a .ppgan file. Did you mean 'phone'?"
    assert (code, err) == (2, f"paddlegan: error: {told}\n")
    for options, told in (
        (("--fetch", "photos"), "fetch: 'photos' ships with the program"),
        (("--from", "there"), "--from: does nothing without --fetch"),
        (("--fetch", "phone", "--remove", "fax"), "--fetch: and --remove exclude each other"),
    ):
        code, _, err = run("models", *options)
        assert code == 2 and told in err


def test_the_window_has_a_card_for_a_fetched_model(releases, cache) -> None:
    pytest.importorskip("PyQt5")
    from ppgan_lite.gui import app

    assert app._fetched_models() == ([], [])
    path = fetch("phone", origin=str(releases)).path
    [card], problems = app._fetched_models()
    assert (card.source, card.kind, card.task, card.title["zh"], problems) == (
        str(path), "checkpoint", "restore", "去噪", []
    )  # fmt: skip
    path.write_bytes(b"damaged")
    assert len(app._fetched_models()[1]) == 1


def test_a_file_or_a_run_comes_before_a_model_of_the_same_name_but_other_folders_do_not(releases, cache) -> None:
    fetch("phone", origin=str(releases))
    model = cache / "models" / "phone.ppgan"
    assert weights_file("phone") == model
    Path("phone").mkdir()
    assert weights_file("phone") == model
    for name in ("train.log", "final.ppgan"):
        (Path("phone") / name).touch()
    assert weights_file("phone") == Path("phone/final.ppgan")
    assert weights_file("photos") == Path(SHIPPED["photos"].file)
    assert weights_file("nothing") == Path("nothing")


def test_the_release_is_what_its_manifest_says() -> None:
    for name, weights in released().items():
        path = releases_folder() / f"{name}.ppgan"
        if not path.is_file():
            pytest.skip("an archive without the models")
        assert path.stat().st_size == weights.bytes
        assert hashlib.sha256(path.read_bytes()).hexdigest() == weights.sha256
        assert weights.title.keys() == {"en", "zh"} and all(weights.title.values())
        assert weights.licence and weights.trained_on and weights.iterations


def test_a_checkpoint_becomes_a_release_without_the_state_of_its_training(tmp_path, monkeypatch) -> None:
    paddle = pytest.importorskip("paddle")
    monkeypatch.syspath_prepend(str(Path(__file__).parents[1] / "tools"))
    import add_release

    from ppgan_lite.checkpoint import net_tensors, read_checkpoint
    from ppgan_lite.nets.sr_resnet import SRResNet

    paddle.seed(0)
    arguments = {"base_channels": 4, "blocks": 1, "residual": True}
    tensors = net_tensors("generator", SRResNet(**arguments))
    more = {"raw/generator/x": np.zeros(3, np.float32), "optimizer/generator/x": np.zeros(3, np.float32)}
    recipe = {"name": "Restoration", "perceptual": 0.0, "perceptual_encoder": "/home/me/vgg.ppgan"}
    config = {"data": {"name": "Degraded", "clean": ["/home/me/photos"], "chain": [{"name": "jpeg", "quality": 40}]}}
    training = {"iteration": 7, "seconds": 3.2, "seed": 0, "config": config}
    header = Header(
        {"generator": NetSpec("SRResNet", arguments), "discriminator": NetSpec("PatchDiscriminator", {})},
        {"restore": PredictorSpec("generator", "restore")},
        recipe,
        training,
    )
    write_checkpoint("latest.ppgan", header, tensors | more)
    about = {"name": "tiny", "title": {"en": "a", "zh": "b"}, "trained_on": "c", "licence": "CC0"}
    entry = {**about, "config": "restore_phone", "docs": "docs/results.md"}
    for tolerance, precision in ((255.0, "float16"), (-1.0, "float32")):
        added = add_release.add(Path("latest.ppgan"), entry, tmp_path / "releases", tolerance=tolerance)
        assert (added["precision"], added["iterations"], added["task"]) == (precision, 7, "restore")
    released_header, released_tensors = read_checkpoint(tmp_path / "releases" / "tiny.ppgan")
    assert released_tensors.keys() == tensors.keys()
    assert all(np.array_equal(value, tensors[key]) for key, value in released_tensors.items())
    assert list(released_header.nets) == ["generator"] and "/home/me" not in repr(released_header)
    assert released_header.training["chain"] == config["data"]["chain"]
    [found] = json.loads((tmp_path / "releases" / "manifest.json").read_text(encoding="utf-8"))["models"]
    assert found == added
    with pytest.raises(UsageError, match="small letters"):
        add_release.add(Path("latest.ppgan"), {**entry, "name": "../x"}, tmp_path / "releases", tolerance=2)
