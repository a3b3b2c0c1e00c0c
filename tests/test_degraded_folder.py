"""A degraded folder: the same whatever the order, the processes and the interruptions, and provably so."""

from __future__ import annotations

import json
import multiprocessing
import os
import platform
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from ppgan_lite.cli import main
from ppgan_lite.cli.data import _parse_step
from ppgan_lite.cli.terminal import CountBar
from ppgan_lite.data.baselines import FILTERS, measure_baselines
from ppgan_lite.data.degraded_folder import FolderReport, degrade_folder, verify_folder
from ppgan_lite.data.manifest import Manifest
from ppgan_lite.degradations import degrade, median_blur, rng_for
from ppgan_lite.errors import DataError, ImageError, MissingDependencyError, PpganError, UsageError, WorkerError
from ppgan_lite.images import ImageMetadata, decode_stored, find_images, read_image, write_image
from ppgan_lite.metrics.pairs import psnr, ssim
from ppgan_lite.runtime.opencv import opencv
from ppgan_lite.workers import for_each

try:
    opencv()
except MissingDependencyError as missing:
    pytest.skip(str(missing), allow_module_level=True)

CHAIN = [{"name": "salt_and_pepper", "amount": 0.1}, {"name": "mean_blur", "size": 3}]
CLEAN, WORSE = Path("clean"), Path("worse")


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def clean(photo: np.ndarray) -> list[str]:
    """Make the folder of clean pictures, and return their names."""
    names = ["a.png", "b/a.png", "b/深.png", "c.bmp", "d 10.png", "d 9.png"]
    for index, name in enumerate(names):
        write_image(CLEAN / name, np.roll(photo, 5 * index, axis=1))
    return names


def make(**options: Any) -> FolderReport:
    return degrade_folder(CLEAN, WORSE, options.pop("chain", CHAIN), **{"workers": 1, **options})


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in find_images(folder)}


def leftovers(folder: Path) -> list[Path]:
    return [path for path in folder.rglob(".*") if path.is_file()]


def stop_after(pictures: int, stop: Callable[[], object]) -> Callable[[int, int], None]:
    """Return a progress that stops the work in a way, once."""
    stopped = []

    def progress(done: int, total: int) -> None:
        if done >= pictures and not stopped:
            stopped.append(done)
            stop()

    return progress


def interrupt() -> None:
    raise KeyboardInterrupt


def test_every_picture_is_degraded_under_its_own_name(clean: list[str]) -> None:
    report = make(seed=3)
    assert report == FolderReport(
        made=dict.fromkeys(["a.png", "b/a.png", "b/深.png", "c.bmp", "d 9.png", "d 10.png"], "new")
    )
    assert list(report.made) == ["a.png", "b/a.png", "b/深.png", "c.bmp", "d 9.png", "d 10.png"]
    assert contents(WORSE).keys() == set(clean)
    for name in clean:
        expected = degrade(read_image(CLEAN / name)[0], CHAIN, rng=rng_for(name, 3))
        assert np.array_equal(read_image(WORSE / name)[0], expected)


def test_neither_order_nor_processes_nor_other_pictures_change_a_byte(clean: list[str]) -> None:
    make()
    one = contents(WORSE)
    degrade_folder(CLEAN, "two", CHAIN, workers=2)
    assert contents(Path("two")) == one
    (CLEAN / "a.png").unlink()
    (CLEAN / "b/a.png").unlink()
    degrade_folder(CLEAN, "fewer", CHAIN)
    assert contents(Path("fewer")) == {name: one[name] for name in clean[2:]}


@pytest.mark.parametrize("suffix", [".png", ".tif"])
@pytest.mark.parametrize("shape", [(20, 30), (20, 30, 3)])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_depth_colors_and_alpha_are_kept(suffix: str, shape: tuple[int, ...], dtype: type) -> None:
    has_alpha = (suffix, shape, dtype) != (".tif", (20, 30), np.uint16)  # Pillow reads no such TIFF
    pixels = np.random.default_rng(0).integers(0, np.iinfo(dtype).max, (*shape[:2], 4)).astype(dtype)
    image, alpha = pixels[..., 0] if len(shape) == 2 else pixels[..., :3], pixels[..., 3] if has_alpha else None
    write_image(CLEAN / f"a{suffix}", np.ascontiguousarray(image), ImageMetadata(dpi=(200, 200), alpha=alpha))
    make()
    worse, metadata = decode_stored((WORSE / f"a{suffix}").read_bytes(), "a")
    assert worse.dtype == dtype
    assert np.array_equal(worse, degrade(np.ascontiguousarray(image), CHAIN, rng=rng_for(f"a{suffix}", 0)))
    assert metadata.dpi == pytest.approx((200, 200), abs=0.1)
    if alpha is not None:
        assert np.array_equal(metadata.alpha, alpha)


