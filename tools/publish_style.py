"""Put a trained painter among the styles that ship: shrink its file, paint its thumbnail, write its catalogue entry.

    python tools/publish_style.py runs/starry_night/final.ppgan starry_night \
        --title "The Starry Night" --title-zh 星月夜 --artist "Vincent van Gogh" --artist-zh 文森特·梵高 --year 1889

Without a title it publishes the painter of any picture (`any`), which has no entry.
"""

import argparse
import json
from dataclasses import replace
from pathlib import Path

from ppgan_lite.checkpoint import SUFFIX, NetSpec, read_checkpoint, sha256_of, write_checkpoint
from ppgan_lite.images import SAMPLE_PHOTO, read_image, short_side_to, write_image
from ppgan_lite.inference.loading import load_predictor
from ppgan_lite.styles import FOLDER

CATALOGUE = FOLDER / "catalogue.json"
THUMBNAIL_PX = 160
REVISIONS = "net/painter/revisions."


def shrink(source: Path, target: Path, about: dict, revisions_from: Path | None, settings: dict) -> dict:
    """Write a checkpoint's painter in half precision, without the parts that only training needs.

    Returns:
        The entry of the catalogue about the training.
    """
    header, tensors = read_checkpoint(source)
    tensors = {name: tensor for name, tensor in tensors.items() if name.startswith("net/painter/")}
    net = header.nets["painter"]
    arguments = dict(net.arguments)
    if revisions_from:
        other, others = read_checkpoint(revisions_from)
        arguments["revisions"] = other.nets["painter"].arguments["revisions"]
        tensors = {name: tensor for name, tensor in tensors.items() if not name.startswith(REVISIONS)}
        tensors |= {name: tensor for name, tensor in others.items() if name.startswith(REVISIONS)}
    if arguments.get("own_style"):
        # Alignment looks at relu2_1 .. relu4_1; what lies behind served the training only.
        arguments["encoder_channels"] = arguments["encoder_channels"][:4]
        arguments["encoder_convs"] = [*arguments["encoder_convs"][:3], 1]
        unused = ("net/painter/encoder.conv4_2", "net/painter/encoder.conv5_")
        tensors = {name: tensor for name, tensor in tensors.items() if not name.startswith(unused)}
    config = header.training["config"]
    training = {
        "iterations": header.training["iteration"],
        "seconds": round(header.training["seconds"]),
        "recipe": {**header.recipe, "perceptual": Path(header.recipe["perceptual"]).name},  # no folders of ours
        "style": [Path(entry).name for entry in config["data"]["style"]],
        "style_short_side": config["data"]["style_short_side"],
    }
    if revisions_from:
        training["revision"] = {"iterations": other.training["iteration"], "seconds": round(other.training["seconds"])}
    spec = header.predictors["painter"]
    header = replace(
        header,
        predictors={"painter": replace(spec, settings={**spec.settings, **settings})},
        nets={"painter": NetSpec(net.kind, arguments)},
        recipe={"name": header.recipe["name"]},
        training={"iteration": header.training["iteration"], "seconds": header.training["seconds"]},
        about={**about, "licence": "Apache-2.0", "origin": "trained by the ppgan_lite project"},
    )
    target.unlink(missing_ok=True)
    write_checkpoint(target, header, tensors, half=True)
    return training


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("name")
    parser.add_argument("--revisions-from", type=Path, help="take the revision nets of this checkpoint")
    parser.add_argument(
        "--settings", default="{}", help='JSON that replaces settings of use, such as {"noise_std": 0.02}'
    )
    for option in ("--title", "--title-zh", "--artist", "--artist-zh", "--year"):
        parser.add_argument(option)
    arguments = parser.parse_args()
    target = FOLDER / f"{arguments.name}{SUFFIX}"
    titles = {"en": arguments.title, "zh": arguments.title_zh}
    artists = {"en": arguments.artist, "zh": arguments.artist_zh}
    about = {"title": titles, "artist": artists, "year": arguments.year} if arguments.title else {}
    training = shrink(arguments.checkpoint, target, about, arguments.revisions_from, json.loads(arguments.settings))
    if about:
        entry = {
            "name": arguments.name,
            **about,
            "file": target.name,
            "sha256": sha256_of(target),
            "training": training,
        }
        catalogue = json.loads(CATALOGUE.read_text(encoding="utf-8"))
        entries = {style["name"]: style for style in catalogue["styles"]}
        catalogue["styles"] = list((entries | {arguments.name: entry}).values())
        CATALOGUE.write_text(json.dumps(catalogue, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        photo, _ = read_image(SAMPLE_PHOTO)
        painted = short_side_to(load_predictor(target)(photo), THUMBNAIL_PX)
        write_image(FOLDER / f"{arguments.name}.jpg", painted, overwrite=True)
    print(f"{target}: {target.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
