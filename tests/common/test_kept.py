"""What is kept of the last that was computed."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from polyid.common.kept import Kept


@pytest.mark.parametrize("at_a_time", [1, 3, 10, 25])
def test_the_last_are_kept_and_those_of_one_call_together(at_a_time: int) -> None:
    kept: Kept[int, int] = Kept(10)
    for start in range(0, 50, at_a_time):
        stop = min(50, start + at_a_time)
        kept.keep({key: -key for key in range(start, stop)})
        least = max(10, stop - start)
        found = [key for key in range(50) if kept.get(key) is not None]
        assert found == list(range(max(0, stop - least), stop))
        assert all(kept.get(key) == -key for key in found)


def test_threads_may_keep_and_ask_at_once() -> None:
    kept: Kept[int, int] = Kept(20)

    def work(thread: int) -> None:
        for key in range(2_000):
            kept.keep({thread * 10_000 + key: key})
            assert kept.get(thread * 10_000 + key) in (None, key)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    assert sum(kept.get(thread * 10_000 + key) is not None for thread in range(4) for key in range(2_000)) == 20