def test_alpha_shrinks_with_the_picture(photo: np.ndarray) -> None:
    alpha = np.repeat(np.arange(40, dtype=np.uint8)[:, None], 60, axis=1)
    write_image(CLEAN / "a.png", photo, ImageMetadata(alpha=alpha))
    make(chain=[{"name": "downscale", "factor": 4}])
    worse, metadata = read_image(WORSE / "a.png")
    assert worse.shape == (10, 15, 3)
    assert metadata.alpha is not None
    assert metadata.alpha[:, 0].tolist() == pytest.approx([4 * row + 1.5 for row in range(10)], abs=0.5)


def test_what_cannot_be_written_becomes_png_and_collisions_are_told(photo: np.ndarray) -> None:
    CLEAN.mkdir()
    picture = Image.fromarray(photo)
    picture.save(CLEAN / "a.gif")
    picture.save(CLEAN / "a.png")
    picture.save(CLEAN / "b.ppm")
    picture.save(CLEAN / "c", "JPEG")
    report = make()
    assert contents(WORSE).keys() == {"a.png", "b.png", "c.png"}
    assert set(report.made) == {"a.png", "b.ppm", "c"}
    assert {name: str(error) for name, error in report.errors.items()} == {
        "a.gif": f"{CLEAN / 'a.gif'}: its result a.png is that of a.png too. Rename one of them"
    }
    assert verify_folder(CLEAN, WORSE) == [f"{CLEAN / 'a.gif'}: is not in the manifest"]


def test_again_only_what_is_missing_or_changed_is_made(clean: list[str], photo: np.ndarray) -> None:
    make()
    assert make() == FolderReport(skipped=6)
    assert make(overwrite=True) == FolderReport(skipped=6)
    write_image(CLEAN / "a.png", 255 - photo, overwrite=True)
    os.utime(CLEAN / "b/a.png", ns=(1, 1))  # touched, and still the same
    (WORSE / "b/深.png").unlink()
    write_image(CLEAN / "e.png", photo)
    (CLEAN / "c.bmp").unlink()
    made = {"a.png": "source changed", "b/深.png": "result missing", "e.png": "new"}
    assert make() == FolderReport(made=made, skipped=3, orphans=["c.bmp"])
    assert verify_folder(CLEAN, WORSE) == [f"{CLEAN / 'c.bmp'}: is missing"]


@pytest.mark.parametrize(
    "changed", [{"seed": 1}, {"chain": CHAIN[:1]}, {"chain": [{"name": "salt_and_pepper", "amount": 0.11}, CHAIN[1]]}]
)
def test_with_other_settings_everything_is_made_anew(clean: list[str], changed: dict[str, Any]) -> None:
    make()
    before = contents(WORSE)
    report = make(**changed)
    assert report.made == dict.fromkeys(report.made, "settings changed")
    assert set(report.made) == set(clean)
    after = contents(WORSE)
    assert after.keys() == before.keys()
    assert all(after[name] != before[name] for name in clean)
    assert make(**changed) == FolderReport(skipped=6)


@pytest.mark.parametrize("kept", ["no_gps", "none"])
def test_metadata_is_left_out_of_what_was_made_with_it_too(photo: np.ndarray, kept: Any) -> None:
    exif = Image.Exif()
    exif[271], exif[0x8825] = "Camera", {1: "N"}
    CLEAN.mkdir()
    Image.fromarray(photo).save(CLEAN / "a.jpg", exif=exif)
    make()
    assert make(kept=kept).made == {"a.jpg": "settings changed"}
    assert make(kept=kept).skipped == 1
    with Image.open(WORSE / "a.jpg") as picture:
        found = picture.getexif()
    assert found.get(271) == (None if kept == "none" else "Camera")
    assert found.get_ifd(0x8825) == {}
    assert verify_folder(CLEAN, WORSE, chain=CHAIN) == []


