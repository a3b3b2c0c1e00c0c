"""Put a trained painter among the styles that ship: shrink its file, paint its thumbnail, write its catalogue entry.

    python tools/publish_style.py runs/starry_night/final.ppgan starry_night \
        --title "The Starry Night" --title-zh 星月夜 --artist "Vincent van Gogh" --artist-zh 文森特·梵高 --year 1889

takes checkpoints of `paddlegan train`, styles of `paddlegan learn`, and the .safetensors files of
tools/train_styles_torch.py. Titles are kept from the catalogue where the style stands in it already. `any`, the painter
of any picture, has no entry.
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from ppgan_lite.aliases import current_tensor
from ppgan_lite.checkpoint import (
    SUFFIX,
    Header,
    NetSpec,
    build_net,
    net_spec,
    read_checkpoint,
    sha256_of,
    training_record,
    write_checkpoint,
)
from ppgan_lite.errors import UsageError
from ppgan_lite.images import SAMPLE_PHOTO, read_image, short_side_to
from ppgan_lite.runtime.startup import require_paddle
from ppgan_lite.safetensors_files import read_front, read_tensors
from ppgan_lite.styles import ANY, FOLDER, THUMBNAIL_PX

CATALOGUE = "catalogue.json"
PREFIX = "net/painter/"
REVISIONS = f"{PREFIX}revisions."
# How painters of .safetensors files are used if --settings says nothing else; `draft_px` is the size they learned at.
SETTINGS = {
    "StyleTransferNet": {"noise_std": 0.02, "draft_px": 512},
    "AnyStyleNet": {"noise_std": 0.02, "draft_px": 256},
}


@dataclass(frozen=True)
class TrainedPainter:
    """A painter as a file holds it.

    Attributes:
        net: Its kind and arguments.
        tensors: By their present names.
        settings: How it is used.
        history: What made it, one record for each training, the first one first.
    """

    net: NetSpec
    tensors: dict[str, np.ndarray]
    settings: dict[str, Any]
    history: list[dict[str, Any]]

    def with_revisions_of(self, other: TrainedPainter) -> TrainedPainter:
        """Return the painter with the revision nets of another one."""
        own = {key: value for key, value in self.net.arguments.items() if not key.startswith("revision")}
        of_revisions = {key: value for key, value in other.net.arguments.items() if key.startswith("revision")}
        arguments = {**own, **of_revisions}
        tensors = {name: tensor for name, tensor in self.tensors.items() if not name.startswith(REVISIONS)}
        tensors |= {name: tensor for name, tensor in other.tensors.items() if name.startswith(REVISIONS)}
        history = [*self.history, {"revision nets of": other.history[-1]}] if other.history else self.history
        return replace(self, net=NetSpec(self.net.kind, arguments), tensors=tensors, history=history)


def read_painter(path: Path) -> TrainedPainter:
    """Read a painter and what made it.

    Raises:
        CheckpointError: The file is missing or damaged.
        UsageError: It holds no painter.
    """
    if path.suffix != SUFFIX:
        return _from_safetensors(path)
    header, tensors = read_checkpoint(path)
    if "painter" not in header.nets:
        raise UsageError(str(path), f"holds {', '.join(header.nets)}", "a painter")
    tensors = {name: tensor for name, tensor in tensors.items() if name.startswith(PREFIX)}
    history = header.training.get("history") or [_record_of(header)]
    if "painting" in header.about:
        history = [*history[:-1], {**history[-1], **_learned(header.about)}]
    return TrainedPainter(header.nets["painter"], tensors, header.predictors["painter"].settings, history)


def _from_safetensors(path: Path) -> TrainedPainter:
    tensors = {current_tensor(name): tensor for name, tensor in read_tensors(path).items()}
    if f"{PREFIX}transform.to_rgb.weight" not in tensors:
        raise UsageError(str(path), "holds no tensors of a painter", f"names that begin with {PREFIX}transform")
    metadata, _ = read_front(path)
    net = _net_of(tensors)
    return TrainedPainter(net, tensors, SETTINGS[net.kind], json.loads(metadata.get("history", "[]")))


def _net_of(tensors: Mapping[str, np.ndarray]) -> NetSpec:
    """Return the kind and the arguments of the net that tensors are of, by their names and shapes."""

    def width(name: str, axis: int = 0) -> int:
        return tensors[PREFIX + name].shape[axis]

    def count(pattern: str) -> int:
        found = (re.match(PREFIX + pattern, name) for name in tensors)
        return len({match[1] for match in found if match})

    revisions = count(r"revisions\.(\d+)\.")
    arguments: dict[str, Any] = {
        "channels": width("transform.to_rgb.weight", 1),
        "blocks": count(r"transform\.blocks\.(\d+)\."),
    }
    if f"{PREFIX}predictor.code.bias" in tensors:
        kind, convs = "AnyStyleNet", [count(rf"predictor\.encoder\.conv{stage}_(\d)\.weight") for stage in range(1, 6)]
        arguments["encoder_channels"] = [width(f"predictor.encoder.conv{stage}_1.weight") for stage in range(1, 6)]
        arguments |= {"encoder_convs": convs, "code_channels": width("predictor.code.bias")}
    else:
        kind = "StyleTransferNet"
    if revisions:
        arguments["revision_channels"] = width("revisions.0.down.weight")
        arguments["revision_size"] = "half" if f"{REVISIONS}0.to_cells.weight" in tensors else "full"
    return NetSpec(kind, {**arguments, "revisions": revisions})


def _record_of(header: Header) -> dict[str, Any]:
    """Return what made a checkpoint of `paddlegan train`, without folders of ours."""
    record = training_record(header)
    data = header.training.get("config", {}).get("data")
    if data:
        record["paintings"] = [Path(entry).name for entry in data["style"]][:10]
        record["painting_side"] = data["style_short_side"]
    return record


def _learned(about: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a style of `paddlegan learn` says of its training, as a record does."""
    settings = about["settings"]
    job = {"painting": about["painting"]["file"], "content": settings["content"], "scale": settings["scale"]}
    return {"photos": settings["photos"], "start": settings["started_from"], "job": job}


