"""Settings made before Paddle is imported, never over those of the environment."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

from ppgan_lite.runtime.startup import silenced
from ppgan_lite.runtime.threads import physical_cores

SCRIPT = """
import json, os, sys
from ppgan_lite.runtime import startup
startup.processor = lambda: sys.argv[1]
print(json.dumps(startup.require_paddle().seen))
"""
PADDLE = "import os\nseen = {name: os.environ.get(name) for name in ('OMP_NUM_THREADS', 'MKL_DEBUG_CPU_TYPE')}\n"


@pytest.mark.parametrize(
    ("maker", "given", "expected"),
    [
        ("vendor_id : AuthenticAMD", {}, {"OMP_NUM_THREADS": str(physical_cores()), "MKL_DEBUG_CPU_TYPE": "5"}),
        ("vendor_id : GenuineIntel", {}, {"OMP_NUM_THREADS": str(physical_cores()), "MKL_DEBUG_CPU_TYPE": None}),
        (
            "vendor_id : AuthenticAMD",
            {"OMP_NUM_THREADS": "7", "MKL_DEBUG_CPU_TYPE": "4"},
            {"OMP_NUM_THREADS": "7", "MKL_DEBUG_CPU_TYPE": "4"},
        ),
    ],
)
def test_paddle_is_set_up_before_it_is_imported(
    tmp_path: Path, maker: str, given: dict[str, str], expected: dict[str, str | None]
) -> None:
    (tmp_path / "paddle.py").write_text(PADDLE)  # stands for Paddle, and records its environment
    environment = {key: value for key, value in os.environ.items() if key not in expected} | given
    environment["PYTHONPATH"] = os.pathsep.join([str(tmp_path), str(Path(__file__).parents[1])])
    said = subprocess.run(
        [sys.executable, "-c", SCRIPT, maker], env=environment, capture_output=True, text=True, check=True
    )
    assert json.loads(said.stdout) == expected


def test_only_notes_about_threads_are_dropped_while_paddle_is_loaded(tmp_path: Path) -> None:
    (tmp_path / "paddle.py").write_text("import os\nos.write(2, b'OMP_NUM_THREADS is set\\nsomething else\\n')\n")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), str(Path(__file__).parents[1])])}
    script = "from ppgan_lite.runtime.startup import require_paddle; require_paddle()"
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, check=True)
    assert done.stderr.replace(b"\r\n", b"\n") == b"something else\n"


def test_paddle_is_loaded_in_a_program_without_standard_streams(tmp_path: Path) -> None:
    (tmp_path / "paddle.py").write_text("")
    script = (
        "import os, sys\nfor stream in range(3): os.close(stream)\nsys.stdout = sys.stderr = None\n"
        "from ppgan_lite.runtime.startup import require_paddle, silenced\n"
        "with silenced(): require_paddle()\n"
        "open(sys.argv[1], 'w').write('done')"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), str(Path(__file__).parents[1])])}
    outcome = tmp_path / "outcome.txt"
    subprocess.run([sys.executable, "-c", script, str(outcome)], env=environment, check=True)
    assert outcome.read_text() == "done"


def test_paddle_is_loaded_where_there_is_no_temporary_folder(tmp_path: Path) -> None:
    (tmp_path / "paddle.py").write_text("import os\nos.write(2, b'OMP_NUM_THREADS is set\\nsomething else\\n')\n")
    script = (
        "import os, sys, tempfile\nsys.platform, tempfile.tempdir = 'darwin', sys.argv[1]\n"
        "from ppgan_lite.runtime.startup import require_paddle, silenced\n"
        "with silenced(): os.write(1, b'nothing')\n"
        "require_paddle()"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), str(Path(__file__).parents[1])])}
    command = [sys.executable, "-c", script, str(tmp_path / "missing")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "OMP_NUM_THREADS is set\nsomething else\n")


def test_paddle_has_a_temporary_folder_where_neither_home_nor_system_has_one(tmp_path: Path) -> None:
    (tmp_path / "paddle.py").write_text("import tempfile\nprint(tempfile.gettempdir())\n")
    script = (
        "import sys, tempfile\ntempfile._candidate_tempdir_list = lambda: [sys.argv[1]]\n"
        "from ppgan_lite.runtime.startup import require_paddle\n"
        "require_paddle()"
    )
    missing, cache = str(tmp_path / "missing"), str(tmp_path / "cache")
    path = os.pathsep.join([str(tmp_path), str(Path(__file__).parents[1])])
    environment = {**os.environ, "PYTHONPATH": path, "HOME": missing, "USERPROFILE": missing, "PPGAN_LITE_CACHE": cache}
    command = [sys.executable, "-c", script, missing]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == f"{cache}\n"


def test_silence_reaches_what_is_written_past_python(capfd: pytest.CaptureFixture[str]) -> None:
    with silenced():
        for stream in (1, 2):
            os.write(stream, b"from C++\n")
        warnings.warn("a warning", stacklevel=1)
    os.write(2, b"afterwards\n")
    assert capfd.readouterr() == ("", "afterwards\n")


def test_engines_have_the_threads_that_they_had_before_another_program_imported_paddle(tmp_path: Path) -> None:
    (tmp_path / "paddle.py").write_text("import os\nos.environ.setdefault('OMP_NUM_THREADS', '1')\n")  # as Paddle does
    script = "import ppgan_lite, paddle\nfrom ppgan_lite.runtime.threads import threads\nprint(threads())"
    environment = {key: value for key, value in os.environ.items() if key != "OMP_NUM_THREADS"}
    environment["PYTHONPATH"] = os.pathsep.join([str(tmp_path), str(Path(__file__).parents[1])])
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == f"{physical_cores()}\n"


def test_paddle_is_set_up_before_paddle2onnx_imports_it(tmp_path: Path) -> None:
    (tmp_path / "paddle.py").write_text(PADDLE)
    (tmp_path / "paddle2onnx.py").write_text("import paddle\n")
    script = (
        "from ppgan_lite.inference.onnx.tracing import require_paddle2onnx\n"
        "require_paddle2onnx('net')\nimport paddle\nprint(paddle.seen['OMP_NUM_THREADS'])"
    )
    environment = {key: value for key, value in os.environ.items() if key != "OMP_NUM_THREADS"}
    environment["PYTHONPATH"] = os.pathsep.join([str(tmp_path), str(Path(__file__).parents[1])])
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == f"{physical_cores()}\n"


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
@pytest.mark.parametrize("moment", ["during", "after"])
@pytest.mark.parametrize("thread", ["main", "another"])
def test_sigterm_is_handled_as_before_paddle_was_imported_on_any_thread(
    tmp_path: Path, thread: str, moment: str
) -> None:
    # As Paddle does, in C; here the system's default, which ends the process.
    (tmp_path / "paddle.py").write_text(
        "import ctypes, os, sys, time\nctypes.CDLL(None).sigaction(15, ctypes.create_string_buffer(512), None)\n"
        "if 'during' in sys.argv:\n    time.sleep(0.5)\n    os.kill(os.getpid(), 15)\n"
    )
    script = (
        "import os, signal, sys, threading\nfrom ppgan_lite.runtime.startup import require_paddle\n"
        "signal.signal(15, lambda *_: print('handled', flush=True))\n"
        "if 'main' in sys.argv:\n    require_paddle()\nelse:\n"
        "    other = threading.Thread(target=require_paddle)\n    other.start()\n    other.join()\n"
        "if 'after' in sys.argv:\n    os.kill(os.getpid(), 15)\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), str(Path(__file__).parents[1])])}
    command = [sys.executable, "-c", script, thread, moment]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "handled\n")


def test_paddle_computes_at_once_on_every_thread_that_asks_for_it() -> None:
    pytest.importorskip("paddle")
    script = (
        "import threading\nfrom ppgan_lite.runtime.startup import require_paddle\n"
        "def double():\n    paddle = require_paddle()\n"
        "    print((paddle.nn.Linear(1, 2)(paddle.ones([3, 1]))).numpy().shape)\n"
        "for _ in range(2):\n    thread = threading.Thread(target=double)\n    thread.start()\n    thread.join()\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "(3, 2)\n(3, 2)\n"


@pytest.mark.skipif(os.name != "posix", reason="dlopen of POSIX")
def test_a_library_is_loaded_ahead_of_its_import_and_a_missing_one_is_ignored(tmp_path: Path) -> None:
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken/core.so").write_bytes(b"no library")
    script = (
        "from ppgan_lite.runtime.startup import preload\n"
        "preload('broken', '*.so')\npreload('no_such_package', 'a.so')\n"
        "preload('numpy', '_core/_multiarray_umath*.so')\n"
        "print('_multiarray_umath' in open('/proc/self/maps').read())"
    )
    if not Path("/proc/self/maps").exists():
        pytest.skip("Linux lists loaded libraries")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), str(Path(__file__).parents[1])])}
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == "True\n"


def test_openvino_computes_without_its_package_which_can_be_imported_after_it(tmp_path: Path) -> None:
    pytest.importorskip("openvino")
    script = (
        "import gc, sys\n"
        "import numpy as np\n"
        "from ppgan_lite.inference.engines.openvino import import_compiled, openvino_core\n"
        "from ppgan_lite.runtime.startup import bare_openvino_core\n"
        "print('CPU' in bare_openvino_core().available_devices, 'openvino' in sys.modules)\n"
        "import openvino\n"
        "x = openvino.op.Parameter(openvino.Type.f32, openvino.Shape([2, 3]))\n"
        "weights = np.arange(30_000, dtype=np.float32).reshape(3, 10_000)\n"
        "y = openvino.opset13.matmul(x, openvino.opset13.constant(weights), False, False)\n"
        "settings = {'INFERENCE_PRECISION_HINT': 'f32'}\n"
        "compiled = openvino_core().compile_model(openvino.Model([y], [x]), 'CPU', settings)\n"
        "request = import_compiled(compiled.export_model().getvalue(), 'CPU', settings)\n"
        "del compiled, x, y\n"
        "gc.collect()\n"
        "values = np.asfortranarray(np.ones((2, 3), np.float32))\n"
        "print(all((request(values)[0] == weights.sum(axis=0)).all() for _ in range(3)))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "True False\nTrue\n"


def test_numpy_is_loaded_without_its_descriptions_which_can_be_loaded_afterwards() -> None:
    script = """
import sys
from ppgan_lite.runtime.startup import import_numpy
import_numpy()
assert not [name for name in sys.modules if "_add_newdocs" in name or name.startswith("numpy._typing")]
import numpy, numpy.typing
import_numpy()
print(numpy.linalg.svd(numpy.eye(2)).S, numpy.typing.NDArray[numpy.uint8].__origin__.__name__)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("[1. 1.] ndarray\n", "")


def test_a_jpeg_is_read_and_written_without_the_codecs_of_other_formats(tmp_path: Path) -> None:
    script = """
import sys
from ppgan_lite.images import SAMPLE_PHOTO, read_image, write_image
write_image(sys.argv[1], read_image(SAMPLE_PHOTO)[0])
print([name for name in sys.modules if name.endswith("ImagePlugin")])
"""
    line = [sys.executable, "-c", script, str(tmp_path / "photo.jpg")]
    done = subprocess.run(line, capture_output=True, text=True, check=True)
    assert done.stdout == "['PIL.JpegImagePlugin']\n"