def test_defaults_that_are_spelt_out_are_no_other_settings(clean: list[str]) -> None:
    make(chain=[{"name": "mean_blur"}])
    assert make(chain=[{"size": 20, "name": "mean_blur"}]) == FolderReport(skipped=6)


def test_what_others_made_is_not_replaced_unless_allowed(clean: list[str], photo: np.ndarray) -> None:
    write_image(WORSE / "a.png", photo)
    report = make()
    assert {name: str(error) for name, error in report.errors.items()} == {
        "a.png": f"{WORSE / 'a.png'}: exists already. Choose another folder, or allow it with overwrite=True"
    }
    assert np.array_equal(read_image(WORSE / "a.png")[0], photo)
    (WORSE / "c.bmp").write_bytes(b"painted over")
    again = make()
    assert again.skipped == 4
    assert str(again.errors["c.bmp"]).startswith(f"{WORSE / 'c.bmp'}: was changed after it was made. Choose")
    assert (WORSE / "c.bmp").read_bytes() == b"painted over"
    made = {"a.png": "exists already", "c.bmp": "was changed after it was made"}
    assert make(overwrite=True) == FolderReport(made=made, skipped=4)
    assert verify_folder(CLEAN, WORSE) == []


def test_unreadable_pictures_do_not_end_the_folder(clean: list[str]) -> None:
    (CLEAN / "c.bmp").write_bytes(b"")
    (CLEAN / "b/a.png").write_bytes((CLEAN / "b/a.png").read_bytes()[:200])
    report = make()
    assert set(report.made) == {"a.png", "b/深.png", "d 9.png", "d 10.png"}
    assert str(report.errors["c.bmp"]) == f"{CLEAN / 'c.bmp'}: the file is empty; expected a picture"
    assert str(report.errors["b/a.png"]).endswith("It is damaged or incomplete")
    assert verify_folder(CLEAN, WORSE) == [f"{CLEAN / name}: has no result yet" for name in ("b/a.png", "c.bmp")]
    assert make().errors.keys() == {"c.bmp", "b/a.png"}
    (CLEAN / "c.bmp").unlink()
    (CLEAN / "b/a.png").unlink()
    assert make() == FolderReport(skipped=4)
    assert verify_folder(CLEAN, WORSE) == []


def test_a_picture_that_a_degradation_cannot_take_is_told_with_its_name() -> None:
    write_image(CLEAN / "long.png", np.zeros((1, 70_000, 3), np.uint8))
    report = make(chain=[{"name": "jpeg"}])
    assert str(report.errors["long.png"]) == (
        f"{CLEAN / 'long.png'}: cannot be degraded: jpeg: 70000 x 1 pixels; expected sides up to 65500"
    )


def test_verifying_tells_everything_that_differs(clean: list[str], photo: np.ndarray) -> None:
    make()
    shown = []
    assert verify_folder(CLEAN, WORSE, chain=CHAIN, seed=0, progress=lambda *numbers: shown.append(numbers)) == []
    assert shown == [(done, 6) for done in range(1, 7)]
    changed = WORSE / "a.png"
    state = changed.stat()
    data = bytearray(changed.read_bytes())
    data[-20] ^= 1
    changed.write_bytes(data)
    os.utime(changed, ns=(state.st_atime_ns, state.st_mtime_ns))  # as a failing disk would do it
    write_image(CLEAN / "b/a.png", 255 - photo, overwrite=True)
    (WORSE / "b/深.png").unlink()
    write_image(CLEAN / "new.png", photo)
    write_image(WORSE / "stranger.png", photo)
    assert verify_folder(CLEAN, WORSE, chain=CHAIN[:1], seed=1) == [
        f"{WORSE / 'manifest.json'}: was made with other degradations: {CHAIN}",
        f"{WORSE / 'manifest.json'}: was made with seed 0",
        f"{WORSE / 'a.png'}: differs from the manifest",
        f"{CLEAN / 'b/a.png'}: differs from the manifest",
        f"{WORSE / 'b/深.png'}: is missing",
        f"{CLEAN / 'new.png'}: is not in the manifest",
        f"{WORSE / 'stranger.png'}: is not in the manifest",
    ]


