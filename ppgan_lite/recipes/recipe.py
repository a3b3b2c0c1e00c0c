"""The interface between recipes and the training loop."""

from __future__ import annotations

import contextlib
import functools
import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, get_type_hints

import numpy as np

from ppgan_lite.signatures import Within

if TYPE_CHECKING:
    import paddle
    from paddle import nn

    from ppgan_lite.checkpoint import PredictorSpec

# A constructor argument that names a net of the table and its arguments: {"name": "ResnetGenerator", "blocks": 6}.
NetChoice = Annotated[dict[str, Any], "net"]

# Ranges of constructor arguments that many recipes have.
LearningRate = Annotated[float, Within(0, 1, above=True)]
Beta = Annotated[float, Within(0, 1, below=True)]  # of Adam: a share of the past
NoiseStd = Annotated[float, Within(0, 1)]
Level = Annotated[int, Within(0, 5)]  # each doubles the sides of the photo's crop


@dataclass
class TrainedGroup:
    """One optimizer and the nets whose parameters it updates.

    The recipe gives the first three; the loop sets the others from the `train` section.

    Attributes:
        optimizer: Built by the recipe with a float learning rate; the loop scales that rate by its schedule.
        nets: Names of nets in `Recipe.nets`.
        learning_rate: The rate before any schedule.
        micro_batches: Calls of `backward_step` whose gradients are averaged for one step.
        clip_norm: The most that the norm of a step's gradient may be; None for no limit.
        scaler: Scales losses so that float16 gradients do not vanish; None in float32 and bfloat16.
        average: Replaces the gradients of parameters by their average over all processes; None in a single one.
        pending: Calls of `backward_step` since the last step.
    """

    optimizer: paddle.optimizer.Optimizer
    nets: tuple[str, ...]
    learning_rate: float
    micro_batches: int = 1
    clip_norm: float | None = None
    scaler: paddle.amp.GradScaler | None = None
    average: Callable[[list[paddle.Tensor]], None] | None = None
    pending: int = 0

    def step_on(self, terms: Mapping[str, paddle.Tensor]) -> dict[str, float]:
        """Do a `backward_step` on the sum of some losses; return them as numbers, with their "total"."""
        total = sum(terms.values())
        self.backward_step(total)
        return {**{name: float(term) for name, term in terms.items()}, "total": float(total)}

    def backward_step(self, loss: paddle.Tensor) -> None:
        """Add the gradient of a loss, and do a step with the last micro-batch of an iteration."""
        share = loss / self.micro_batches if self.micro_batches > 1 else loss
        (share if self.scaler is None else self.scaler.scale(share)).backward()
        self.pending += 1
        if self.pending == self.micro_batches:
            self._step()
            self.optimizer.clear_grad()
            self.pending = 0

    def _step(self) -> None:
        from paddle.nn.utils import clip_grad_norm_

        learning = [parameter for parameter in self.optimizer._parameter_list if parameter.grad is not None]
        if self.average is not None:
            self.average(learning)
        if self.scaler is not None:
            self.scaler.unscale_(self.optimizer)
        if self.clip_norm is not None:
            clip_grad_norm_(learning, self.clip_norm)
        if self.scaler is None:
            self.optimizer.step()
        else:
            self.scaler.step(self.optimizer)
            self.scaler.update()


