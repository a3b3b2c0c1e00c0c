"""Start-up: Paddle and OpenVINO imported as they should be, standard streams, silenced output.

docs/decisions/start-up.md gives the reason and the versions for each.
"""

from __future__ import annotations

import contextlib
import functools
import os
import signal
import sys
import threading
import warnings
from collections.abc import Iterator
from types import FrameType, ModuleType
from typing import Any, BinaryIO, cast

from ppgan_lite.errors import missing_extra
from ppgan_lite.runtime.files import scratch_folder
from ppgan_lite.runtime.threads import processor, threads

_NO_COMPILER_CACHE = "No ccache found"
_SIGACTION_BYTES = 512  # more than `struct sigaction` has anywhere
_KEEP_S = 0.005  # between two looks at the handler of SIGTERM; Python changes threads as often

# Modules of NumPy that only describe it: its documentation and its types.
_DESCRIPTIONS = ("numpy._core._add_newdocs", "numpy._core._add_newdocs_scalars", "numpy._typing")

# Held by whoever builds a net, runs it or traces it outside of a training: Paddle (3.3) has one mode for all threads.
paddle_lock = threading.RLock()
_eager = threading.local()  # `here`: whether Paddle's mode was set on a thread
_output_lock = threading.RLock()  # of the process's streams and of its filters for warnings; nobody waits within it


def require_paddle() -> ModuleType:
    """Import Paddle, configured for this processor.

    Variables that the environment already has are not changed.

    Raises:
        MissingDependencyError: Paddle is not installed.
        UsageError: Neither the home nor any folder for temporary files can be written.
    """
    if sys.modules.get("paddle") is not None:
        import paddle  # waits where another thread is importing it

        _make_eager_here(paddle)
        return paddle
    os.environ.setdefault("OMP_NUM_THREADS", str(threads()))
    if "AuthenticAMD" in processor():
        # The MKL inside Paddle's wheel takes a slow path on AMD processors by default (2 to 5 times).
        os.environ.setdefault("MKL_DEBUG_CPU_TYPE", "5")
    if not os.access(os.path.expanduser("~"), os.W_OK):
        _find_temporary_folder()
    try:
        with _output_lock, _delaying_signals(), warnings.catch_warnings(), _without_thread_notes(), _keeping_sigterm():
            warnings.filterwarnings("ignore", message=_NO_COMPILER_CACHE)
            if threading.current_thread() is not threading.main_thread():
                preload("paddle", "base/libpaddle.so")
            import paddle
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] != "paddle":
            raise
        raise missing_extra("paddle", "PaddlePaddle", "cpu", " (for an NVIDIA GPU see docs/install.md)") from error
    _eager.here = True
    return paddle


def _find_temporary_folder() -> None:
    """Have Python find a folder for temporary files: Paddle (3.3) insists on one if the home cannot be written."""
    import tempfile  # Paddle imports it anyway

    try:
        tempfile.gettempdir()
    except FileNotFoundError:  # as in a container whose files are read-only
        with scratch_folder() as folder:
            tempfile.tempdir = str(folder.parent)


def _make_eager_here(paddle: ModuleType) -> None:
    """Have Paddle compute at once on this thread: its import (3.3) has it do so on the importing one alone."""
    if not getattr(_eager, "here", False):
        with paddle_lock:
            if not paddle.in_dynamic_mode():
                paddle.disable_static()
        _eager.here = True


@contextlib.contextmanager
def _delaying_signals() -> Iterator[None]:
    """Delay Ctrl-C and SIGTERM during a block, if they raise exceptions; the second one is not delayed.

    Raised while Paddle's core is initialized, they make Paddle print that it cannot be imported.
    """
    handlers: dict[int, Any] = {}
    if threading.current_thread() is threading.main_thread():
        handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
        handlers = {number: handler for number, handler in handlers.items() if callable(handler)}
    delayed: list[int] = []

    def delay(number: int, frame: FrameType | None) -> None:
        delayed.append(number)
        if len(delayed) > 1:
            handlers[number](number, frame)

    for number in handlers:
        signal.signal(number, delay)
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        if delayed:
            signal.raise_signal(delayed[0])


