"""Ship a trained restoration net: its file in half precision, without the state of its training.

python tools/publish_restorer.py runs/restore_saltpepper_unet/final.ppgan
"""

import argparse
from dataclasses import replace
from pathlib import Path

from ppgan_lite.checkpoint import read_checkpoint, write_checkpoint
from ppgan_lite.restoration import FILE


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", type=Path)
    header, tensors = read_checkpoint(parser.parse_args().checkpoint)
    config = header.training["config"]
    training = {key: header.training[key] for key in ("iteration", "seconds", "seed")}
    training["chain"] = config["data"]["chain"]  # the degradations that it undoes; not the folders of its pictures
    about = {"title": "photos", "licence": "Apache-2.0", "origin": "trained by the ppgan_lite project"}
    header = replace(header, recipe={"name": header.recipe["name"]}, training=training, about=about)
    write_checkpoint(FILE, header, tensors, half=True)
    print(f"{FILE}: {FILE.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
