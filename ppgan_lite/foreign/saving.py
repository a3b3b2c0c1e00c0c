"""Save checkpoints as the files that PaddleGAN and the PyTorch repositories load: the inverse of `conversion`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from ppgan_lite.checkpoint import SUFFIX, Header, NetSpec, build_net, net_spec, write_checkpoint
from ppgan_lite.errors import CheckpointError, UsageError
from ppgan_lite.foreign.conversion import DIRECTIONS, direction_of
from ppgan_lite.foreign.lapstyle import lapstyle_names
from ppgan_lite.foreign.layouts import (
    BATCH_NORMS,
    BLURS,
    Dialect,
    blur_filter,
    generator_names,
    generator_places,
    has_bias,
)
from ppgan_lite.foreign.pdparams import write_pdparams
from ppgan_lite.foreign.torch_files import write_torch

GENERATORS = ("ResnetGenerator", "UnetGenerator")
SUFFIXES = (SUFFIX, ".pdparams", ".pth")

# The arguments of PaddleGAN's LapStyle, where none of them can be set.
_LAPSTYLE = {
    "encoder_channels": [64, 128, 256, 512, 512],
    "encoder_convs": [2, 2, 4, 4, 1],
    "revision_channels": 64,
    "own_style": False,
}
_MAX_REVISIONS = 2
_MIN_DEPTH = 5
_PROGRAMS = {"torch": "pytorch-CycleGAN-and-pix2pix and CUT", "paddlegan": "PaddleGAN"}


def save_as(
    path: str | Path, header: Header, tensors: Mapping[str, np.ndarray], *, net: str | None = None
) -> list[str]:
    """Write a checkpoint in the format that the suffix names. Needs Paddle: every net is built, so that all is checked.

    Args:
        path: `.ppgan` takes everything; `.pdparams` all generators, or LapStyle whole; `.pth` one generator.
        header: From `open_checkpoint`.
        tensors: From `open_checkpoint`.
        net: The generator that goes into a `.pth`; needed where there are several and the file's name has no direction.

    Returns:
        The names of the nets in the file.

    Raises:
        UsageError: The suffix is not known, or the net must be named.
        CheckpointError: The tensors do not fit the nets, the other program has no such net, or the file cannot be
            written.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise UsageError(path, f"cannot write {suffix or 'a file without suffix'}", f"one of {' '.join(SUFFIXES)}")
    # A header written by an older version, or converted, leaves some arguments to the constructor's defaults.
    header = replace(header, nets={name: net_spec(build_net(name, header, tensors)) for name in header.nets})
    if suffix == SUFFIX:
        write_checkpoint(path, header, tensors)
        return list(header.nets)
    if suffix == ".pdparams":
        states = _paddlegan_nets(header, tensors)
        write_pdparams(path, {theirs: state for theirs, (_, state) in states.items()})
        return list(dict.fromkeys(ours for ours, _ in states.values()))
    name = _one_generator(path, header, net)
    write_torch(path, _generator_state(name, header, tensors, "torch"))
    return [name]


def _paddlegan_nets(header: Header, tensors: Mapping[str, np.ndarray]) -> dict[str, tuple[str, dict[str, np.ndarray]]]:
    """Return PaddleGAN's name of each net -> our name of it, its state dict."""
    found = {}
    generators = [name for name, spec in header.nets.items() if spec.kind in GENERATORS]
    for name in generators:
        theirs = next((f"netG_{letter}" for letter, (ours, _) in DIRECTIONS.items() if ours == name), "netG")
        if theirs in found:
            raise CheckpointError(header.source, f"has several generators ({', '.join(generators)})", "one, or a pair")
        found[theirs] = name, _generator_state(name, header, tensors, "paddlegan")
    for name, spec in header.nets.items():
        if spec.kind == "LapStyleNet":
            _check_lapstyle(f"{header.source}: net {name}", spec)
            for ours, joined in lapstyle_names(spec.arguments["revisions"]).items():
                theirs, _, key = joined.partition("/")
                found.setdefault(theirs, (name, {}))[1][key] = tensors[f"net/{name}/{ours}"]
    if not found:
        kinds = ", ".join(spec.kind for spec in header.nets.values())
        raise CheckpointError(header.source, f"holds {kinds}", "a generator or a LapStyleNet")
    return found


