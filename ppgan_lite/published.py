"""Published weights by name: those that ship, those that are fetched, and where these lie. `fetch.py` brings them.

The models of this project's own that do not ship are described by `releases/manifest.json`, which does, and are made by
tools/add_release.py. Needs neither Paddle nor a network.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from ppgan_lite import encoders, restoration
from ppgan_lite.checkpoint import SUFFIX, sha256_of
from ppgan_lite.errors import CheckpointError, UsageError
from ppgan_lite.runs import checkpoint_of, is_run
from ppgan_lite.runtime.user_folders import cache_folder
from ppgan_lite.tables import did_you_mean

MANIFEST = "manifest.json"
MODELS = "models"  # folder of the fetched models, in the cache folder
_NAME = re.compile(r"[a-z0-9][a-z0-9_]{0,59}")

Place = Literal["shipped", "fetched", "older", "not_yet"]


@dataclass(frozen=True)
class Weights:
    """A published file of weights.

    Attributes:
        address: Where it is published; "" if that is not known.
        file: Its path in the cache folder; of one that ships, the absolute one.
        title: What it does, by language.
        task: That of its predictor ("translate", "restore" or "stylize"); "encoder" of a net that losses take, "metric"
            of one that metrics take.
        bytes: Its size; None if the publisher does not say.
        sha256: Of its bytes; "" likewise.
        trained_on: The data.
        licence: Of the weights.
        config: The experiment that trained it.
        iterations: Of that training; 0 if they are not known.
        docs: Where it is described, from the top of the repository.
    """

    address: str
    file: str
    title: Mapping[str, str]
    task: str
    bytes: int | None = None
    sha256: str = ""
    trained_on: str = ""
    licence: str = ""
    config: str = ""
    iterations: int = 0
    docs: str = ""

    @property
    def is_model(self) -> bool:
        """Whether it is a checkpoint of this program, usable by its name wherever one is."""
        return self.file.endswith(SUFFIX)


# Others' weights.
WEIGHTS = {
    "vgg19": Weights(
        "https://paddlegan.bj.bcebos.com/models/vgg_normalised.pdparams",
        "vgg_normalised.pdparams",
        title={"en": "VGG-19", "zh": "VGG-19"},
        task="encoder",
        trained_on="ImageNet",
        licence="no licence stated",
        docs="docs/training-your-own-style.md",
    ),
    # What LPIPS and FID mean: numbers of any other weights do not compare with published ones.
    "lpips": Weights(
        "https://download.pytorch.org/models/vgg16-397923af.pth",
        "vgg16-397923af.pth",
        title={"en": "VGG-16 of torchvision, for LPIPS", "zh": "torchvision 的 VGG-16，用于 LPIPS"},
        task="metric",
        bytes=553433881,
        sha256="397923af8e79cdbb6a7127f12361acd7a2f83e06b05044ddf496e83de57a5bf0",
        trained_on="ImageNet",
        licence="BSD 3-Clause, as torchvision",
        docs="docs/evaluation.md",
    ),
    "inception": Weights(
        "https://github.com/toshas/torch-fidelity/releases/download/v0.2.0/weights-inception-2015-12-05-6726825d.pth",
        "weights-inception-2015-12-05-6726825d.pth",
        title={"en": "Inception of 2015-12-05, for FID and KID", "zh": "2015-12-05 版 Inception，用于 FID 和 KID"},
        task="metric",
        bytes=95628359,
        sha256="6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2",
        trained_on="ImageNet",
        licence="Apache-2.0",
        docs="docs/evaluation.md",
    ),
}

SHIPPED = {
    "photos": Weights(
        "",
        str(restoration.FILE),
        title={"en": "salt-and-pepper noise and blur off photos", "zh": "去除照片的椒盐噪声和模糊"},
        task="restore",
        trained_on="COCO, Open Images and TensorFlow's flowers, with free licenses",
        licence="Apache-2.0",
        config="restore_saltpepper_unet",
        docs="docs/results.md",
    ),
    "vgg16": Weights(
        "",
        str(encoders.FILE),
        title={"en": "VGG-16 up to relu4_3, for losses", "zh": "VGG-16（到 relu4_3），用于损失"},
        task="encoder",
        trained_on="ImageNet",
        licence="CC BY 4.0",
        docs="docs/training-your-own-style.md",
    ),
}


def releases_folder() -> Path:
    """Return the folder of the manifest: inside of an installed package, next to the package in a checkout.

    A checkout has the models themselves in it, too.
    """
    package = Path(__file__).parent
    installed = package / "releases"
    return installed if installed.is_dir() else package.parent / "releases"


def read_manifest(folder: Path) -> dict[str, Any]:
    """Return the content of a manifest, as docs/models.md describes it."""
    return json.loads((folder / MANIFEST).read_text(encoding="utf-8"))


@functools.cache
def released() -> dict[str, Weights]:
    """Return the models of this project that do not ship, by name."""
    try:
        manifest = read_manifest(releases_folder())
    except FileNotFoundError:  # a file by itself out of the package; nothing is lost but the list
        return {}
    found = {}
    for entry in manifest["models"]:
        known = {key: value for key, value in entry.items() if key in Weights.__dataclass_fields__}
        address = f"{manifest['address']}{entry['file']}" if manifest["address"] else ""
        found[entry["name"]] = Weights(**{**known, "address": address, "file": f"{MODELS}/{entry['file']}"})
    return found


def is_model_name(name: str) -> bool:
    """Return whether a text can be the name of a model; never with a folder in it."""
    return bool(_NAME.fullmatch(name))


def in_checkout(name: str) -> Path | None:
    """Return the file of a model beside the manifest; None where there is none, as in an installed package."""
    path = releases_folder() / f"{name}{SUFFIX}"
    return path if name in released() and path.is_file() else None


def fetchable() -> dict[str, Weights]:
    """Return all that can be fetched, by name."""
    return {**released(), **WEIGHTS}


def find_weights(name: str) -> Weights:
    """Return what can be fetched under a name.

    Raises:
        UsageError: The name is not known, or that of what ships.
    """
    known = fetchable()
    if name in known:
        return known[name]
    if name in SHIPPED:
        raise UsageError("fetch", f"{name!r} ships with the program", remedy="Use it by its name, without fetching it")
    raise UsageError("fetch", f"{name!r} is not known", f"one of {', '.join(known)}", did_you_mean(name, known))


def cached(name: str) -> Path:
    """Return where the weights of that name are kept, whether they are there or not.

    Raises:
        UsageError: There are none of that name to fetch.
    """
    return cache_folder() / find_weights(name).file


def place_of(name: str) -> Place:
    """Return where weights are: "older" is a fetched file that is not the one published now.

    Raises:
        UsageError: The name is not known.
    """
    if name in SHIPPED:
        return "shipped"
    path, weights = cached(name), find_weights(name)
    try:
        if not path.is_file():
            return "not_yet"
        is_same = not weights.sha256 or (path.stat().st_size == weights.bytes and sha256_of(path) == weights.sha256)
    except OSError:
        return "not_yet"
    return "fetched" if is_same else "older"


def model_names() -> list[str]:
    """Return the names that stand for a checkpoint here: models that ship and models that were fetched."""
    fetched = [name for name, weights in released().items() if (cache_folder() / weights.file).is_file()]
    return [*(name for name, weights in SHIPPED.items() if weights.task != "encoder"), *fetched]


def weights_file(source: str | Path) -> Path:
    """Return the file that a path, the folder of a run or the name of a model stands for.

    A file or a run that there is comes first. What is none of these stays as it is, and is missed by whoever reads it.

    Raises:
        UsageError: It is the name of a model that is not here yet.
    """
    path, name = Path(source), str(source)
    if not is_model_name(name) or path.is_file() or (path.is_dir() and is_run(path)):
        return checkpoint_of(path)
    if name in SHIPPED:
        return Path(SHIPPED[name].file)
    found = cache_folder() / MODELS / f"{name}{SUFFIX}"
    if found.is_file():
        return found
    if name in released():
        raise UsageError(name, "this model is not here yet", remedy=f"Fetch it: paddlegan models --fetch {name}")
    return path


def how_to_get(name: str) -> str:
    """Say in one sentence how a user gets weights that are not in the cache folder."""
    weights = find_weights(name)
    if weights.is_model:
        return f"Fetch it: paddlegan models --fetch {name}"
    return f"Run `paddlegan fetch {name}`, or download {weights.address} elsewhere and put it at {cached(name)}"


def fetched(name: str) -> Path:
    """Return where weights that were fetched are kept, after a look at their checksum.

    A file that somebody put there has none.

    Raises:
        UsageError: There are none of that name to fetch.
        CheckpointError: They are not there, or have changed since they were fetched.
    """
    path = cached(name)
    if not path.exists():
        title = find_weights(name).title["en"]
        raise CheckpointError(path, f"the published {title} is not there", remedy=how_to_get(name))
    if not is_as_fetched(path):
        raise CheckpointError(path, "is damaged: it has changed since it was fetched", remedy=how_to_get(name))
    return path


def checksum_file(path: Path) -> Path:
    """Return the file beside fetched weights that holds their SHA-256."""
    return path.with_name(f"{path.name}.sha256")


def is_as_fetched(path: Path) -> bool:
    """Say whether fetched weights are as they were; a file without a checksum was put there by somebody."""
    try:
        expected = checksum_file(path).read_text(encoding="utf-8").strip()
    except (OSError, ValueError):
        return True
    return expected == sha256_of(path)
