"""Read and write PyTorch's `.pth` files: pickled state dicts, as `torch.save` writes them.

There are two layouts, a zip archive and the one before PyTorch 1.6. In both, a pickle describes the tensors, and their
storages lie next to it. `torch.load` can be made to call a function that a pickle names; this reader knows the few
globals that a state dict needs and refuses every other. It needs no PyTorch.
"""

from __future__ import annotations

import io
import math
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ppgan_lite.errors import CheckpointError
from ppgan_lite.foreign.arrays import Leaf, checked_shape, checked_strides, flattened, numpy_globals
from ppgan_lite.foreign.pickle_encoding import (
    EMPTY_ORDERED_DICT,
    FALSE,
    REDUCE,
    encode_global,
    encode_int,
    encode_items,
    encode_shape,
    encode_text,
    encode_tuple,
)
from ppgan_lite.foreign.pickles import IGNORED, UnreadableError, pickle_globals, read_pickle, read_pickle_at
from ppgan_lite.foreign.zip_files import SAVE_REMEDY, STATE_DICT, torch_entries
from ppgan_lite.safetensors_files import damaged, replace_file, widen_bfloat16

SUFFIX = ".pth"

_ZIP = b"PK\x03\x04"
# The pickled magic number at the beginning of every file of the older layout.
_LEGACY = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."
_LEGACY_PROTOCOL = 1001
_LEGACY_PICKLES = 5  # magic number, protocol, system, tensors, order of their storages


_BFLOAT16 = np.dtype([("bfloat16", "<u2")])  # a NumPy type of this program; NumPy has none
_STORAGES = {
    "FloatStorage": np.dtype("<f4"),
    "DoubleStorage": np.dtype("<f8"),
    "HalfStorage": np.dtype("<f2"),
    "BFloat16Storage": _BFLOAT16,
    "LongStorage": np.dtype("<i8"),
    "IntStorage": np.dtype("<i4"),
    "ShortStorage": np.dtype("<i2"),
    "CharStorage": np.dtype("i1"),
    "ByteStorage": np.dtype("u1"),
    "BoolStorage": np.dtype("?"),
}
# Types of storages, and of tensors in storages without a type, that no net here has.
_OTHER_STORAGES = {
    **{f"{name}Storage": name.lower() for name in ("QInt8", "QUInt8", "QInt32", "QUInt4x2")},
    **{"ComplexFloatStorage": "complex64", "ComplexDoubleStorage": "complex128"},
    **{f"Float8_{name}Storage": f"float8_{name}" for name in ("e4m3fn", "e5m2")},
}
_OTHER_TYPES = (
    *("float8_e4m3fn", "float8_e5m2", "float8_e4m3fnuz", "float8_e5m2fnuz", "float8_e8m0fnu", "float4_e2m1fn_x2"),
    *("uint16", "uint32", "uint64", "complex32", "complex64", "complex128"),
    *("float64", "float32", "float16", "bfloat16", "int64", "int32", "int16", "int8", "uint8", "bool"),
)
# Functions of tensors that are no plain arrays.
_OTHER_TENSORS = {
    ("torch._utils", "_rebuild_sparse_tensor"): "holds a sparse tensor",
    ("torch._utils", "_rebuild_sparse_csr_tensor"): "holds a sparse tensor",
    ("torch._utils", "_rebuild_qtensor"): "holds a quantized tensor",
    ("torch._utils", "_rebuild_meta_tensor_no_storage"): "holds a tensor without numbers",
    ("torch._utils", "_rebuild_nested_tensor"): "holds a nested tensor",
}
# Classes of settings that trainers keep beside the weights. Nothing of them is made, or kept.
_SETTINGS = (
    ("argparse", "Namespace"),
    *(
        (module, "AttributeDict")
        for module in (
            "pytorch_lightning.utilities.parsing",
            "pytorch_lightning.utilities.data",
            "lightning_fabric.utilities.data",
            "lightning.fabric.utilities.data",
        )
    ),
    ("pytorch_lightning.callbacks.model_checkpoint", "ModelCheckpoint"),
    ("pytorch_lightning.callbacks.early_stopping", "EarlyStopping"),
    *(("pathlib", f"{kind}Path") for kind in ("", "Pure", "Posix", "Windows", "PurePosix", "PureWindows")),
    *(("pathlib._local", f"{kind}Path") for kind in ("", "Posix", "Windows")),
    ("omegaconf.dictconfig", "DictConfig"),
    ("omegaconf.listconfig", "ListConfig"),
    ("omegaconf.base", "ContainerMetadata"),
    ("omegaconf.base", "Metadata"),
    ("omegaconf.nodes", "AnyNode"),
    ("typing", "Any"),
    ("collections", "defaultdict"),
    ("torch", "device"),
    ("torch.torch_version", "TorchVersion"),
    ("torch.serialization", "_get_layout"),
    *((module, kind) for module in ("builtins", "__builtin__") for kind in ("set", "dict", "list", "int", "float")),
)
# The types that nets of ours have.
_STORAGE_OF = {"float32": "FloatStorage", "float64": "DoubleStorage", "int64": "LongStorage"}
_ZIP_VERSION = b"3\n"
_MAX_PICKLE_BYTES = 50_000_000