def _one_generator(path: Path, header: Header, net: str | None) -> str:
    """Choose the generator for a file of one net: the named one, that of the file's direction, or the only one."""
    generators = [name for name, spec in header.nets.items() if spec.kind in GENERATORS]
    if not generators:
        kinds = ", ".join(spec.kind for spec in header.nets.values())
        raise CheckpointError(
            header.source, f"holds {kinds}", "a generator: the PyTorch repositories have no other net"
        )
    if net is not None:
        if net not in generators:
            raise UsageError("--net", f"there is no generator {net!r}", f"one of {', '.join(generators)}")
        return net
    direction = direction_of(path.stem)
    if direction and direction[0] in generators:
        return direction[0]
    if len(generators) > 1:
        remedy = "Choose with --net, or end the file's name in _G_A or _G_B"
        raise UsageError(path, f"can hold one net of {', '.join(generators)}", remedy=remedy)
    return generators[0]


def _generator_state(
    name: str, header: Header, tensors: Mapping[str, np.ndarray], dialect: Dialect
) -> dict[str, np.ndarray]:
    """Return a generator's state dict under the other program's names, in the order of its layers."""
    spec = header.nets[name]
    where = f"{header.source}: net {name}"
    _check_generator(where, spec, dialect)
    names = {
        theirs: f"net/{name}/{ours}" for ours, theirs in generator_names(spec.kind, spec.arguments, dialect).items()
    }
    state: dict[str, np.ndarray] = {}
    for place in generator_places(spec.kind, spec.arguments):
        state |= {theirs: tensors[ours] for theirs, ours in names.items() if theirs.rpartition(".")[0] == place.theirs}
        if place.role == "norm" and spec.arguments["norm"] == "instance" and dialect == "paddlegan":
            state[f"{place.theirs}.scale"] = np.ones(place.shape, np.float32)
            state[f"{place.theirs}.bias"] = np.zeros(place.shape, np.float32)
        if place.role == "norm" and spec.arguments["norm"] in BATCH_NORMS and dialect == "torch":
            state[f"{place.theirs}.num_batches_tracked"] = np.array(0)
        if place.role in BLURS:
            state[f"{place.theirs}.filt"] = blur_filter(place)
    return state


def _check_generator(where: str, spec: NetSpec, dialect: Dialect) -> None:
    """Refuse a generator that the other program cannot build."""
    arguments = spec.arguments
    norm = "batch" if arguments["norm"] in BATCH_NORMS else arguments["norm"]
    faults = []
    if has_bias(arguments) != (norm == "instance"):
        faults.append(f"convolutions {'with' if has_bias(arguments) else 'without'} bias beside {norm} norms")
    if spec.kind == "UnetGenerator" and arguments["depth"] < _MIN_DEPTH:
        faults.append(f"a U-Net of depth {arguments['depth']}, less than {_MIN_DEPTH}")
    if spec.kind == "ResnetGenerator":
        faults += ["self-attention"] if arguments["attention"] else []
        faults += ["resize-convolutions"] if arguments["upsample"] == "nearest" else []
        faults += ["zero padding at the borders"] if arguments["padding"] == "zero" else []
        faults += ["reflect padding where it downsamples"] if arguments["downsample_padding"] == "reflect" else []
        faults += [f"filters of {arguments['kernel']}x{arguments['kernel']}"] if arguments["kernel"] != 7 else []
        faults += [f"{arguments['output']} values"] if arguments["output"] != "tanh" else []
        faults += ["antialiasing"] if arguments["antialias"] and dialect == "paddlegan" else []
    if faults:
        raise CheckpointError(where, f"has {', '.join(faults)}, which {_PROGRAMS[dialect]} cannot build")


def _check_lapstyle(where: str, spec: NetSpec) -> None:
    for key, value in _LAPSTYLE.items():
        if spec.arguments[key] != value:
            found = f"its {key} is {spec.arguments[key]}"
            raise CheckpointError(where, found, f"{value}, as PaddleGAN's LapStyle has it", "It cannot be given away")
    if spec.arguments["revisions"] > _MAX_REVISIONS:
        raise CheckpointError(where, f"has {spec.arguments['revisions']} revision nets", f"at most {_MAX_REVISIONS}")
