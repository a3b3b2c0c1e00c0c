"""The faces in the first photo, looked for by a copy of the process."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ppgan_lite.images import SAMPLE_PHOTO, read_image
from ppgan_lite.inference.faces import ahead
from ppgan_lite.inference.faces.detection import find_faces
from ppgan_lite.runtime.threads import usable_cores

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or usable_cores() < 2, reason="processes are copied on Linux, for a second core"
)

LOOK = """
import sys
from pathlib import Path
from ppgan_lite.inference.faces import ahead
{before}
photo = Path(sys.argv[1])
ahead.begin(photo)
assert "numpy" not in sys.modules
faces, again = ahead.known_faces(photo), ahead.known_faces(photo)
print(faces and [(face.center, face.size, face.points.tolist()) for face in faces], again)
"""


def look(photo: Path, *, before: str = "") -> str:
    line = [sys.executable, "-c", LOOK.format(before=before), str(photo)]
    done = subprocess.run(line, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return done.stdout.strip()


def test_a_copy_of_the_process_finds_the_faces_that_this_one_finds_and_tells_them_once() -> None:
    here = find_faces(read_image(SAMPLE_PHOTO)[0])
    assert look(SAMPLE_PHOTO) == f"{[(face.center, face.size, face.points.tolist()) for face in here]} None"


def test_a_copy_that_cannot_read_the_photo_or_is_ended_knows_nothing_and_says_nothing(tmp_path: Path) -> None:
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(SAMPLE_PHOTO.read_bytes()[:900])
    assert look(broken) == "None None"
    ended = "ahead._look = lambda photo, answer: os.kill(os.getpid(), 9)"
    assert look(SAMPLE_PHOTO, before=f"import os\n{ended}") == "None None"


def test_nothing_is_copied_for_a_large_file_a_folder_or_one_core_or_beside_other_threads(tmp_path: Path) -> None:
    large = tmp_path / "large.jpg"
    large.write_bytes(bytes(5_000_000))
    refuses = "import os\nos.fork = lambda: sys.exit('copied')"
    for photo, before in (
        (large, ""),
        (tmp_path, ""),
        (tmp_path / "nowhere.jpg", ""),
        (SAMPLE_PHOTO, "ahead.usable_cores = lambda: 1"),
        (SAMPLE_PHOTO, "import threading\nthreading.Thread(target=threading.Event().wait, daemon=True).start()"),
    ):
        assert look(photo, before=f"{refuses}\n{before}") == "None None"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("{photo} --style udnie", True),
        ("--style udnie --overwrite {photo}", True),
        ("--style {other} --faces 0.6 {photo}", True),
        ("{photo} --style=udnie --faces 1", False),
        ("--faces=1 {photo} --style udnie", False),
        ("nowhere.jpg --style {other}", False),
        ("--help", False),
    ],
)
def test_the_photo_is_found_among_arguments_that_are_not_parsed_yet(
    line: str, expected: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[Path] = []
    monkeypatch.setattr(ahead, "begin", begun.append)
    photo, other = tmp_path / "my photo.jpg", tmp_path / "other.jpg"
    for path in (photo, other):
        path.write_bytes(b"1")
    ahead.begin_for([part.format(photo=photo, other=other) for part in line.split()])
    assert begun == [photo] * expected


def test_this_process_has_numpy_and_is_not_copied(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fork", lambda: pytest.fail("copied"))
    ahead.begin(SAMPLE_PHOTO)
    assert ahead.known_faces(SAMPLE_PHOTO) is None


def test_a_command_that_fails_leaves_no_copy_behind() -> None:
    script = (
        "import os, sys\n"
        "from pathlib import Path\n"
        "from ppgan_lite.inference.faces import ahead\n"
        "ahead._look = lambda photo, answer: __import__('time').sleep(60)\n"
        "ahead.begin(Path(sys.argv[1]))\n"
        "[copy] = ahead._ahead.values()\n"
        "print(copy._child)\n"
    )
    done = subprocess.run([sys.executable, "-c", script, str(SAMPLE_PHOTO)], capture_output=True, text=True, check=True)
    child = int(done.stdout)
    state = Path(f"/proc/{child}/stat")
    assert not state.exists() or ") Z " in state.read_text()
