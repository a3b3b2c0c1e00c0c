"""Detect the generator in a state dict, with its arguments, from the names and shapes of the arrays alone."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ppgan_lite.errors import CheckpointError
from ppgan_lite.foreign.layouts import BLURS, MAX_BLOCKS, Place, generator_names, generator_places, has_bias

State = Mapping[str, np.ndarray]

# Prefixes of every name inside a wrapper: DataParallel, torch.compile.
_WRAPPERS = ("module.", "_orig_mod.")
_PADDLE_STATISTICS = {"_mean": "running_mean", "_variance": "running_var"}
_AFFINE = {"weight": 1.0, "scale": 1.0, "bias": 0.0}

OLD_STATISTICS_NOTE = "running statistics of instance norms, which old versions stored and never used, are left out"
_REFUSED_REMEDY = "This variant is not supported"
_RESNET_HINT = "a ResNet generator of PaddleGAN, pytorch-CycleGAN-and-pix2pix or CUT"
_UNET_HINT = "a U-Net generator of PaddleGAN or pytorch-CycleGAN-and-pix2pix"

# Kind of net -> a pattern that one of its names matches, for files without a generator; the first one counts.
_OTHER_NETS = (
    (
        "an optimizer's state",
        r"(^|/)(param_groups|LR_Scheduler|master_weights)(/|$)|_(moment[12]|velocity|beta[12]_pow_acc)_0",
    ),
    ("a StyleGAN net", r"[./](synthesis\.|mapping\.(fc|w_avg|style)|to_rgbs?\d*\.|style\.\d+\.weight|g_ema|torgb)"),
    ("CUT's net of patch features (netF)", r"/mlp_\d+\."),
    ("a Paddle program for inference", r"/(conv2d|batch_norm)_\d+\.[wb]_\d"),
)


@dataclass(frozen=True)
class DetectedGenerator:
    """A generator found in a state dict.

    Attributes:
        kind: Its name in the table of nets.
        arguments: All that its layout depends on.
        tensors: Our name -> array, float32.
        notes: On arrays that were left out, as sentences without full stops.
        task: "translate", or "stylize" for a painter.
        value_range: Lowest and highest value of input and output.
    """

    kind: str
    arguments: dict[str, Any]
    tensors: dict[str, np.ndarray]
    notes: tuple[str, ...] = ()
    task: str = "translate"
    value_range: tuple[float, float] = (-1.0, 1.0)


def describe_other_net(state: State, name: str = "") -> str:
    """Name the net of a state dict that is not a generator's; "" if it is not known.

    Args:
        state: Name -> array.
        name: The state dict's own name in its file.
    """
    state = unwrapped(state)
    for kind, pattern in _OTHER_NETS:
        if any(re.search(pattern, f"{name}/{key}") for key in state):
            return kind
    return _discriminator(state)


def detect_generator(state: State, *, where: object) -> DetectedGenerator | None:
    """Detect the generator that a state dict belongs to.

    Args:
        state: Name -> array, of one net.
        where: The file and net, for messages.

    Returns:
        The generator; None if the names are not those of one.

    Raises:
        CheckpointError: It is nearly one; the message names the differences.
    """
    state = _canonical(unwrapped(state))
    if "model.model.0.weight" in state:
        kind, arguments = "UnetGenerator", _unet_arguments(state, where)
    elif any(re.fullmatch(r"model\.\d+\.conv_block\.\d+\.weight", name) for name in state):
        kind, arguments = "ResnetGenerator", _resnet_arguments(state, where)
    else:
        return None
    places = generator_places(kind, arguments)
    state, arguments, notes = _settled_norms(state, places, arguments)
    left = _without_constants(state, places, arguments, where)
    names = generator_names(kind, arguments, "torch")
    faults = [f"{theirs} is missing" for theirs in names.values() if theirs not in left]
    faults += [f"{name} is not part of it" for name in sorted(set(left) - set(names.values()))]
    for place in places:
        weight = left.get(f"{place.theirs}.weight")
        if weight is not None and weight.shape != place.shape:
            faults.append(f"{place.theirs}.weight has shape {list(weight.shape)} instead of {list(place.shape)}")
    if faults:
        hint = _UNET_HINT if kind == "UnetGenerator" else _RESNET_HINT
        shown = "; ".join(faults[:3]) + (f"; and {len(faults) - 3} more" if len(faults) > 3 else "")
        raise CheckpointError(where, f"is nearly {hint}, but {shown}", "the net as published", _REFUSED_REMEDY)
    return DetectedGenerator(kind, arguments, {ours: left[theirs] for ours, theirs in names.items()}, notes)


def unwrapped(state: State) -> dict[str, np.ndarray]:
    """Strip the prefixes of wrappers from all names."""
    names = list(state)
    for wrapper in _WRAPPERS:
        if names and all(name.startswith(wrapper) for name in names):
            return unwrapped({name.removeprefix(wrapper): array for name, array in state.items()})
    return dict(state)


def _canonical(state: State) -> dict[str, np.ndarray]:
    """Rename running statistics as PyTorch does, and leave out the count of batches."""
    found = {}
    for name, array in state.items():
        layer, _, part = name.rpartition(".")
        if part != "num_batches_tracked":
            found[f"{layer}.{_PADDLE_STATISTICS.get(part, part)}"] = array
    return found


def _resnet_arguments(state: State, where: object) -> dict[str, Any]:
    """Read a ResNet generator's arguments off the places and shapes of its convolutions."""
    convs = sorted(
        int(found[1])
        for name in state
        if (found := re.fullmatch(r"model\.(\d+)\.weight", name)) and state[name].ndim == 4
    )
    blocks = sorted({int(found[1]) for name in state if (found := re.match(r"model\.(\d+)\.conv_block\.", name))})
    inner = sorted(
        int(found[1])
        for name in state
        if (found := re.fullmatch(rf"model\.{blocks[0]}\.conv_block\.(\d+)\.weight", name)) and state[name].ndim == 4
    )
    if len(convs) != 6 or len(inner) != 2 or blocks != list(range(blocks[0], blocks[-1] + 1)):
        other = f"is a ResNet generator of {len(convs)} outer convolutions and {len(inner)} in each block"
        raise CheckpointError(where, other, "6 outer ones (it downsamples twice) and 2 in each block")
    if len(blocks) > MAX_BLOCKS:
        raise CheckpointError(where, f"is a ResNet generator of {len(blocks)} blocks", f"at most {MAX_BLOCKS}")
    stem, first_up = state[f"model.{convs[0]}.weight"], state[f"model.{convs[3]}.weight"]
    base = stem.shape[0]
    padded = inner[0] == 1
    norm = _norm_kind(state, f"model.{convs[0]}", f"model.{convs[0] + 1}")
    # A transposed convolution has in and out channels swapped; next to a blur there is an ordinary one.
    transposed = first_up.shape[0] == 4 * base and first_up.shape[1] == 2 * base
    blurred = [f"model.{place}.filt" in state for place in (convs[1] + 3, convs[3] - 1)]
    if blurred[0] != blurred[1]:
        which = "downsamples" if blurred[0] else "upsamples"
        other = f"is a CUT generator that is antialiased only where it {which}"
        raise CheckpointError(where, other, "antialiasing in both or in neither", _REFUSED_REMEDY)
    return {
        "in_channels": stem.shape[1],
        "out_channels": state[f"model.{convs[5]}.weight"].shape[0],
        "base_channels": base,
        "blocks": len(blocks),
        "norm": norm,
        "padding": "reflect" if convs[0] == 1 else "zero",
        "upsample": "transposed" if transposed or blurred[1] else "nearest",
        "dropout": inner[1] - inner[0] - 3 - padded == 1,
        "attention": False,
        "bias": f"model.{convs[0]}.bias" in state,
        "antialias": blurred[0],
        "block_padding": None if padded == (convs[0] == 1) else "reflect" if padded else "zero",
    }


