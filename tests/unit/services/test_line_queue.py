"""The queue of lines that wait to be spoken, and how long they will take."""

from __future__ import annotations

from ditar_studio.services.line_queue import LineQueue, Waiting
from ditar_studio.services.live_script import Estimate


def test_lines_are_taken_in_order_each_as_often_as_asked() -> None:
    queue = LineQueue(["a", "b"], 2)
    assert (len(queue), queue.total, queue.line_ids) == (4, 4, ("a", "b"))
    taken = [queue.next_take() for _ in range(5)]
    assert taken == [Waiting("a"), Waiting("a", 1), Waiting("b"), Waiting("b", 1), None]
    assert queue.begun == queue.total == 4


def test_what_waits_is_reordered_taken_out_and_added_to() -> None:
    queue = LineQueue(["a", "b", "c", "d"])
    assert queue.next_take() == Waiting("a")
    queue.reorder(["d", "b"])
    assert queue.line_ids == ("d", "b", "c")
    queue.remove(["b"])
    queue.add(["e", "d"])
    assert queue.line_ids == ("d", "c", "e")
    queue.add(["c"], first=True)
    assert queue.line_ids == ("c", "d", "e")
    assert queue.total == 4


def test_nothing_is_begun_while_it_is_paused() -> None:
    queue = LineQueue(["a", "b"], done=3)
    queue.pause()
    assert queue.next_take() is None
    assert queue.paused
    queue.pause(False)
    assert queue.next_take() == Waiting("a")
    assert (queue.begun, queue.total) == (4, 5)


def test_the_time_left_follows_from_the_pace_so_far() -> None:
    now = [100.0]
    estimate = Estimate(lambda: now[0])
    estimate.begin(10)
    assert estimate.at(0.0, 30) == (0.0, None)
    now[0] = 105.0
    assert estimate.at(0.5, 30) == (0.125, 35.0)
    estimate.begin(30)
    now[0] = 110.0
    assert estimate.at(0.0, 0) == (0.25, 30.0)
    assert estimate.at(1.0, 0) == (1.0, 0.0)
