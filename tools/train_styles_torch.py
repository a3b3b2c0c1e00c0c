"""Train painters with PyTorch, on a GPU or a CPU: the nets of ppgan_lite, a minute for each on a GPU.

    python tools/train_styles_torch.py PLAN.yaml --out FOLDER [--resume]

It needs torch beside ppgan_lite's own requirements, and no Paddle; tools/train_styles.yaml is a plan to start from.
Each painter becomes FOLDER/NAME.safetensors, in half precision, with our names of tensors and with what made it as
metadata; tools/publish_style.py takes it from there. A painter whose file exists is not trained again. An interrupted
one goes on with --resume from NAME.draft.pt and NAME.revision.pt. FOLDER/sheet.jpg shows what they paint.

How they learn (Johnson et al., ECCV 2016, with the departures that `ppgan_lite.recipes` tells): relative Gram losses of
VGG-16's relu1_2, 2_2, 3_3, 4_3 with one weight; relative squared difference of relu3_3 and relu2_2 to the photo in the
painting's colors; two pictures of each batch have to come out at strength 0 as they went in; half of the batch, moved
by up to two pixels, has to be painted alike.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from torch_styles.script import exit_code


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("plan", type=Path)
    parser.add_argument("--out", type=Path, required=True, help="a folder; is made")
    parser.add_argument("--resume", action="store_true", help="go on from what an interrupted run has saved")
    parser.add_argument("--device", help="cpu or cuda; without it a GPU if there is one")
    arguments = parser.parse_args()
    return exit_code("train_styles_torch", lambda: train(arguments), resumes_from=f"what is in {arguments.out}")


def train(arguments: argparse.Namespace) -> None:
    """Do what the command line says."""
    from torch_styles.session import run

    run(arguments.plan, arguments.out, resume=arguments.resume, device_name=arguments.device)


if __name__ == "__main__":
    sys.exit(main())