def _unet_arguments(state: State, where: object) -> dict[str, Any]:
    """Read a U-Net's arguments off its nested blocks."""
    depth = 1
    block = "model.model.1.model"
    while f"{block}.1.weight" in state:
        depth += 1
        inner = f"{block}.3.model"
        if f"{inner}.1.weight" not in state:
            break
        block = inner
    outermost, up = state["model.model.0.weight"], state.get("model.model.3.weight")
    if depth < 2 or up is None or outermost.ndim != 4 or up.ndim != 4:
        raise CheckpointError(where, "is a U-Net of an unknown kind", _UNET_HINT)
    return {
        "in_channels": outermost.shape[1],
        "out_channels": up.shape[1],
        "base_channels": outermost.shape[0],
        "depth": depth,
        "norm": _norm_kind(state, f"{block}.3", f"{block}.4"),
        "dropout": True,  # it stands last in its block and leaves no trace; it does nothing in use
        "bias": "model.model.0.bias" in state,
    }


def _norm_kind(state: State, conv: str, norm: str) -> str:
    """Return the kind of a norm: batch norms alone have weights and statistics, convolutions without a norm no bias."""
    if {f"{norm}.weight", f"{norm}.running_mean"} <= set(state):
        return "batch"
    if any(name.startswith(f"{norm}.") for name in state) or f"{conv}.bias" in state:
        return "instance"
    return "none"


