"""Compare the metrics of `paddlegan evaluate` with other programs' on the same inputs.

    python benchmarks/metrics_agreement.py --reference-python PYTHON --vgg FILE [--json FILE]

The reference Python has torch, torchvision, torch-fidelity, lpips, pytorch-msssim and scikit-image. FILE is a VGG-16 in
torchvision's layout, whatever its weights: both programs get the same. Inception's weights are random ones that the
reference makes: they show that the net, its file and its input are read alike, not what FID of any pictures is. The
distances of sets get the same features in both programs.

Prints the largest difference of each metric, beside the size of its values. Without the options it does nothing.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Mapping
from importlib.resources import files
from pathlib import Path

import numpy as np
from measuring import OtherPython, report

from ppgan_lite.degradations import degrade
from ppgan_lite.encoders import lpips_weights
from ppgan_lite.images import read_image, write_image
from ppgan_lite.metrics.distributions import frechet_distance, kernel_distance
from ppgan_lite.metrics.pairs import ms_ssim, psnr, ssim
from ppgan_lite.metrics.perceptual import perceptual_distance

SAMPLES = ("astronaut.png", "coffee.png", "chelsea.png")
HEIGHT, WIDTH = 288, 400  # multiples of 16: pytorch-msssim pads odd sides with zeros
CHAINS: dict[str, list[dict[str, object]]] = {
    "noise": [{"name": "gaussian_noise", "sigma": 15}],
    "blur": [{"name": "gaussian_blur", "sigma": 2.0}],
    "jpeg": [{"name": "jpeg", "quality": 20}],
    "salt": [{"name": "salt_and_pepper", "amount": 0.05}],
}

# Runs in the reference Python; `work` answers in JSON.
REFERENCE = """
import numpy as np
import torch
from torchvision import models
from PIL import Image

def picture(path):
    return torch.tensor(np.asarray(Image.open(path))).permute(2, 0, 1).contiguous()

def psnr_(a, b):
    from skimage.metrics import peak_signal_noise_ratio
    return float(peak_signal_noise_ratio(b.numpy(), a.numpy()))

def ssim_(a, b):
    from skimage.metrics import structural_similarity
    return float(structural_similarity(a.numpy(), b.numpy(), channel_axis=0, gaussian_weights=True, sigma=1.5,
                                       use_sample_covariance=False, data_range=255))

def ms_ssim_(a, b):
    from pytorch_msssim import ms_ssim
    return float(ms_ssim(a[None].double(), b[None].double(), data_range=255))

lpips_net = None

def lpips_(a, b, vgg):
    global lpips_net
    if lpips_net is None:
        import lpips
        from lpips import pretrained_networks
        state, build = torch.load(vgg, map_location="cpu"), models.vgg16
        def loaded(*arguments, **options):
            net = build(weights=None)
            net.load_state_dict(state, strict=False)
            return net
        pretrained_networks.tv.vgg16 = loaded
        lpips_net = lpips.LPIPS(net="vgg", verbose=False)
    with torch.no_grad():
        return float(lpips_net(a[None].float() / 255, b[None].float() / 255, normalize=True))

def pair(kind, a, b, *others):
    return globals()[kind + "_"](picture(a), picture(b), *others)

inception = None

def make_inception(path):
    global inception
    from torch_fidelity import feature_extractor_inceptionv3 as module
    torch.manual_seed(0)
    module.load_state_dict_from_url = lambda *arguments, **options: {}
    cls = module.FeatureExtractorInceptionV3
    whole = cls.load_state_dict
    cls.load_state_dict = lambda self, state, *arguments, **options: whole(self, state) if state else None
    inception = cls("inception", ["2048"])
    generator = torch.Generator().manual_seed(1)
    for name, tensor in inception.state_dict().items():
        if name.endswith(("running_mean", "bn.bias")):
            tensor.copy_(0.2 * torch.randn(tensor.shape, generator=generator))
        elif name.endswith(("running_var", "bn.weight")):
            tensor.copy_(0.3 + torch.rand(tensor.shape, generator=generator))
    torch.save(inception.state_dict(), path)

def features(path):
    return inception(picture(path)[None])[0][0].tolist()

