"""Several processes that train one run together: `python -m paddle.distributed.launch --nproc_per_node 2 ...`.

Each process takes its share of every iteration's samples. What they must agree on goes through the functions here; in
a single process they change nothing and need no communication.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import paddle
    from paddle import nn


@dataclass(frozen=True)
class Processes:
    """Which process this is, of how many.

    Attributes:
        rank: From 0; the first one alone writes files.
        count: All of them, on all machines.
        gpu: Index of the GPU that the launcher gave it.
    """

    rank: int = 0
    count: int = 1
    gpu: int = 0

    @property
    def first(self) -> bool:
        """Whether this one writes files and the log."""
        return self.rank == 0

    def summed(self, values: Sequence[float]) -> list[float]:
        """Return the sums over all processes of some numbers."""
        if self.count == 1:
            return list(values)
        import paddle
        from paddle import distributed

        tensor = paddle.to_tensor(np.array(values, np.float64))
        distributed.all_reduce(tensor)
        return [float(value) for value in tensor.numpy()]

    def gathered(self, value: Any) -> list[Any]:
        """Return every process's value, in the order of their ranks."""
        if self.count == 1:
            return [value]
        from paddle import distributed

        values: list[Any] = []
        distributed.all_gather_object(values, value)
        return values

    def average_gradients(self, parameters: Sequence[paddle.Tensor]) -> None:
        """Replace the gradients of some parameters by their averages over all processes, in one message."""
        gradients = [parameter.grad for parameter in parameters]
        self._exchange(gradients, average=True)

    def share_buffers(self, nets: Iterable[nn.Layer]) -> None:
        """Give every process the first one's buffers, such as a batch norm's statistics."""
        if self.count > 1:
            buffers = [buffer for net in nets for buffer in net.buffers() if buffer.is_floating_point()]
            self._exchange(buffers, average=False)

    def _exchange(self, tensors: Sequence[paddle.Tensor], *, average: bool) -> None:
        """Average tensors over the processes, or take the first one's, in place and in one message."""
        import paddle
        from paddle import distributed

        if not tensors:
            return
        with paddle.no_grad():
            message = paddle.concat([tensor.flatten().astype("float32") for tensor in tensors])
            if average:
                distributed.all_reduce(message)
                message = message / self.count
            else:
                distributed.broadcast(message, src=0)
            sizes = [tensor.size for tensor in tensors]
            for tensor, part in zip(tensors, paddle.split(message, sizes)):
                tensor.set_value(part.reshape(tensor.shape).astype(tensor.dtype))


def join_processes() -> Processes:
    """Join the other processes that Paddle's launcher started; alone if it started none."""
    if int(os.environ.get("PADDLE_TRAINERS_NUM", "1")) == 1:
        return Processes()
    from paddle import distributed

    if not distributed.is_initialized():
        distributed.init_parallel_env()
    gpu = int(os.environ.get("FLAGS_selected_gpus", "0").split(",")[0])  # noqa: SIM112 - as Paddle spells it
    return Processes(distributed.get_rank(), distributed.get_world_size(), gpu)
