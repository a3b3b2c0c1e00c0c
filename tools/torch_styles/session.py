"""A plan carried out: painters trained one after the other, and a sheet of what they paint."""

from __future__ import annotations

import dataclasses
import json
import platform
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ppgan_lite import __version__, encoders
from ppgan_lite.checkpoint import sha256_of
from ppgan_lite.contact_sheet import Tile, draw_sheet
from ppgan_lite.images import write_image
from torch_styles.files import load, read_history, read_painter, save
from torch_styles.losses import VGG16
from torch_styles.nets import AnyStyleNet, StyleTransferNet
from torch_styles.pictures import Pictures, colors_of, picture_files, read_picture, recolored, soft_noise
from torch_styles.plans import AnyStyleJob, Plan, StyleJob, read_plan
from torch_styles.stages import AnyStyleDraft, Revision, Stage, StyleDraft, strengths
from torch_styles.training import Budget, Loop, Progress

CELL_PX = 384  # the longer side of a picture on the sheet
NOISE_STD = 0.02  # of what the sheet shows


def run(plan_path: Path, out: Path, *, resume: bool = False, device_name: str | None = None) -> None:
    """Train what a plan says and draw the sheet.

    Args:
        plan_path: See `plans.Plan`.
        out: The folder of everything that is written; is made.
        resume: Whether to go on from state files that are there.
        device_name: "cpu" or "cuda"; a GPU if there is one if not given.

    Raises:
        PpganError: The plan or a file that it names cannot be used.
    """
    plan = read_plan(plan_path)
    device = torch.device(device_name or ("cuda" if torch.cuda.is_available() else "cpu"))
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True
    torch.backends.cudnn.benchmark = True
    out.mkdir(parents=True, exist_ok=True)
    vgg = VGG16(encoders.vgg16(), device)
    files = picture_files([plan.path(entry) for entry in plan.photos])
    photos = Pictures.read(files, plan.photo_short_side, device)
    print(f"{len(files)} photos on {device_words(device)}", flush=True)
    session = Session(plan, out, device, vgg, photos, resume)
    test = [read_picture(path) for path in picture_files([plan.path(entry) for entry in plan.preview_photos])]
    tiles = [tile(image.float() / 255, "photo") for image in test]
    for style in plan.styles:
        tiles += [tile(picture, style.name) for picture in painted(session.train_style(style), test)]
    for job in plan.any:
        net = session.train_any(job)
        for path in picture_files([plan.path(entry) for entry in plan.preview_paintings]):
            painting = read_picture(path, job.painting_crop)
            tiles += [tile(picture, path.stem) for picture in painted(net, test, painting)]
    if test:
        write_image(out / "sheet.jpg", draw_sheet(tiles, columns=len(test)), overwrite=True)