@pytest.mark.parametrize("workers", [1, 2])
def test_interrupted_work_goes_on_where_it_was(clean: list[str], workers: int) -> None:
    make()
    expected = contents(WORSE)
    shutil.rmtree(WORSE)
    with pytest.raises(KeyboardInterrupt):
        make(workers=workers, progress=stop_after(2, interrupt))
    there = contents(WORSE)
    assert 2 <= len(there) <= 6
    assert leftovers(WORSE) == []
    report = make()
    assert report.skipped == len(there)  # nothing that was made is lost
    assert contents(WORSE) == expected
    assert verify_folder(CLEAN, WORSE) == []


def test_what_was_made_and_not_recorded_is_made_again(clean: list[str]) -> None:
    """As after a power cut: the manifest names results that were never made."""
    make()
    expected = contents(WORSE)
    manifest = json.loads((WORSE / "manifest.json").read_bytes())
    for name in ("a.png", "c.bmp"):
        manifest["files"][name] = {"path": name}
    (WORSE / "manifest.json").write_text(json.dumps(manifest))
    (WORSE / "a.png").write_bytes(b"half a picture")
    assert make() == FolderReport(made={"a.png": "not finished", "c.bmp": "not finished"}, skipped=4)
    assert contents(WORSE) == expected


def test_a_full_disk_ends_the_work_with_one_message_and_nothing_half_written(
    clean: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    make()
    expected = contents(WORSE)
    shutil.rmtree(WORSE)
    write = Path.write_bytes

    def fill_up(self: Path, data: bytes) -> int:
        if not WORSE.exists() or len(contents(WORSE)) < 3:
            return write(self, data)
        write(self, data[:100])
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", fill_up)
        with pytest.raises(ImageError, match=r"c\.bmp: cannot be written \(No space left on device\)"):
            make()
    assert len(contents(WORSE)) == 3
    assert leftovers(WORSE) == []
    assert len(make().made) == 6  # the manifest, too, found no space
    assert contents(WORSE) == expected


def kill_a_worker() -> None:
    os.kill(multiprocessing.active_children()[0].pid or 0, signal.SIGKILL)


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="a process cannot be killed like that here")
def test_a_killed_worker_is_told_in_one_message_and_nothing_is_lost(photo: np.ndarray) -> None:
    for index in range(60):
        write_image(CLEAN / f"{index}.png", np.tile(np.roll(photo, index, axis=0), (4, 4, 1)))
    with pytest.raises(WorkerError) as caught:
        make(workers=2, progress=stop_after(4, kill_a_worker))
    assert str(caught.value).startswith(f"2 worker processes: one was killed or crashed, near {CLEAN}")
    assert str(caught.value).endswith("run the same again, with fewer --workers if memory is short")
    assert len(leftovers(WORSE)) <= 1  # partial file of the killed worker
    made = Manifest.read(WORSE)
    assert made is not None
    finished = [name for name, entry in made.entries.items() if entry.result_state]
    assert 4 <= len(finished) < 60
    assert make().skipped == len(finished)
    assert verify_folder(CLEAN, WORSE) == []


@pytest.mark.skipif(sys.platform != "linux", reason="only there processes are forked")
def test_only_a_process_without_other_threads_and_without_paddle_is_forked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threading, "active_count", lambda: 1)
    monkeypatch.delitem(sys.modules, "paddle", raising=False)
    assert for_each._context("json").get_start_method() == "fork"
    monkeypatch.setattr(threading, "active_count", lambda: 2)
    assert for_each._context("json").get_start_method() == "forkserver"
    monkeypatch.setattr(threading, "active_count", lambda: 1)
    monkeypatch.setitem(sys.modules, "paddle", threading)
    assert for_each._context("json").get_start_method() == "forkserver"


PAGED_IN = """
import resource
import numpy as np
from ppgan_lite.workers.for_each import for_each

def pages():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(20):
        arrays = [np.ones(1_000_000, np.uint8) for _ in range(4)]
        del arrays
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

as_it_comes = pages()
measured = []
for_each(lambda item: pages(), [1, 2], lambda item, result: measured.append(result), workers=1)
print(as_it_comes, measured[-1])
"""


