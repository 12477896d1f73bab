"""The list of the longest files names files that exist."""

from tests.run_order import FOLDER, LONGEST_FIRST


def test_every_file_of_the_order_exists() -> None:
    assert [name for name in LONGEST_FIRST if not (FOLDER / name).is_file()] == []
    assert len(set(LONGEST_FIRST)) == len(LONGEST_FIRST)
