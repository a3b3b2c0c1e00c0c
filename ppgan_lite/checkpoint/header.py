"""The header of a checkpoint: nets, predictors and origin, parsed from JSON and checked."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any

from ppgan_lite import __version__
from ppgan_lite.aliases import current_arguments, current_class, current_config, current_recipe
from ppgan_lite.errors import CheckpointError
from ppgan_lite.safetensors_files import damaged
from ppgan_lite.signatures import Within, argument_faults

FORMAT = "ppgan_lite"
VERSION = 1
SUFFIX = ".ppgan"
# Of other programs' checkpoints, which load as well.
FOREIGN_SUFFIXES = (".pdparams", ".pth", ".pt", ".model", ".ckpt", ".tar", ".safetensors")


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


def parse_header(path: Path, value: dict[str, Any]) -> Header:
    """Convert the JSON of the "ppgan_lite" key to a Header; ignore fields that this version does not know.

    Raises:
        CheckpointError: It is damaged, or of a newer format.
    """
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