def _settled_norms(
    state: State, places: list[Place], arguments: dict[str, Any]
) -> tuple[State, dict[str, Any], tuple[str, ...]]:
    """Tell instance norms that scale and shift, which norm "picture" computes, from those that only normalize.

    Returns:
        The arrays and arguments of the net, and a note on statistics that are left out.
    """
    if arguments["norm"] != "instance":
        return state, arguments, ()
    norms = [place for place in places if place.role == "norm"]
    has_statistics = any(f"{place.theirs}.running_mean" in state for place in norms)
    note = (OLD_STATISTICS_NOTE,)
    parts = ((state.get(f"{place.theirs}.{part}"), neutral) for place in norms for part, neutral in _AFFINE.items())
    if all(array is None or np.all(array == neutral) for array, neutral in parts):
        return state, arguments, note * has_statistics
    complete = dict(state)
    for place in norms:
        if (scale := complete.pop(f"{place.theirs}.scale", None)) is not None:
            complete[f"{place.theirs}.weight"] = scale
        complete[f"{place.theirs}.running_mean"] = np.zeros(place.shape, np.float32)
        complete[f"{place.theirs}.running_var"] = np.ones(place.shape, np.float32)
    return complete, {**arguments, "norm": "picture", "bias": has_bias(arguments)}, note * has_statistics


def _without_constants(
    state: State, places: list[Place], arguments: Mapping[str, Any], where: object
) -> dict[str, np.ndarray]:
    """Return the arrays without constants that our nets keep in code: blur filters, and all of an instance norm."""
    left = dict(state)
    for place in places:
        if place.role == "norm" and arguments["norm"] == "instance":
            for part in (*_AFFINE, "running_mean", "running_var"):
                left.pop(f"{place.theirs}.{part}", None)
        if place.role in BLURS:
            found = left.pop(f"{place.theirs}.filt", None)
            if found is None or found.shape != place.shape or not np.allclose(found, BLURS[place.role], atol=1e-6):
                raise CheckpointError(
                    where, f"its blur {place.theirs} has another filter", "CUT's filters as published"
                )
    return left


def _discriminator(state: State) -> str:
    """Describe a discriminator in words; "" if it is none."""
    convs = [array for name, array in state.items() if array.ndim == 4 and re.search(r"(weight|weight_orig)$", name)]
    if len(convs) < 2 or convs[-1].shape[0] != 1 or any("conv_block" in name for name in state):
        return ""
    kernel, channels = convs[0].shape[2:], convs[0].shape[1]
    if kernel not in ((4, 4), (3, 3), (1, 1)):
        return ""
    return f"a discriminator ({len(convs)} convolutions, {channels} channels in)"