def is_torch(data: bytes) -> bool:
    """Return whether bytes begin like either layout of torch.save."""
    return data.startswith((_ZIP, _LEGACY))


def parse_torch(data: bytes, path: Path) -> dict[str, np.ndarray]:
    """Read the arrays from the bytes of a `.pth` file.

    Args:
        data: The whole file; the arrays are views of it.
        path: For messages.

    Returns:
        Joined name (see `flattened`) -> read-only array; bfloat16 is widened to float32.

    Raises:
        CheckpointError: The file is damaged, hostile, a TorchScript archive, or holds anything but numbers.
    """
    content = _parse_zip(data, path) if data.startswith(_ZIP) else _parse_legacy(data, path)
    if not isinstance(content, dict):
        kind = "one tensor" if isinstance(content, _Tensor) else f"a {type(content).__name__}"
        raise CheckpointError(path, f"holds {kind}", "a state dict: named tensors", SAVE_REMEDY)
    return flattened(content, path)


def torch_globals(data: bytes, path: Path) -> list[str]:
    """Return every global that the pickles of a `.pth` file ask for; nothing is looked up.

    Raises:
        CheckpointError: Its zip archive is damaged or hostile.
    """
    if not data.startswith(_ZIP):
        names, place = [], 0
        for _ in range(_LEGACY_PICKLES):
            more, place = pickle_globals(data, place)
            names += more
        return names
    entries = torch_entries(data, path)
    return [name for entry in entries if entry.endswith(".pkl") for name in pickle_globals(entries[entry])[0]]


def write_torch(path: str | Path, state: Mapping[str, np.ndarray]) -> None:
    """Write one state dict as `torch.save` does, in the zip layout; `torch.load(..., weights_only=True)` reads it.

    Raises:
        CheckpointError: The folder is missing or cannot be written.
    """
    path = Path(path)
    arrays = {name: np.asarray(array, order="C") for name, array in state.items()}
    tensors = {name: _encode_tensor(array, str(number)) for number, (name, array) in enumerate(arrays.items())}
    description = b"\x80\x02" + EMPTY_ORDERED_DICT + encode_items(tensors) + b"."
    entries = {"data.pkl": description, "byteorder": b"little"}
    entries |= {f"data/{number}": array.tobytes() for number, array in enumerate(arrays.values())}
    entries["version"] = _ZIP_VERSION
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as file:
        for name, data in entries.items():
            # A fixed date: the same weights give the same file.
            file.writestr(zipfile.ZipInfo(f"{path.stem}/{name}"), data)
    replace_file(path, archive.getvalue())


class _Storage:
    """A flat buffer of one type that tensors are views of; its values may come later."""

    def __init__(self, dtype: np.dtype[Any], count: int) -> None:
        self.dtype = dtype
        self.count = count
        self.values: np.ndarray | None = None

    def fill(self, data: memoryview) -> None:
        if len(data) != self.count * self.dtype.itemsize:
            raise ValueError(f"a storage of {self.count} numbers has {len(data)} bytes")
        values = np.frombuffer(data, self.dtype)
        if self.dtype == _BFLOAT16:
            values = widen_bfloat16(values["bfloat16"])
        self.values = values


