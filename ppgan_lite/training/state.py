"""Everything that a training is, as tensors of a checkpoint, and back.

Nets that are averaged are stored twice: their averages as "net/<name>/...", where predictors look, and the weights that
learn as "raw/<name>/...". docs/checkpoint-format.md lists all names.
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
from ppgan_lite.training.averaging import Averages
from ppgan_lite.training.optimizer_state import load_optimizer, optimizer_tensors

if TYPE_CHECKING:
    from ppgan_lite.recipes.recipe import Recipe

Tensors = dict[str, np.ndarray]


def full_tensors(recipe: Recipe, averages: Averages | None, states: Sequence[Mapping[str, np.ndarray]]) -> Tensors:
    """Return all that resuming needs.

    Args:
        recipe: Its nets and optimizers.
        averages: Of the nets; None where there are none.
        states: What `Recipe.state` gave in each process, in the order of their ranks.
    """
    tensors = usable_tensors(recipe, recipe.nets, averages)
    for name in averages.names if averages else ():
        own = net_tensors(name, recipe.nets[name])
        tensors |= {key.replace("net/", "raw/", 1): value for key, value in own.items()}
    for name, group in recipe.groups.items():
        tensors |= optimizer_tensors(name, group, recipe)
    for rank, state in enumerate(states):
        tensors |= {f"state/{rank}/{name}": value for name, value in state.items()}
    return tensors


def usable_tensors(recipe: Recipe, nets: Iterable[str], averages: Averages | None) -> Tensors:
    """Return some nets' weights as predictors are to use them: averaged, where they are averaged."""
    tensors: Tensors = {}
    with using(averages):
        for name in nets:
            tensors |= net_tensors(name, recipe.nets[name])
    return tensors


def load_full(path: Path, tensors: Tensors, recipe: Recipe, averages: Averages | None, rank: int) -> None:
    """Take back what `full_tensors` returned.

    Args:
        path: The file that they come from, for messages.
        tensors: By name.
        recipe: Fresh, of the same arguments.
        averages: Of its nets.
        rank: Of this process. Where more processes train than wrote, the surplus start with a copied state.

    Raises:
        CheckpointError: Something is missing, left over, or of another shape.
    """
    averaged = averages.names if averages else ()
    for name in averaged:
        load_net(recipe.nets[name], name, tensors, where=f"{path}: net {name}")
    if averages:
        averages.restart()
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


def load_start(path: Path, recipe: Recipe) -> tuple[list[str], list[str]]:
    """Load the nets that another checkpoint has too.

    A net of it may lack whole parts of ours, as a draft without revisions does; they keep their fresh weights.

    Returns:
        The nets that were loaded, and what stays fresh: nets and parts of them.

    Raises:
        CheckpointError: It has none of the nets, or one of another shape.
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
    """Return the name of a tensor that holds NaN or infinity, if there is one."""
    for name, tensor in tensors.items():
        if tensor.dtype.kind == "f" and not np.isfinite(tensor).all():
            return name
    return None


def size_of(tensors: Mapping[str, np.ndarray]) -> int:
    """Return how many bytes a checkpoint of some tensors has, its header left out."""
    return sum(tensor.nbytes for tensor in tensors.values())


@contextlib.contextmanager
def using(averages: Averages | None) -> Iterator[None]:
    """Give the averaged nets their averages meanwhile, if there are any."""
    with averages.in_use() if averages else contextlib.nullcontext():
        yield


def _part(key: str) -> str:
    """Return "net/<name>/<part>" of a tensor's name: a direct child of the net, or one item of a list of them."""
    parts = key.split(".")
    return ".".join(parts[:2] if len(parts) > 1 and parts[1].isdigit() else parts[:1])
