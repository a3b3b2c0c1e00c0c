"""The plan of an export: the net, its file, and the sizes of its inputs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ppgan_lite.checkpoint import Header, PredictorSpec, build_net, sha256_of
from ppgan_lite.errors import CheckpointError, UsageError
from ppgan_lite.foreign.loading import open_checkpoint
from ppgan_lite.inference.engines.subgraph import Shape
from ppgan_lite.inference.loading import TASKS, choose_predictor, find_checkpoint
from ppgan_lite.inference.stylization.painters import FULL_SIZE, read_painter
from ppgan_lite.nets.painter_interface import DRAFT_PX
from ppgan_lite.runs import name_of

if TYPE_CHECKING:
    from paddle import nn

MIN_SIDE_PX = 16  # of a picture that a net takes, and of a draft
MAX_LEVELS = 6


@dataclass(frozen=True)
class ExportOptions:
    """The options of an export.

    Attributes:
        format: "onnx" or "paddle".
        size: Width and height of the photo; None for any.
        half: Whether the parameters are stored as float16.
        direction: Which of a checkpoint's predictors; None for the first.
        levels: Painters alone: how often the photo is downsampled by 2 for the draft; None for once per revision net.
    """

    format: str = "onnx"
    size: tuple[int, int] | None = None
    half: bool = False
    direction: str | None = None
    levels: int | None = None


@dataclass(frozen=True)
class ExportPlan:
    """A net to export, and for which inputs.

    Attributes:
        path: Its file.
        sha256: Of that file.
        header: Of that file.
        tensors: Of that file.
        direction: The predictor's name.
        spec: How the predictor calls the net.
        levels: How often a photo is downsampled by 2 for the draft; 0 for all but painters.
        size: Width and height of the photo; None for any.
    """

    path: Path
    sha256: str
    header: Header
    tensors: Mapping[str, np.ndarray]
    direction: str
    spec: PredictorSpec
    levels: int
    size: tuple[int, int] | None

    @property
    def name(self) -> str:
        """Name of the export's files, without suffix; of a run's checkpoint, that of the run."""
        several = sum(spec.task == self.spec.task for spec in self.header.predictors.values()) > 1
        return f"{name_of(self.path)}_{self.direction}" if several else name_of(self.path)

    @property
    def paints(self) -> bool:
        """Whether it is a painter that drafts; one that paints at full size is exported as other nets are."""
        return self.spec.task == "stylize" and self.header.nets[self.spec.net].kind not in FULL_SIZE

    @property
    def arguments(self) -> dict[str, Any]:
        """The net's arguments, as far as the file states them."""
        return self.header.nets[self.spec.net].arguments

    @property
    def min_side_px(self) -> int:
        """Side of the smallest photo."""
        return _up_to(MIN_SIDE_PX * 2**self.levels, self.spec.multiple_of)

    @property
    def style_px(self) -> int:
        """Short side of a painting when its statistics are measured."""
        return max(round(self.spec.settings.get("style_px", DRAFT_PX)), MIN_SIDE_PX)

    @property
    def inputs(self) -> dict[str, Shape]:
        """Name -> shape of each input, None for any height or width."""
        if self.size is None:
            sides: dict[str, tuple[int | None, int | None]] = dict.fromkeys(self.spec.inputs, (None, None))
        else:
            sides = {"photo": self.size[::-1], "style": (self.style_px, self.style_px)}
        return {name: (1, self.arguments.get("in_channels", 3), *sides[name]) for name in self.spec.inputs}

    def build_layer(self) -> nn.Layer:
        """Build the predictor end to end as one layer, in evaluation mode."""
        net = build_net(self.spec.net, self.header, self.tensors)
        if self.paints:
            from ppgan_lite.export.end_to_end import EndToEndPainter

            draft = None if self.size is None else (self.size[1] >> self.levels, self.size[0] >> self.levels)
            noise_std = float(self.spec.settings.get("noise_std", 0.0))
            net = EndToEndPainter(net, levels=self.levels, noise_std=noise_std, draft_size=draft)
            net.eval()
        return net

    def fitting(self, side: int) -> int:
        """Return the smallest side that is allowed and not below `side`."""
        return _up_to(max(side, self.min_side_px), self.spec.multiple_of)


def plan_export(source: str | Path, options: ExportOptions) -> ExportPlan:
    """Find the net and check that it can be exported with these options.

    Args:
        source: The name of a style that ships, "any", or any readable file of weights.
        options: Of the export.

    Raises:
        UsageError: There is no such file or predictor, or a setting does not fit the net.
        CheckpointError: The file cannot be read or its net used.
    """
    from ppgan_lite.inference.translation.translator import check_net

    path = find_checkpoint(source)
    header, tensors = open_checkpoint(path)
    direction = choose_predictor(path, header, options.direction)
    spec = header.predictors[direction]
    if spec.task not in TASKS:
        raise CheckpointError(path, f"its task is {spec.task!r}", f"one of {', '.join(TASKS)}")
    if spec.task == "stylize" and header.nets[spec.net].kind not in FULL_SIZE:
        levels = _levels(read_painter(header, spec.net, tensors).revisions, options.levels)
    elif options.levels is None:
        levels = 0
    else:
        raise UsageError("--levels", f"{path.name} does not draft", "a painter", "Leave it out")
    plan = ExportPlan(path, sha256_of(path), header, tensors, direction, spec, levels, options.size)
    if not plan.paints:
        check_net(build_net(spec.net, header, tensors), spec, where=path)
    for side in options.size or ():
        if side < plan.min_side_px or side % spec.multiple_of:
            multiples = f", in multiples of {spec.multiple_of}" if spec.multiple_of > 1 else ""
            found = f"{path.name} takes no picture of {options.size[0]}x{options.size[1]}" if options.size else ""
            raise UsageError("--size", found, f"sides of at least {plan.min_side_px}{multiples}")
    return plan


def _levels(revisions: int, levels: int | None) -> int:
    if levels is None:
        return revisions
    if not 0 <= levels <= (MAX_LEVELS if revisions else 0):
        most = f"0 to {MAX_LEVELS}" if revisions else "0, as this net has no revisions"
        raise UsageError("--levels", str(levels), most)
    return levels


def _up_to(number: int, multiple: int) -> int:
    return -(-number // multiple) * multiple
