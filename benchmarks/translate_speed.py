"""Time CycleGAN's generator of 9 blocks beside PyTorch's, one picture at a time.

python benchmarks/translate_speed.py --rival-python PYTHON_WITH_TORCH [--size 256] [--runs 9] [--json FILE]

Ours is the whole way of a loaded predictor, uint8 in and out, with the engine that `auto` takes, with the one that it
takes in float32, or with what `--engines` names; torch gets and gives float32 tensors, with channels_last and with its
usual layout. Weights are random. What a first use does, making graphs and comparing engines, is not timed.
"""

import argparse
import contextlib
import tempfile
from pathlib import Path

import numpy as np
from measuring import OtherPython, add_arguments, alternate, compare, report

from ppgan_lite.inference.device import physical_cores

TORCH = """
import sys
sys.path.insert(0, {folder!r})
import torch
from torch_cyclegan import generator

torch.set_num_threads({threads})
net = generator().eval()
picture = torch.rand(1, 3, {size}, {size}) * 2 - 1


def work(last):
    form = torch.channels_last if last else torch.contiguous_format
    with torch.inference_mode():
        net.to(memory_format=form)(picture.to(memory_format=form))
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rival-python", type=Path, help="an interpreter that has torch")
    parser.add_argument("--size", type=int, default=256, help="height and width of the picture")
    parser.add_argument(
        "--engines", nargs="*", default=["auto", "auto:float32"], help="see paddlegan translate --engine"
    )
    add_arguments(parser)
    arguments = parser.parse_args()
    picture = np.random.default_rng(0).integers(0, 256, (arguments.size, arguments.size, 3), dtype=np.uint8)
    work = {}
    with contextlib.ExitStack() as stack:
        checkpoint = Path(stack.enter_context(tempfile.TemporaryDirectory()), "generator.ppgan")
        write_generator(checkpoint)
        from ppgan_lite import load_predictor

        for engine in arguments.engines:
            predictor = load_predictor(checkpoint, engine=engine)
            work[f"ppgan_lite, {predictor.engine}"] = lambda predictor=predictor: predictor(picture)
        rivals = []
        if arguments.rival_python:
            code = TORCH.format(folder=str(Path(__file__).parent), threads=physical_cores(), size=arguments.size)
            torch = stack.enter_context(contextlib.closing(OtherPython(arguments.rival_python, code)))
            work |= {"torch, channels_last": lambda: torch(True), "torch": lambda: torch(False)}
            rivals = ["torch, channels_last", "torch"]
        times = alternate(work, arguments.runs, warmup=2)
    fastest = min(rivals or times, key=lambda name: np.median(times[name]))
    what = f"CycleGAN, 9 blocks, {arguments.size} px"
    report("translate_speed", compare(what, times, against=fastest), arguments.json)


def write_generator(path: Path) -> None:
    """Write a checkpoint of CycleGAN's generator with random weights."""
    from ppgan_lite.inference.device import require_paddle

    require_paddle().seed(0)
    from ppgan_lite.checkpoint import Header, PredictorSpec, net_spec, net_tensors, write_checkpoint
    from ppgan_lite.nets.resnet_generator import ResnetGenerator

    net = ResnetGenerator()
    spec = PredictorSpec("generator", "translate", value_range=net.value_range)
    header = Header({"generator": net_spec(net)}, {"translate": spec})
    write_checkpoint(path, header, net_tensors("generator", net))


if __name__ == "__main__":
    main()
