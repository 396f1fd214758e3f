"""What changed between two manifests: every image is kept, added, removed or relabelled, and nothing else."""

from hypothesis import given
from hypothesis import strategies as st

from darkroom.commands import data_changes
from darkroom.commands.data_changes import Counts


def rows(*images, bad=""):
    """Rows of a manifest from texts such as `1cat`: the file, then its label."""
    return [{"sha256": image[0], "label": image[1:], "bad": bad, "dropped": ""} for image in images]


def test_images_are_known_by_their_contents_and_a_new_label_is_no_new_image():
    changes = data_changes.compare(rows("1cat", "2cat", "3dog"), rows("1cat", "2dog", "4dog", "5emu"))
    assert changes.total == Counts(before=3, now=4, added=2, removed=1, relabelled=1)
    assert changes.classes == {
        "cat": Counts(before=2, now=1, added=0, removed=0, relabelled=0),
        "dog": Counts(before=1, now=2, added=1, removed=1, relabelled=1),
        "emu": Counts(before=0, now=1, added=1, removed=0, relabelled=0),
    }
    assert changes.new_classes == ["emu"] and changes.gone_classes == []


def test_a_class_without_images_is_gone():
    assert data_changes.compare(rows("1cat", "2dog"), rows("1cat")).gone_classes == ["dog"]


def test_an_image_that_is_there_twice_counts_twice():
    assert data_changes.compare(rows("1cat"), rows("1cat", "1cat", "1dog")).total == Counts(1, 3, 2, 0, 0)


def test_images_that_are_not_used_do_not_count():
    changes = data_changes.compare(rows("1cat"), [*rows("1cat"), *rows("2cat", bad="damaged")])
    assert changes.total == Counts(1, 1, 0, 0, 0)


IMAGES = st.lists(st.builds("{}{}".format, st.integers(0, 5), st.sampled_from(["a", "b", "c"])), min_size=1)


@given(before=IMAGES, now=IMAGES)
def test_sizes_and_changes_add_up(before, now):
    changes = data_changes.compare(rows(*before), rows(*now))
    total = changes.total
    assert (total.before, total.now) == (len(before), len(now))
    assert total.now - total.before == total.added - total.removed
    reverse = data_changes.compare(rows(*now), rows(*before)).total
    assert reverse == Counts(total.now, total.before, total.removed, total.added, total.relabelled)
