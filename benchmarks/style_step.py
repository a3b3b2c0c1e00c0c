"""Time a training step of a painter of one style in turn with PyTorch's.

python benchmarks/style_step.py --rival-python PYTHON_WITH_TORCH [--size 256] [--learn] [--eager] [--parts]
    [--runs 7] [--json FILE]

Two crops that are painted and, in every second step, one that is reconstructed, with VGG-16; all in one run, in turns
of two steps, of which the mean is taken. Ours is timed with OpenVINO in bfloat16 where the processor has it, with
OpenVINO in float32, and with Paddle alone. torch runs the step of tools/train_styles_torch.py, as it is, with autocast
to bfloat16, and compiled unless --eager: compiling takes minutes before the first round. Its encoder works with
channels last. With --learn, net and crops are those of `paddlegan learn`; ours simplifies the photos as that does,
which the step of torch does not, and is timed in the fastest way alone. Shifts are left out, and so is the loading of
pictures. "crops_in_6_min" are those that are painted in what `learn` has of six minutes for its steps. "peak_share" is
that of the speed of a product of large float32 matrices, with the multiplications and additions that torch counts in a
step; bfloat16 can exceed it. With --parts, the parts of our own step are timed instead.
"""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from measuring import OtherPython, add_arguments, alternate, compare, operations_per_second, report

from ppgan_lite import encoders
from ppgan_lite.checkpoint import build_net, read_checkpoint
from ppgan_lite.config import load_config
from ppgan_lite.runtime.startup import require_paddle
from ppgan_lite.runtime.threads import physical_cores

ROOT = Path(__file__).parents[1]
PAINTED = 2
PAINTING_PX = 512
SIZE = 256
SHIFT = 2  # pixels that are cut off the borders of crops in training
RECONSTRUCT_EVERY = 2  # steps
WHOLE = "two steps"
LEARN_S = 6 * 60 - 15  # start, previews and the end need some