class _Tensor(Leaf):
    """Stand-in for a tensor: a view of a storage."""

    def __init__(self, storage: Any, offset: Any, shape: Any, strides: Any) -> None:
        shape, strides = checked_shape(shape), checked_strides(strides)
        if not isinstance(storage, _Storage) or type(offset) is not int or offset < 0 or len(shape) != len(strides):
            raise ValueError("it has a tensor of something else than a storage")
        count = math.prod(shape)
        last = offset + sum((size - 1) * stride for size, stride in zip(shape, strides))
        if count and (last >= storage.count or count > storage.count):
            raise ValueError(f"a tensor of shape {list(shape)} goes beyond its storage of {storage.count} numbers")
        self._view = storage, offset, shape, strides

    @property
    def array(self) -> np.ndarray | None:
        storage, offset, shape, strides = self._view
        if storage.values is None:
            return None
        if not math.prod(shape):
            return np.zeros(shape, storage.values.dtype)
        # The stride of a side of one may be anything.
        steps = [stride * storage.values.itemsize * (size > 1) for size, stride in zip(shape, strides)]
        return np.lib.stride_tricks.as_strided(storage.values[offset:], shape, steps, writeable=False)


def _known(size: int) -> dict[tuple[str, str], Any]:
    """Return the stand-in of each global that a state dict in a file of `size` bytes may name."""

    def rebuild(storage: Any, offset: Any, shape: Any, strides: Any, *_: Any) -> _Tensor:
        return _Tensor(storage, offset, shape, strides)

    def parameter(tensor: Any, *_: Any) -> _Tensor:
        if not isinstance(tensor, _Tensor):
            raise ValueError("it makes a parameter of something else than a tensor")
        return tensor

    def refuse_type(*arguments: Any) -> None:
        """Refuse `_rebuild_tensor_v3`, which has the types without storages of their own."""
        kind = arguments[6].name if len(arguments) > 6 and isinstance(arguments[6], _OtherType) else "unknown"
        raise UnreadableError(f"holds numbers of type {kind}")

    def refused(found: str) -> Callable[..., None]:
        def refuse(*_: Any) -> None:
            raise UnreadableError(found)

        return refuse

    return {
        **dict.fromkeys(_SETTINGS, IGNORED),
        **numpy_globals(size),
        **{place: refused(found) for place, found in _OTHER_TENSORS.items()},
        ("torch._utils", "_rebuild_tensor_v3"): refuse_type,
        ("torch.storage", "UntypedStorage"): np.dtype("u1"),
        **{("torch", name): _OtherType(name) for name in _OTHER_TYPES},
        **{("torch", name): _OtherType(kind) for name, kind in _OTHER_STORAGES.items()},
        ("torch._utils", "_rebuild_tensor"): rebuild,  # before 0.4
        ("torch._utils", "_rebuild_tensor_v2"): rebuild,
        ("torch._utils", "_rebuild_parameter"): parameter,
        ("torch", "Size"): lambda sizes=(): checked_shape(sizes),
        **{("torch", name): dtype for name, dtype in _STORAGES.items()},
    }


@dataclass(frozen=True)
class _OtherType:
    """A type of numbers that no net here has."""

    name: str


class _Storages:
    """The storages that a pickle refers to, by key."""

    def __init__(self) -> None:
        self.by_key: dict[str, _Storage] = {}

    def __call__(self, reference: Any) -> _Storage:
        """Resolve a persistent id: ("storage", type, key, device, count), followed by None in the older layout."""
        if not isinstance(reference, tuple) or len(reference) not in (5, 6) or reference[0] != "storage":
            raise ValueError("it refers to something else than a storage")
        _, dtype, key, _, count, *view = reference
        if isinstance(dtype, _OtherType):
            raise UnreadableError(f"holds numbers of type {dtype.name}")
        if not isinstance(dtype, np.dtype) or not isinstance(key, str) or type(count) is not int or count < 0:
            raise ValueError("it refers to a storage of something else than numbers")
        if view not in ([], [None]):
            raise ValueError("it refers to a part of a storage, as PyTorch before 0.4 did")
        storage = self.by_key.setdefault(key, _Storage(dtype, count))
        if storage.dtype != dtype or storage.count != count:
            raise ValueError(f"it describes storage {key!s:.20} in two ways")
        return storage


