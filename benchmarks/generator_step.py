"""Time one forward and backward pass of each net: python benchmarks/generator_step.py [--size 128] [--threads 1 2]

For comparison, CycleGAN's generator is also built from Paddle's own layers, with the same numbers as results.
"""

import argparse
import json
import os
import subprocess
import sys
import time

import numpy as np
from measuring import add_arguments, report

NETS = {
    "CycleGAN, 9 blocks": ("ResnetGenerator", {}),
    "CycleGAN, 6 blocks": ("ResnetGenerator", {"blocks": 6}),
    "sketch to line art": ("ResnetGenerator", {"norm": "batch", "padding": "zero", "bias": True}),
    "resize-convolutions": ("ResnetGenerator", {"upsample": "nearest"}),
    "antialiased (CUT)": ("ResnetGenerator", {"antialias": True}),
    "attention": ("ResnetGenerator", {"attention": True}),
    "U-Net, depth 7": ("UnetGenerator", {"depth": 7}),
    "SRResNet": ("SRResNet", {}),
    "PatchGAN": ("PatchDiscriminator", {}),
    "PatchGAN, 3 scales": ("MultiScaleDiscriminator", {}),
}
PLAIN = "CycleGAN, plain layers"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, default=128, help="height and width of the picture")
    parser.add_argument("--threads", type=int, nargs="*", default=[1, 2])
    parser.add_argument("--nets", nargs="*", default=[PLAIN, *NETS], choices=[PLAIN, *NETS], metavar="NET")
    parser.add_argument("--measure", action="store_true", help=argparse.SUPPRESS)
    add_arguments(parser)
    arguments = parser.parse_args()
    if arguments.measure:
        print(json.dumps({name: measure(name, arguments.size, arguments.runs) for name in arguments.nets}))
        return
    rows = []
    for threads in arguments.threads:
        for name, medians in in_another_process(arguments, threads).items():
            for way, median in zip(("forward", "backward"), medians, strict=True):
                what, who = f"{name}, {arguments.size} px, {way}", f"{threads} threads"
                rows.append({"what": what, "who": who, "median_s": median, "runs": arguments.runs})
    report("generator_step", rows, arguments.json)


def in_another_process(arguments: argparse.Namespace, threads: int) -> dict[str, tuple[float, float]]:
    """Measure with so many threads, which Paddle reads once, when it is imported."""
    command = [sys.executable, __file__, "--measure", "--size", str(arguments.size), "--runs", str(arguments.runs)]
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads)}
    done = subprocess.run([*command, "--nets", *arguments.nets], env=environment, stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def measure(name: str, size: int, runs: int) -> tuple[float, float]:
    """Return the median seconds of a forward and of a backward pass."""
    from ppgan_lite.runtime.startup import require_paddle

    paddle = require_paddle()
    paddle.seed(0)
    net = plain_generator() if name == PLAIN else build(*NETS[name])
    picture = paddle.rand([1, 3, size, size])
    seconds = []
    for _ in range(runs + 2):  # two to warm up
        started = time.perf_counter()
        result = net(picture)
        forward = time.perf_counter()
        loss = sum((part * part).mean() for part in (result if isinstance(result, list) else [result]))
        between = time.perf_counter()
        loss.backward()
        seconds.append((forward - started, time.perf_counter() - between))
        net.clear_gradients()
    return tuple(np.median(seconds[2:], axis=0).tolist())


def build(name, arguments):
    from ppgan_lite.nets import NETS as TABLE
    from ppgan_lite.tables import resolve

    return resolve(TABLE, name, "net")(**arguments)


def plain_generator():
    """Return CycleGAN's generator of 9 blocks in Paddle's own layers."""
    from paddle import nn

    def normed(layer, channels):
        return [layer, nn.InstanceNorm2D(channels, weight_attr=False, bias_attr=False)]

    class Block(nn.Layer):
        def __init__(self):
            super().__init__()
            first, second = (normed(nn.Conv2D(256, 256, 3), 256) for _ in range(2))
            pads = [nn.Pad2D(1, "reflect") for _ in range(2)]
            self.body = nn.Sequential(pads[0], *first, nn.ReLU(), pads[1], *second)

        def forward(self, x):
            return x + self.body(x)

    def up(a, b):
        return normed(nn.Conv2DTranspose(a, b, 3, stride=2, padding=1, output_padding=1), b)

    return nn.Sequential(
        *(nn.Pad2D(3, "reflect"), *normed(nn.Conv2D(3, 64, 7), 64), nn.ReLU()),
        *(*normed(nn.Conv2D(64, 128, 3, stride=2, padding=1), 128), nn.ReLU()),
        *(*normed(nn.Conv2D(128, 256, 3, stride=2, padding=1), 256), nn.ReLU()),
        *[Block() for _ in range(9)],
        *(*up(256, 128), nn.ReLU(), *up(128, 64), nn.ReLU()),
        *(nn.Pad2D(3, "reflect"), nn.Conv2D(64, 3, 7), nn.Tanh()),
    )


if __name__ == "__main__":
    main()
