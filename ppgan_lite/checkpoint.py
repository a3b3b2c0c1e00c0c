"""Checkpoints: single files that describe themselves. docs/checkpoint-format.md specifies the format.

A `.ppgan` file is a safetensors file whose metadata has one key, "ppgan_lite", holding JSON: the nets with their
constructor arguments, the predictors, and the training. Nothing in it can be executed: reading parses JSON and copies
numbers. All content is checked before use, so a damaged, foreign or hostile file raises one
`CheckpointError`. Only `build_net` and `net_tensors` need Paddle.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
import re
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np

from ppgan_lite import __version__
from ppgan_lite.aliases import current_arguments, current_class, current_config, current_recipe, current_tensor
from ppgan_lite.errors import CheckpointError
from ppgan_lite.runtime.startup import paddle_lock, require_paddle
from ppgan_lite.safetensors_files import (
    OURS_REMEDY,
    damaged,
    one_line,
    parse_file,
    parse_json,
    read_bytes,
    read_front,
    replace_file,
)
from ppgan_lite.signatures import Within, argument_faults
from ppgan_lite.tables import name_in, resolve

if TYPE_CHECKING:
    from paddle import nn

FORMAT = "ppgan_lite"
VERSION = 1
SUFFIX = ".ppgan"
# Of other programs' checkpoints, which load as well.
FOREIGN_SUFFIXES = (".pdparams", ".pth", ".pt", ".model", ".ckpt", ".tar", ".safetensors")

# The checksum as it stands in a file's header, in JSON inside of JSON: that of the whole file with zeros in its place.
# CRC-32 finds every flipped byte, and other damage but for one case in four billion. It takes 0.2 ms for a style, a
# fifth of the time of SHA-256. It is no signature.
_CHECKSUM = re.compile(rb'\\"checksum\\": \\"crc32 ([0-9a-f]{8})\\"')
_NO_SUM = "crc32 00000000"

# Parameters that a net may have in addition to those in its file, so that the error can name the missing ones.
_SPARE_PARAMETERS = 10_000_000


@dataclass(frozen=True)
class NetSpec:
    """The name of a net in the table of nets, and the JSON arguments of its constructor."""

    kind: str
    arguments: dict[str, Any]


@dataclass(frozen=True)
class PredictorSpec:
    """Specification of a predictor: how to call a net of a checkpoint.

    Attributes:
        net: Name in `Header.nets`.
        task: "stylize", "translate" or "restore".
        inputs: Names of the input images: ("photo",) or ("photo", "style").
        value_range: Lowest and highest value of input and output of the net.
        multiple_of: Height and width must be multiples of it; the predictor pads.
        scale: Output pixels per input pixel, along one side.
        settings: Further settings of the task, as JSON.
    """

    net: str
    task: str
    inputs: tuple[str, ...] = ("photo",)
    value_range: tuple[float, float] = (0.0, 1.0)
    multiple_of: Annotated[int, Within(1, 4096)] = 1
    scale: Annotated[int, Within(1, 64)] = 1
    settings: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Header:
    """The content of a checkpoint without its tensors.

    Attributes:
        nets: Name -> kind and arguments.
        predictors: Name -> specification.
        recipe: Name and arguments of the recipe that trained the nets.
        training: Iteration, seed and config, for resuming and for the record.
        about: Title, origin and license, as free text.
        version: Version of the format.
        program: The program that wrote the file.
        source: The path of the file, for messages; not stored.
    """

    nets: dict[str, NetSpec]
    predictors: dict[str, PredictorSpec] = field(default_factory=dict)
    recipe: dict[str, Any] = field(default_factory=dict)
    training: dict[str, Any] = field(default_factory=dict)
    about: dict[str, Any] = field(default_factory=dict)
    version: int = VERSION
    program: str = f"ppgan_lite {__version__}"
    source: str = field(default="", compare=False)


def read_header(path: str | Path) -> Header:
    """Read the header of a checkpoint, without tensors and without Paddle.

    Raises:
        CheckpointError: The file is missing, damaged, of another program or of a newer format.
    """
    path = Path(path)
    header, _ = _read_front(path)
    return header


def read_checkpoint(path: str | Path) -> tuple[Header, dict[str, np.ndarray]]:
    """Read a whole checkpoint, without Paddle.

    Returns:
        The header, and name -> read-only array; float16 and bfloat16 are widened to float32.

    Raises:
        CheckpointError: As `read_header`, the checksum is not that of the file, or a tensor holds NaN or infinity.
    """
    path = Path(path)
    data = read_bytes(path)
    metadata, stored = parse_file(data, path)
    about_itself = _about_itself(path, metadata)
    header = _parse_header(path, about_itself)
    end = 8 + int.from_bytes(data[:8], "little")
    _verify(path, about_itself, data[:end], [memoryview(data)[end:]])
    tensors = {}
    for name, tensor in stored.items():
        tensors[current_tensor(name)] = tensor.astype(np.float32) if tensor.dtype == np.float16 else tensor
        if tensor.dtype.kind == "f" and not np.isfinite(tensor).all():
            remedy = "Its training diverged or the file is damaged; use an earlier checkpoint"
            raise CheckpointError(path, f"tensor {name} holds NaN or infinity", "finite numbers", remedy)
    return header, tensors


def training_record(header: Header) -> dict[str, Any]:
    """Return what made a checkpoint of a training, for those who get the file: without folders of its maker's."""
    # Texts are names, and some the paths of encoders.
    recipe = {key: Path(value).name if isinstance(value, str) else value for key, value in header.recipe.items()}
    return {
        "program": header.program,
        "iterations": header.training["iteration"],
        "seconds": round(header.training["seconds"]),
        "recipe": recipe,
    }