def _parse_zip(data: bytes, path: Path) -> Any:
    entries = torch_entries(data, path)
    roots = {name.split("/", 1)[0] for name in entries}
    root = min(roots, default="")
    pickled = entries.get(f"{root}/data.pkl")
    if len(roots) != 1 or pickled is None:
        raise CheckpointError(path, "is a zip archive without a data.pkl", STATE_DICT, "Unpack it, if it is a download")
    if bytes(entries.get(f"{root}/byteorder", b"little")) != b"little":
        raise CheckpointError(path, "was written on a big-endian machine", "numbers in little-endian order")
    if len(pickled) > _MAX_PICKLE_BYTES:
        raise CheckpointError(path, f"describes its tensors with {len(pickled) / 1e6:.0f} MB", STATE_DICT)
    storages = _Storages()
    try:
        content = read_pickle(pickled, _known(len(data)), where=path, stored=storages)
    except CheckpointError:
        _refuse_whole_nets(pickle_globals(pickled)[0], path)
        raise
    for key, storage in storages.by_key.items():
        numbers = entries.get(f"{root}/data/{key}")
        if numbers is None:
            raise damaged(path, f"it has no storage {key!s:.20}")
        try:
            storage.fill(numbers)
        except ValueError as error:
            raise damaged(path, str(error)) from error
    return content


def _parse_legacy(data: bytes, path: Path) -> Any:
    storages = _Storages()
    place = 0

    def following(known: Mapping[tuple[str, str], Any], stored: _Storages | None = None) -> Any:
        nonlocal place
        content, place = read_pickle_at(data, place, known, where=path, stored=stored)
        return content

    following({})  # the magic number
    protocol = following({})
    if protocol != _LEGACY_PROTOCOL:
        shown = protocol if isinstance(protocol, int) else type(protocol).__name__
        raise CheckpointError(path, f"is of protocol {shown!s:.20}", f"{_LEGACY_PROTOCOL}", SAVE_REMEDY)
    system = following({})
    if not isinstance(system, dict) or system.get("little_endian") is not True:
        raise CheckpointError(path, "was written on a big-endian machine", "numbers in little-endian order")
    try:
        content = following(_known(len(data)), storages)
    except CheckpointError:
        _refuse_whole_nets(torch_globals(data, path), path)
        raise
    keys = following({})
    if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys):
        raise damaged(path, "its list of storages is no list of names")
    if set(keys) != set(storages.by_key) or len(keys) != len(storages.by_key):
        raise damaged(path, "its list of storages is not that of its tensors")
    position = place
    view = memoryview(data)
    for key in keys:
        storage = storages.by_key[key]
        size = storage.count * storage.dtype.itemsize
        count = int.from_bytes(view[position : position + 8], "little")
        position += 8
        if count != storage.count or position + size > len(data):
            raise damaged(path, f"truncated: storage {key!s:.20} of {size} bytes is not all there")
        storage.fill(view[position : position + size])
        position += size
    return content


def _encode_tensor(array: np.ndarray, key: str) -> bytes:
    kind = encode_global("torch", _STORAGE_OF[array.dtype.name])
    storage = encode_tuple([encode_text("storage"), kind, encode_text(key), encode_text("cpu"), encode_int(array.size)])
    strides = [stride // array.itemsize for stride in array.strides]
    shapes = [encode_shape(array.shape), encode_shape(strides)]
    requires_grad, hooks = FALSE, EMPTY_ORDERED_DICT
    arguments = encode_tuple([storage + b"Q", encode_int(0), *shapes, requires_grad, hooks])
    return encode_global("torch._utils", "_rebuild_tensor_v2") + arguments + REDUCE


def _refuse_whole_nets(names: list[str], path: Path) -> None:
    """Refuse a pickled net, which is a program, with a message other than an attack's."""
    for name in names:
        if name.startswith(("torch.nn.modules.", "models.", "__main__.")):
            found = f"holds a whole net ({name[:80]!s}), which only its own program can load"
            raise CheckpointError(path, found, STATE_DICT, SAVE_REMEDY)
