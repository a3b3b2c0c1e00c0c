"""Time the degradation of a folder: salt-and-pepper noise, then a mean blur of 20 x 20.

    python benchmarks/degrade_speed.py [--pictures 500] [--side 512] [--scratch /dev/shm]

- Arrays: noise and blur against the noise alone in a double Python loop, as in the program that this one replaces.
- Folders of JPEG (quality 92, as cameras write them) and PNG, crops of scikit-image's photos: time a picture with one
  process and with two, against decoding and encoding alone. That is, in one process and one thread: read each clean
  file, decode it; encode degraded pixels of the same size, which lie ready in memory, with the same codec and quality,
  and write the file. No conversion of colors, no metadata, no checksum, no renaming, no manifest. The codec is the one
  that the package uses, OpenCV for JPEG and Pillow for PNG; with JPEG, Pillow takes its turn, too.
- `times_as_fast` against "codec alone" is the share of the codec's speed that is reached.

--scratch says where the pictures lie: a folder in memory leaves the disk out, which is busy clearing between turns.
"""

import argparse
import io
import random
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from measuring import add_arguments, alternate, compare, report
from PIL import Image
from skimage import data

from ppgan_lite.data.degraded_folder import degrade_folder
from ppgan_lite.degradations import mean_blur, rng_for, salt_and_pepper
from ppgan_lite.images import WRITABLE
from ppgan_lite.runtime.opencv import opencv

CHAIN = [{"name": "salt_and_pepper", "amount": 0.1}, {"name": "mean_blur", "size": 20}]
# Enough that no two in a row are the same, few enough to stay in a processor's cache, like fresh results.
DEGRADED_READY = 16
ARRAYS = 20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_arguments(parser)
    parser.add_argument("--pictures", type=int, default=500, help="JPEG files; of PNG files a tenth")
    parser.add_argument("--side", type=int, default=512, help="of the pictures in the folders, in pixels")
    parser.add_argument("--scratch", type=Path, metavar="DIR", help="where the pictures lie; default: the system's own")
    arguments = parser.parse_args()
    opencv().setNumThreads(0)
    rows = measure_arrays(arguments.runs)
    for suffix, number in ((".jpg", arguments.pictures), (".png", max(1, arguments.pictures // 10))):
        with tempfile.TemporaryDirectory(dir=arguments.scratch) as folder:
            make_pictures(Path(folder, "clean"), number, arguments.side, suffix)
            rows += measure_folder(Path(folder), arguments.runs)
    report("degrade_speed", rows, arguments.json)


def measure_arrays(runs: int) -> list[dict[str, Any]]:
    images = [np.roll(data.astronaut(), 10 * index, axis=1) for index in range(ARRAYS)]

    def degrade_all() -> None:
        for index, image in enumerate(images):
            mean_blur(salt_and_pepper(image, 0.1, rng=rng_for(str(index), 0)), 20)

    times = alternate({"double loop": lambda: loop_of_the_original(images[0], 0.1), "arrays": degrade_all}, runs)
    times["arrays"] = [seconds / ARRAYS for seconds in times["arrays"]]
    return compare("512 x 512 array", times, against="double loop")


def loop_of_the_original(image: np.ndarray, amount: float) -> np.ndarray:
    """Add noise pixel by pixel, as the program that this one replaces does."""
    worse = np.zeros(image.shape, np.uint8)
    for row in range(image.shape[0]):
        for column in range(image.shape[1]):
            dice = random.random()
            if dice < amount:
                worse[row][column] = 0
            elif dice > 1 - amount:
                worse[row][column] = 255
            else:
                worse[row][column] = image[row][column]
    return worse


def make_pictures(folder: Path, number: int, side_px: int, suffix: str) -> None:
    """Write crops of photos, mirrored and darkened, so that no two files are the same."""
    folder.mkdir()
    rng = np.random.default_rng(0)
    photos = [Image.fromarray(photo) for photo in (data.astronaut(), data.chelsea(), data.coffee(), data.rocket())]
    for index in range(number):
        photo = photos[index % len(photos)]
        scale = rng.uniform(1.0, 1.5) * side_px / min(photo.size)
        width, height = (max(side_px, round(side * scale)) for side in photo.size)
        left, top = (int(rng.integers(side - side_px + 1)) for side in (width, height))
        crop = photo.resize((width, height)).crop((left, top, left + side_px, top + side_px))
        pixels = np.asarray(crop)[:, :: rng.choice([-1, 1])] * rng.uniform(0.6, 1.0)
        Image.fromarray(pixels.astype(np.uint8)).save(folder / f"{index:04}{suffix}", quality=92)


def measure_folder(folder: Path, runs: int) -> list[dict[str, Any]]:
    clean, target = folder / "clean", folder / "result"
    paths = sorted(clean.iterdir())
    degrade_folder(clean, target, CHAIN, workers=1)
    ready = [np.array(Image.open(target / path.name)) for path in paths[:DEGRADED_READY]]
    codecs = {
        "codec alone": (decode_with_opencv, encode_with_opencv),
        "Pillow alone": (decode_with_pillow, encode_with_pillow),
    }
    if paths[0].suffix == ".png":
        codecs = {"codec alone": codecs["Pillow alone"]}
    work: dict[str, Callable[[], object]] = {
        name: lambda codec=codec: decode_and_encode(paths, ready, target, *codec) for name, codec in codecs.items()
    }
    work |= {
        f"degrade, {workers} process{'es' * (workers > 1)}": lambda workers=workers: degrade_folder(
            clean, target, CHAIN, workers=workers
        )
        for workers in (1, 2)
    }
    times = alternate(work, runs, before=lambda: shutil.rmtree(target, ignore_errors=True))
    a_picture = {name: [seconds / len(paths) for seconds in of_all] for name, of_all in times.items()}
    what = f"a picture of {len(paths)} {paths[0].suffix[1:].upper()}"
    one, two = (name for name in times if name.startswith("degrade"))
    return (
        compare(what, a_picture, against="codec alone")
        + compare(f"{what}, against one process", {one: a_picture[one], two: a_picture[two]}, against=one)[1:]
    )


def decode_and_encode(
    paths: list[Path],
    ready: list[np.ndarray],
    target: Path,
    decode: Callable[[bytes], np.ndarray],
    encode: Callable[[np.ndarray, str], bytes],
) -> None:
    target.mkdir()
    for index, path in enumerate(paths):
        with open(path, "rb") as file:
            decode(file.read())
        with open(target / path.name, "wb") as file:
            file.write(encode(ready[index % len(ready)], path.suffix))


def decode_with_opencv(content: bytes) -> np.ndarray:
    cv2 = opencv()
    return cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)


def encode_with_opencv(pixels: np.ndarray, suffix: str) -> bytes:
    cv2 = opencv()
    options = [cv2.IMWRITE_JPEG_QUALITY, WRITABLE[suffix][1]["quality"]]
    options += [cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444]
    return cv2.imencode(suffix, pixels, options)[1].tobytes()


def decode_with_pillow(content: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(content)))


def encode_with_pillow(pixels: np.ndarray, suffix: str) -> bytes:
    kind, options = WRITABLE[suffix]
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, kind, **options)
    return file.getvalue()


if __name__ == "__main__":
    main()
