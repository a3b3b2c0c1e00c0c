"""Time training steps of CycleGAN and pix2pix in turn with PyTorch's, and measure how long they wait for data.

python benchmarks/training_step.py --rival-python PYTHON_WITH_TORCH [--recipes cyclegan pix2pix] [--sizes 128 256]
    [--runs 7] [--json FILE]

CycleGAN: two generators of 9 blocks, two PatchGANs. pix2pix: a U-Net that goes down to one pixel, a PatchGAN. Batch 1,
in float32, and on a processor that has it in bfloat16 too: ours with `train.amp: bfloat16`, torch with autocast. All
take turns in one run; torch computes with its usual layout, with channels_last, and compiled. Without a rival only our
own steps are timed. "peak_share" is that of the speed of a product of large float32 matrices, with the multiplications
and additions that torch counts in a step, all of them: Winograd's algorithm, which ours has in float32, needs fewer.
The last line is the share of the time that our training waits for batches, of JPEGs of 800 x 800, read, cropped and
flipped while it computes.
"""

import argparse
import contextlib
import tempfile
import time
from pathlib import Path

import numpy as np
from measuring import OtherPython, add_arguments, alternate, compare, operations_per_second, report

from ppgan_lite.runtime.threads import physical_cores

NAMES = {"cyclegan": "CycleGAN", "pix2pix": "pix2pix"}
KINDS = {"torch": {}, "torch, channels_last": {"channels_last": True}, "torch, compiled": {"compiled": True}}
IN_BFLOAT16 = {"torch, bfloat16": {}, "torch, channels_last, bfloat16": {"channels_last": True}}
OURS = "ppgan_lite"
OURS_IN_BFLOAT16 = "ppgan_lite, bfloat16"

TORCH = """
import sys
sys.path.insert(0, {folder!r})
import torch
from torch.utils.flop_counter import FlopCounterMode
from torch_{recipe} import Training

torch.set_num_threads({threads})
torch.manual_seed(0)
training = {{who: Training({size}, **options) for who, options in {kinds!r}.items()}}


def work(who):
    if who != "operations":
        with torch.autocast("cpu", torch.bfloat16, enabled=who.endswith("bfloat16")):
            return training[who].step()
    with FlopCounterMode(display=False) as counter:
        training["torch"].step()
    return counter.get_total_flops()
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rival-python", type=Path, help="an interpreter that has torch")
    parser.add_argument("--recipes", nargs="+", choices=NAMES, default=list(NAMES))
    parser.add_argument("--sizes", type=int, nargs="+", default=[128], help="height and width of the pictures")
    add_arguments(parser)
    arguments = parser.parse_args()
    rows = [
        row
        for recipe in arguments.recipes
        for size in arguments.sizes
        for row in timed(recipe, size, arguments.runs, arguments.rival_python)
    ]
    report("training_step", rows, arguments.json)
    share = Training("cyclegan", arguments.sizes[0]).data_share(arguments.runs)
    print(f"share of the time that CycleGAN spends waiting for data: {share:.2%}")


def timed(recipe: str, size: int, runs: int, rival: Path | None) -> list[dict[str, object]]:
    """Time the steps of a recipe; the rows of its table."""
    work = {OURS: Training(recipe, size).step}
    kinds = dict(KINDS)
    if has_bfloat16():
        work[OURS_IN_BFLOAT16] = Training(recipe, size, amp="bfloat16").step
        kinds |= IN_BFLOAT16
    operations = None
    with contextlib.ExitStack() as stack:
        if rival:
            folder = str(Path(__file__).parent)
            code = TORCH.format(folder=folder, recipe=recipe, threads=physical_cores(), size=size, kinds=kinds)
            torch = stack.enter_context(contextlib.closing(OtherPython(rival, code)))
            operations = torch("operations")
            work |= {who: lambda who=who: torch(who) for who in kinds}
        times = alternate(work, runs, warmup=2)
    others = [name for name in times if name in kinds] or [OURS]
    best = min(others, key=lambda name: np.median(times[name]))
    rows = compare(f"{NAMES[recipe]} step, {size} px", times, against=best)
    if operations:
        peak = operations_per_second()
        for row in rows:
            row["peak_share"] = operations / row["median_s"] / peak
    return rows


def has_bfloat16() -> bool:
    """Return whether `train.amp: bfloat16` has an effect here."""
    from ppgan_lite.autodiff import executor

    return executor.has_openvino() and executor.fastest_precision() == "bf16"


class Training:
    """A recipe as `paddlegan train` runs it, with pictures to learn from."""

    def __init__(self, recipe: str, size: int, *, amp: str | None = None) -> None:
        from ppgan_lite.runtime.startup import require_paddle

        self.paddle = require_paddle()
        from ppgan_lite.config import TrainSettings
        from ppgan_lite.recipes.cyclegan import CycleGAN
        from ppgan_lite.recipes.pix2pix import Pix2Pix
        from ppgan_lite.training.distributed import Processes
        from ppgan_lite.training.preparing import configure

        self.paddle.seed(0)
        if recipe == "cyclegan":
            self.recipe = CycleGAN(generator={"name": "ResnetGenerator"}, discriminator={"name": "PatchDiscriminator"})
        else:
            unet = {"name": "UnetGenerator", "depth": size.bit_length() - 1, "norm": "instance"}
            patches = {"name": "PatchDiscriminator", "in_channels": 6, "norm": "instance"}
            self.recipe = Pix2Pix(generator=unet, discriminator=patches)
        configure(self.recipe, TrainSettings(amp=amp), Processes())
        self.size = size
        self.batch = {name: self.paddle.rand([1, 3, size, size]) for name in "ab"}

    def step(self) -> None:
        self.recipe.iteration += 1
        self.recipe.update(self.batch)

    def data_share(self, steps: int) -> float:
        """Return the share of some steps that is spent waiting for batches, with the loader's default settings."""
        from ppgan_lite.config import LoaderSettings
        from ppgan_lite.data.loader import batches
        from ppgan_lite.data.unpaired import Unpaired
        from ppgan_lite.images import write_image

        with tempfile.TemporaryDirectory() as folder:
            noise = np.random.default_rng(0).integers(0, 256, (20, 20, 3), dtype=np.uint8)
            picture = np.kron(noise, np.ones((40, 40, 1), np.uint8))
            for domain in "ab":
                Path(folder, domain).mkdir()
                for number in range(16):
                    write_image(Path(folder, domain, f"{number}.jpg"), np.roll(picture, number, axis=2))
            dataset = Unpaired(a=[f"{folder}/a"], b=[f"{folder}/b"], size=self.size)
            settings = LoaderSettings()
            waited, started = 0.0, time.perf_counter()
            with contextlib.closing(batches(dataset, 1, seed=0, workers=settings.workers)) as source:
                for _ in range(steps):
                    asked = time.perf_counter()
                    batch = next(source)
                    waited += time.perf_counter() - asked
                    self.batch = {name: self.paddle.to_tensor(array) for name, array in batch.items()}
                    self.step()
            return waited / (time.perf_counter() - started)


if __name__ == "__main__":
    main()