@dataclasses.dataclass(frozen=True)
class Session:
    """The pictures, nets and settings that all jobs of a plan share."""

    plan: Plan
    out: Path
    device: torch.device
    vgg: VGG16
    photos: Pictures
    resume: bool

    def train_style(self, job: StyleJob) -> StyleTransferNet:
        """Train a painter of one style, or read it if it is there; return the net."""
        target = self.out / f"{job.name}.safetensors"
        net = StyleTransferNet()
        self._load(net, target, job.start)
        net.to(self.device)
        if target.exists():
            return net
        path = self.plan.path(job.painting)
        painting = read_picture(path, job.painting_side).to(self.device)
        colors = colors_of(painting)
        shared = (net, self.vgg, self.photos)
        draft = self._train(
            StyleDraft(*shared, painting, colors, job.batches, job.weights), job, job.budget, f"{job.name}.draft"
        )
        stage = Revision(net, self.photos, colors, job.revision_batches)
        revision = self._train(stage, job, job.revision_budget, f"{job.name}.revision")
        about = {**vars(draft), "revision": vars(revision), "painting": path.name, "painting_sha256": sha256_of(path)}
        save(net, target, self._metadata(job, about))
        return net

    def train_any(self, job: AnyStyleJob) -> AnyStyleNet:
        """Train a painter of any style, or read it if it is there; return the net."""
        target = self.out / f"{job.name}.safetensors"
        net = AnyStyleNet()
        self._load(net, target, job.start)
        net.to(self.device)
        if target.exists():
            return net
        files = picture_files([self.plan.path(entry) for entry in self.plan.paintings])
        paintings = Pictures.read(files, job.painting_crop, self.device)
        stage = AnyStyleDraft(
            net, self.vgg, self.photos, paintings, job.batches, job.weights, job.painting_crop, job.painting_side
        )
        draft = self._train(stage, job, job.budget, f"{job.name}.draft")
        save(net, target, self._metadata(job, {**vars(draft), "paintings": len(files)}))
        return net

    def _load(self, net: StyleTransferNet | AnyStyleNet, target: Path, start: str) -> None:
        """Load what a job has made already, or what it starts from."""
        arrays = read_painter(str(target.resolve())) if target.exists() else read_painter(start, self.plan.folder)
        load(net, arrays, where=target if target.exists() else start)

    def _train(self, stage: Stage, job: StyleJob | AnyStyleJob, budget: Budget, name: str) -> Progress:
        state = self.out / f"{name}.pt"
        if not self.resume:
            state.unlink(missing_ok=True)
        return Loop(job.seed, job.learning_rate, say=lambda line: print(line, flush=True)).run(stage, budget, state)

    def _metadata(self, job: StyleJob | AnyStyleJob, about: dict[str, Any]) -> dict[str, str]:
        """Return what made a painter's file: a list of records as JSON under "history", the first training first."""
        record = {
            "program": f"tools/train_styles_torch.py of ppgan_lite {__version__}",
            "torch": torch.__version__,
            "device": device_words(self.device),
            "photos": len(self.photos.pictures),
            "encoder_sha256": sha256_of(encoders.vgg16()),
            **about,
            "job": {**dataclasses.asdict(job), "start": Path(job.start).name},
        }
        history = [*read_history(job.start, self.plan.folder), record]
        return {"history": json.dumps(history, ensure_ascii=False)}


@torch.no_grad()
def painted(net: StyleTransferNet | AnyStyleNet, photos: list[Tensor], painting: Tensor | None = None) -> list[Tensor]:
    """Draft photos (uint8 3 x H x W) at their own size, without revision: in the net's style, or in a painting's."""
    norms: tuple[Tensor, ...] = ()
    if isinstance(net, StyleTransferNet):
        wanted = net.image_mean.cpu().numpy().ravel(), net.image_covariance[0].cpu().numpy()
    else:
        assert painting is not None
        wanted = colors_of(painting)
        norms = net.predictor(painting[None].to(_device_of(net)).float() / 255)
    found = []
    for photo in photos:
        image = photo[None].to(_device_of(net)).float() / 255
        noisy = image + soft_noise(image, NOISE_STD, np.random.default_rng(0))
        seen = recolored(noisy, [colors_of(noisy[0])], [wanted]).clamp(0, 1)
        drafted = net.transform(seen, strengths(1, 0, seen.device), *norms)
        found.append(recolored(drafted, [colors_of(drafted[0])], [colors_of(seen[0])])[0])
    return found


def _device_of(net: nn.Module) -> torch.device:
    return next(net.parameters()).device


def tile(image: Tensor, title: str) -> Tile:
    """Return a picture of the sheet, from float 3 x H x W."""
    scale = CELL_PX / max(image.shape[1:])
    size = [max(1, round(side * scale)) for side in image.shape[1:]]
    small = F.interpolate(image[None].float().cpu(), size=size, mode="bilinear", antialias=True, align_corners=False)[0]
    return Tile((255 * small.clamp(0, 1)).round().byte().permute(1, 2, 0).numpy(), title)


def device_words(device: torch.device) -> str:
    """Return what was computed on, for people."""
    if device.type == "cuda":
        return f"one {torch.cuda.get_device_name(device)}"
    return f"{torch.get_num_threads()} threads of a {platform.machine()} processor"
