"""Eager Paddle as an engine: the reference that the others are measured by, and the way to an NVIDIA GPU."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ppgan_lite.inference.engines.cache import paddle_versions
from ppgan_lite.inference.engines.subgraph import Subgraph
from ppgan_lite.runtime.device import INTEL, inference_mode
from ppgan_lite.runtime.packages import is_installed
from ppgan_lite.runtime.startup import paddle_lock, require_paddle


@dataclass
class PaddleEngine:
    """Eager Paddle.

    In bfloat16 it uses Paddle's automatic mixed precision (O1). That is for GPUs alone, and has not been tried on one.
    """

    name = "paddle"
    device: str = "cpu"
    precision: str = "float32"
    concurrent: bool = field(default=False, init=False)

    @staticmethod
    def offers(precision: str, device: str) -> bool:
        if precision == "bfloat16" and device.startswith("gpu"):
            return require_paddle().amp.is_bfloat16_supported()  # asks for the device that is set
        return precision == "float32" and device != INTEL and is_installed("paddle")

    def identity(self) -> tuple[str, ...]:
        return paddle_versions()

    def load(self, subgraph: Subgraph) -> None:
        require_paddle()
        with paddle_lock:
            self._layer: Any = subgraph.build()

    def load_cached(self, subgraph: Subgraph) -> bool:
        return False  # a net is not in the cache, and Paddle is for the thread that uses it

    def run(self, *inputs: np.ndarray) -> tuple[np.ndarray, ...]:
        import paddle

        # Nets are not traced (to_static), which would be done again for each size of picture. As the reference for a
        # device that Paddle does not know it computes on the CPU.
        device = "cpu" if self.device == INTEL else self.device
        with inference_mode(device), paddle.amp.auto_cast(self.precision != "float32", dtype="bfloat16"):
            found = self._layer(*(paddle.to_tensor(array) for array in inputs))
        tensors = found if isinstance(found, (list, tuple)) else (found,)
        return tuple(tensor.astype("float32").numpy() for tensor in tensors)

    def close(self) -> None:
        self._layer = None
