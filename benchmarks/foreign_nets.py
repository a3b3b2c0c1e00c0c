"""Compare pictures of other programs' files with those of PyTorch and the program's own net.

python benchmarks/foreign_nets.py --rival-python PYTHON_WITH_TORCH --source transformer_net.py
    --net "TransformerNet(16)" [--padding zero] [--statistics training] [--side 512] FILE...

The net is made by the program's own source file, which is executed, so read it before. The photo is a part of the
sample photo, or a larger copy of it. Ours computes in float32. A difference is that of two pictures of 8 bits, in steps
of 1/255; where sides are no multiple of 4, PyTorch's picture is larger and cut.
"""

import argparse
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from measuring import OtherPython, machine

from ppgan_lite.images import SAMPLE_PHOTO, read_image, resize
from ppgan_lite.inference.loading import load_predictor

TORCH = """
import numpy as np
import torch

torch.set_num_threads({threads})
source = {{}}
exec(open({source!r}).read(), source)


def work(file, photo, low, high, output):
    state = torch.load(file, map_location="cpu", weights_only=True)
    net = eval({net!r}, source)
    own = net.state_dict()
    net.load_state_dict({{name: state[name] for name in own if name in state}})
    net.train({train})
    image = torch.from_numpy(np.load(photo).transpose(2, 0, 1)[None]).float() / 255 * (high - low) + low
    with torch.inference_mode():
        made = ((net(image)[0] - low) / (high - low) * 255).clamp(0, 255).round().byte()
    np.save(output, made.numpy().transpose(1, 2, 0))
    return list(made.shape)
"""


def photo_of(side: int) -> np.ndarray:
    """Return a photo `side` high and a fifth narrower."""
    image, _ = read_image(SAMPLE_PHOTO)
    if side > image.shape[0]:
        image = resize(image, side, side)
    return np.ascontiguousarray(image[:side, : side * 4 // 5])


def converted(file: Path, options: argparse.Namespace, folder: Path) -> Path:
    """Return the file itself, or the checkpoint that it becomes with options."""
    chosen = [f"--{name}={value}" for name in ("padding", "statistics") if (value := getattr(options, name))]
    if not chosen:
        return file
    target = folder / f"{file.stem}.ppgan"
    subprocess.run([sys.executable, "-m", "ppgan_lite", "convert", file, "-o", target, *chosen], check=True)
    return target


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--rival-python", type=Path, required=True, help="an interpreter that has torch")
    parser.add_argument("--source", type=Path, required=True, help="the program's file that defines the net")
    parser.add_argument("--net", required=True, help='an expression that makes it: "TransformerNet()"')
    parser.add_argument("--side", type=int, default=512, help="height of the photo")
    parser.add_argument("--padding", help="see paddlegan convert")
    parser.add_argument("--statistics", help="see paddlegan convert; without it, batch norms measure the picture")
    options = parser.parse_args()
    print(*machine().values(), sep=", ")
    code = TORCH.format(
        threads=1,
        source=str(options.source),
        net=options.net,
        train=options.statistics is None and bool(re.search("batch", options.source.read_text(), re.IGNORECASE)),
    )
    rival = OtherPython(options.rival_python, code)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        photo = photo_of(options.side)
        np.save(folder / "photo.npy", photo)
        for file in options.files:
            predictor = load_predictor(converted(file, options, folder), engine="auto:float32")
            rival(str(file), str(folder / "photo.npy"), *predictor.spec.value_range, str(folder / "made.npy"))
            theirs = np.load(folder / "made.npy")[: photo.shape[0], : photo.shape[1]].astype(int)
            steps = np.abs(theirs - predictor(photo))
            differ = f"{(steps > 0).mean():.2%} of the values differ, by at most {steps.max()}"
            print(f"{file.name}, {predictor.engine}: {differ}", flush=True)
    rival.close()


if __name__ == "__main__":
    main()