@contextlib.contextmanager
def _keeping_sigterm() -> Iterator[None]:
    """Keep the handler of SIGTERM while Paddle is imported, on any thread.

    Paddle (3.3) installs a handler of its own early in its import, which prints a trace and ends the process at once.
    Python can set a handler on the main thread alone, and only one that it knows; the system's function can do more.
    """
    if os.name != "posix":
        yield
        return
    import ctypes  # Paddle imports it anyway

    set_action = ctypes.CDLL(None).sigaction
    kept = ctypes.create_string_buffer(_SIGACTION_BYTES)
    set_action(signal.SIGTERM, None, kept)
    done = threading.Event()

    def keep() -> None:
        while not done.wait(_KEEP_S):
            set_action(signal.SIGTERM, kept, None)

    keeper = threading.Thread(target=keep, daemon=True)
    keeper.start()
    try:
        yield
    finally:
        done.set()
        keeper.join()
        set_action(signal.SIGTERM, kept, None)


def import_numpy() -> None:
    """Import NumPy without the modules that only describe it, which take a quarter of the time (2.4).

    For a process that makes pictures and ends; its functions have no documentation there. The types can be imported
    afterwards.
    """
    if "numpy" in sys.modules:
        return
    stand_ins = {name: ModuleType(name) for name in _DESCRIPTIONS}
    for module in stand_ins.values():
        module.__dict__["__getattr__"] = lambda name: list  # NDArray[Any], as annotations have it
    sys.modules.update(stand_ins)
    try:
        import numpy  # noqa: F401 - for those who import it next
    finally:
        for name in stand_ins:
            del sys.modules[name]


def preload_libraries() -> None:
    """Begin to load the libraries of OpenVINO and OpenCV on another thread, while this one goes on."""

    def load() -> None:
        preload("openvino", "_pyopenvino.*.so")
        preload("openvino", "libs/libopenvino_*_cpu_plugin.so")
        preload("cv2", "cv2*.so")

    threading.Thread(target=load, daemon=True).start()


def preload(package: str, library: str) -> None:
    """Load a package's large library before its import, so that other threads go on meanwhile.

    An import keeps Python from running on any thread until the system has loaded the library: a window would stand
    still for a second. What cannot be loaded here, the import will tell.

    Args:
        package: Its name.
        library: The file within the package's folder; may have wildcards.
    """
    if os.name != "posix":
        return
    import ctypes
    import importlib.util
    from pathlib import Path

    found = importlib.util.find_spec(package)
    load = ctypes.CDLL(None).dlopen  # a function that is called by ctypes leaves Python to others; ctypes.CDLL does not
    load.argtypes, load.restype = (ctypes.c_char_p, ctypes.c_int), ctypes.c_void_p
    for folder in (found.submodule_search_locations or ()) if found else ():
        for path in Path(folder).glob(library):
            load(os.fsencode(path), os.RTLD_LAZY)


_openvino_lock = threading.RLock()


def import_openvino() -> ModuleType:
    """Import OpenVINO without its converter of models and its telemetry, which take longer to load than all the rest.

    Raises:
        ImportError: It is not installed, or cannot be loaded.
    """
    with _openvino_lock:
        if "openvino" not in sys.modules:
            converter = "openvino.tools.ovc"
            if threading.current_thread() is not threading.main_thread():
                preload("openvino", "_pyopenvino.*.so")
            sys.modules[converter] = cast(ModuleType, None)  # OpenVINO ignores a module that it cannot import
            try:
                import openvino  # noqa: F401 - returned from sys.modules below
            finally:
                del sys.modules[converter]
        return sys.modules["openvino"]


