"""benchmarks.statistics.duplicates: the table of changed copies, on painted scenes."""

from benchmarks.statistics import duplicates


def test_each_change_of_a_scene_is_found_and_no_other_pair():
    result = duplicates.run(quick=True)["duplicates"]["scenes"]
    assert result["recall"].keys() == duplicates.CHANGES.keys() and min(result["recall"].values()) >= 0.8
    assert not result["pairs_of_originals"] and set(result["other_pairs"].values()) == {0}
