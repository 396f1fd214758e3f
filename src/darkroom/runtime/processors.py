"""How many processors this process may use: containers and job schedulers limit them in two ways."""

import math
import os
from contextlib import suppress
from pathlib import Path

CPU_MAX = Path("/sys/fs/cgroup/cpu.max")  # version 2: microseconds of processor time per period, or "max"
CFS_QUOTA = Path("/sys/fs/cgroup/cpu/cpu.cfs_quota_us")  # version 1; -1 is no limit
CFS_PERIOD = Path("/sys/fs/cgroup/cpu/cpu.cfs_period_us")


def granted() -> int:
    """The processors that the process may run on, or the time that its control group grants, whichever is less.

    https://docs.kernel.org/admin-guide/cgroup-v2.html#cpu-interface-files; a part of a processor counts as one.
    """
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, math.ceil(min(allowed, _quota())))


def _quota() -> float:
    """The processors of the control group; infinity where none limits them."""
    with suppress(OSError, ValueError, IndexError, ZeroDivisionError):
        quota, period = CPU_MAX.read_text().split()[:2]
        return math.inf if quota == "max" else int(quota) / int(period)
    with suppress(OSError, ValueError, ZeroDivisionError):
        quota_us = int(CFS_QUOTA.read_text())
        return math.inf if quota_us <= 0 else quota_us / int(CFS_PERIOD.read_text())
    return math.inf
