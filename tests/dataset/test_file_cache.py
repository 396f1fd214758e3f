"""file_cache: a cached value is right or absent, and caching never stops a run."""

import shutil

import pytest

from darkroom import sniff
from darkroom.dataset import file_cache
from darkroom.dataset.file_cache import FileCache
from darkroom.decoding import decode

KEYS = [f"{number:064x}" for number in range(5)]


@pytest.fixture
def filled(tmp_path):
    """A log with a value of each length from 0 to 4."""
    path = tmp_path / "cache/x.log"
    with FileCache(path) as cache:
        for number, key in enumerate(KEYS):
            file_cache.add(cache.log, {key: b"v" * number})
    return path


def values(path):
    with FileCache(path) as cache:
        return [cache.get(key) for key in KEYS]


def test_what_was_added_is_there_for_the_next_run(filled):
    assert values(filled) == [b"v" * number for number in range(5)]
    with FileCache(filled) as cache:
        assert len(cache) == 5 and cache.get("f" * 64) is None


def test_reading_and_adding_do_not_disturb_each_other(filled):
    with FileCache(filled) as cache:
        for number, key in enumerate(KEYS):
            file_cache.add(cache.log, {f"{number + 9:064x}": b"more" * 5000})
            assert cache.get(key) == b"v" * number
    assert values(filled) == [b"v" * number for number in range(5)]


@pytest.mark.parametrize("cut", range(1, 90, 4))
def test_a_torn_end_loses_its_own_records_only_and_more_can_follow(filled, cut):
    complete = filled.read_bytes()
    filled.write_bytes(complete[:-cut])
    left = [value for value in values(filled) if value is not None]
    assert left == [b"v" * number for number in range(len(left))] and len(left) >= 5 - 1 - cut // 40
    with FileCache(filled) as cache:
        file_cache.add(cache.log, {KEYS[4]: b"new"})
    assert values(filled)[4] == b"new"


@pytest.mark.parametrize("offset", range(0, 210, 7))
def test_a_flipped_byte_never_gives_a_wrong_value(filled, offset):
    data = bytearray(filled.read_bytes())
    data[offset] ^= 255
    filled.write_bytes(data)
    assert all(value in (None, b"v" * number) for number, value in enumerate(values(filled)))


def test_a_folder_that_cannot_be_written_is_a_warning_and_an_empty_cache(tmp_path, capsys):
    (tmp_path / "file").write_text("in the way")
    with FileCache(tmp_path / "file/x.log") as cache:
        file_cache.add(cache.log, {KEYS[0]: b"x"})
        assert cache.get(KEYS[0]) is None and len(cache) == 0
    assert capsys.readouterr().err.startswith("warning: nothing is cached")


def test_a_disk_that_is_nearly_full_is_left_alone(tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda path: type("usage", (), {"free": file_cache.RESERVE - 1}))
    with FileCache(tmp_path / "x.log") as cache:
        file_cache.add(cache.log, {KEYS[0]: b"x"})
    assert (tmp_path / "x.log").stat().st_size == 0


def test_what_is_missing_or_damaged_is_made_in_order(filled):
    data = bytearray(filled.read_bytes())
    data[-1] ^= 255  # the last value is that of the last key
    filled.write_bytes(data)
    with FileCache(filled) as cache:
        keys = {"a": KEYS[3], "b": "f" * 64, "c": KEYS[4], "d": KEYS[1]}
        made = file_cache.get_or_make(cache, keys.values, list(keys), str.encode, title="")
        assert list(made) == [b"vvv", b"b", b"c", b"v"]


def test_a_record_whose_key_only_folds_to_the_same_is_no_hit(filled):
    twin = f"{7 * 3:016x}".ljust(64, "0")  # the first of its four words counts once, the last one seven times
    with FileCache(filled) as cache:
        assert file_cache._folded(bytes.fromhex(twin)) == file_cache._folded(bytes.fromhex(KEYS[3]))
        assert cache.get(twin) is None and cache.get(KEYS[3]) == b"vvv"


def test_a_log_belongs_to_its_code_and_its_settings(tmp_path):
    logs = [
        file_cache.log_path(tmp_path, modules, *config)
        for modules in ([decode], [decode, sniff])
        for config in ([1], [2], [])
    ]
    assert len(set(logs)) == 6 and file_cache.log_path(tmp_path, [decode], 1) == logs[0]


def test_old_logs_are_deleted(tmp_path):
    for number in range(9):
        with FileCache(tmp_path / f"{number}.log"):
            pass
    assert len(list(tmp_path.iterdir())) == file_cache.MAX_LOGS and (tmp_path / "8.log").exists()