def openvino_bindings() -> ModuleType:
    """Import OpenVINO's module in C++ without the package in Python around it, which takes longer to load.

    The package's classes are those of this module, with conversions of arguments. Importing the package later works.

    Raises:
        ImportError: It is not installed, or cannot be loaded.
    """
    name = "openvino._pyopenvino"
    with _openvino_lock:
        if name not in sys.modules:
            path = _bindings_file()
            if path is None:
                import_openvino()  # which knows where its libraries are
            else:
                import importlib.util

                spec = importlib.util.spec_from_file_location(name, path)
                assert spec is not None and spec.loader is not None
                sys.modules[name] = module = importlib.util.module_from_spec(spec)
                try:
                    spec.loader.exec_module(module)
                except BaseException:
                    del sys.modules[name]
                    raise
        return sys.modules[name]


def _bindings_file() -> str | None:
    """Return the file of OpenVINO's module; None where it may not be loaded by itself."""
    if os.name != "posix":
        return None
    import importlib.machinery
    import importlib.util

    package = importlib.util.find_spec("openvino")
    folders = (package.submodule_search_locations if package else None) or ()
    files = (f"{folder}/_pyopenvino{end}" for folder in folders for end in importlib.machinery.EXTENSION_SUFFIXES)
    return next((file for file in files if os.path.isfile(file)), None)


def openvino_core() -> Any:
    """Return OpenVINO's core, the same one always, on any thread.

    On processors with AMX it gives the thread a stack for signals, and frees that with the last core (2026.4): Ctrl-C
    would then end the process with a segmentation fault.

    Raises:
        ImportError: OpenVINO is not installed, or cannot be loaded.
    """
    with _openvino_lock:
        return _core()


def bare_openvino_core() -> Any:
    """Return a core of `openvino_bindings`, the same one always, on any thread: for what need not be compiled anew.

    Raises:
        ImportError: OpenVINO is not installed, or cannot be loaded.
    """
    with _openvino_lock:
        return _bare_core()


@functools.cache
def _core() -> Any:
    return import_openvino().Core()


@functools.cache
def _bare_core() -> Any:
    return openvino_bindings().Core()


def hide_needless_warnings() -> None:
    """Ignore warnings that users cannot act on, from now on.

    Paddle warns about a missing ccache and about every batch norm in training, Pillow about damaged metadata.
    """
    warnings.filterwarnings("ignore", message=_NO_COMPILER_CACHE)
    warnings.filterwarnings("ignore", message="When training, we now always track")
    warnings.filterwarnings("ignore", module="PIL")


@contextlib.contextmanager
def silenced() -> Iterator[None]:
    """Discard warnings and all terminal output of this process during a block, including output from C++.

    Other threads that want the same wait.
    """
    with _output_lock, warnings.catch_warnings(), open(os.devnull, "wb") as null, _redirected(null, 1, 2):
        warnings.simplefilter("ignore")
        yield


@contextlib.contextmanager
def _without_thread_notes() -> Iterator[None]:
    """Discard notes of Paddle's libraries about OMP_NUM_THREADS during a block; print other output after it."""
    try:
        caught = _unnamed_file()
    except OSError:  # there is no folder for temporary files: better a note too many
        yield
        return
    with caught:
        try:
            with _redirected(caught, 2):
                yield
        finally:
            caught.seek(0)
            lines = caught.read().splitlines(keepends=True)
            if kept := b"".join(line for line in lines if b"OMP_NUM_THREADS" not in line):
                os.write(2, kept)


def _unnamed_file() -> BinaryIO:
    """Open a file for reading and writing that is gone when it is closed; in memory where the system can do that."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            return open(os.memfd_create("notes"), "w+b")
    import tempfile  # takes a hundredth of the start-up time

    return cast(BinaryIO, tempfile.TemporaryFile())


@contextlib.contextmanager
def _redirected(target: BinaryIO, *streams: int) -> Iterator[None]:
    """Redirect file descriptors (1 stdout, 2 stderr) to a file during a block."""
    kept: dict[int, int] = {}
    for stream in streams:
        with contextlib.suppress(OSError):  # it is closed
            kept[stream] = os.dup(stream)
    _flush()
    try:
        for stream in kept:
            os.dup2(target.fileno(), stream)
        yield
    finally:
        _flush()
        for stream, original in kept.items():
            os.dup2(original, stream)
            os.close(original)


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()
