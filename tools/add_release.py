r"""Put a trained net among the models that are released: its file without the state of its training, and its entry.

    python tools/add_release.py runs/monet --name photo2monet \
        --title "photos into Monets, and back" --title-zh "照片变莫奈画作，以及反向" \
        --trained-on "158 photos (COCO, Open Images) and 91 paintings (monet2photo)" --docs docs/results.md

The checkpoint is a file or the folder of a run, whose best it takes; where training kept moving averages of the
weights, these are what it holds. Weights are stored in half precision if the net's pictures of the sample photo stay
the same to --tolerance (of 255) at every pixel, else in single precision. Run it again to replace a model.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ppgan_lite.checkpoint import SUFFIX, Header, read_checkpoint, sha256_of, training_record, write_checkpoint
from ppgan_lite.errors import UsageError
from ppgan_lite.images import SAMPLE_PHOTO, long_side_at_most, read_image
from ppgan_lite.inference.loading import load_predictor
from ppgan_lite.published import MANIFEST, is_model_name, read_manifest, releases_folder
from ppgan_lite.runs import checkpoint_of
from ppgan_lite.runtime.files import replace_file

ORIGIN = "trained by the ppgan_lite project"
SAMPLE_PX = 512  # long side of the picture that precisions are compared by


def stripped(path: Path, about: Mapping[str, Any]) -> tuple[Header, dict[str, np.ndarray]]:
    """Return a checkpoint with the nets of its predictors alone, and what made them, without folders of their maker's.

    Args:
        path: The checkpoint of a training.
        about: Title, licence and origin of the new one.

    Raises:
        CheckpointError: It is damaged.
        UsageError: It holds no predictor.
    """
    header, tensors = read_checkpoint(path)
    if not header.predictors:
        raise UsageError(path, "holds no predictor", "the checkpoint of a training")
    nets = {spec.net: header.nets[spec.net] for spec in header.predictors.values()}
    config = header.training.get("config", {})
    training = training_record(header)
    if "chain" in config.get("data", {}):
        training["chain"] = config["data"]["chain"]  # the degradations that it undoes
    kept = {key: value for key, value in tensors.items() if key.startswith(tuple(f"net/{name}/" for name in nets))}
    return replace(
        header, nets=nets, recipe={"name": header.recipe["name"]}, training=training, about=dict(about)
    ), kept


def agreement(header: Header, tensors: Mapping[str, np.ndarray]) -> dict[str, float]:
    """Return by how much, of 255, pictures of the sample photo change where weights are in half precision.

    Returns:
        "largest" and "mean" difference, over all predictors.
    """
    photo = long_side_at_most(read_image(SAMPLE_PHOTO)[0], SAMPLE_PX)
    differences = []
    with tempfile.TemporaryDirectory() as folder:
        for name in header.predictors:
            painted = []
            for half in (False, True):
                write_checkpoint(Path(folder, f"{half}{SUFFIX}"), header, tensors, half=half)
                net = load_predictor(Path(folder, f"{half}{SUFFIX}"), device="cpu", engine="paddle", predictor=name)
                painted.append(net(photo).astype(np.int16))
            differences.append(np.abs(painted[0] - painted[1]))
    return {
        "largest": float(max(one.max() for one in differences)),
        "mean": float(np.mean([one.mean() for one in differences])),
    }


def add(path: Path, entry: Mapping[str, Any], folder: Path, *, tolerance: float) -> dict[str, Any]:
    """Write a model into a folder of releases, and its entry into the manifest there.

    Args:
        path: The checkpoint.
        entry: "name", "title", "trained_on", "licence", "docs", and "config", which may be "" for that of the training.
        folder: Of the releases.
        tolerance: Of half precision, see above.

    Returns:
        The whole entry.

    Raises:
        CheckpointError: The checkpoint is damaged.
        UsageError: It holds no predictor, or its name is none.
    """
    if not is_model_name(entry["name"]):
        raise UsageError("--name", repr(entry["name"]), "up to 60 small letters, digits and underscores")
    about = {"title": entry["title"], "licence": entry["licence"], "origin": ORIGIN, "trained_on": entry["trained_on"]}
    header, tensors = stripped(path, about)
    difference = agreement(header, tensors)
    half = difference["largest"] <= tolerance
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{entry['name']}{SUFFIX}"
    write_checkpoint(target, header, tensors, half=half)
    whole = {
        "name": entry["name"],
        "file": target.name,
        "bytes": target.stat().st_size,
        "sha256": sha256_of(target),
        "task": next(iter(header.predictors.values())).task,
        "title": entry["title"],
        "trained_on": entry["trained_on"],
        "licence": entry["licence"],
        "config": entry["config"],
        "iterations": header.training["iterations"],
        "docs": entry["docs"],
        "precision": "float16" if half else "float32",
        "half_precision_changes": {key: round(value, 4) for key, value in difference.items()},
    }
    manifest = read_manifest(folder) if (folder / MANIFEST).exists() else {"address": "", "models": []}
    models = {model["name"]: model for model in manifest["models"]} | {whole["name"]: whole}
    manifest["models"] = [models[name] for name in sorted(models)]
    replace_file(folder / MANIFEST, (json.dumps(manifest, ensure_ascii=False, indent=1) + "\n").encode())
    return whole


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", type=Path, help="a .ppgan file or the folder of a run")
    parser.add_argument("--name", required=True, help="by which it is used: --checkpoint NAME")
    parser.add_argument("--title", required=True, help="what it does, in a few English words")
    parser.add_argument("--title-zh", required=True, help="the same in Chinese")
    parser.add_argument("--trained-on", required=True, help="the data, in a few words")
    parser.add_argument("--licence", default="Apache-2.0", help="of the weights")
    parser.add_argument("--config", default="", help="the experiment, such as cyclegan_photo2monet")
    parser.add_argument("--docs", default="docs/results.md", help="where it is described")
    parser.add_argument("--tolerance", type=float, default=2, help="see above; 2 is hard to see")
    parser.add_argument("--folder", type=Path, default=releases_folder())
    given = parser.parse_args()
    entry = {
        "name": given.name,
        "title": {"en": given.title, "zh": given.title_zh},
        **{key: getattr(given, key) for key in ("trained_on", "licence", "config", "docs")},
    }
    added = add(checkpoint_of(given.checkpoint), entry, given.folder, tolerance=given.tolerance)
    print(f"{given.folder / added['file']}: {added['bytes'] / 1e6:.2f} MB, {added['precision']}")
    changes = added["half_precision_changes"]
    print(f"half precision changes pixels by at most {changes['largest']:g} of 255, {changes['mean']:.4f} on average")


if __name__ == "__main__":
    main()
