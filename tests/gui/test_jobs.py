"""Which job runs, waits, is replaced or refused; without Qt."""

from __future__ import annotations

import threading

import pytest

from ppgan_lite.gui import jobs as module
from ppgan_lite.gui.jobs import KINDS, Job, JobQueue, Jobs, Kind, Policy


def test_a_newer_job_of_a_kind_makes_the_older_one_stale_and_asks_it_to_stop() -> None:
    jobs = Jobs()
    old, other, new = jobs.start("photo"), jobs.start("painting"), jobs.start("photo")
    assert old.cancelled.is_set() and not new.cancelled.is_set() and not other.cancelled.is_set()
    assert not jobs.finish(old)
    assert jobs.finish(new)
    assert not jobs.finish(new), "an answer counts once"
    assert jobs.is_running("painting") and not jobs.is_running("photo")


def test_saves_queue_and_each_answer_counts() -> None:
    jobs = Jobs()
    started = [jobs.start("save") for _ in range(3)]
    assert not any(job.cancelled.is_set() for job in started)
    assert [jobs.finish(job) for job in started] == [True] * 3
    assert not jobs.is_running("save")


def test_one_picture_is_painted_at_a_time() -> None:
    jobs = Jobs()
    first = jobs.start("paint")
    assert jobs.start("paint") is None
    assert jobs.finish(first) and jobs.start("paint") is not None


def test_dropping_all_jobs_asks_each_to_stop_but_saves() -> None:
    jobs = Jobs()
    started, save = [jobs.start("photo"), jobs.start("paint")], jobs.start("save")
    jobs.drop_all(but="save")
    assert all(job.cancelled.is_set() for job in started) and not save.cancelled.is_set()
    assert not jobs.drop("paint"), "there is nothing left to drop"


def test_idle_work_stops_for_real_work_on_its_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "KINDS", KINDS | {"thumbnail": Kind("painter", Policy.REPLACE, 0, idle=True)})
    jobs = Jobs()
    idle = jobs.start("thumbnail")
    jobs.start("photo")
    assert not idle.cancelled.is_set(), "files are another thread's"
    jobs.start("paint")
    assert idle.cancelled.is_set() and not jobs.is_running("thumbnail")
    assert not jobs.is_idle("painter")


def test_jobs_are_taken_by_priority_then_in_their_order_and_cancelled_ones_never() -> None:
    queue = JobQueue[str]()
    jobs = [Job(number, kind) for number, kind in enumerate(("warm_up", "checkpoint", "paint", "checkpoint"))]
    for job in jobs:
        queue.put(job, f"work {job.id}")
    jobs[3].cancelled.set()
    queue.close()
    taken = []
    while (entry := queue.take()) is not None:
        taken.append(entry)
    assert taken == [(jobs[2], "work 2"), (jobs[1], "work 1"), (jobs[0], "work 0")]


def test_a_thread_that_waits_for_jobs_is_woken_by_one_and_by_the_end() -> None:
    queue, taken = JobQueue[str](), []
    thread = threading.Thread(target=lambda: [taken.append(queue.take()) for _ in range(2)])
    thread.start()
    job = Job(1, "paint")
    queue.put(job, "work")
    queue.close()
    thread.join(5)
    assert taken == [(job, "work"), None]
