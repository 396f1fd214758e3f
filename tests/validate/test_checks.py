"""checks: the verdict on a manifest, and the one sentence when it is bad."""

import json
from typing import TypedDict

import pytest

from darkroom import manifest, verdict
from darkroom.dataset.image_stats import BORDER
from darkroom.dataset.layout import Layout
from darkroom.dataset.listing import Listing
from darkroom.dataset.near_duplicates import Pair
from darkroom.runtime.errors import DataError
from darkroom.validate import checks, expectations


def row(number, label="a", split="train", **other):
    facts = {
        "path": f"{label}/{number}.png",
        "label": label,
        "given": "",
        "split": split,
        "group": "",
        "cluster": f"{label}{number}",
        "sha256": "s",
        "pixels": f"{label}{number}",
    }
    stats = {"brightness": 99.0, "contrast": 50.0, "colour": 9.0, "sharpness": 9.0, **dict.fromkeys(BORDER, 9.0)}
    return {
        **facts,
        **stats,
        "width": 9,
        "height": 9,
        "mode": "L",
        "format": "PNG",
        "bytes": 9,
        "note": "",
        "bad": "",
        "dropped": "",
        **other,
    }


@pytest.fixture
def sound():
    """Two classes with two images in each split."""
    splits = ("train", "val", "test")
    return [row(f"{split}{number}", label, split) for label in ("a", "nan") for split in splits for number in range(2)]


@pytest.fixture
def judged(config, tmp_path):
    def judge(rows, pairs=(), given=()):
        listing = Listing(rows, list(pairs), frozenset(given), [], [], False)
        return checks.check(listing, Layout((), ("x/1.png",), ("notes.txt",)), config, tmp_path / "docs")

    return judge


def test_a_sound_manifest_passes_and_leaves_pages(judged, sound, tmp_path):
    verdict = judged(sound)
    checks.raise_if_broken(verdict, report=tmp_path)
    assert verdict["success"] and verdict["images"] == 12 and verdict["classes"] == ["a", "nan"]
    assert verdict["counts"]["nan"] == {"train": 2, "val": 2, "test": 2}
    assert verdict["unlabelled"] == ["x/1.png"] and verdict["other_files"] == ["notes.txt"]
    assert (tmp_path / "docs/index.html").is_file() and list((tmp_path / "docs/validations").rglob("*.html"))


def test_the_verdict_is_the_same_every_time_and_strict_json(judged, sound):
    first, second = (json.dumps(judged(sound), allow_nan=False) for _ in range(2))
    assert first == second


@pytest.mark.parametrize("part", [1, 5])
def test_a_large_table_is_judged_in_parts_as_if_it_were_judged_at_once(judged, sound, monkeypatch, part):
    images = [*sound, row(1, format="ICO"), row(2, height=3), row(3, format="ICO")]
    at_once = judged(images)
    monkeypatch.setattr(checks, "PART", part)
    assert judged(images) == at_once and "not in 2 cases: a/1.png is ICO; a/3.png is ICO" in str(at_once)


def bad(rows, count):
    return [{**row, "bad": "truncated", "pixels": "", "split": ""} for row in rows[:count]] + rows[count:]


@pytest.mark.parametrize(
    ("change", "code", "message"),
    [
        (lambda rows: bad(rows, 2), "E_BAD_IMAGES", "2 of 12: truncated (a/train0.png, a/train1.png)"),
        (lambda rows: bad(rows, 12), "E_BAD_IMAGES", "12 of 12"),
        (lambda rows: [*rows, row(1, "a", pixels="nantrain0")], "E_LABEL_CONFLICT", "nan/train0.png and a/1.png"),
        (lambda rows: [*rows, row(1, "a", "test", pixels="atrain0")], "E_LEAKAGE", "a/train0.png and a/1.png are eq"),
        (lambda rows: [*rows, *(row(n, "b", s) for n, s in enumerate(("val", "test")))], "E_FEW_IMAGES", "b has 2"),
        (lambda rows: [*rows, *(row(number, "b") for number in range(4))], "E_EMPTY_SPLIT", "class b has none"),
        (lambda rows: [*rows, *(row(number) for number in range(200))], "E_IMBALANCE", "a is 34.3 times nan"),
        (lambda rows: [*rows, row(1, path=rows[0]["path"])], "E_MANIFEST", "a/train0.png is not"),
        (lambda rows: [*rows, row(1, split="holdout")], "E_MANIFEST", "a/1.png is in 'holdout'"),
        (lambda rows: [*rows, row(1, format="ICO")], "E_FORMAT", "a/1.png is ICO"),
        (lambda rows: [*rows, row(1, height=3)], "E_TOO_SMALL", "that of a/1.png is 3"),
        (
            lambda rows: [*rows, row(1, group="anna"), row(2, split="test", group="anna")],
            "E_LEAKAGE",
            "a/1.png and a/2.png are of group anna",
        ),
        (
            lambda rows: [*rows, row(1, contrast=0.5), row(2, contrast=1.9)],
            "E_LOW_CONTRAST",
            "2 of class a are, such as a/1.p",
        ),
    ],
)
def test_a_broken_expectation_is_one_sentence_and_exit_3(judged, sound, tmp_path, change, code, message):
    verdict = judged(change(sound))
    with pytest.raises(DataError) as fault:
        checks.raise_if_broken(verdict, report=tmp_path / "validation.json")
    assert (fault.value.code, fault.value.exit_code) == (code, 3) and message in fault.value.what
    assert not verdict["success"] and "validation.json" in fault.value.where


def codes(verdict):
    return [result["code"] for result in checks.broken(verdict)]


