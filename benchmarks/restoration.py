"""PSNR and SSIM of restored pictures, compared with classical filters on the same pairs.

    python benchmarks/restoration.py CLEAN_FOLDER [--checkpoint FILE] [--config CONFIG] [--sheet SHEET.png]

Degrades the folder as `paddlegan degrade` does (salt-and-pepper noise 0.1, mean blur 20; or by the chain of a config),
into a scratch folder, and restores it with the checkpoint that ships, or another one. A net that enlarges is compared
with bicubic interpolation. The numbers are means over all pictures, at full size. Without a folder it takes photos of
scikit-image.
"""

import argparse
import tempfile
from importlib.resources import files
from pathlib import Path

import numpy as np
from measuring import add_arguments, report

from ppgan_lite.config import load_config
from ppgan_lite.contact_sheet import Tile, draw_sheet
from ppgan_lite.data.baselines import FILTERS, measure_baselines
from ppgan_lite.data.degraded_folder import degrade_folder
from ppgan_lite.images import find_images, read_image, resize, write_image
from ppgan_lite.inference.loading import load_predictor
from ppgan_lite.metrics.pairs import psnr, ssim
from ppgan_lite.restoration import restorer

CHAIN = [{"name": "salt_and_pepper", "amount": 0.1}, {"name": "mean_blur", "size": 20}]
SAMPLES = ("astronaut.png", "coffee.png", "chelsea.png")
SHOWN_PX = 256


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clean", type=Path, nargs="?")
    parser.add_argument("--checkpoint", help="file, run or name of a model")
    parser.add_argument("--config", help="whose data.chain degrades the pictures, such as restore_phone")
    parser.add_argument("--sheet", type=Path, help="also write some of the pictures, side by side")
    parser.add_argument("--rows", type=int, default=4, help="of the sheet")
    add_arguments(parser)
    arguments = parser.parse_args()
    restore = load_predictor(arguments.checkpoint or restorer())
    chain = load_config(arguments.config).data["chain"] if arguments.config else CHAIN
    with tempfile.TemporaryDirectory() as scratch:
        clean = arguments.clean or samples(Path(scratch, "clean"))
        degraded = Path(scratch, "degraded")
        degrade_folder(clean, degraded, chain)
        count, baselines = measure_baselines(clean, degraded)
        scores, tiles = [], []
        before = "degraded" if restore.spec.scale == 1 else "bicubic"
        best = max(baselines, key=lambda baseline: baseline.psnr)
        helping = [] if best.filter == "degraded" else [best.filter]
        shown = [before, *helping, "this net", "clean"]
        for path in find_images(degraded):
            source = next(Path(clean, path.relative_to(degraded)).parent.glob(f"{path.stem}.*"))
            wanted, worse = read_image(source)[0], read_image(path)[0]
            restored = restore(worse)
            scores.append((psnr(restored, wanted), ssim(restored, wanted)))
            if len(tiles) < len(shown) * arguments.rows:
                enlarged = resize(worse, wanted.shape[1], wanted.shape[0])
                filtered = FILTERS[best.filter][0](enlarged, **best.settings)
                pictures = {before: enlarged, best.filter: filtered, "this net": restored, "clean": wanted}
                tiles += [Tile(middle(pictures[title]), title, path.stem) for title in shown]
    found = [(baseline.filter, baseline.psnr, baseline.ssim) for baseline in baselines]
    found.append(("this net", *np.mean(scores, axis=0).tolist()))
    rows = [dict(zip(("who", "psnr_db", "ssim"), one), pictures=count) for one in found]
    report("restoration", rows, arguments.json)
    if arguments.sheet:
        write_image(arguments.sheet, draw_sheet(tiles, columns=len(shown)), overwrite=True, quality=80)


def samples(folder: Path) -> Path:
    """Put photos of scikit-image into a folder."""
    folder.mkdir()
    for name in SAMPLES:
        (folder / name).write_bytes(files("skimage.data").joinpath(name).read_bytes())
    return folder


def middle(image: np.ndarray) -> np.ndarray:
    """Cut the middle out of an image."""
    top, left = ((size - min(size, SHOWN_PX)) // 2 for size in image.shape[:2])
    return image[top : top + SHOWN_PX, left : left + SHOWN_PX]


if __name__ == "__main__":
    main()