def test_the_bar_of_the_command_starts_no_thread() -> None:
    before = threading.enumerate()
    with CountBar("picture") as bar:
        bar(0, 3)
        assert threading.enumerate() == before


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other memory managers have other habits")
def test_memory_of_one_picture_serves_the_next() -> None:
    out = subprocess.run([sys.executable, "-c", PAGED_IN], capture_output=True, text=True, check=True).stdout
    as_it_comes, kept = map(int, out.split())
    assert kept < as_it_comes / 10


def test_ctrl_c_while_a_result_is_reported_loses_none() -> None:
    begun, reported = [], []

    def report(item: int, result: int) -> None:
        begun.append(item)
        if len(begun) == 1:
            signal.raise_signal(signal.SIGINT)
        reported.append(item)

    with pytest.raises(KeyboardInterrupt):
        for_each.for_each(abs, range(-4, 0), report, workers=2)
    assert reported == begun  # others may not have begun at all
    assert len(set(reported)) == len(reported)


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C is another thing there")
def test_ctrl_c_ends_with_130_and_the_same_command_goes_on(photo: np.ndarray) -> None:
    for index in range(60):  # large enough that they are not done before this process gets its turn
        write_image(CLEAN / f"{index}.png", np.tile(np.roll(photo, index, axis=0), (16, 16, 1)))
    command = [sys.executable, "-m", "ppgan_lite", "degrade", CLEAN, WORSE, "--workers", "2", "--json"]

    def heed_ctrl_c() -> None:
        """A job in the background, as these tests may be, is started with orders to ignore it."""
        signal.signal(signal.SIGINT, signal.SIG_DFL)

    running = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=heed_ctrl_c,
    )
    deadline = time.monotonic() + 60
    while not (WORSE.exists() and len(contents(WORSE)) >= 2) and time.monotonic() < deadline:
        time.sleep(0.01)
    os.killpg(running.pid, signal.SIGINT)
    printed, err = running.communicate(timeout=60)
    assert running.returncode == 130
    lines = [line for line in err.replace("\r", "\n").splitlines() if line]
    assert lines[-1] == "paddlegan: interrupted"
    assert lines[-2].endswith("of 60 pictures are done; the same command goes on from there")
    assert "Traceback" not in err
    assert leftovers(WORSE) == []
    there = len(contents(WORSE))
    assert lines[-2].startswith(f"{there} of 60")
    assert len(json.loads(printed)["made"]) == there
    report = degrade_folder(CLEAN, WORSE, [{"name": "salt_and_pepper"}, {"name": "mean_blur"}], workers=1)
    assert report.skipped == there
    assert verify_folder(CLEAN, WORSE) == []


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", r"manifest\.json: cannot be read \(.*\)\. Remove it and run the same again with --overwrite"),
        ("[]", r"manifest\.json: is not the manifest of a degraded folder\. Choose another folder"),
        ('{"format": "ppgan_lite degraded folder", "version": 9}', r"is of version 9; expected version 1\. Update"),
        (
            '{"format": "ppgan_lite degraded folder", "version": 1, "chain": [], "seed": 0, "files": {"a": {}}}',
            r"manifest\.json: lacks what a manifest has\. Remove it",
        ),
    ],
)
def test_a_manifest_that_is_none_is_refused(clean: list[str], content: str, message: str) -> None:
    WORSE.mkdir()
    (WORSE / "manifest.json").write_text(content)
    for work in (make, lambda: verify_folder(CLEAN, WORSE), lambda: measure_baselines(CLEAN, WORSE)):
        with pytest.raises(DataError, match=message):
            work()
    assert contents(WORSE) == {}


def test_a_folder_inside_the_clean_one_is_not_degraded_again(clean: list[str]) -> None:
    inside = CLEAN / "worse"
    for _ in range(2):
        degrade_folder(CLEAN, inside, CHAIN)
    assert contents(inside).keys() == set(clean)
    assert verify_folder(CLEAN, inside) == []