def write_checkpoint(
    path: str | Path, header: Header, tensors: Mapping[str, np.ndarray], *, half: bool = False
) -> None:
    """Write a checkpoint, whole or not at all.

    Args:
        path: The file; replaced if it exists.
        header: Its header.
        tensors: Name -> array, named as docs/checkpoint-format.md says.
        half: Store float32 as float16, except tensors outside of its range.

    Raises:
        CheckpointError: The folder is missing or cannot be written.
    """
    from safetensors.numpy import save

    # `checked` repeats that there is a checksum: a flipped byte in that word would hide it.
    about_itself = {"format": FORMAT, "checksum": _NO_SUM, **asdict(header), "checked": True}
    del about_itself["source"]
    text = json.dumps(about_itself, ensure_ascii=False, allow_nan=False)
    # A path that is not UTF-8 has surrogates, for which no file has room; \udce9 is JSON's own name of one.
    text = text.encode("utf-8", "backslashreplace").decode()
    # safetensors copies raw memory: a transposed view would be stored in the wrong order.
    stored = {name: np.array(_halved(tensor) if half else tensor, order="C") for name, tensor in tensors.items()}
    replace_file(path, _with_checksum(save(stored, {FORMAT: text})))


def net_spec(net: nn.Layer) -> NetSpec:
    """Return the specification of a net: its name in the table, and its constructor arguments (`net.arguments`)."""
    from ppgan_lite.nets import NETS

    return NetSpec(name_in(NETS, type(net), "net"), dict(net.arguments))


def net_tensors(name: str, net: nn.Layer) -> dict[str, np.ndarray]:
    """Return parameters and buffers of a net for a checkpoint: "net/<name>/<parameter>" -> array."""
    return {f"net/{name}/{key}": value.numpy() for key, value in net.state_dict().items()}


def build_net(name: str, header: Header, tensors: Mapping[str, np.ndarray]) -> nn.Layer:
    """Build a net of a checkpoint and load its weights, in evaluation mode.

    Args:
        name: One of `header.nets`.
        header: From `read_checkpoint`.
        tensors: From `read_checkpoint`; float16 is widened.

    Raises:
        CheckpointError: The kind is unknown, the arguments do not fit it, or tensors are missing, left over or of
            another shape.
        MissingDependencyError: Paddle is not installed.
    """
    from ppgan_lite.nets import NETS

    where = f"{header.source or 'checkpoint'}: net {name}"
    spec = header.nets.get(name)
    if spec is None:
        raise CheckpointError(where, "the checkpoint has no such net", f"one of {', '.join(sorted(header.nets))}")
    if spec.kind not in NETS:
        remedy = "Update ppgan-lite, if a newer one wrote the file"
        raise CheckpointError(where, f"its kind {spec.kind!r} is not known here", remedy=remedy)
    require_paddle()
    cls = resolve(NETS, spec.kind, "net")
    faults = argument_faults(cls, spec.arguments)
    if faults:
        raise CheckpointError(where, f"its arguments do not fit {spec.kind}: {'; '.join(map(str, faults))}")
    numbers = sum(tensor.size for key, tensor in tensors.items() if key.startswith(f"net/{name}/"))
    try:
        with paddle_lock, _parameters_at_most(2 * numbers + _SPARE_PARAMETERS):
            net = cls(**spec.arguments)
    except Exception as error:  # Arguments of a hostile file can make a constructor raise any error.
        raise CheckpointError(where, f"{spec.kind} cannot be built ({one_line(error)})") from error
    load_net(net, name, tensors, where=where)
    net.eval()
    return net