@dataclass
class Recipe:
    """Training of nets after one paper: owns the nets and the optimizers and does one update at a time.

    A subclass fills `nets` and `groups` in its constructor, whose keyword arguments are the YAML's `recipe:` section.
    Those whose default is a dataclass stand for its fields; see `with_flat_fields`.

    Attributes:
        needs: Batch keys that `update` reads; checked against the dataset's `gives` before training.
        averaged: Nets of which the loop keeps a moving average (`train.ema`); predictors use the average.
        best: Which number of `validate` chooses the best checkpoint, unless a config names another; None where there is
            nothing to validate. `metrics.table` knows whether more of it is better.
        measures: The numbers that `validate` may return.
        results: For each picture of `preview` that shows what the nets do: its name, and that of what it was made of.
        targets: For each of these that is to be one certain picture: its name, and that of the picture.
        domains: For each of these that is to be of a domain: its name, and that of a picture of the domain.
        nets: Every net, trained or frozen, that a checkpoint must hold.
        groups: The optimizers, in the order in which they step.
        iteration: The iteration that is being done, from 1; the loop sets it before `update`.
    """

    needs: ClassVar[tuple[str, ...]] = ()
    averaged: ClassVar[tuple[str, ...]] = ()
    best: ClassVar[str | None] = None
    measures: ClassVar[tuple[str, ...]] = ()
    results: ClassVar[tuple[tuple[str, str], ...]] = ()
    targets: ClassVar[tuple[tuple[str, str], ...]] = ()
    domains: ClassVar[tuple[tuple[str, str], ...]] = ()
    nets: dict[str, nn.Layer] = field(default_factory=dict)
    groups: dict[str, TrainedGroup] = field(default_factory=dict)
    iteration: int = 0

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if "__init__" in cls.__dict__:
            cls.__init__ = with_flat_fields(cls.__init__)  # type: ignore[method-assign]

    def update(self, batch: dict[str, paddle.Tensor]) -> dict[str, float]:
        """Do one optimization step on a batch of float32 NCHW tensors in [0, 1]; return the losses as numbers.

        Every loss goes through `TrainedGroup.backward_step`, which accumulates. Random numbers come from Paddle's
        generator, which the loop seeds for every iteration.
        """
        raise NotImplementedError

    def validate(self, batch: dict[str, paddle.Tensor]) -> dict[str, float]:
        """Return measures of the nets on a batch of one that they are not trained on, by name.

        Called without gradients, with the averaged weights where `train.ema` is set. The loop averages the numbers over
        the samples.
        """
        return {}

    def preview(self, batch: dict[str, paddle.Tensor]) -> dict[str, paddle.Tensor]:
        """Return named images (NCHW in [0, 1]) that show the state of the training; called without gradients."""
        raise NotImplementedError

    def predictors(self) -> dict[str, PredictorSpec]:
        """Return the predictors that a checkpoint of this recipe offers, by name."""
        raise NotImplementedError

    def state(self) -> dict[str, np.ndarray]:
        """Return arrays that resuming needs, besides nets and optimizers, such as an image pool: name -> array."""
        return {}

    def load_state(self, state: Mapping[str, np.ndarray]) -> None:
        """Take back the result of `state`."""


def with_flat_fields(init: Callable[..., None]) -> Callable[..., None]:
    """Give a constructor the fields of its dataclass arguments as arguments of their own.

    A group of settings that many recipes share is then written once, and a config still says `recipe.content: 4`. The
    signature, which is the config's schema, has the fields, with the values of the argument's default as defaults.

    Args:
        init: A constructor with keyword arguments; those whose default is a dataclass are replaced.
    """
    groups = {
        name: item.default for name, item in inspect.signature(init).parameters.items() if is_dataclass(item.default)
    }
    if not groups:
        return init
    signature = inspect.signature(init, eval_str=True)
    parameters: list[inspect.Parameter] = []
    for name, parameter in signature.parameters.items():
        if name not in groups:
            parameters.append(parameter)
            continue
        hints = get_type_hints(type(groups[name]), include_extras=True)
        parameters += [
            inspect.Parameter(
                item.name, parameter.KEYWORD_ONLY, default=getattr(groups[name], item.name), annotation=hints[item.name]
            )
            for item in fields(groups[name])
        ]

    @functools.wraps(init)
    def flat(self: Recipe, **arguments: Any) -> None:
        for name, default in groups.items():
            given = {item.name: arguments.pop(item.name) for item in fields(default) if item.name in arguments}
            arguments[name] = replace(arguments.get(name, default), **given)
        init(self, **arguments)

    flat.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    return flat


@contextlib.contextmanager
def frozen(*nets: nn.Layer) -> Iterator[None]:
    """Keep some nets from accumulating gradients, such as a discriminator while the generator is trained."""
    parameters = [p for net in nets for p in net.parameters() if not p.stop_gradient]
    for parameter in parameters:
        parameter.stop_gradient = True
    try:
        yield
    finally:
        for parameter in parameters:
            parameter.stop_gradient = False
