"""plain_yaml: any text is parsed to values or refused in one sentence, at once."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkroom import params, plain_yaml
from darkroom.runtime.errors import ParamsError

LAUGHS = "a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)
HOSTILE = {
    "lists in lists": ("[" * 20_000, "line 1: nested more than 20 deep"),
    "mappings in mappings": ("{a: " * 20_000, "line 1: nested more than 20 deep"),
    "dashes": ("- " * 20_000, "line 1: nested more than 20 deep"),
    "questions": ("? " * 20_000, "line 1: nested more than 20 deep"),
    "blocks": ("".join(f"\n{' ' * i}a:" for i in range(100)), "line 22: nested more than 20 deep"),
    "aliases of aliases": (LAUGHS, "more than 10000 values"),
    "an alias in itself": ("a: &a [*a]", r"line 1: \*a contains itself"),
    "a merge with itself": ("&a {<<: *a}", r"line 1: \*a contains"),
    "an alias of nothing": ("a: *b", "line 1, column 4: found undefined alias"),
    "values without end": ("[" + "1, " * 20_000 + "]", "more than 10000 values"),
    "a file above the limit": ("#" * (1 << 20) + "\n", "more than 1048576"),
    "a number of 6,000 digits": (f"a: {'9' * 6000}", "cannot be read: Exceeds the limit"),
    "an invalid date": ("a: 2001-99-99", "cannot be read: month must be in 1..12"),
    "an invalid float": ("a: !!float x", "cannot be read: could not convert"),
    "an invalid truth value": ("a: !!bool x", "cannot be read: 'x'"),
    "a list for a key": ("? {a: 1}\n: 1", "unhashable key"),
    "Python": ("!!python/object/apply:os.system [ls]", "could not determine a constructor"),
    "two documents": ("a: 1\n---\nb: 2", "another document"),
    "a NUL": ("a: \0", "special characters"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_is_refused_in_one_sentence_at_once(tmp_path, name):
    text, message = HOSTILE[name]
    (tmp_path / "a.yaml").write_text(text)
    with pytest.raises(ValueError, match=message) as caught:
        plain_yaml.load(tmp_path / "a.yaml")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("make", [os.mkdir, os.mkfifo])
def test_a_pipe_or_a_folder_is_refused_without_blocking(tmp_path, make):
    make(tmp_path / "a.yaml")
    with pytest.raises(ValueError, match="not a file"):
        plain_yaml.load(tmp_path / "a.yaml")


def test_anchors_merges_and_brackets_in_comments_are_fine(tmp_path):
    (tmp_path / "a.yaml").write_text(f"a: &a {{x: 1}}\nb: {{<<: *a, y: 2}}  # {'[' * 99}\nc: *a\n")
    assert plain_yaml.load(tmp_path / "a.yaml") == {"a": {"x": 1}, "b": {"x": 1, "y": 2}, "c": {"x": 1}}


@given(st.text(alphabet="[]{}:,-?&*!|>'\"%@`# \na1.~<", max_size=60))
def test_any_text_is_parsed_or_a_params_error(tmp_path_factory, text):
    path = tmp_path_factory.getbasetemp() / "any.yaml"
    path.write_text(text)
    with pytest.raises(ParamsError):
        params.load(path)


@pytest.mark.parametrize("seed", [f"0x{'f' * 6000}", "9_" * 3000 + "1"])
def test_a_number_of_thousands_of_digits_is_a_short_message(tmp_path, seed):
    text = Path("params.yaml").read_text().replace("\nseed: 1", f"\nseed: {seed}")
    (tmp_path / "params.yaml").write_text(text)
    with pytest.raises(ParamsError, match="seed: expected less than 2147483648") as caught:
        params.load(tmp_path / "params.yaml")
    assert len(str(caught.value)) < 500
