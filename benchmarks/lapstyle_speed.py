"""Time LapStyle of the published sizes on a photo, in turn with PaddleGAN's own predictor.

    python benchmarks/lapstyle_speed.py --paddlegan CHECKOUT [--px 512] [--rival-python VENV/bin/python]

Both have the same weights, drawn at random; nothing is fetched. Both read photo and painting from files, measure the
painting, paint, and write PNGs. PaddleGAN's code, which resizes everything to 512 x 512, runs as it is, but from
modules imported one by one, since its packages need more than they use; as installed, and with the two variables that
help Paddle on some processors ("tuned"). Ours computes in bfloat16 whether or not that agrees well enough with these
weights for `auto` to use it; the difference between the pictures is printed. Below that stand the operations of each
net at this size, and their speed as a share of the processor's speed in one large convolution.
"""

import argparse
import os
import statistics
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from measuring import OtherPython, add_arguments, alternate, compare, report
from skimage import data

TUNING = ("OMP_NUM_THREADS", "MKL_DEBUG_CPU_TYPE")
PRECISIONS = ("bfloat16", "float32")
PEAK_CHANNELS, PEAK_PX = 256, 128  # of the large convolution
DRAFT_PX = 128  # of a photo of 512 pixels, as PaddleGAN has it

PADDLEGAN = """
import sys, types
import paddle

root = {root!r}
for name in ("ppgan", "ppgan.apps", "ppgan.models", "ppgan.models.generators", "ppgan.utils"):
    sys.modules[name] = types.ModuleType(name)
    sys.modules[name].__path__ = [root + "/" + name.replace(".", "/")]
download = sys.modules["ppgan.utils.download"] = types.ModuleType("ppgan.utils.download")
download.get_path_from_url = lambda address: ""  # its encoder loads weights that others replace at once
load = paddle.load
paddle.load = lambda path: load(path) if path else {{}}
from ppgan.models.generators import generater_lapstyle as nets
for name in ("DecoderNet", "Encoder", "RevisionNet"):
    setattr(sys.modules["ppgan.models.generators"], name, getattr(nets, name))
from ppgan.apps.lapstyle_predictor import LapStylePredictor

paddle.set_device("cpu")
predictor = LapStylePredictor(output={folder!r}, weight_path={weights!r})

def work(photo, painting):
    with paddle.no_grad():
        predictor.run(photo, painting)
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_arguments(parser)
    parser.add_argument("--px", type=int, default=512)
    parser.add_argument("--paddlegan", type=Path, metavar="CHECKOUT", help="a checkout of PaddleGAN's repository")
    parser.add_argument("--rival-python", default=sys.executable, metavar="PATH", help="the interpreter that runs it")
    arguments = parser.parse_args()
    for name in TUNING:
        os.environ.pop(name, None)  # child processes start as installed; our package sets them for itself
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        os.environ["PPGAN_LITE_CACHE"] = f"{folder}/cache"
        rows += whole_pictures(arguments, Path(folder))
        rows += nets(arguments.runs, arguments.px)
    report("lapstyle_speed", rows, arguments.json)


def whole_pictures(arguments: argparse.Namespace, folder: Path) -> list[dict[str, Any]]:
    """Time both programs from files to files, and measure the difference between their pictures."""
    from ppgan_lite.images import read_image, resize, write_image

    photo, painting = folder / "photo.png", folder / "painting.png"
    write_image(photo, resize(data.astronaut(), arguments.px, arguments.px))
    write_image(painting, resize(data.coffee(), 512, 512))
    as_installed = {name: os.environ.get(name) for name in TUNING}
    checkpoint, weights = write_weights(folder)
    work: dict[str, Callable[[], object]] = {}
    rivals = []
    if arguments.paddlegan:
        tuned = {name: os.environ.get(name, "") for name in TUNING}
        for who, variables in (("PaddleGAN", as_installed), ("PaddleGAN, tuned", tuned)):
            code = PADDLEGAN.format(root=str(arguments.paddlegan), folder=f"{folder}/{who}", weights=str(weights))
            for name in TUNING:
                os.environ.pop(name, None)
            set_ones = {name: value for name, value in variables.items() if value}
            rivals.append(OtherPython(arguments.rival_python, code, set_ones))
            os.environ.update({name: value for name, value in tuned.items() if value})
            work[who] = lambda rival=rivals[-1]: rival(str(photo), str(painting))
    else:
        print("without PaddleGAN: --paddlegan names a checkout of it")
    for precision in PRECISIONS:
        work[f"ppgan_lite, {precision}"] = ours(checkpoint, precision, photo, painting, folder / f"{precision}.png")
    rows = compare(f"paint {arguments.px} x {arguments.px}", alternate(work, arguments.runs), against=next(iter(work)))
    for rival in rivals:
        rival.close()
    theirs = folder / "PaddleGAN" / "LapStyle" / "stylized.png"
    if theirs.is_file() and arguments.px == 512:
        for precision in PRECISIONS:
            pictures = [read_image(path)[0].astype(np.int16) for path in (folder / f"{precision}.png", theirs)]
            difference = np.abs(pictures[0] - pictures[1])
            print(
                f"{precision} and PaddleGAN: {difference.mean():.3f}/255 apart on average, {difference.max()} at most"
            )
    return rows


def write_weights(folder: Path) -> tuple[Path, Path]:
    """Write a LapStyle net of the published sizes with random weights, as our checkpoint and as PaddleGAN's.

    Its last layer is adapted to a photo, so that drafts are as bright and have as much contrast as one: most pictures
    of random weights are black and show no rounding.
    """
    from ppgan_lite.checkpoint import Header, PredictorSpec, net_spec, net_tensors, write_checkpoint
    from ppgan_lite.foreign.saving import save_as
    from ppgan_lite.images import resize
    from ppgan_lite.inference.arrays import to_values
    from ppgan_lite.runtime.startup import require_paddle

    paddle = require_paddle()
    paddle.seed(0)
    from ppgan_lite.nets.lapstyle import LapStyleNet

    net = LapStyleNet()
    small = [to_values(resize(picture, DRAFT_PX, DRAFT_PX), 0.0, 1.0) for picture in (data.astronaut(), data.coffee())]
    photo, painting = map(paddle.to_tensor, small)
    with paddle.no_grad():
        draft, to_rgb = net.draft(photo, net.style_statistics(painting)), net.decoder.to_rgb
        gain = photo.std() / draft.std(axis=[0, 2, 3])
        to_rgb.weight.set_value(to_rgb.weight * gain.reshape([-1, 1, 1, 1]))
        to_rgb.bias.set_value((to_rgb.bias - draft.mean(axis=[0, 2, 3])) * gain + photo.mean())
    settings = {"draft_px": DRAFT_PX, "style_px": DRAFT_PX}
    spec = PredictorSpec("painter", "stylize", ("photo", "style"), settings=settings)
    header, tensors = Header(nets={"painter": net_spec(net)}, predictors={"painter": spec}), net_tensors("painter", net)
    checkpoint, weights = folder / "published.ppgan", folder / "published.pdparams"
    write_checkpoint(checkpoint, header, tensors)
    save_as(weights, header, tensors)
    return checkpoint, weights


def ours(checkpoint: Path, precision: str, photo: Path, painting: Path, result: Path) -> Callable[[], object]:
    """Return a function that does with our package the same as PaddleGAN's predictor."""
    from ppgan_lite.checkpoint import read_checkpoint, sha256_of
    from ppgan_lite.images import read_image, write_image
    from ppgan_lite.inference.engines.openvino import OpenVinoEngine
    from ppgan_lite.inference.stylization.painters import painter_subgraphs, read_painter
    from ppgan_lite.inference.stylization.stylizer import Stylizer

    header, tensors = read_checkpoint(checkpoint)
    engines = {}
    for name, subgraph in painter_subgraphs(header, "painter", tensors, sha256_of(checkpoint)).items():
        engines[name] = OpenVinoEngine("cpu", precision)
        engines[name].load(subgraph)
    painter = read_painter(header, "painter", tensors)
    predictor = Stylizer(engines, header.predictors["painter"], painter, name="published")

    def paint() -> None:
        write_image(result, predictor(read_image(photo)[0], style=read_image(painting)[0]), overwrite=True)

    return paint


