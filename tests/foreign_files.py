"""Files as PyTorch and safetensors write them, made by hand: tests need neither PyTorch nor its downloads."""

from __future__ import annotations

import collections
import io
import json
import pickle
import struct
import sys
import types
import zipfile
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

MAGIC = 0x1950A86A20F9469CFC6C
SYSTEM = {"protocol_version": 1001, "little_endian": True, "type_sizes": {"short": 2, "int": 4, "long": 4}}
STORAGES = {
    "float32": "FloatStorage",
    "float64": "DoubleStorage",
    "float16": "HalfStorage",
    "int64": "LongStorage",
    "uint8": "ByteStorage",
    "bool": "BoolStorage",
    "bfloat16": "BFloat16Storage",
}


class Storage:
    """A row of numbers that a pickle refers to."""

    def __init__(self, key: str, values: np.ndarray, kind: str = "") -> None:
        self.key = key
        self.values = values
        self.kind = STORAGES[kind or values.dtype.name]


class Tensor:
    """Pickles as PyTorch's tensors do: a view of a storage."""

    def __init__(
        self, storage: Any, shape: tuple[int, ...], strides: tuple[int, ...], offset: int = 0, function: str = "_v2"
    ) -> None:
        self.view = storage, offset, shape, strides
        self.function = f"_rebuild_tensor{function}"

    def __reduce__(self) -> Any:
        more = () if self.function == "_rebuild_tensor" else (False, collections.OrderedDict())
        return getattr(sys.modules["torch._utils"], self.function), (*self.view, *more)


def tensors(state: Mapping[str, np.ndarray]) -> tuple[dict[str, Tensor], list[Storage]]:
    """Return the stand-in of a state dict of arrays, and its storages."""
    storages = [Storage(str(1000 + number), array.ravel()) for number, array in enumerate(state.values())]
    made = {}
    for (name, array), storage in zip(state.items(), storages, strict=True):
        strides = tuple(stride // array.itemsize for stride in np.ascontiguousarray(array).strides)
        made[name] = Tensor(storage, array.shape, strides if array.ndim else ())
    return made, storages


def described(content: Any, *, legacy: bool = False) -> bytes:
    """Pickle a container of tensors, the storages left outside."""

    class Pickler(pickle.Pickler):
        def persistent_id(self, value: Any) -> Any:
            if not isinstance(value, Storage):
                return None
            kind = getattr(sys.modules["torch"], value.kind)
            return ("storage", kind, value.key, "cpu", value.values.size, *([None] if legacy else []))

    stream = io.BytesIO()
    with _torch_names():
        Pickler(stream, 2).dump(content)
    return stream.getvalue()


def zip_of(entries: Mapping[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", compression, compresslevel=1) as archive:
        for name, data in entries.items():
            archive.writestr(zipfile.ZipInfo(name), data, compress_type=compression)
    return stream.getvalue()


def torch_zip(content: Any, storages: list[Storage], extra: Mapping[str, bytes] | None = None) -> bytes:
    """Return a file as torch.save writes it from 1.6 on."""
    entries = {"archive/data.pkl": described(content), "archive/byteorder": b"little"}
    entries |= {f"archive/data/{storage.key}": storage.values.tobytes() for storage in storages}
    return zip_of({**entries, "archive/version": b"3\n", **(extra or {})})


def torch_legacy(content: Any, storages: list[Storage], system: Mapping[str, Any] | None = None) -> bytes:
    """Return a file as torch.save wrote it before 1.6."""
    parts = [pickle.dumps(value, 2) for value in (MAGIC, 1001, dict(system or SYSTEM))]
    parts += [described(content, legacy=True), pickle.dumps(sorted(storage.key for storage in storages), 2)]
    for storage in sorted(storages, key=lambda storage: storage.key):
        parts += [struct.pack("<q", storage.values.size), storage.values.tobytes()]
    return b"".join(parts)


def write_pth(path: Path, state: Mapping[str, np.ndarray], *, legacy: bool = False) -> Path:
    content, storages = tensors(state)
    ordered = collections.OrderedDict(content)
    ordered._metadata = {"": {"version": 1}}  # type: ignore[attr-defined]
    path.write_bytes((torch_legacy if legacy else torch_zip)(ordered, storages))
    return path


def safetensors_of(front: Mapping[str, Any], data: bytes = b"") -> bytes:
    text = json.dumps(front).encode()
    return struct.pack("<Q", len(text)) + text + data


def _torch_names() -> AbstractContextManager[Any]:
    """Install modules named like PyTorch's, so that pickles ask for the same globals."""
    torch, utils = types.ModuleType("torch"), types.ModuleType("torch._utils")
    for module, name in [
        *((torch, kind) for kind in STORAGES.values()),
        *((utils, name) for name in ("_rebuild_tensor", "_rebuild_tensor_v2")),
    ]:
        setattr(module, name, type(name, (), {"__module__": module.__name__, "__qualname__": name}))
    return mock.patch.dict(sys.modules, {"torch": torch, "torch._utils": utils})
