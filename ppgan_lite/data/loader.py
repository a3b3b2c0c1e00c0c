"""Batches of samples: shuffled in each epoch, prepared ahead by threads, independent of the number of threads."""

from __future__ import annotations

import functools
import itertools
from collections import deque
from collections.abc import Generator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Protocol

import numpy as np

from ppgan_lite.errors import DataError

Sample = dict[str, np.ndarray]


class Dataset(Protocol):
    """Index -> named float32 CHW arrays in [0, 1], of one shape for every index.

    A dataset that reads files may also have `sources()`, which returns a list of `pictures.Source` for the doctor.
    """

    gives: tuple[str, ...]

    def __len__(self) -> int: ...

    def get(self, index: int, rng: np.random.Generator) -> Sample:
        """Return one sample; all random numbers are drawn from `rng`."""


def batches(
    dataset: Dataset,
    batch_size: int,
    *,
    seed: int,
    start_iteration: int = 0,
    workers: int = 0,
    shard: tuple[int, int] = (0, 1),
) -> Generator[Sample]:
    """Yield batches endlessly.

    Batch number i is a function of (dataset, batch_size, seed, shard, i) alone: a resumed run starts at its iteration
    without replaying, and threads change the speed only. The last batch of an epoch is filled up from the next epoch.
    Close the iterator (`contextlib.closing`) to end its threads.

    Several processes share the samples of an iteration: each takes its part of a batch of `batch_size` times their
    number, so that two processes with batch 1 together use the samples of one process with batch 2.

    Args:
        dataset: The samples; `get` is called from several threads at once.
        batch_size: Samples in a batch.
        seed: Seed of the order of the samples and of random numbers in them.
        start_iteration: Number of the first batch to yield.
        workers: Threads that prepare batches ahead; 0 prepares each on demand. Threads rather than processes, since the
            costly work (decoding, resizing, loops of NumPy) releases the global interpreter lock, and threads share the
            pictures that the dataset keeps in memory.
        shard: The rank of this process and the number of processes.

    Yields:
        Name -> float32 array of shape (batch_size, channels, height, width).

    Raises:
        DataError: The dataset is empty, or its samples differ in names or shapes. Errors of the dataset are passed on.
    """
    if len(dataset) == 0:
        raise DataError("data", "the dataset has no samples")

    @functools.lru_cache(maxsize=4)
    def order(epoch: int) -> np.ndarray:
        # Differs from the seeds of samples, (seed, epoch, index) with index < len(dataset).
        return np.random.default_rng((seed, epoch, len(dataset))).permutation(len(dataset))

    def prepare(iteration: int) -> Sample:
        samples = []
        rank, world = shard
        start = (iteration * world + rank) * batch_size
        for position in range(start, start + batch_size):
            epoch, place = divmod(position, len(dataset))
            index = int(order(epoch)[place])
            samples.append(dataset.get(index, np.random.default_rng((seed, epoch, index))))
        return _stack(samples)

    iterations = itertools.count(start_iteration)
    if workers == 0:
        yield from map(prepare, iterations)
        return
    pool = ThreadPoolExecutor(workers, thread_name_prefix="batches")
    try:
        ahead: deque[Future[Sample]] = deque()
        while True:
            while len(ahead) <= workers:
                ahead.append(pool.submit(prepare, next(iterations)))
            yield ahead.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _stack(samples: list[Sample]) -> Sample:
    shapes = [{name: array.shape for name, array in sample.items()} for sample in samples]
    for other in shapes[1:]:
        if other != shapes[0]:
            raise DataError("data", f"samples differ in shape: {shapes[0]} and {other}", "one shape for all of them")
    return {name: np.stack([sample[name] for sample in samples]) for name in samples[0]}
