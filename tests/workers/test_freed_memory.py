"""freed_memory: what one item freed is there for the next one, without the system."""

import platform
import subprocess
import sys

import pytest

FAULTS = """
import resource
from darkroom.workers import freed_memory
freed_memory.keep()
def use():
    return [bytearray(3 << 20) for _ in range(4)]
use()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(20):
    use()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc can be told so")
def test_blocks_that_were_freed_are_used_again_without_a_page_from_the_system():
    done = subprocess.run([sys.executable, "-c", FAULTS], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 20 * 4 * (3 << 20) / 4096 / 10  # a tenth of the pages that were used