def sets(path):
    from torch_fidelity.metric_fid import fid_features_to_statistics, fid_statistics_to_metric
    from torch_fidelity.metric_kid import kid_features_to_metric
    arrays = np.load(path)
    a, b = (torch.tensor(arrays[name]) for name in "ab")
    statistics = [fid_features_to_statistics(each) for each in (a, b)]
    fid = fid_statistics_to_metric(*statistics, verbose=False)["frechet_inception_distance"]
    found = {"fid": float(fid)}
    options = dict(kid_kernel="poly", kid_kernel_poly_degree=3, kid_kernel_poly_gamma=None, kid_kernel_poly_coef0=1,
                   rng_seed=0, verbose=False)
    whole = kid_features_to_metric(a, b, kid_subsets=1, kid_subset_size=len(a), **options)
    found["kid"] = float(whole["kernel_inception_distance_mean"])
    some = kid_features_to_metric(a, b, kid_subsets=100, kid_subset_size=len(a) // 2, **options)
    found["kid_subsets"] = float(some["kernel_inception_distance_mean"])
    return found

def work(function, *arguments):
    return globals()[function](*arguments)
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reference-python", type=Path, metavar="PYTHON")
    parser.add_argument("--vgg", type=Path, metavar="FILE", help="a VGG-16 in torchvision's layout")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write machine, versions and rows there, too")
    arguments = parser.parse_args()
    if not (arguments.reference_python and arguments.vgg):
        print("metrics_agreement.py: needs --reference-python and --vgg; nothing compared", file=sys.stderr)
        return
    reference = OtherPython(arguments.reference_python, REFERENCE)
    with tempfile.TemporaryDirectory() as scratch:
        pairs = make_pairs(Path(scratch))
        rows = of_pairs(reference, pairs, arguments.vgg.absolute())
        rows += of_inception(reference, pairs, Path(scratch))
        rows += of_sets(reference, Path(scratch))
    reference.close()
    report("metrics_agreement", rows, arguments.json)


def make_pairs(folder: Path) -> list[tuple[Path, Path]]:
    """Write degraded photos and clean ones; return their files."""
    pairs = []
    for place, sample in enumerate(SAMPLES):
        clean = read_image(str(files("skimage.data").joinpath(sample)))[0][:HEIGHT, :WIDTH]
        target = folder / f"{place}.png"
        write_image(target, clean)
        for name, chain in CHAINS.items():
            result = folder / f"{place}_{name}.png"
            write_image(result, degrade(clean, chain, rng=np.random.default_rng(place)))
            pairs.append((result, target))
    return pairs


def of_pairs(reference: OtherPython, pairs: list[tuple[Path, Path]], vgg: Path) -> list[dict[str, object]]:
    """Compare the metrics of pairs."""
    from ppgan_lite.evaluation.features import FeatureNets
    from ppgan_lite.pretrained import vgg16_of_torchvision

    nets = FeatureNets()
    vars(nets)["_lpips_net"] = vgg16_of_torchvision(vgg)

    def lpips(a: np.ndarray, b: np.ndarray) -> float:
        return perceptual_distance(nets.lpips(a), nets.lpips(b), lpips_weights())

    ours: Mapping[str, tuple[Callable[[np.ndarray, np.ndarray], float], str]] = {
        "psnr": (psnr, "scikit-image"),
        "ssim": (ssim, "scikit-image"),
        "ms_ssim": (ms_ssim, "pytorch-msssim"),
        "lpips": (lpips, "lpips"),
    }
    rows = []
    for name, (metric, program) in ours.items():
        others = (str(vgg),) if name == "lpips" else ()
        found = [(metric(*(read_image(path)[0] for path in pair))) for pair in pairs]
        wanted = [reference("pair", name, *map(str, pair), *others) for pair in pairs]
        rows.append(row(name, program, f"{len(pairs)} pairs", found, wanted))
    return rows


def of_inception(reference: OtherPython, pairs: list[tuple[Path, Path]], folder: Path) -> list[dict[str, object]]:
    """Compare the features of the Inception net, with random weights."""
    from ppgan_lite.evaluation.features import FeatureNets
    from ppgan_lite.pretrained import inception_of

    path = folder / "inception.pth"
    reference("make_inception", str(path))
    nets = FeatureNets()
    vars(nets)["_inception"] = inception_of(path)
    some = [result for result, _ in pairs[:4]]
    found = np.concatenate([nets.pooled(read_image(picture)[0], "inception") for picture in some])
    wanted = np.concatenate([reference("features", str(picture)) for picture in some])
    return [row("features of Inception", "torch-fidelity", "random weights, 4 pictures", found, wanted)]


def of_sets(reference: OtherPython, folder: Path) -> list[dict[str, object]]:
    """Compare the distances of sets: of more pictures than features, and of fewer."""
    rows = []
    for pictures, dimensions in ((400, 64), (100, 512), (60, 2048)):
        rng = np.random.default_rng(pictures)
        mixing = rng.standard_normal((dimensions, dimensions)) / dimensions**0.5
        a, b = (np.maximum(rng.standard_normal((pictures, dimensions)) @ mixing + shift, 0) for shift in (0.0, 0.1))
        np.savez(folder / "features.npz", a=a, b=b)
        wanted = reference("sets", str(folder / "features.npz"))
        case = f"{pictures} pictures, {dimensions} features"
        kernel = kernel_distance(a, b)
        rows.append(row("fid", "torch-fidelity", case, [frechet_distance(a, b)], [wanted["fid"]]))
        rows.append(row("kid", "torch-fidelity, one subset of all", case, [kernel.value], [wanted["kid"]]))
        subsets = row("kid", "torch-fidelity, 100 subsets of half", case, [kernel.value], [wanted["kid_subsets"]])
        rows.append({**subsets, "interval": f"+-{kernel.high - kernel.value:.2g}"})
    return rows


def row(metric: str, program: str, case: str, found: object, wanted: object) -> dict[str, object]:
    """Return the values' range and the largest difference."""
    found, wanted = np.asarray(found, np.float64), np.asarray(wanted, np.float64)
    span = f"{wanted.min():.4g} .. {wanted.max():.4g}" if wanted.size > 1 else f"{wanted[0]:.4g}"
    difference = float(np.abs(found - wanted).max())
    return {"metric": metric, "program": program, "inputs": case, "values": span, "largest_difference": difference}


if __name__ == "__main__":
    main()