TORCH = """
import contextlib
import sys
sys.path[:0] = [{root!r}, {tools!r}]
import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode
from torch_styles.losses import VGG16
from torch_styles.nets import StyleTransferNet
from torch_styles.pictures import Pictures, colors_of
from torch_styles.stages import Batches, StyleDraft, Weights
from ppgan_lite import encoders

torch.set_num_threads({threads})
torch.manual_seed(0)
cpu = torch.device("cpu")
photos = [(255 * torch.rand(3, {size} + 4, {size} + 4)).byte() for _ in range(8)]
painting = (255 * torch.rand(3, {painting_px}, {painting_px})).byte()
pictures = Pictures({size} + 4, photos, [colors_of(photo) for photo in photos])
batches = [
    Batches(crop={size}, painted={painted}, kept=kept, photo_side=({size} + 4, {size} + 4)) for kept in (1, 0)
]


class Autocast(torch.nn.Module):
    def __init__(self, part):
        super().__init__()
        self.part = part

    def forward(self, *arguments, **named):
        with torch.autocast("cpu", torch.bfloat16):
            found = self.part(*arguments, **named)
        return {{k: x.float() for k, x in found.items()}} if isinstance(found, dict) else found.float()


def stage_of(way):
    net, vgg = StyleTransferNet(**{net!r}), VGG16(encoders.vgg16(), cpu)
    stage = StyleDraft(net, vgg, pictures, painting, colors_of(painting), batches[0], Weights(steady=0))
    optimizer = torch.optim.Adam(stage.learning.parameters(), 1e-4)
    wrap = {{"compiled": lambda part: torch.compile(part, dynamic=False), "bfloat16": Autocast}}.get(way)
    if wrap is not None:
        net.transform, stage.vgg = wrap(net.transform), wrap(vgg)
    return stage, optimizer


stages = {{way: stage_of(way) for way in ("eager", "bfloat16", "compiled")}}
rng = np.random.default_rng(0)


def step(way):
    stage, optimizer = stages[way]
    terms = stage.terms(1, rng)
    optimizer.zero_grad(set_to_none=True)
    sum(terms.values()).backward()
    torch.nn.utils.clip_grad_norm_(stage.learning.parameters(), 1.0)
    optimizer.step()
    return [term.item() for term in terms.values()]


def work(way, counted=False):
    with FlopCounterMode(display=False) if counted else contextlib.nullcontext() as counter:
        for stages[way][0].batches in batches:
            step(way)
    return counter.get_total_flops() / len(batches) if counted else None
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rival-python", type=Path, help="an interpreter that has torch")
    parser.add_argument("--size", type=int, help=f"height and width of the crops; {SIZE}, or those of `learn`")
    parser.add_argument("--learn", action="store_true", help="net and crops of `paddlegan learn`")
    parser.add_argument("--eager", action="store_true", help="leave out torch.compile")
    parser.add_argument("--parts", action="store_true", help="time the parts of our own step instead")
    add_arguments(parser)
    arguments = parser.parse_args()
    settings, size = learn_settings() if arguments.learn else ({}, SIZE)
    size = arguments.size or size
    if arguments.parts:
        parts = alternate(Training(size, ways_of_ours()[0], settings).parts(), arguments.runs, warmup=2)
        report("style_step_parts", compare(f"{size} px", parts, against=WHOLE), arguments.json)
        return
    net, ways = settings.get("net", {}), ways_of_ours()
    work: dict[str, Callable[[], object]] = {
        f"ppgan_lite, {name}": Training(size, name, settings).steps for name in ways[: 1 if arguments.learn else None]
    }
    operations = None
    with contextlib.ExitStack() as stack:
        if arguments.rival_python:
            sizes = {"size": size, "painting_px": PAINTING_PX, "painted": PAINTED, "net": net}
            code = TORCH.format(root=str(ROOT), tools=str(ROOT / "tools"), threads=physical_cores(), **sizes)
            torch = stack.enter_context(contextlib.closing(OtherPython(arguments.rival_python, code)))
            operations = torch("eager", True)
            work |= {"torch": lambda: torch("eager"), "torch, bfloat16": lambda: torch("bfloat16")}
            work |= {} if arguments.eager else {"torch, compiled": lambda: torch("compiled")}
        times = alternate(work, arguments.runs, warmup=2)
    times = {name: [taken / RECONSTRUCT_EVERY for taken in seconds] for name, seconds in times.items()}
    best = "torch" if "torch" in times else next(iter(times))
    rows = compare(f"painter's step, {size} px{', as in learn' if arguments.learn else ''}", times, against=best)
    peak = operations_per_second()
    for row in rows:
        row["crops_in_6_min"] = round(PAINTED * LEARN_S / row["median_s"])
        if operations:
            row["peak_share"] = operations / row["median_s"] / peak
    report("style_step", rows, arguments.json)


def learn_settings() -> tuple[dict[str, Any], int]:
    """Return the arguments of the recipe as `paddlegan learn` has them, and the size of what it paints of crops."""
    config = load_config("style_draft")
    settings = {name: value for name, value in config.recipe.items() if name not in ("name", "steady")}
    return settings, config.data["size"] - 2 * SHIFT


def ways_of_ours() -> list[str]:
    """Return in which ways a step can be computed here: the one that training takes comes first."""
    require_paddle()
    try:
        from ppgan_lite.autodiff.executor import fastest_precision

        return list(dict.fromkeys([fastest_precision(), "f32", "paddle"]))
    except ImportError:
        return ["paddle"]


class Training:
    """The recipe as `paddlegan train` runs it, with pictures to learn from.

    Args:
        size: Height and width of the crops.
        precision: "bf16" or "f32" with OpenVINO, or "paddle".
        settings: Of the recipe.
    """

    def __init__(self, size: int, precision: str, settings: dict[str, Any]) -> None:
        paddle = require_paddle()
        from ppgan_lite.autodiff.transform_net import DifferentiableTransform
        from ppgan_lite.autodiff.vgg16 import FrozenVGG16
        from ppgan_lite.recipes.style_transfer import StyleTransferDraft
        from ppgan_lite.runtime.memory import keep_freed_memory

        keep_freed_memory()
        paddle.seed(0)
        self.recipe = StyleTransferDraft(**settings, steady=0.0)
        self.recipe.net.train()
        self.recipe.groups["painter"].clip_norm = 1.0
        net = build_net("encoder", *read_checkpoint(encoders.vgg16()))
        for parameter in net.parameters():
            parameter.stop_gradient = True
        painter = self.recipe.net.transform
        if precision == "paddle":
            self.recipe.losses.encoder, self.recipe.transform = net, painter
        else:
            self.recipe.losses.encoder = FrozenVGG16(net, precision)
            self.recipe.transform = DifferentiableTransform(painter, precision)
        self.batch = {name: paddle.rand([PAINTED + 1, 3, size, size]) for name in ("photo", "photo_sample")}
        self.batch["style"] = paddle.rand([1, 3, PAINTING_PX, PAINTING_PX])

    def steps(self) -> None:
        for _ in range(RECONSTRUCT_EVERY):
            self.recipe.iteration += 1
            self.recipe.update(self.batch)

    def parts(self) -> dict[str, Callable[[], object]]:
        """Return functions that do parts of a step again, and one that does two steps."""
        import paddle

        recipe, losses, photo = self.recipe, self.recipe.losses, self.batch["photo"]
        layers = losses.weights.content_layers
        self.steps()
        painted = photo[:PAINTED].clone()
        painted.stop_gradient = False
        strength, gradient = paddle.ones([len(photo), 1]), paddle.ones_like(photo)
        samples = self.batch["photo_sample"][:PAINTED]

        def encode() -> None:
            both = losses.encoder.describe(painted, grams=losses.encoder.layers, content=layers, photo=photo[:PAINTED])
            found = [tensor for some in both for tensor in some.values()]
            paddle.autograd.backward(found, [paddle.ones_like(tensor) for tensor in found])

        return {
            WHOLE: self.steps,
            "painter, three crops, there and back": lambda: paddle.autograd.backward(
                [recipe.transform(photo, strength)], [gradient]
            ),
            "encoder of what is painted and of photos": encode,
            "photos simplified": lambda: losses.content_of(photo[:PAINTED], samples, self.batch["style"]),
        }


if __name__ == "__main__":
    main()
