"""Settings of an experiment other than recipe and data: the schema of these sections, with defaults."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Annotated, Any, Literal

import yaml

from ppgan_lite.signatures import FilePath, NonNegative, NonNegativeInt, Positive, PositiveInt, Within


@dataclass(frozen=True)
class LoaderSettings:
    """Loading of batches. The number of workers does not change the batches.

    Attributes:
        batch_size: Samples per batch and process.
        workers: Threads per process that prepare batches ahead; 0 prepares each on demand.
    """

    batch_size: PositiveInt = 1
    workers: NonNegativeInt = 2


@dataclass(frozen=True)
class ScheduleSettings:
    """Learning-rate schedule: a factor of all learning rates as a function of the iteration.

    Attributes:
        name: "constant"; "linear" and "cosine" fall from 1 to `final` between `decay_from` and the last iteration;
            "step" multiplies by `step_factor` every `step_every` iterations.
        warmup: Iterations of linear warmup from near 0.
        decay_from: Iteration at which "linear" and "cosine" begin to decay; between 0 and 1, the share of the training
            before it.
        final: Factor of "linear" and "cosine" at the end.
        step_every: Iterations between two steps of "step".
        step_factor: Factor of each step.
    """

    name: Literal["constant", "linear", "cosine", "step"] = "constant"
    warmup: NonNegativeInt = 0
    decay_from: NonNegativeInt | Annotated[float, Within(0, 1, above=True, below=True)] = 0
    final: NonNegative = 0.0
    step_every: PositiveInt | None = None
    step_factor: NonNegative = 0.1


@dataclass(frozen=True)
class TrainSettings:
    """The training loop: its length, optimization steps, logging, previews and checkpoints.

    Attributes:
        iterations: Iterations in all, those before a resume included. Either these or epochs are given.
        epochs: Instead of iterations, how often each sample of the dataset is used; the training computes `iterations`.
        minutes: Minutes of training in all, where they are over before the iterations; null for no limit. A learning
            rate that falls then falls with the time, and the result depends on the speed of the machine.
        accumulate: Batches whose gradients are averaged for one iteration.
        clip_norm: Largest gradient norm of a group; null for no limit.
        ema: Decay of the moving average of the recipe's `averaged` nets, such as 0.999; null for none. Predictors,
            previews and validation use the average.
        amp: Mixed precision on a GPU, in "float16" (with scaled losses) or "bfloat16", which OpenVINO computes GANs in
            on a CPU that has it; null for float32.
        to_static: Compile the `averaged` nets with `paddle.jit.to_static`; rounds differently.
        log_every: Iterations over which losses are averaged for one line.
        preview_every: Iterations between two preview pictures; 0 for none.
        save_every_s: Seconds between two writes of latest.ppgan; the first is after a minute at most.
        save_every: Iterations between two numbered checkpoints; 0 for none.
        keep: The number of newest numbered checkpoints to keep; null for all.
        seed: Seed of initial weights, order of samples and all other random numbers.
        schedule: Learning-rate schedule.
        init_from: A checkpoint, the folder of a run, or the name of a style or a model, to start from its weights.
        device: "auto", "cpu" or "gpu:N".
        visualdl: Whether to write scalars and pictures for VisualDL too.
        histograms: Whether to write histograms of trained weights too, with every preview.
    """

    iterations: PositiveInt | None = None
    epochs: Positive | None = None
    minutes: Positive | None = None
    accumulate: PositiveInt = 1
    clip_norm: Positive | None = None
    ema: Annotated[float, Within(0, 1)] | None = None
    amp: Literal["float16", "bfloat16"] | None = None
    to_static: bool = False
    log_every: PositiveInt = 50
    preview_every: NonNegativeInt = 500
    save_every_s: NonNegative = 300.0
    save_every: NonNegativeInt = 0
    keep: PositiveInt | None = None
    seed: NonNegativeInt = 0
    schedule: ScheduleSettings = field(default_factory=ScheduleSettings)
    init_from: FilePath | None = None
    device: str = "auto"
    visualdl: bool = False
    histograms: bool = False


@dataclass(frozen=True)
class ValidationSettings:
    """Validation on held-out pictures.

    Attributes:
        every: Iterations between two validations; 0 for none.
        samples: The number of samples, from the first, one at a time; null for all.
        data: Arguments of the dataset, merged over the `data` section.
        metrics: Names of further metrics to measure, such as lpips or kid_vgg16; docs/evaluation.md has them.
        best: The metric by which best.ppgan is chosen; null for the recipe's.
        patience: Validations without improvement after which the training ends; null for no early stopping.
    """

    every: NonNegativeInt = 0
    samples: PositiveInt | None = 100
    data: dict[str, Any] = field(default_factory=dict)
    metrics: list[str] = field(default_factory=list)
    best: str | None = None
    patience: PositiveInt | None = None


@dataclass(frozen=True)
class Config:
    """A checked experiment.

    Attributes:
        recipe: "name" and all constructor arguments, including defaults and those of its nets.
        data: The same for the dataset.
        loader: Loading of batches.
        train: The training loop.
        validation: Validation, with complete `data`.
        source: The file of the experiment.
        base: The name of the file that it is based on, itself if it has no base; empty if it is not from a file.
        changes: What it sets otherwise than that file, a line each.
    """

    recipe: dict[str, Any]
    data: dict[str, Any]
    loader: LoaderSettings
    train: TrainSettings
    validation: ValidationSettings = field(default_factory=ValidationSettings)
    source: str = ""
    base: str = field(default="", compare=False)
    changes: tuple[str, ...] = field(default=(), compare=False)

    def as_dict(self) -> dict[str, Any]:
        """Return the resolved settings as JSON values; as YAML they give the same experiment."""
        settings = asdict(self)
        for name in ("source", "base", "changes"):
            del settings[name]
        return settings

    def dump(self) -> str:
        """Return the resolved settings as YAML."""
        return yaml.safe_dump(self.as_dict(), sort_keys=False, allow_unicode=True)