@contextlib.contextmanager
def _parameters_at_most(numbers: int) -> Iterator[None]:
    """Stop a constructor that would allocate far more parameters than a file holds: its arguments may be forged."""
    from paddle import nn

    create = nn.Layer.create_parameter
    left = numbers

    def counted(layer: nn.Layer, shape: Any, *arguments: Any, **named: Any) -> Any:
        nonlocal left
        left -= math.prod(shape)
        if left < 0:
            raise ValueError("its arguments ask for far more numbers than the file has for it")
        return create(layer, shape, *arguments, **named)

    nn.Layer.create_parameter = counted
    try:
        yield
    finally:
        nn.Layer.create_parameter = create


def load_net(net: nn.Layer, name: str, tensors: Mapping[str, np.ndarray], *, where: object) -> None:
    """Load the tensors "net/<name>/..." into a net, after checking all names, shapes and types.

    The check comes first: `set_state_dict` of Paddle (3.3) only warns of missing tensors and keeps random weights.

    Raises:
        CheckpointError: Tensors are missing, left over, or of another shape or type; the net is unchanged.
    """
    prefix = f"net/{name}/"
    given = {key[len(prefix) :]: value for key, value in tensors.items() if key.startswith(prefix)}
    wanted = net.state_dict()
    faults = [f"{key} is missing" for key in wanted if key not in given]
    faults += [f"{key} is not part of it" for key in given if key not in wanted]
    loaded = {}
    for key in (key for key in wanted if key in given):
        tensor = given[key].astype(np.float32) if given[key].dtype == np.float16 else given[key]
        dtype = str(wanted[key].dtype).removeprefix("paddle.")
        if list(tensor.shape) != list(wanted[key].shape):
            faults.append(f"{key} has shape {list(tensor.shape)} instead of {list(wanted[key].shape)}")
        elif tensor.dtype.name != dtype:
            faults.append(f"{key} is {tensor.dtype.name} instead of {dtype}")
        loaded[key] = tensor
    if faults:
        shown = "; ".join(faults[:3]) + (f"; and {len(faults) - 3} more" if len(faults) > 3 else "")
        raise CheckpointError(where, f"its weights do not fit {type(net).__name__}: {shown}")
    net.set_state_dict(loaded)


def sha256_of(path: str | Path) -> str:
    """Return the SHA-256 of a file as hexadecimal digits."""
    digest = hashlib.sha256()
    with Path(path).open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def describe(path: str | Path) -> dict[str, Any]:
    """Return a summary of a checkpoint as JSON values, without reading tensors or importing Paddle."""
    path = Path(path)
    metadata, entries = read_front(path)
    about_itself = _about_itself(path, metadata)
    summary = asdict(_parse_header(path, about_itself))
    with path.open("rb") as file:
        start = file.read(8)
        front = start + file.read(int.from_bytes(start, "little"))
        _verify(path, about_itself, front, iter(lambda: file.read(1 << 20), b""))
    del summary["source"]
    parameters = Counter[str]()
    for key, entry in entries.items():
        kind, _, rest = key.partition("/")
        if kind == "net":
            parameters[rest.partition("/")[0]] += math.prod(entry["shape"])
    for name, net in summary["nets"].items():
        net["parameters"] = parameters[name]
    return {
        "file": str(path),
        "format": FORMAT,
        **summary,
        "tensors": len(entries),
        "size_bytes": path.stat().st_size,
        "sha256": sha256_of(path),
    }


def _read_front(path: Path) -> tuple[Header, dict[str, dict[str, Any]]]:
    """Read and check the header of a checkpoint; return it with the entries of its tensors."""
    metadata, front = read_front(path)
    return _parse_header(path, _about_itself(path, metadata)), front


