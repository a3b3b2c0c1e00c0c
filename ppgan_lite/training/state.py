"""All state of a training, to and from tensors of a checkpoint.

Averaged nets are stored twice: their averages as "net/<name>/...", which predictors load, and the trained weights as
"raw/<name>/...". docs/checkpoint-format.md lists all names.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ppgan_lite.checkpoint import load_net, net_tensors, read_checkpoint
from ppgan_lite.errors import CheckpointError
from ppgan_lite.training.averaging import MovingAverages
from ppgan_lite.training.optimizer_state import load_optimizer, optimizer_tensors

if TYPE_CHECKING:
    from ppgan_lite.recipes.recipe import Recipe

Tensors = dict[str, np.ndarray]


def resume_tensors(
    recipe: Recipe, averages: MovingAverages | None, states: Sequence[Mapping[str, np.ndarray]]
) -> Tensors:
    """Return all tensors that resuming needs.

    Args:
        recipe: Holds the nets and optimizers.
        averages: The moving averages of its nets; None without them.
        states: The result of `Recipe.state` in each process, in the order of the ranks.
    """
    tensors = predictor_tensors(recipe, recipe.nets, averages)
    for name in averages.names if averages else ():
        own = net_tensors(name, recipe.nets[name])
        tensors |= {key.replace("net/", "raw/", 1): value for key, value in own.items()}
    for name, group in recipe.groups.items():
        tensors |= optimizer_tensors(name, group, recipe)
    for rank, state in enumerate(states):
        tensors |= {f"state/{rank}/{name}": value for name, value in state.items()}
    return tensors


def predictor_tensors(recipe: Recipe, nets: Iterable[str], averages: MovingAverages | None) -> Tensors:
    """Return the weights of nets for predictors: the moving averages, where there are any."""
    tensors: Tensors = {}
    with averaged_weights(averages):
        for name in nets:
            tensors |= net_tensors(name, recipe.nets[name])
    return tensors


def load_resume_tensors(
    path: Path, tensors: Tensors, recipe: Recipe, averages: MovingAverages | None, rank: int
) -> None:
    """Load the tensors of `resume_tensors`.

    Args:
        path: Their file, for messages.
        tensors: By name.
        recipe: A new one with the same arguments.
        averages: The moving averages of its nets.
        rank: The rank of this process. If more processes train now, the additional ones start with a copy of a state.

    Raises:
        CheckpointError: A tensor is missing, unexpected, or of another shape.
    """
    averaged = averages.names if averages else ()
    for name in averaged:
        load_net(recipe.nets[name], name, tensors, where=f"{path}: net {name}")
    if averages:
        averages.reset()
    raw = {key.replace("raw/", "net/", 1): value for key, value in tensors.items() if key.startswith("raw/")}
    for name, net in recipe.nets.items():
        source = raw if name in averaged else tensors
        load_net(net, name, source, where=f"{path}: net {name}")
    for name, group in recipe.groups.items():
        load_optimizer(name, group, recipe, tensors, where=path)
    matches = [re.match(r"state/(\d+)/", key) for key in tensors]
    ranks = 1 + max((int(match[1]) for match in matches if match), default=0)
    prefix = f"state/{rank % ranks}/"
    recipe.load_state({key[len(prefix) :]: value for key, value in tensors.items() if key.startswith(prefix)})


def load_initial_weights(path: Path, recipe: Recipe) -> tuple[list[str], list[str]]:
    """Load the nets that another checkpoint has too.

    Whole parts that a net of the checkpoint lacks, such as the revisions of a draft alone, keep their initial weights.

    Returns:
        The names of the loaded nets, and of the nets and parts that keep their initial weights.

    Raises:
        CheckpointError: It has none of the nets, or weights of another shape.
    """
    header, tensors = read_checkpoint(path)
    loaded = [name for name in recipe.nets if name in header.nets]
    fresh = [name for name in recipe.nets if name not in header.nets]
    if not loaded:
        expected = f"one of the recipe's nets {', '.join(fresh)}"
        raise CheckpointError(path, f"has the nets {', '.join(header.nets)}", expected)
    for name in loaded:
        own = net_tensors(name, recipe.nets[name])
        there = {_part(key) for key in tensors}
        kept = {key: value for key, value in own.items() if _part(key) not in there}
        load_net(recipe.nets[name], name, {**tensors, **kept}, where=f"{path}: net {name}")
        fresh += sorted({_part(key).removeprefix("net/") for key in kept})
    return loaded, fresh


def not_finite(tensors: Mapping[str, np.ndarray]) -> str | None:
    """Return the name of the first tensor that holds NaN or infinity; None if there is none."""
    for name, tensor in tensors.items():
        if tensor.dtype.kind == "f" and not np.isfinite(tensor).all():
            return name
    return None


def size_of(tensors: Mapping[str, np.ndarray]) -> int:
    """Return the size in bytes of a checkpoint of these tensors, without its header."""
    return sum(tensor.nbytes for tensor in tensors.values())


@contextlib.contextmanager
def averaged_weights(averages: MovingAverages | None) -> Iterator[None]:
    """Put the moving averages, if there are any, into the nets for the duration of a block."""
    with averages.applied() if averages else contextlib.nullcontext():
        yield


def _part(key: str) -> str:
    """Return "net/<name>/<part>" of a tensor's name, a part being a child of the net or an item of a list of them."""
    parts = key.split(".")
    return ".".join(parts[:2] if len(parts) > 1 and parts[1].isdigit() else parts[:1])
