"""locks: one holder at a time, among threads and processes, and none after its end."""

import subprocess
import sys
import threading
import time

from tests.fixtures.programs import running

from darkroom.runtime import locks

HOLD = """
import sys
from darkroom.runtime import locks
file = open(sys.argv[1], "a")
assert locks.try_lock(file)
print("held", flush=True)
sys.stdin.read()
"""


def test_a_lock_keeps_out_every_other_handle_until_its_file_is_closed(tmp_path):
    with (tmp_path / "lock").open("a") as first, (tmp_path / "lock").open("a") as second:
        assert locks.try_lock(first) and not locks.try_lock(second)
        first.close()
        assert locks.try_lock(second)


def test_the_lock_of_a_killed_process_is_free(tmp_path):
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}  # it holds the lock until its input ends
    with running([sys.executable, "-c", HOLD, str(tmp_path / "lock")], **pipes) as holder:
        assert holder.stdout.readline() == b"held\n"
        with (tmp_path / "lock").open("a") as file:
            assert not locks.try_lock(file)
            holder.kill()
            holder.wait()
            assert locks.try_lock(file)


def test_one_thread_at_a_time_is_inside_a_lock(tmp_path):
    inside, most = [], []

    def enter(number: int) -> None:
        with locks.locked(tmp_path / "locks/lock"):
            inside.append(number)
            most.append(len(inside))
            time.sleep(0.02)
            inside.remove(number)

    threads = [threading.Thread(target=enter, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1, 1, 1, 1]
