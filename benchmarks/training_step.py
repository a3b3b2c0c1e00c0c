"""Time CycleGAN's training step in turn with PyTorch's, and measure how long it waits for data.

python benchmarks/training_step.py --rival-python PYTHON_WITH_TORCH [--size 128] [--runs 7] [--json FILE]

Two generators of 9 blocks, two PatchGANs, batch 1, in float32. Both take turns in one run; torch computes with its
usual layout and with channels_last. Without a rival only our own step is timed. The last line is the share of the
time that our training waits for batches, of JPEGs of 800 x 800, read, cropped and flipped while it computes.
"""

import argparse
import contextlib
import tempfile
import time
from pathlib import Path

import numpy as np
from measuring import OtherPython, add_arguments, alternate, compare, report

from ppgan_lite.runtime.threads import physical_cores

TORCH = """
import sys
sys.path.insert(0, {folder!r})
import torch
from torch_cyclegan import Training

torch.set_num_threads({threads})
torch.manual_seed(0)
training = {{last: Training({size}, last) for last in (False, True)}}


def work(last):
    return training[last].step()
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rival-python", type=Path, help="an interpreter that has torch")
    parser.add_argument("--size", type=int, default=128, help="height and width of the pictures")
    add_arguments(parser)
    arguments = parser.parse_args()
    training = Training(arguments.size)
    work = {"ppgan_lite": training.step}
    with contextlib.ExitStack() as stack:
        if arguments.rival_python:
            code = TORCH.format(folder=str(Path(__file__).parent), threads=physical_cores(), size=arguments.size)
            torch = stack.enter_context(contextlib.closing(OtherPython(arguments.rival_python, code)))
            work |= {"torch": lambda: torch(False), "torch, channels_last": lambda: torch(True)}
        times = alternate(work, arguments.runs, warmup=2)
    what = f"CycleGAN step, {arguments.size} px"
    best = min(times, key=lambda name: (name == "ppgan_lite" and len(times) > 1, np.median(times[name])))
    report("training_step", compare(what, times, against=best), arguments.json)
    print(f"share of the time spent waiting for data: {training.data_share(arguments.runs):.2%}")


class Training:
    """The recipe as `paddlegan train` runs it, with pictures to learn from."""

    def __init__(self, size: int) -> None:
        from ppgan_lite.runtime.startup import require_paddle

        self.paddle = require_paddle()
        from ppgan_lite.recipes.cyclegan import CycleGAN
        from ppgan_lite.runtime.memory import keep_freed_memory

        keep_freed_memory()
        self.paddle.seed(0)
        self.recipe = CycleGAN(generator={"name": "ResnetGenerator"}, discriminator={"name": "PatchDiscriminator"})
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
