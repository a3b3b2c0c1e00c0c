"""Build the objects that a config names, and configure them as its `train` section says."""

from __future__ import annotations

import contextlib
import logging
import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ppgan_lite.config import Config, TrainSettings
from ppgan_lite.errors import PpganError, UsageError, one_line
from ppgan_lite.runtime.memory import keep_freed_memory
from ppgan_lite.tables import resolve
from ppgan_lite.training.distributed import Processes

if TYPE_CHECKING:
    from ppgan_lite.recipes.recipe import Recipe

logger = logging.getLogger(__name__)


def build(table: Mapping[str, str], section: Mapping[str, Any], kind: str) -> Any:
    """Build the class that a section of the config names, with its arguments.

    Args:
        table: Name -> "module:Class".
        section: "name" and arguments.
        kind: The kind of class in the table, for messages.

    Raises:
        PpganError: The class refuses them.
        UsageError: It cannot be built from them: too few channels in a list, more numbers than the memory holds.
    """
    arguments = {key: value for key, value in section.items() if key != "name"}
    cls = resolve(table, section["name"], kind)
    try:
        return cls(**arguments)
    except PpganError:
        raise
    except Exception as error:  # NumPy and Paddle raise errors of any kind; the schema knows numbers, not their sums
        raise UsageError(kind, f"{section['name']} cannot be built from its arguments ({one_line(error)})") from error


def with_iterations(config: Config, samples: int, processes: int) -> Config:
    """Return a config whose length, if it is given in epochs, is given in iterations too.

    Args:
        config: The experiment.
        samples: Of the dataset.
        processes: The number of processes that train.
    """
    if config.train.epochs is None:
        return config
    used = config.loader.batch_size * config.train.accumulate * processes
    iterations = max(1, math.ceil(config.train.epochs * samples / used))
    return replace(config, train=replace(config.train, iterations=iterations))


def configure(
    recipe: Recipe, settings: TrainSettings, processes: Processes
) -> Callable[[], contextlib.AbstractContextManager[object]]:
    """Configure the optimizers and nets of a recipe as the `train` section says.

    Returns:
        A function that returns the context for one update: mixed precision, or a context that does nothing.
    """
    import paddle

    on_gpu = paddle.device.get_device().startswith("gpu")
    if not on_gpu:
        keep_freed_memory()
    if settings.amp and not on_gpu:
        _use_bfloat16_on_cpu(recipe, settings.amp)
    for group in recipe.groups.values():
        group.micro_batches = settings.accumulate
        group.clip_norm = settings.clip_norm
        group.average = processes.average_gradients if processes.count > 1 else None
        if settings.amp == "float16" and on_gpu:
            group.scaler = paddle.amp.GradScaler()
    if settings.to_static:
        # Only these nets: a compiled net keeps the choice of gradients that it was compiled with, and recipes freeze
        # discriminators during the generator step.
        for name in recipe.averaged:
            paddle.jit.to_static(recipe.nets[name], full_graph=True)
    if settings.amp and on_gpu:
        return lambda: paddle.amp.auto_cast(dtype=settings.amp)
    return contextlib.nullcontext


def _use_bfloat16_on_cpu(recipe: Recipe, amp: str) -> None:
    """Let OpenVINO compute a recipe's nets in bfloat16, or say why they are computed in float32."""
    from ppgan_lite.autodiff import executor
    from ppgan_lite.autodiff.gan_nets import accelerate

    if amp != "bfloat16":
        logger.warning("train.amp: mixed precision is for GPUs; this training computes in float32")
    elif not executor.has_openvino() or executor.fastest_precision() != "bf16":
        logger.warning(
            "train.amp: on a CPU bfloat16 needs OpenVINO and a processor that has it; this training computes in float32"
        )
    elif names := accelerate(recipe.nets):
        logger.info("train.amp: OpenVINO computes in bfloat16: %s", ", ".join(names))
    else:
        logger.warning("train.amp: no net of this recipe is computed in bfloat16 on a CPU; it trains in float32")
