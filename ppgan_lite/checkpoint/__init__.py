"""Checkpoints: single files that describe themselves. docs/checkpoint-format.md specifies the format.

A `.ppgan` file is a safetensors file whose metadata has one key, "ppgan_lite", holding JSON: the nets with their
constructor arguments, the predictors, and the training. Nothing in it can be executed: reading parses JSON and copies
numbers. All content is checked before use, so a damaged, foreign or hostile file raises one
`CheckpointError`. Only `build_net` and `net_tensors` need Paddle.
"""

from ppgan_lite.checkpoint.files import (
    describe,
    read_checkpoint,
    read_header,
    sha256_of,
    training_record,
    write_checkpoint,
)
from ppgan_lite.checkpoint.header import FOREIGN_SUFFIXES, FORMAT, SUFFIX, VERSION, Header, NetSpec, PredictorSpec
from ppgan_lite.checkpoint.nets import build_net, load_net, net_spec, net_tensors

__all__ = [
    "FOREIGN_SUFFIXES",
    "FORMAT",
    "SUFFIX",
    "VERSION",
    "Header",
    "NetSpec",
    "PredictorSpec",
    "build_net",
    "describe",
    "load_net",
    "net_spec",
    "net_tensors",
    "read_checkpoint",
    "read_header",
    "sha256_of",
    "training_record",
    "write_checkpoint",
]
