"""What every recipe offers the training loop."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    import paddle
    from paddle import nn

    from ppgan_lite.checkpoint import PredictorSpec

Batch = "dict[str, paddle.Tensor]"


@dataclass
class TrainedGroup:
    """One optimizer and the nets whose parameters it updates.

    Attributes:
        optimizer: Built by the recipe with a float learning rate; the loop scales that rate by its schedule.
        nets: Names of nets in `Recipe.nets`.
        learning_rate: The rate before any schedule.
    """

    optimizer: paddle.optimizer.Optimizer
    nets: tuple[str, ...]
    learning_rate: float


@dataclass
class Recipe:
    """How nets are trained: owns the nets and the optimizers and does one update at a time.

    A subclass fills `nets` and `groups` in its constructor, whose keyword arguments are the YAML's `recipe:` section.
    """

    needs: ClassVar[tuple[str, ...]] = ()
    nets: dict[str, nn.Layer] = field(default_factory=dict)
    groups: dict[str, TrainedGroup] = field(default_factory=dict)

    def update(self, batch: dict[str, paddle.Tensor]) -> dict[str, float]:
        """Do one optimisation step on a batch of float32 NCHW tensors in [0, 1]; return the losses as numbers."""
        raise NotImplementedError

    def preview(self, batch: dict[str, paddle.Tensor]) -> dict[str, paddle.Tensor]:
        """Return named images (NCHW in [0, 1]) that show how far the training is."""
        raise NotImplementedError

    def predictors(self) -> dict[str, PredictorSpec]:
        """Return what a checkpoint of this recipe can be used for, by name."""
        raise NotImplementedError