def _about_itself(path: Path, metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Return the JSON of the "ppgan_lite" key."""
    if not isinstance(metadata.get(FORMAT), str):
        raise CheckpointError(
            path, "is a safetensors file of another program", remedy=OURS_REMEDY, code="no_checkpoint"
        )
    return parse_json(path, metadata[FORMAT])


def _with_checksum(data: bytes) -> bytearray:
    """Return the bytes of a checkpoint that is written without its checksum, with it."""
    end = 8 + int.from_bytes(data[:8], "little")
    match = _CHECKSUM.search(data, 8, end)
    assert match, "safetensors writes metadata in another form"
    complete = bytearray(data)
    complete[slice(*match.span(1))] = b"%08x" % _crc32(data[:end], match.span(1), [memoryview(data)[end:]])
    return complete


def _verify(path: Path, about_itself: Mapping[str, Any], front: bytes, blocks: Iterable[bytes | memoryview]) -> None:
    """Compare the checksum of a checkpoint with its bytes; one of version 0.1 has none.

    Args:
        path: The file, for messages.
        about_itself: The JSON of its "ppgan_lite" key.
        front: Its bytes up to the end of the header.
        blocks: The other bytes, in order.

    Raises:
        CheckpointError: It is another one, or missing where there was one.
    """
    match = _CHECKSUM.search(front, 8)
    if match:
        if int(match[1], 16) != _crc32(front, match.span(1), blocks):
            raise damaged(path, "its checksum is not that of its bytes")
    elif "checksum" in about_itself or "checked" in about_itself:
        raise damaged(path, "its checksum cannot be read")


def _crc32(front: bytes, place: tuple[int, int], blocks: Iterable[bytes | memoryview]) -> int:
    """Return the CRC-32 of a file with zeros in the place of its checksum."""
    begin, end = place
    value = zlib.crc32(front[end:], zlib.crc32(b"0" * (end - begin), zlib.crc32(front[:begin])))
    for block in blocks:
        value = zlib.crc32(block, value)
    return value


def _parse_header(path: Path, value: dict[str, Any]) -> Header:
    """Convert the JSON of the "ppgan_lite" key to a Header; ignore fields that this version does not know."""
    version = value.get("version")
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise damaged(path, f"its format version is {version!r}")
    if version > VERSION:
        remedy = "Update ppgan-lite: a newer one wrote it"
        raise CheckpointError(path, f"is of format version {version}", f"{VERSION} or older", remedy, code="too_new")

    def part(name: str, kind: type) -> Any:
        if not isinstance(value.get(name), kind):
            raise damaged(path, f"{name!r} is missing from its header or of the wrong kind")
        return value[name]

    training = part("training", dict)
    if isinstance(training.get("config"), dict):
        training = {**training, "config": current_config(training["config"])[0]}
    header = Header(
        nets={name: _net(path, name, entry) for name, entry in part("nets", dict).items()},
        predictors={name: _predictor(path, name, entry) for name, entry in part("predictors", dict).items()},
        recipe=current_recipe(part("recipe", dict))[0],
        training=training,
        about=part("about", dict),
        version=version,
        program=part("program", str),
        source=str(path),
    )
    for name, predictor in header.predictors.items():
        if predictor.net not in header.nets:
            raise damaged(path, f"predictor {name} is of net {predictor.net}, which it does not have")
    return header


def _fill(path: Path, what: str, cls: type, entry: Any) -> Any:
    """Build a spec from JSON values, after checking their types."""
    if not isinstance(entry, dict):
        raise damaged(path, f"{what} is not a JSON object")
    faults = argument_faults(cls, entry)
    if faults:
        raise damaged(path, f"{what}: {faults[0]}")
    return cls(**entry)


def _net(path: Path, name: str, entry: Any) -> NetSpec:
    spec = _fill(path, f"net {name}", NetSpec, entry)
    arguments = _current(path, f"net {name}", "net", spec.arguments)
    return NetSpec(current_class(spec.kind), arguments)


def _predictor(path: Path, name: str, entry: Any) -> PredictorSpec:
    spec = _fill(path, f"predictor {name}", PredictorSpec, entry)
    low, high = spec.value_range
    settings = _current(path, f"predictor {name}", "settings", spec.settings)
    return replace(spec, inputs=tuple(spec.inputs), value_range=(float(low), float(high)), settings=settings)


def _current(path: Path, what: str, place: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """Return arguments by their present names; those that are gone are refused where they had an effect."""
    current, faults = current_arguments(place, arguments)
    if faults:
        raise CheckpointError(path, f"{what}: {faults[0].key}: {faults[0].found}", faults[0].expected)
    return current


def _halved(tensor: np.ndarray) -> np.ndarray:
    if tensor.dtype != np.float32:
        return tensor
    with np.errstate(over="ignore"):
        half = tensor.astype(np.float16)
    return half if np.isfinite(half).all() else tensor
