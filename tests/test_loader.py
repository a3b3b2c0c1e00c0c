"""Batches: shuffled, reproducible, the same whatever the number of threads."""

from __future__ import annotations

import contextlib
import itertools
import threading

import numpy as np
import pytest

from ppgan_lite.data.loader import batches
from ppgan_lite.errors import DataError


class Numbers:
    """Samples that say their index and draw one random number."""

    gives = ("index", "noise")

    def __init__(self, samples: int = 7) -> None:
        self.samples = samples

    def __len__(self) -> int:
        return self.samples

    def get(self, index: int, rng: np.random.Generator) -> dict[str, np.ndarray]:
        return {"index": np.full((1, 1, 1), index, np.float32), "noise": rng.random((1, 2, 2), dtype=np.float32)}


def first(count: int, dataset=None, *, batch_size: int = 3, seed: int = 0, **settings) -> list[dict[str, np.ndarray]]:
    with contextlib.closing(
        batches(Numbers() if dataset is None else dataset, batch_size, seed=seed, **settings)
    ) as source:
        return list(itertools.islice(source, count))


def assert_equal(some, others) -> None:
    assert len(some) == len(others)
    for one, other in zip(some, others, strict=True):
        assert one.keys() == other.keys()
        assert all(np.array_equal(one[name], other[name]) for name in one)


def test_a_batch_stacks_samples():
    batch = first(1)[0]
    assert batch["noise"].shape == (3, 1, 2, 2)
    assert batch["noise"].dtype == np.float32


def test_every_epoch_shows_each_sample_once_in_another_order():
    indices = np.concatenate([batch["index"].ravel() for batch in first(14)]).astype(int)
    epochs = indices.reshape(6, 7)
    assert all(sorted(epoch) == list(range(7)) for epoch in epochs.tolist())
    assert len({tuple(epoch) for epoch in epochs.tolist()}) > 1


def test_the_same_sample_is_drawn_anew_in_each_epoch():
    noise = [batch["noise"] for batch in first(2, Numbers(1), batch_size=1)]
    assert not np.array_equal(*noise)


@pytest.mark.parametrize("workers", [1, 3])
def test_threads_do_not_change_the_batches(workers):
    assert_equal(first(10), first(10, workers=workers))


@pytest.mark.parametrize("workers", [0, 2])
def test_starting_later_gives_what_would_have_come(workers):
    assert_equal(first(10)[6:], first(4, start_iteration=6, workers=workers))


def test_starting_late_reads_no_earlier_sample():
    seen = []

    class Watched(Numbers):
        def get(self, index, rng):
            seen.append(index)
            return super().get(index, rng)

    first(1, Watched(), start_iteration=1000)
    assert len(seen) == 3


def test_another_seed_gives_another_order():
    orders = [[batch["index"].ravel().tolist() for batch in first(5, seed=seed)] for seed in (0, 1)]
    assert orders[0] != orders[1]


def test_a_batch_may_be_larger_than_the_dataset():
    batch = first(1, Numbers(2), batch_size=5)[0]
    assert sorted(batch["index"].ravel().tolist()[:2]) == [0, 1]
    assert batch["index"].shape[0] == 5


@pytest.mark.parametrize("workers", [0, 2])
def test_an_error_of_the_dataset_reaches_the_consumer_and_ends_the_threads(workers):
    class Broken(Numbers):
        def get(self, index, rng):
            raise DataError("cat.jpg", "is empty")

    before = threading.active_count()
    with pytest.raises(DataError, match=r"cat\.jpg: is empty"):
        first(1, Broken(), workers=workers)
    assert threading.active_count() == before


def test_closing_ends_the_threads():
    before = threading.active_count()
    source = batches(Numbers(), 3, seed=0, workers=4)
    next(source)
    assert threading.active_count() > before
    source.close()
    assert threading.active_count() == before


def test_only_a_few_batches_are_prepared_ahead():
    taken = []

    class Watched(Numbers):
        def get(self, index, rng):
            taken.append(index)
            return super().get(index, rng)

    first(1, Watched(), batch_size=1, workers=2)
    assert len(taken) <= 1 + 2


def test_an_empty_dataset_is_an_error():
    with pytest.raises(DataError, match="data: the dataset has no samples"):
        first(1, Numbers(0))


def test_samples_of_different_shapes_are_an_error():
    class Uneven(Numbers):
        def get(self, index, rng):
            return {"index": np.zeros((1, 1, 1 + index), np.float32)}

    with pytest.raises(DataError, match="samples differ in shape"):
        first(1, Uneven())


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize(("world", "batch_size"), [(2, 1), (3, 2)])
def test_processes_share_what_one_would_see(world, batch_size, workers):
    whole = first(8, batch_size=world * batch_size)
    parts = [first(8, batch_size=batch_size, shard=(rank, world), workers=workers) for rank in range(world)]
    together = [
        {name: np.concatenate([part[iteration][name] for part in parts]) for name in whole[0]} for iteration in range(8)
    ]
    assert_equal(together, whole)


def test_another_number_of_processes_goes_on_where_the_others_stopped():
    whole = first(8, batch_size=4)
    later = [first(3, batch_size=1, shard=(rank, 4), start_iteration=5) for rank in range(4)]
    assert_equal([{name: np.concatenate([part[0][name] for part in later]) for name in whole[0]}], whole[5:6])
