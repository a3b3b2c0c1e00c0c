"""Train a half-size revision net of a painter of any picture to answer as its full-size one does, with PyTorch.

    python tools/distill_revision_torch.py PAINTER.ppgan --photos FOLDER --paintings FOLDER --out any.safetensors

PAINTER has the revision net to imitate, as `any` had in version 0.1.0. It needs torch beside ppgan_lite's own
requirements. The result is the painter with the new revision net; tools/publish_style.py takes it from there. An
interrupted run goes on from OUT.pt with --resume.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import numpy as np
from torch_styles.script import exit_code

from ppgan_lite import __version__
from ppgan_lite.errors import CheckpointError

PAINTING_PX = 304  # short side of paintings as `any` reads them


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("painter")
    parser.add_argument("--photos", type=Path, nargs="+", required=True)
    parser.add_argument("--paintings", type=Path, nargs="+", required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--pictures", type=int, default=240, help="how many are painted to learn from")
    parser.add_argument("--iterations", type=int, default=8000)
    parser.add_argument("--learning-rate", type=float, default=3e-3)
    parser.add_argument("--resume", action="store_true")
    arguments = parser.parse_args()
    return exit_code("distill_revision_torch", lambda: distill(arguments), resumes_from=str(state_file(arguments.out)))


def state_file(out: Path) -> Path:
    """Return where a training keeps what resuming needs."""
    return out.with_name(f"{out.name}.pt")


def distill(arguments: argparse.Namespace) -> None:
    """Do what the command line says."""
    import torch
    from torch_styles.files import load, read_history, read_painter, save
    from torch_styles.imitation import Imitation, examples_of
    from torch_styles.nets import AnyStyleNet
    from torch_styles.pictures import picture_files, read_picture
    from torch_styles.session import device_words
    from torch_styles.training import Budget, Loop

    weights = read_painter(arguments.painter)
    if "revisions.0.conv1.bias" not in weights:
        expected = "one of full size to imitate, as `any` of version 0.1.0 has"
        raise CheckpointError(arguments.painter, "its revision net is none of full size", expected)
    net = AnyStyleNet(revision_channels=len(weights["revisions.0.conv1.bias"]), revision_size="full").eval()
    load(net, weights, where=arguments.painter)
    photos = [read_picture(path) for path in picture_files(arguments.photos)]
    paintings = [read_picture(path, PAINTING_PX) for path in picture_files(arguments.paintings)]
    examples = examples_of(net, photos, paintings, arguments.pictures, np.random.default_rng(1))
    stage = Imitation(net.revisions[0], examples)
    state = state_file(arguments.out)
    if not arguments.resume:
        state.unlink(missing_ok=True)
    loop = Loop(learning_rate=arguments.learning_rate, log_every=200, say=lambda line: print(line, flush=True))
    progress = loop.run(stage, Budget(iterations=arguments.iterations), state)
    net.revisions = torch.nn.ModuleList([stage.learning])
    record = {
        "program": f"tools/distill_revision_torch.py of ppgan_lite {__version__}",
        "torch": torch.__version__,
        "device": device_words(torch.device("cpu")),
        "photos": len(photos),
        "paintings": len(paintings),
        "pictures": arguments.pictures,
        **vars(progress),
    }
    history = [*read_history(arguments.painter), {"revision nets of": record}]
    save(net, arguments.out, {"history": json.dumps(history, ensure_ascii=False)})


if __name__ == "__main__":
    sys.exit(main())
