"""What an experiment says beside its recipe and its data: the schema of the other sections, with their defaults."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import yaml


@dataclass(frozen=True)
class LoaderSettings:
    """How samples become batches. `workers` prepare them; their number does not change the batches.

    Attributes:
        batch_size: Samples in a batch, of each process.
        workers: How many prepare batches ahead, in each process; 0 prepares each when it is asked for.
    """

    batch_size: int = 1
    workers: int = 2


@dataclass(frozen=True)
class ScheduleSettings:
    """How the learning rates change: a factor of `iteration` by which every one of them is multiplied.

    Attributes:
        name: "constant"; "linear" and "cosine" fall from 1 to `final` between `decay_from` and the last iteration;
            "step" multiplies by `step_factor` every `step_every` iterations.
        warmup: Iterations during which the factor first rises from near 0.
        decay_from: Iteration at which the fall of "linear" and "cosine" begins.
        final: Their factor at the end.
        step_every: Iterations between two steps of "step".
        step_factor: What each of them multiplies by.
    """

    name: Literal["constant", "linear", "cosine", "step"] = "constant"
    warmup: int = 0
    decay_from: int = 0
    final: float = 0.0
    step_every: int | None = None
    step_factor: float = 0.1


@dataclass(frozen=True)
class TrainSettings:
    """The training loop: how long, how to step, how often to log, show and save.

    Attributes:
        iterations: Iterations in all, those before a resume included.
        accumulate: Batches whose gradients are averaged for one iteration.
        clip_norm: The most that the norm of a group's gradient may be; null for no limit.
        ema: Decay of the moving average of the recipe's `averaged` nets, such as 0.999; null for none. Predictors,
            previews and validation use the average.
        amp: Mixed precision on a GPU, in "float16" (with scaled losses) or "bfloat16"; null for float32.
        to_static: Compile the `averaged` nets with `paddle.jit.to_static`; rounds differently.
        log_every: Iterations over which losses are averaged for one line.
        preview_every: Iterations between two preview pictures; 0 for none.
        save_every_s: Seconds between two writings of latest.ppgan; the first comes after a minute at most.
        save_every: Iterations between two numbered checkpoints, which are kept; 0 for none.
        keep: How many of the numbered checkpoints stay, the newest; null for all.
        seed: Of the initial weights, the order of the samples and all that is drawn at random.
        schedule: Of the learning rates.
        init_from: A checkpoint, or the name of a style that ships, whose nets the training starts from.
        device: "auto", "cpu" or "gpu:N".
        visualdl: Also write scalars and pictures for VisualDL.
        histograms: Also write histograms of the trained weights, with every preview.
    """

    iterations: int
    accumulate: int = 1
    clip_norm: float | None = None
    ema: float | None = None
    amp: Literal["float16", "bfloat16"] | None = None
    to_static: bool = False
    log_every: int = 50
    preview_every: int = 500
    save_every_s: float = 300.0
    save_every: int = 0
    keep: int | None = None
    seed: int = 0
    schedule: ScheduleSettings = field(default_factory=ScheduleSettings)
    init_from: str | None = None
    device: str = "auto"
    visualdl: bool = False
    histograms: bool = False


@dataclass(frozen=True)
class ValidationSettings:
    """How the nets are measured on pictures that they do not learn from.

    Attributes:
        every: Iterations between two validations; 0 for none.
        samples: The first so many samples of the data, one at a time; null for all.
        data: Arguments of the dataset, laid over the `data` section.
        patience: Validations without a better one after which the training ends; null for no such end.
    """

    every: int = 0
    samples: int | None = 100
    data: dict[str, Any] = field(default_factory=dict)
    patience: int | None = None


@dataclass(frozen=True)
class Config:
    """A checked experiment.

    Attributes:
        recipe: "name" and all constructor arguments, defaults filled in, those of its nets too.
        data: The same of the dataset.
        loader: How samples become batches.
        train: The training loop.
        validation: How the nets are measured; its `data` is complete.
        source: The file it was read from.
    """

    recipe: dict[str, Any]
    data: dict[str, Any]
    loader: LoaderSettings
    train: TrainSettings
    validation: ValidationSettings = field(default_factory=ValidationSettings)
    source: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Return the resolved settings as JSON values: a YAML of them is the same experiment."""
        settings = asdict(self)
        del settings["source"]
        return settings

    def dump(self) -> str:
        """Return the resolved settings as YAML."""
        return yaml.safe_dump(self.as_dict(), sort_keys=False, allow_unicode=True)


# The lowest and the highest value that make sense, by setting.
BOUNDS: dict[str, tuple[float, float]] = {
    "loader.batch_size": (1, float("inf")),
    "loader.workers": (0, float("inf")),
    "train.iterations": (1, float("inf")),
    "train.accumulate": (1, float("inf")),
    "train.clip_norm": (1e-12, float("inf")),
    "train.ema": (0, 1),
    "train.log_every": (1, float("inf")),
    "train.preview_every": (0, float("inf")),
    "train.save_every_s": (0, float("inf")),
    "train.save_every": (0, float("inf")),
    "train.keep": (1, float("inf")),
    "train.seed": (0, float("inf")),
    "train.schedule.warmup": (0, float("inf")),
    "train.schedule.decay_from": (0, float("inf")),
    "train.schedule.final": (0, float("inf")),
    "train.schedule.step_every": (1, float("inf")),
    "train.schedule.step_factor": (0, float("inf")),
    "validation.every": (0, float("inf")),
    "validation.samples": (1, float("inf")),
    "validation.patience": (1, float("inf")),
}
