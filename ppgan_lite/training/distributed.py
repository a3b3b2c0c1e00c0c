"""Data-parallel training in several processes: `python -m paddle.distributed.launch --nproc_per_node 2 ...`.

Each process takes its share of every iteration's samples. All communication between them is here; in a single process
nothing is communicated or changed.
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
    """The rank of this process and the number of all.

    Attributes:
        rank: From 0; only rank 0 writes files.
        count: The number of processes on all machines.
        gpu: Index of the GPU that the launcher assigned to it.
    """

    rank: int = 0
    count: int = 1
    gpu: int = 0

    @property
    def is_first(self) -> bool:
        """Whether this process has rank 0, which writes files and the log."""
        return self.rank == 0

    def all_reduce_sum(self, values: Sequence[float]) -> list[float]:
        """Return each number summed over all processes."""
        if self.count == 1:
            return list(values)
        import paddle
        from paddle import distributed

        tensor = paddle.to_tensor(np.array(values, np.float64))
        distributed.all_reduce(tensor)
        return [float(value) for value in tensor.numpy()]

    def all_gather(self, value: Any) -> list[Any]:
        """Return the values of all processes, in the order of their ranks."""
        if self.count == 1:
            return [value]
        from paddle import distributed

        values: list[Any] = []
        distributed.all_gather_object(values, value)
        return values

    def average_gradients(self, parameters: Sequence[paddle.Tensor]) -> None:
        """Average the gradients of parameters over all processes, in place and in one message."""
        gradients = [parameter.grad for parameter in parameters]
        self._exchange(gradients, average=True)

    def broadcast_buffers(self, nets: Iterable[nn.Layer]) -> None:
        """Copy the buffers of rank 0, such as a batch norm's statistics, to all processes."""
        if self.count > 1:
            buffers = [buffer for net in nets for buffer in net.buffers() if buffer.is_floating_point()]
            self._exchange(buffers, average=False)

    def _exchange(self, tensors: Sequence[paddle.Tensor], *, average: bool) -> None:
        """Average tensors over the processes, or take those of rank 0, in place and in one message."""
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
    """Join the process group that Paddle's launcher started; without a launcher, return a single process."""
    if int(os.environ.get("PADDLE_TRAINERS_NUM", "1")) == 1:
        return Processes()
    from paddle import distributed

    if not distributed.is_initialized():
        distributed.init_parallel_env()
    gpu = int(os.environ.get("FLAGS_selected_gpus", "0").split(",")[0])  # noqa: SIM112 - as Paddle spells it
    return Processes(distributed.get_rank(), distributed.get_world_size(), gpu)
