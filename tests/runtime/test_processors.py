"""The processors of a container are those that it was given, not those of the machine."""

import os

import pytest

from darkroom.runtime import processors

ALLOWED = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


@pytest.fixture
def groups(tmp_path, monkeypatch):
    """A function that writes the files of a control group, of version 2 or 1."""
    names = {"CPU_MAX": "cpu.max", "CFS_QUOTA": "quota", "CFS_PERIOD": "period"}
    for constant, name in names.items():
        monkeypatch.setattr(processors, constant, tmp_path / name)

    def write(**contents):
        for name, text in contents.items():
            (tmp_path / name.replace("_", ".")).write_text(text)

    return write


@pytest.mark.parametrize(
    "contents",
    [{}, {"cpu_max": "max 100000\n"}, {"quota": "-1\n", "period": "100000\n"}, {"cpu_max": ""}, {"cpu_max": "1 0"}],
)
def test_without_a_quota_they_are_those_that_the_process_may_run_on(groups, contents):
    groups(**contents)
    assert processors.granted() == ALLOWED


@pytest.mark.parametrize(
    "contents",
    [{"cpu_max": "100000 100000\n"}, {"cpu_max": "20000 100000"}, {"quota": "50000\n", "period": "100000\n"}],
)
def test_a_quota_of_one_processor_or_a_part_of_it_is_one(groups, contents):
    groups(**contents)
    assert processors.granted() == 1


def test_a_quota_and_a_half_is_two_where_there_are_two(groups):
    groups(cpu_max="150000 100000")
    assert processors.granted() == min(2, ALLOWED)
