"""store: what is kept is right or absent, and keeping never stops anybody."""

import shutil

import pytest

from darkroom import sniff
from darkroom.dataset import file_cache
from darkroom.dataset.file_cache import Store
from darkroom.decoding import decode

KEYS = [f"{number:064x}" for number in range(5)]


@pytest.fixture
def kept(tmp_path):
    """A log with a value of each length from 0 to 4."""
    path = tmp_path / "cache/x.log"
    with Store(path) as log:
        for number, key in enumerate(KEYS):
            file_cache.add(log.to, key, b"v" * number)
    return path


def values(path):
    with Store(path) as log:
        return [log.get(key) for key in KEYS]


def test_what_was_added_is_there_for_the_next_run(kept):
    assert values(kept) == [b"v" * number for number in range(5)]
    with Store(kept) as log:
        assert len(log) == 5 and KEYS[1] in log and "f" * 64 not in log and log.get("f" * 64) is None


def test_reading_and_adding_do_not_disturb_each_other(kept):
    with Store(kept) as log:
        for number, key in enumerate(KEYS):
            file_cache.add(log.to, f"{number + 9:064x}", b"more" * 5000)
            assert log.get(key) == b"v" * number
    assert values(kept) == [b"v" * number for number in range(5)]


@pytest.mark.parametrize("cut", range(1, 90, 4))
def test_a_torn_end_costs_its_records_only_and_more_can_follow(kept, cut):
    whole = kept.read_bytes()
    kept.write_bytes(whole[:-cut])
    left = [value for value in values(kept) if value is not None]
    assert left == [b"v" * number for number in range(len(left))] and len(left) >= 5 - 1 - cut // 40
    with Store(kept) as log:
        file_cache.add(log.to, KEYS[4], b"new")
    assert values(kept)[4] == b"new"


@pytest.mark.parametrize("place", range(0, 210, 7))
def test_a_flipped_byte_never_gives_a_wrong_value(kept, place):
    data = bytearray(kept.read_bytes())
    data[place] ^= 255
    kept.write_bytes(data)
    assert all(value in (None, b"v" * number) for number, value in enumerate(values(kept)))


def test_a_folder_that_cannot_be_written_is_a_warning_and_an_empty_store(tmp_path, capsys):
    (tmp_path / "file").write_text("in the way")
    with Store(tmp_path / "file/x.log") as log:
        file_cache.add(log.to, KEYS[0], b"x")
        assert log.get(KEYS[0]) is None and len(log) == 0
    assert capsys.readouterr().err.startswith("warning: nothing is kept")


def test_a_disk_that_is_nearly_full_is_left_alone(tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda path: type("usage", (), {"free": file_cache.RESERVE - 1}))
    with Store(tmp_path / "x.log") as log:
        file_cache.add(log.to, KEYS[0], b"x")
    assert (tmp_path / "x.log").stat().st_size == 0


def test_each_makes_what_is_missing_or_damaged_and_keeps_the_order(kept):
    data = bytearray(kept.read_bytes())
    data[-1] ^= 255  # the last value is that of the last key
    kept.write_bytes(data)
    with Store(kept) as log:
        keys = [KEYS[3], "f" * 64, KEYS[4], KEYS[1]]
        assert list(file_cache.each(log, keys, "abcd", str.encode, title="")) == [b"vvv", b"b", b"c", b"v"]


def test_a_log_belongs_to_its_code_and_its_settings(tmp_path):
    logs = [
        file_cache.log(tmp_path, modules, *config)
        for modules in ([decode], [decode, sniff])
        for config in ([1], [2], [])
    ]
    assert len(set(logs)) == 6 and file_cache.log(tmp_path, [decode], 1) == logs[0]


def test_old_logs_go(tmp_path):
    for number in range(9):
        with Store(tmp_path / f"{number}.log"):
            pass
    assert len(list(tmp_path.iterdir())) == file_cache.KEPT and (tmp_path / "8.log").exists()
