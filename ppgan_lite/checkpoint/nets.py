"""Nets from checkpoints, and nets for checkpoints; what needs Paddle."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ppgan_lite.checkpoint.header import Header, NetSpec
from ppgan_lite.errors import CheckpointError
from ppgan_lite.runtime.startup import paddle_lock, require_paddle
from ppgan_lite.safetensors_files import one_line
from ppgan_lite.signatures import argument_faults
from ppgan_lite.tables import name_in, resolve

if TYPE_CHECKING:
    from paddle import nn

# Parameters that a net may have in addition to those in its file, so that the error can name the missing ones.
_SPARE_PARAMETERS = 10_000_000


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