def test_what_follows_from_bad_images_is_not_reported_as_well(judged, sound):
    """All images in a format that is not read: one fault, although no class has an image left."""
    reason = "PPM, convert it to PNG or JPEG"
    verdict = judged([{**row, "bad": reason, "pixels": "", "split": "", "cluster": ""} for row in sound])
    (fault,) = checks.broken(verdict)
    assert fault["observed"] == f"12 of 12: {reason} (a/train0.png, a/train1.png, a/val0.png, ...)"
    assert {result["follows"] for result in verdict["expectations"]} == {"", "mostly good images", "few bad images"}
    assert fault["fix"] == "convert or repair them"  # and no word of a limit that cannot help


def test_a_class_that_is_too_small_is_not_also_missing_in_a_split(judged, sound):
    verdict = judged([*sound, row(0, "b"), row(1, "b", "test")])
    assert codes(verdict) == ["E_FEW_IMAGES"]


def test_the_fault_of_another_class_is_still_reported(judged, sound):
    verdict = judged([*sound, row(0, "b"), *(row(number, "c", "test") for number in range(4))])
    assert codes(verdict) == ["E_FEW_IMAGES", "E_EMPTY_SPLIT", "E_EMPTY_SPLIT"]
    assert {result["observed"] for result in checks.broken(verdict)[1:]} == {"class c has none"}


def test_many_offenders_are_counted_and_the_first_named(judged, sound):
    verdict = judged([*sound, *(row(number, "a", "test", pixels=f"nantest{number % 2}") for number in range(2, 20))])
    (fault,) = checks.broken(verdict)
    assert fault["observed"].startswith("not in 2 cases: nan/test0.png and a/2.png are equal; nan/test1.png and")


def test_no_fault_is_reported_in_two_sentences(judged, sound):
    verdict = judged([*bad(sound, 5), row(0, "b")])
    sentences = [(result["sentence"], result["observed"]) for result in checks.broken(verdict)]
    assert len(set(sentences)) == len(sentences) == 1


def warnings(verdict):
    """Code of each warning -> what was observed."""
    return {
        e["code"]: e["observed"] for e in verdict["expectations"] if not e["success"] and e["severity"] == "warning"
    }


@pytest.mark.parametrize(
    ("change", "pairs", "code", "message"),
    [
        (lambda rows: rows, [Pair(0, 4, 1.5, False)], "W_LEAKAGE", "a/train0.png and a/test0.png"),
        (lambda rows: rows, [Pair(0, 6, 1.5, False)], "W_LABEL_CONFLICT", "a/train0.png and nan/train0.png"),
        (
            lambda rows: [{**row, "colour": 0.1} if row["label"] == "a" else row for row in rows],
            [],
            "W_SHORTCUT",
            "100% of class a and 0% of the others have no colour",
        ),
        (lambda rows: [*rows, row(1, width=900)], [], "W_SHAPE", "a/1.png is 100 times"),
        (lambda rows: [*rows, row(1, format="JPEG")], [], "W_WRONG_EXTENSION", "1 do not, such as a/1.png"),
        (lambda rows: [*rows, row(1, note="its end is missing")], [], "W_NOTES", "its end is missing: 1"),
    ],
)
def test_what_is_only_unusual_is_a_warning_and_the_pipeline_goes_on(
    judged, sound, tmp_path, change, pairs, code, message
):
    verdict = judged(change(sound), pairs)
    checks.raise_if_broken(verdict, report=tmp_path)
    assert verdict["success"] and warnings(verdict)[code].startswith(message)


def test_near_duplicates_in_one_split_are_counted_and_no_warning(judged, sound):
    verdict = judged(sound, [Pair(0, 1, 1.5, False)])
    assert warnings(verdict) == {} and verdict["near_duplicates"]["pairs"] == 1


def test_few_bad_images_are_left_out_with_their_reason(judged, sound):
    verdict = judged([*sound, row(1, bad="empty file", pixels="", split="")])
    assert verdict["success"] and verdict["bad"] == [{"path": "a/1.png", "reason": "empty file"}]


def test_equal_images_of_one_class_and_split_are_only_listed(judged, sound):
    verdict = judged([*sound, row(1, pixels="atrain0")])
    assert verdict["success"] and verdict["duplicates"] == [["a/train0.png", "a/1.png"]]


def test_the_manifest_it_judges_is_the_one_that_is_written(sound):
    assert set(manifest.COLUMNS) == set(sound[0])


class PathLength(TypedDict):
    length: int


def path_lengths(data) -> list[PathLength]:
    return [PathLength(length=len(row["path"])) for row in data.rows]


def test_an_added_check_is_one_function_and_one_more_for_a_new_table(judged, sound, monkeypatch):
    monkeypatch.setattr(expectations, "CHECKS", [*expectations.CHECKS])

    @expectations.check
    def short_paths(context):
        yield expectations.Expectation(
            name="short paths",
            table=path_lengths,
            test=("ColumnValuesToBeBetween", {"column": "length", "max_value": 14}),
            sentence="paths are short",
            offender="one has {length}",
            code="W_LONG_PATH",
            fix="rename it",
            stops=False,
        )

    assert warnings(judged([*sound, row(1, path="a/quite_a_long_name.png")]))["W_LONG_PATH"] == "one has 23"


def test_the_verdict_is_read_back_as_it_was_written(judged, sound, tmp_path):
    written = judged(sound, [Pair(0, 6, 1.5, False)])
    verdict.write(tmp_path / "validation.json", written)
    assert verdict.read(tmp_path / "validation.json") == written
    assert set(written) == set(verdict.Verdict.__annotations__)
    assert {key for result in written["expectations"] for key in result} == set(verdict.Expectation.__annotations__)
    assert set(written["near_duplicates"]["first"][0]) == set(verdict.NearDuplicates.__annotations__)
