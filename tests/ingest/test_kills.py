"""Killed at any moment, on a full disk, or twice at once: a whole store or none, and the next run is undisturbed."""

import errno
import gc
import os
import resource
import signal
import sys
from itertools import count

import psutil
import pytest
from tests.fixtures.images import contents
from tests.fixtures.programs import PATIENCE

from darkroom.image_store import boundaries
from darkroom.ingest import sources
from darkroom.runtime import files

EVENTS = ("open", "os.mkdir", "os.rename", "os.remove", "os.rmdir")  # what changes a folder, by Python's audit hooks
IMAGES = {f"{'ab'[n % 2]}/{n}.png": bytes([n]) * 3000 for n in range(8)}


@pytest.fixture
def unpack(zipped, tmp_path, limits, monkeypatch):
    """Unpack an archive that becomes several shards."""
    monkeypatch.setattr(boundaries, "SMALLEST", 8 << 10)
    archive = zipped(IMAGES)
    return lambda: sources.unpack(archive, tmp_path / "out", limits)


def in_child(work, prepare=lambda: None):
    """Do the work in a process of its own; returns its id."""
    child = os.fork()
    if child:
        return child
    gc.disable()  # what it would delete may wait for threads, and only this one is in the child
    try:
        prepare()
        work()
        os._exit(0)
    except OSError as fault:
        os._exit(fault.errno or 1)
    finally:
        os._exit(255)


def status(child):
    return psutil.Process(child).wait(PATIENCE)


def killer(moment):
    """Install a hook that kills this process before its change number `moment` of what is unpacked."""
    changes = count(1)

    def hook(event, args):
        if event in EVENTS and ".partial-" in str(args[0]) and next(changes) == moment:
            os.kill(os.getpid(), signal.SIGKILL)

    return lambda: sys.addaudithook(hook)


def digests(folder):
    return {path.name: files.sha256(path) for path in folder.iterdir()}


def test_a_killed_unpack_leaves_a_whole_store_or_none_and_the_next_one_is_undisturbed(unpack, tmp_path):
    unpack()
    undisturbed, moments = digests(tmp_path / "out"), 0
    for moment in count(1):
        files.remove(tmp_path / "out")
        if status(in_child(unpack, killer(moment))) == 0:
            break
        moments += 1
        assert not (tmp_path / "out").exists() or contents(tmp_path / "out") == IMAGES
        unpack()
        assert digests(tmp_path / "out") == undisturbed and not list(tmp_path.glob("out.partial-*"))
    assert moments > 10


@pytest.mark.parametrize("room", [2_000, 20_000, 26_000])
def test_a_full_disk_is_said_so_and_leaves_nothing(unpack, tmp_path, room):
    """The limit of a file's size stands for the disk; the spool has 24,000 bytes and no shard has more."""

    def fill():
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))

    code = status(in_child(unpack, fill))
    assert code == (errno.EFBIG if room < 24_000 else 0)
    assert sorted(path.name for path in tmp_path.glob("out*")) == ([] if code else ["out"])


def test_two_at_once_leave_a_whole_store(unpack, tmp_path):
    codes = [status(child) for child in [in_child(unpack) for _ in range(4)]]
    assert 0 in codes and contents(tmp_path / "out") == IMAGES and not list(tmp_path.glob("out.partial-*"))