def test_a_clean_picture_that_is_a_link_into_the_degraded_folder_is_degraded(clean: list[str]) -> None:
    inside = CLEAN / "worse"
    write_image(inside / "kept.png", np.full((20, 20, 3), 90, np.uint8))
    (CLEAN / "linked.png").symlink_to("worse/kept.png")
    degrade_folder(CLEAN, inside, CHAIN)
    assert contents(inside).keys() == {*clean, "kept.png", "linked.png"}


@pytest.mark.parametrize(
    ("source", "target", "error", "message"),
    [
        ("missing", "worse", UsageError, "missing: is not a folder; expected a folder of clean pictures"),
        ("clean", "clean/../clean", UsageError, "is the folder of the clean pictures itself; expected another one"),
        ("clean", "clean/a.png", UsageError, r"a\.png: is not a folder; expected a folder for the degraded pictures"),
        ("empty", "worse", ImageError, "empty: holds no pictures"),
    ],
)
def test_folders_that_cannot_be_meant_are_refused(
    clean: list[str], source: str, target: str, error: type[PpganError], message: str
) -> None:
    Path("empty").mkdir()
    with pytest.raises(error, match=message):
        degrade_folder(source, target, CHAIN)
    assert not WORSE.exists()


def test_a_folder_without_manifest_cannot_be_verified(clean: list[str]) -> None:
    with pytest.raises(
        DataError, match=r"worse: holds no manifest\.json; expected a folder that was made by degrading"
    ):
        verify_folder(CLEAN, "worse")


def test_the_command_reports_what_it_did_and_verifies(clean: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    def run(*options: str) -> tuple[int, str, list[str]]:
        code = main(["degrade", "clean", "worse", *options])
        out, err = capsys.readouterr()
        return code, out, [line for line in err.replace("\r", "\n").splitlines() if line and "pictures/s" not in line]

    assert run("--noise", "0.2", "--blur", "3") == (0, "", ["6 pictures written to worse"])
    assert read_image("worse/a.png")[0].tolist() == (
        degrade(
            read_image("clean/a.png")[0],
            [{"name": "salt_and_pepper", "amount": 0.2}, {"name": "mean_blur", "size": 3}],
            rng=rng_for("a.png", 0),
        ).tolist()
    )
    assert run("--noise", "0.2", "--blur", "3") == (0, "", ["6 pictures were done already"])
    assert run("--verify") == (0, "", ["worse is what its manifest tells: 6 pictures"])
    code, out, err = run("--verify", "--noise", "0.2", "--json")
    assert code == 1
    assert json.loads(out)["pictures"] == 6
    assert len(json.loads(out)["differences"]) == 1
    assert err[-1] == "worse is not what its manifest tells: 1 difference"
    (CLEAN / "c.bmp").write_bytes(b"")
    code, out, err = run("--step", "gaussian_noise:sigma=10", "--step", "jpeg:quality=40", "--json")
    chain = [{"name": "gaussian_noise", "sigma": 10}, {"name": "jpeg", "quality": 40}]
    outcome = json.loads(out)
    assert (code, outcome["chain"], outcome["seed"], outcome["skipped"]) == (1, chain, 0, 0)
    assert set(outcome["made"].values()) == {"settings changed"}
    message = f"{CLEAN / 'c.bmp'}: the file is empty; expected a picture"
    assert outcome["errors"] == [{"picture": "c.bmp", "error": message}]
    assert err == [
        "5 pictures written to worse (5 settings changed)",
        f"paddlegan: error: {message}",
        "1 of 6 pictures failed",
    ]


def test_a_step_is_a_name_and_json_values() -> None:
    assert _parse_step("grayscale") == {"name": "grayscale"}
    assert _parse_step("motion_blur:length=9, angle=-4.5") == {"name": "motion_blur", "length": 9, "angle": -4.5}
    assert _parse_step("motion_blur:angle=null") == {"name": "motion_blur", "angle": None}
    assert _parse_step("jpeg:quality=high") == {"name": "jpeg", "quality": "high"}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--step", "jpeg:40"], "--step: '40' in 'jpeg:40'; expected NAME:KEY=VALUE,... with each key once"),
        (["--step", "jpeg:quality=4,quality=5"], "with each key once"),
        (["--step", "jpeg:quality=high"], "step 1 (jpeg) quality: 'high' (text); expected an integer from 1 to 100"),
        (["--step", "jpg"], "'jpg' is not known"),
        (["--step", "jpeg", "--blur", "3"], "--step: given together with --noise or --blur; expected one or the other"),
        (["--workers", "0"], "0 is not in the range x>=1"),
    ],
)
def test_options_that_cannot_be_meant_are_told(
    clean: list[str], options: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["degrade", "clean", "worse", *options]) == 2
    err = capsys.readouterr().err
    assert message in err
    assert len(err.splitlines()) == 1
    assert not WORSE.exists()