def nets(runs: int, px: int) -> list[dict[str, Any]]:
    """Return operations, time and share of the peak speed of each net of LapStyle for a picture of this size."""
    from paddle import nn

    from ppgan_lite.inference.engines.subgraph import Subgraph
    from ppgan_lite.nets.lapstyle import DecodeSubgraph, EncodeSubgraph, LapStyleNet

    net = LapStyleNet()
    net.eval()
    draft = px * DRAFT_PX // 512
    widths = net.arguments["encoder_channels"][1:4]
    features = [(1, width, draft >> level, draft >> level) for level, width in enumerate(widths, 1)]
    large = nn.Conv2D(PEAK_CHANNELS, PEAK_CHANNELS, 3, padding=1)
    work = {
        "peak": (large, [(1, PEAK_CHANNELS, PEAK_PX, PEAK_PX)]),
        "encode": (EncodeSubgraph(net.encoder), [(1, 3, draft, draft)]),
        "decode": (DecodeSubgraph(net.decoder), [(1, 3, draft, draft), *features]),
        "revise, half size": (net.revisions[0], [(1, 3, px // 2, px // 2)] * 2),
        "revise, full size": (net.revisions[1], [(1, 3, px, px)] * 2),
    }
    rows, peaks = [], {}
    for what, (layer, shapes) in work.items():
        layer.eval()
        arrays = [np.random.default_rng(0).random(shape, np.float32) for shape in shapes]
        amount = gflop(layer, arrays)
        subgraph = Subgraph(what, what, tuple((1, shape[1], None, None) for shape in shapes), lambda layer=layer: layer)
        for precision in PRECISIONS:
            seconds = median_s(subgraph, precision, arrays, runs)
            speed = amount / seconds
            peaks.setdefault(precision, speed)
            share = {} if what == "peak" else {"share_of_peak": speed / peaks[precision]}
            rows.append(
                {"what": what, "who": precision, "median_s": seconds, "gflop": amount, "gflop_per_s": speed, **share}
            )
    return rows


def median_s(subgraph: Any, precision: str, arrays: list[np.ndarray], runs: int) -> float:
    """Time a subgraph under OpenVINO."""
    from ppgan_lite.inference.engines.openvino import OpenVinoEngine

    engine = OpenVinoEngine("cpu", precision)
    engine.load(subgraph)
    times = alternate({"run": lambda: engine.run(*arrays)}, runs, warmup=2, pause_s=0)
    engine.close()
    return statistics.median(times["run"])


def gflop(layer: Any, arrays: list[np.ndarray]) -> float:
    """Count the multiplications and additions of a net's convolutions, in billions."""
    import paddle
    from paddle import nn

    counts = []

    def count(conv: nn.Conv2D, inputs: object, output: paddle.Tensor) -> None:
        counts.append(2 * int(np.prod(conv.weight.shape[1:])) * output.size)

    hooks = [part.register_forward_post_hook(count) for part in layer.sublayers(True) if isinstance(part, nn.Conv2D)]
    with paddle.no_grad():
        layer(*(paddle.to_tensor(array) for array in arrays))
    for hook in hooks:
        hook.remove()
    return sum(counts) / 1e9


if __name__ == "__main__":
    main()
