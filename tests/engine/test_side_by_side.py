"""Several captures at a time: the order of the items, whatever the order of their ends."""

import threading

import pytest

from slacheck.engine.side_by_side import side_by_side


def test_side_by_side_gives_results_in_the_order_of_the_items_whoever_ends_first():
    second_is_done = threading.Event()

    def do(item):
        if item == "first":
            assert second_is_done.wait(10)
        else:
            second_is_done.set()
        return item.upper()

    assert side_by_side(do, ["first", "second"], 2) == ["FIRST", "SECOND"]


@pytest.mark.parametrize("jobs", [1, 3])
def test_side_by_side_raises_what_the_first_faulty_item_raised(jobs):
    def do(item):
        if item > 1:
            raise ValueError(f"item {item}")
        return item

    with pytest.raises(ValueError, match="item 2"):
        side_by_side(do, [0, 1, 2, 3], jobs)
