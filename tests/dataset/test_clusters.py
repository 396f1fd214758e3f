"""clusters.names: which images may not be divided."""

from darkroom.dataset import clusters
from darkroom.dataset.near_duplicates import Pair


def row(pixels, group="", bad=""):
    return {"pixels": pixels, "group": group, "bad": bad, "dropped": ""}


def test_a_cluster_joins_equal_images_near_duplicates_and_groups_also_through_others():
    rows = [row("b"), row("c", "anna"), row("d", "anna"), row("c"), row("e"), row("", bad="x"), row("a", "otto")]
    assert list(clusters.names(rows, [Pair(0, 3, 0.1, False)])) == ["b", "b", "b", "b", "e", "", "a"]
