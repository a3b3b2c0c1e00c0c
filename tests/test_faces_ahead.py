"""The faces in the first photo, looked for by a copy of the process."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from ppgan_lite.images import SAMPLE_PHOTO, read_image
from ppgan_lite.inference.faces.detection import find_faces
from ppgan_lite.runtime.threads import usable_cores

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or usable_cores() < 2, reason="processes are copied on Linux, for a second core"
)

LOOK = """
import sys
from pathlib import Path
from ppgan_lite.inference.faces import ahead
from ppgan_lite.runtime.startup import import_numpy
{before}
photo = Path(sys.argv[1])
ahead.allow()
import_numpy()
import numpy
numpy.ones((500, 500)) @ numpy.ones((500, 500))  # on all threads that OpenBLAS has
ahead.begin(photo)
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
    "before",
    ["", "import cv2\nahead.allow()", "import openvino\nahead.allow()"],
    ids=["a program", "OpenCV", "OpenVINO"],
)
def test_a_process_with_threads_of_its_own_and_any_but_the_command_is_not_copied(before: str) -> None:
    refuses = "import os\nahead.allow = lambda: None\nos.fork = lambda: sys.exit('copied')"
    assert look(SAMPLE_PHOTO, before=f"{before}\n{refuses}") == "None None"


def test_a_command_that_fails_leaves_no_copy_behind() -> None:
    script = (
        "import os, sys\n"
        "from pathlib import Path\n"
        "from ppgan_lite.inference.faces import ahead\n"
        "ahead._look = lambda photo, answer: __import__('time').sleep(60)\n"
        "ahead.allow()\n"
        "ahead.begin(Path(sys.argv[1]))\n"
        "[copy] = ahead._ahead.values()\n"
        "print(copy._child)\n"
    )
    done = subprocess.run([sys.executable, "-c", script, str(SAMPLE_PHOTO)], capture_output=True, text=True, check=True)
    child = int(done.stdout)
    state = Path(f"/proc/{child}/stat")
    assert not state.exists() or ") Z " in state.read_text()


@pytest.mark.parametrize("is_folder", [False, True])
def test_the_command_begins_with_its_first_photo(is_folder: bool, tmp_path: Path) -> None:
    photo = tmp_path / "photos" / "first.jpg"
    photo.parent.mkdir()
    photo.write_bytes(SAMPLE_PHOTO.read_bytes())
    script = (
        "import sys\n"
        "from ppgan_lite.inference.faces import ahead\n"
        "ahead.begin = lambda photo: sys.exit(f'begun: {photo.name}')\n"
        "from ppgan_lite.cli import main\n"
        "main(sys.argv[1:])\n"
    )
    source = photo.parent if is_folder else photo
    line = ["stylize", "--style", "udnie", str(source), "-o", f"{tmp_path}/out/"]
    done = subprocess.run([sys.executable, "-c", script, *line], capture_output=True, text=True, check=False)
    assert done.stderr == "begun: first.jpg\n"