def test_baselines_are_the_best_of_each_filter_on_the_same_pairs(
    clean: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    make(chain=[{"name": "salt_and_pepper", "amount": 0.05}])
    steps = []
    count, baselines = measure_baselines(CLEAN, WORSE, workers=1, progress=lambda *step: steps.append(step))
    assert count == 6
    assert steps == [(step, 12) for step in range(1, 13)]
    by_name = {baseline.filter: baseline for baseline in baselines}
    assert list(by_name) == list(FILTERS) == ["degraded", "median", "bilateral", "non-local means"]
    pairs = [[read_image(folder / name)[0] for folder in (WORSE, CLEAN)] for name in clean]
    assert by_name["degraded"].psnr == pytest.approx(np.mean([psnr(*pair) for pair in pairs]))
    assert by_name["degraded"].ssim == pytest.approx(np.mean([ssim(*pair) for pair in pairs]))
    medians = {size: np.mean([psnr(median_blur(a, size), b) for a, b in pairs]) for size in (3, 5, 7, 9)}
    assert by_name["median"].settings == {"size": max(medians, key=lambda size: medians[size])}
    assert by_name["median"].psnr == pytest.approx(max(medians.values()))
    assert by_name["median"].psnr > by_name["degraded"].psnr + 3
    assert by_name["median"].psnr > by_name["bilateral"].psnr
    assert all(0 < baseline.ssim <= 1 for baseline in baselines)

    options = ["--step", "salt_and_pepper:amount=0.05", "--workers", "1", "--baselines", "--pairs", "2", "--json"]
    assert main(["degrade", "clean", "worse", *options]) == 0
    out, err = capsys.readouterr()
    outcome = json.loads(out)
    assert outcome["pairs"] == 2
    assert [list(baseline) for baseline in outcome["baselines"]] == [
        ["filter", "psnr", "ssim"],
        ["filter", "size", "psnr", "ssim"],
        ["filter", "sigma_color", "sigma_space", "psnr", "ssim"],
        ["filter", "strength", "psnr", "ssim"],
    ]
    assert outcome["baselines"][0]["psnr"] == pytest.approx(np.mean([psnr(*pairs[index]) for index in (0, 3)]))
    table = err.splitlines()[-5:]
    assert table[0].split() == ["FILTER", "PSNR", "dB", "SSIM", "SETTINGS"]
    assert table[2].split()[:2] == ["median", f"{outcome['baselines'][1]['psnr']:.2f}"]


def test_what_was_shrunk_is_enlarged_before_it_is_compared(photo: np.ndarray) -> None:
    write_image(CLEAN / "a.png", photo)
    make(chain=[{"name": "downscale", "factor": 2}])
    _, baselines = measure_baselines(CLEAN, WORSE, workers=1)
    enlarged = np.asarray(Image.fromarray(read_image(WORSE / "a.png")[0]).resize((60, 40), Image.Resampling.BICUBIC))
    assert baselines[0].psnr == psnr(enlarged, photo)


def test_identical_pairs_have_no_finite_psnr_and_json_says_null(
    clean: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--noise", "0", "--blur", "1", "--workers", "1", "--baselines", "--pairs", "1", "--json"]
    assert main(["degrade", "clean", "worse", *options]) == 0
    assert json.loads(capsys.readouterr().out)["baselines"][0] == {"filter": "degraded", "psnr": None, "ssim": 1.0}


def test_a_pair_that_is_gone_is_told(clean: list[str]) -> None:
    make()
    (WORSE / "a.png").unlink()
    with pytest.raises(DataError, match=r"a\.png: does not exist\. Degrade the folder again"):
        measure_baselines(CLEAN, WORSE, workers=1)
