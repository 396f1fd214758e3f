"""table: rows held as columns are the rows that they were made of."""

import pytest

from darkroom.table.columns import encoded
from darkroom.table.computed import Computed
from darkroom.table.rows import CHUNK, Rows

ODD = ["", "a", "00ff", "00FF", "0", "Käfer", "\ud800", "0a0b0c", "=1", "two\nlines"]


def rows(n):
    """Dicts with text that repeats and text that does not, hex digits, whole numbers, negative ones, and fractions."""
    return [
        {
            "path": f"a/{k}.png",
            "label": "ab"[k % 2],
            "digest": f"{k:064x}" if k % 7 else "",
            "odd": ODD[k % len(ODD)],
            "width": k,
            "below": -k,
            "light": k / 3,
        }
        for k in range(n)
    ]


@pytest.mark.parametrize("n", [0, 1, 9, CHUNK, CHUNK + 1])
def test_a_table_equals_its_rows_one_by_one_in_order_and_in_slices(n):
    table = Rows.gather(iter(rows(n)))
    assert list(table) == rows(n) and table == rows(n) and len(table) == n
    assert [table[k] for k in range(-n, n)] == rows(n) * 2 and table[n // 2 : n] == rows(n)[n // 2 :]
    with pytest.raises(IndexError):
        table[n]
    kinds = ([type(value) for value in row.values()] for row in table)
    assert all(own == [str, str, str, str, int, int, float] for own in kinds)


@pytest.mark.parametrize("large", [2**63 - 1, 2**63, 2**64, 10**30])
def test_whole_numbers_stay_exact_however_large_they_are(large):
    """Archives may declare any size."""
    table = Rows.gather({"size": large if k == CHUNK else k} for k in range(CHUNK + 2))
    assert table[CHUNK] == {"size": large} and [*table.column("size")][CHUNK:] == [large, CHUNK + 1]


EDGES = [0, 1, 127, 128, 2**32, 2**53 + 1, 2**62 + 1, 2**63 - 1, 2**63 + 1, 2**64 - 1, 2**64, 10**30]
NUMBERS = [*EDGES, *(-number for number in EDGES), 0.5, -1e300, 7.0]


@pytest.mark.parametrize("first", NUMBERS)
@pytest.mark.parametrize("second", NUMBERS)
def test_any_two_numbers_come_back_exactly(first, second):
    """NumPy has no whole numbers that hold both a negative one and 2**63, and takes floats for them."""
    column = encoded([first, second])
    assert column.values() == [first, second] == [column.value(0), column.value(1)]


@pytest.mark.parametrize(
    "low, high, size", [(-128, 127, 1), (0, 255, 1), (-1, 128, 2), (-(2**31), 9, 4), (-1, 2**40, 8)]
)
def test_whole_numbers_take_as_few_bytes_as_they_fit_into(low, high, size):
    array = encoded([low, high]).array
    assert array.dtype.kind in "iu" and array.itemsize == size


@pytest.mark.parametrize("start, stop", [(0, 5), (CHUNK - 1, CHUNK + 1), (0, 3 * CHUNK), (CHUNK, CHUNK)])
def test_columns_of_a_part_are_those_of_its_rows(start, stop):
    part = rows(2 * CHUNK)[start:stop]
    columns = Rows.gather(rows(2 * CHUNK)).columns(start, stop)
    assert columns == ({name: [row[name] for row in part] for name in part[0]} if part else dict.fromkeys(columns, []))
    assert Rows.gather([]).columns(start, stop) == {}


@pytest.mark.parametrize("text", ODD)
def test_any_text_comes_back_alone_and_among_others(text):
    assert Rows.gather([{"x": text}])[0] == {"x": text}
    assert list(Rows.gather({"x": own} for own in [text, "b", text * 2]).column("x")) == [text, "b", text * 2]


def test_replaced_columns_leave_the_old_table_alone():
    table = Rows.gather(rows(CHUNK + 5))
    new = table.replaced(label=(str(k) for k in range(len(table))), more=range(len(table)))
    assert table == rows(CHUNK + 5)
    assert [row["label"] for row in new] == [str(k) for k in range(len(table))] == [str(row["more"]) for row in new]


def test_what_where_keeps_is_a_table_like_any_other():
    some = Rows.gather(rows(3 * CHUNK)).where(k < 7 or k % 5 == 0 and k // CHUNK != 1 for k in range(3 * CHUNK))
    plain = [row for k, row in enumerate(rows(3 * CHUNK)) if k < 7 or k % 5 == 0 and k // CHUNK != 1]
    assert some == plain and [some[k] for k in range(-9, 9)] == [plain[k] for k in range(-9, 9)]
    assert some.columns(800, 900)["digest"] == [row["digest"] for row in plain[800:900]]
    assert some.replaced(below=range(len(plain))) == [row | {"below": k} for k, row in enumerate(plain)]
    assert list(some.where(False for _ in plain)) == [] and some.where(True for _ in plain) is some


def test_where_keeps_the_wanted_rows_and_select_the_wanted_columns():
    table = Rows.gather(rows(CHUNK + 5))
    assert table.where(k % 3 == 0 for k in range(len(table))) == rows(CHUNK + 5)[::3]
    assert list(table.select(["width", "label"]))[5] == {"width": 5, "label": "b"}


def test_repeated_texts_are_found_wherever_they_are_and_empty_ones_are_none():
    texts = ["", "b", "a", "c", "a", "", "b", *map(str, range(CHUNK)), "a"]
    table = Rows.gather({"x": text} for text in texts)
    assert table.repeated("x") == [[1, 6], [2, 4, len(texts) - 1]]
    assert Rows.gather([]).repeated("x") == []


def test_a_table_takes_a_tenth_of_what_its_dicts_take():
    import tracemalloc

    def size(make):
        tracemalloc.start()
        kept = make()
        taken, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return taken if kept else 0

    n = 4 * CHUNK
    assert size(lambda: Rows.gather(rows(n))) < size(lambda: rows(n)) / 5


def test_computed_items_are_made_when_asked_for():
    made = []
    items = Computed(5, lambda k: made.append(k) or k * k)
    assert len(items) == 5 and not made
    assert items[2] == 4 and items[-1] == 16 and items[1:3] == [1, 4] and list(items) == [0, 1, 4, 9, 16]