def publish(
    painter: TrainedPainter, name: str, about: Mapping[str, Any], folder: Path, settings: Mapping[str, Any]
) -> Path:
    """Write a painter's file in half precision and, for a style with a title, its entry and thumbnail.

    Args:
        painter: From `read_painter`.
        name: Of the style.
        about: "title", "artist" and "year"; nothing for a painter without an entry.
        folder: Of the styles.
        settings: Replace the painter's own.

    Returns:
        The file.

    Raises:
        CheckpointError: The tensors do not fit the net.
    """
    require_paddle()
    from ppgan_lite.inference.stylization.reference import add_reference
    from ppgan_lite.recipes.painter import painter_spec

    licence = {"licence": "Apache-2.0", "origin": "trained by the ppgan_lite project"}
    header = Header({"painter": painter.net}, training={"history": painter.history}, about={**about, **licence})
    net = build_net("painter", header, painter.tensors)  # refuses tensors that do not fit
    spec = painter_spec(net)
    header = replace(header, nets={"painter": net_spec(net)})
    header = replace(
        header, predictors={"painter": replace(spec, settings={**spec.settings, **painter.settings, **settings})}
    )
    target = folder / f"{name}{SUFFIX}"
    write_checkpoint(target, header, painter.tensors, half=True)
    add_reference(target)
    if about:
        entry = {
            "name": name,
            **about,
            "file": target.name,
            "sha256": sha256_of(target),
            "training": {"history": painter.history},
        }
        entries = {**read_catalogue(folder), name: entry}
        text = json.dumps({"styles": list(entries.values())}, ensure_ascii=False, indent=1)
        (folder / CATALOGUE).write_text(text + "\n", encoding="utf-8")
        write_thumbnail(target)
    return target


def write_thumbnail(style: Path) -> None:
    """Paint the sample photo in a style, as the command line does by default, and put it small beside the style."""
    from ppgan_lite.inference.faces.sparing import spare_faces
    from ppgan_lite.inference.loading import load_stylizer

    photo, _ = read_image(SAMPLE_PHOTO)
    painted = load_stylizer(style)(photo, strokes=spare_faces(photo))
    thumbnail = Image.fromarray(short_side_to(painted, THUMBNAIL_PX))
    thumbnail.save(style.with_suffix(".jpg"), quality=90, subsampling=0, optimize=True)  # smaller than `write_image`'s


def read_catalogue(folder: Path) -> dict[str, dict[str, Any]]:
    """Return the entries of the styles in a folder, by name and in their order."""
    styles = json.loads((folder / CATALOGUE).read_text(encoding="utf-8"))["styles"]
    return {style["name"]: style for style in styles}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("painter", type=Path, help="a .ppgan or a .safetensors file")
    parser.add_argument("name")
    parser.add_argument("--revisions-from", type=Path, help="take the revision nets of this painter")
    parser.add_argument(
        "--settings", default="{}", help='JSON that replaces settings of use, such as {"noise_std": 0.004}'
    )
    parser.add_argument("--folder", type=Path, default=FOLDER, help="of the styles, with their catalogue")
    for option in ("--title", "--title-zh", "--artist", "--artist-zh", "--year"):
        parser.add_argument(option)
    arguments = parser.parse_args()
    painter = read_painter(arguments.painter)
    if arguments.revisions_from:
        painter = painter.with_revisions_of(read_painter(arguments.revisions_from))
    about = {} if arguments.name == ANY else _about(arguments, read_catalogue(arguments.folder).get(arguments.name))
    target = publish(painter, arguments.name, about, arguments.folder, json.loads(arguments.settings))
    print(f"{target}: {target.stat().st_size / 1e6:.2f} MB")


def _about(arguments: argparse.Namespace, known: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return title, artist and year, as they are given or as the catalogue has them.

    Raises:
        UsageError: One of them is in neither.
    """
    given = {
        "title": {"en": arguments.title, "zh": arguments.title_zh},
        "artist": {"en": arguments.artist, "zh": arguments.artist_zh},
    }
    about: dict[str, Any] = {}
    for key, words in given.items():
        told = known[key] if known else {}
        about[key] = {language: word or told.get(language) for language, word in words.items()}
        if not all(about[key].values()):
            raise UsageError(f"--{key}", "missing", "one in English and one in Chinese: the catalogue has none")
    about["year"] = arguments.year or (known or {}).get("year")
    if not about["year"]:
        raise UsageError("--year", "missing", "when it was painted: the catalogue has none")
    return about


if __name__ == "__main__":
    main()
