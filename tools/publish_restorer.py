"""Ship a trained restoration net: its file in half precision, without the state of its training.

python tools/publish_restorer.py runs/restore_saltpepper_unet/final.ppgan
"""

import argparse
from pathlib import Path

from add_release import ORIGIN, stripped

from ppgan_lite.checkpoint import write_checkpoint
from ppgan_lite.restoration import FILE


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", type=Path)
    about = {"title": "photos", "licence": "Apache-2.0", "origin": ORIGIN}
    write_checkpoint(FILE, *stripped(parser.parse_args().checkpoint, about), half=True)
    print(f"{FILE}: {FILE.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
