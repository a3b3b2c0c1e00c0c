"""Optimizer state to and from tensors of a checkpoint."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from ppgan_lite.errors import CheckpointError

if TYPE_CHECKING:
    from ppgan_lite.recipes.recipe import Recipe, TrainedGroup


def optimizer_tensors(name: str, group: TrainedGroup, recipe: Recipe) -> dict[str, np.ndarray]:
    """Return the state of an optimizer as a checkpoint stores it: "optimizer/<group>/<net.parameter>|<slot>" -> array.

    Paddle (3.3) names parameters by counters of the process, which mean nothing in another process, so keys are ours.
    """
    names = _parameter_names(group, recipe)
    return {
        f"optimizer/{name}/{names[parameter]}|{slot}": value.numpy()
        for slot, values in group.optimizer._accumulators.items()
        for parameter, value in values.items()
    }


def load_optimizer(
    name: str, group: TrainedGroup, recipe: Recipe, tensors: Mapping[str, np.ndarray], *, where: object
) -> None:
    """Load the tensors of `optimizer_tensors` into a new optimizer of the same kind.

    Raises:
        CheckpointError: The state has other parameters, slots or shapes.
    """
    import paddle

    prefix = f"optimizer/{name}/"
    stored = {key[len(prefix) :]: value for key, value in tensors.items() if key.startswith(prefix)}
    names = _parameter_names(group, recipe)
    with_state = {key.rpartition("|")[0] for key in stored}
    optimizer = group.optimizer
    # An optimizer creates its slots in its first step. Created now, they can be filled by parameter instead of by the
    # process-wide name that `set_state_dict` uses.
    block = paddle.static.default_main_program().global_block()
    parameters = [parameter for net in group.nets for parameter in recipe.nets[net].parameters()]
    optimizer._create_accumulators(block, [p for p in parameters if names[p.name] in with_state])
    slots = {
        f"{names[parameter]}|{slot}": value
        for slot, values in optimizer._accumulators.items()
        for parameter, value in values.items()
    }
    for key in sorted(slots.keys() ^ stored.keys()):
        found = "is missing" if key in slots else "is not part of it"
        raise CheckpointError(where, f"its state of optimizer {name} does not fit: {key} {found}")
    for key, slot in slots.items():
        if list(slot.shape) != list(stored[key].shape):
            found = f"{key} has shape {list(stored[key].shape)} instead of {list(slot.shape)}"
            raise CheckpointError(where, f"its state of optimizer {name} does not fit: {found}")
        slot.set_value(stored[key])


def _parameter_names(group: TrainedGroup, recipe: Recipe) -> dict[str, str]:
    """Return Paddle's name of a parameter -> "net.parameter"."""
    return {
        parameter.name: f"{net}.{key}" for net in group.nets for key, parameter in recipe.nets[net].named_parameters()
    }
