"""State dicts as PaddleGAN and the PyTorch repositories load them, written without either.

The opcodes are written out, because pickling would need the classes that they name: PyTorch's, and those of a NumPy old
enough for PaddleGAN.
"""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np

from ppgan_lite.safetensors_files import replace_file

_STORAGES = {"float32": "FloatStorage", "float64": "DoubleStorage", "int64": "LongStorage"}
_ORDERED_DICT = b"ccollections\nOrderedDict\n)R"
_ZIP_VERSION = b"3\n"


def write_pdparams(path: str | Path, nets: Mapping[str, Mapping[str, np.ndarray]]) -> None:
    """Write a `.pdparams` file of state dicts by name, as PaddleGAN's trainer saves them.

    Raises:
        CheckpointError: The folder is missing or cannot be written.
    """
    states = {name: _dict({key: _ndarray(array) for key, array in state.items()}) for name, state in nets.items()}
    replace_file(path, b"\x80\x03" + _dict(states) + b".")


def write_torch(path: str | Path, state: Mapping[str, np.ndarray]) -> None:
    """Write one state dict as `torch.save` does, in the zip layout; `torch.load(..., weights_only=True)` reads it.

    Raises:
        CheckpointError: The folder is missing or cannot be written.
    """
    path = Path(path)
    arrays = {name: np.asarray(array, order="C") for name, array in state.items()}
    tensors = {name: _tensor(array, str(number)) for number, (name, array) in enumerate(arrays.items())}
    description = b"\x80\x02" + _ORDERED_DICT + _items(tensors) + b"."
    entries = {"data.pkl": description, "byteorder": b"little"}
    entries |= {f"data/{number}": array.tobytes() for number, array in enumerate(arrays.values())}
    entries["version"] = _ZIP_VERSION
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as file:
        for name, data in entries.items():
            # A fixed date: the same weights give the same file.
            file.writestr(zipfile.ZipInfo(f"{path.stem}/{name}"), data)
    replace_file(path, archive.getvalue())


def _tensor(array: np.ndarray, key: str) -> bytes:
    storage = _tuple(
        [_text("storage"), _global("torch", _STORAGES[array.dtype.name]), _text(key), _text("cpu"), _int(array.size)]
    )
    strides = [stride // array.itemsize for stride in array.strides]
    shapes = [_tuple(map(_int, array.shape)), _tuple(map(_int, strides))]
    no_gradient, no_hooks = b"\x89", _ORDERED_DICT
    arguments = _tuple([storage + b"Q", _int(0), *shapes, no_gradient, no_hooks])
    return _global("torch._utils", "_rebuild_tensor_v2") + arguments + b"R"


def _ndarray(array: np.ndarray) -> bytes:
    data = array.tobytes()
    code, order = array.dtype.str[1:], array.dtype.str[0]
    empty = _tuple([_global("numpy", "ndarray"), _tuple([_int(0)]), b"C\x01b"])
    dtype = _global("numpy", "dtype") + _tuple([_text(code), b"\x89", b"\x88"]) + b"R"
    dtype += _tuple([_int(3), _text(order), b"N", b"N", b"N", _int(-1), _int(-1), _int(0)]) + b"b"
    state = [_int(1), _tuple(map(_int, array.shape)), dtype, b"\x89", b"B" + struct.pack("<I", len(data)) + data]
    return _global("numpy.core.multiarray", "_reconstruct") + empty + b"R" + _tuple(state) + b"b"


def _dict(entries: Mapping[str, bytes]) -> bytes:
    return b"}" + _items(entries)


def _items(entries: Mapping[str, bytes]) -> bytes:
    return b"(" + b"".join(_text(name) + value for name, value in entries.items()) + b"u"


def _tuple(items: Iterable[bytes]) -> bytes:
    return b"(" + b"".join(items) + b"t"


def _global(module: str, name: str) -> bytes:
    return f"c{module}\n{name}\n".encode()


def _text(text: str) -> bytes:
    data = text.encode()
    return b"X" + struct.pack("<I", len(data)) + data


def _int(number: int) -> bytes:
    if -(2**31) <= number < 2**31:
        return b"J" + struct.pack("<i", number)
    return b"\x8a\x08" + struct.pack("<q", number)
