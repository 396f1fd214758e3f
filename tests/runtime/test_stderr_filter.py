"""stderr_filter: TensorFlow's start-up lines do not appear, and every other byte does."""

import os
import pty
import subprocess
import sys

import pytest

NOISE = (
    "WARNING: All log messages before absl::InitializeLog() is called are written to STDERR",
    "I0000 00:00:1795722767.008210   12305 port.cc:153] oneDNN custom operations are on.",
    "I0000 00:00:1795722767.009796   12305 cudart_stub.cc:31] Could not find cuda drivers on your machine",
    "E0000 00:00:1795722771.918772   12305 cuda_platform.cc:52] failed call to cuInit: INTERNAL: UNKNOWN ERROR (303)",
    "E0000 00:00:1795722771.918772   12305 cuda_dnn.cc:8310] Unable to register cuDNN factory",
    "To enable the following instructions: AVX2 FMA, in other operations, rebuild TensorFlow",
)
OTHERS = (
    "E0000 00:00:1795722771.918772   12305 gpu_device.cc:52] out of memory",
    "W0000 00:00:1795722771.918772   12305 retry.cc:7] WARNING: All log messages before this one",
    "Fatal Python error: Aborted",
    "",
    "WARNING: something else",
)
SCRIPT = """
import os, sys, time
from darkroom.runtime import stderr_filter
stderr_filter.install()
{body}
"""


def script(body):
    return [sys.executable, "-c", SCRIPT.format(body=body)]


def filtered(body, **variables):
    env = {name: value for name, value in os.environ.items() if name != "TF_CPP_MIN_LOG_LEVEL"} | variables
    return subprocess.run(script(body), capture_output=True, env=env, timeout=60)


@pytest.mark.parametrize("end", ["", "os.abort()", "os.kill(os.getpid(), 9)"])
def test_known_lines_are_dropped_and_all_others_arrive_however_the_process_ends(end):
    lines = [line for pair in zip(NOISE, (*OTHERS, "last"), strict=True) for line in pair]
    text = "\n".join(lines)  # the last line has no end
    assert filtered(f"os.write(2, {text.encode()!r}); {end}").stderr == "\n".join((*OTHERS, "last")).encode()


def test_the_begin_of_a_line_does_not_wait_for_its_end():
    body = "os.write(2, b'half a '); time.sleep(1); os.write(2, b'line\\n')"
    child = subprocess.Popen(script(body), stderr=subprocess.PIPE)
    assert os.read(child.stderr.fileno(), 100) == b"half a "
    assert child.communicate(timeout=60)[1] == b"line\n"


def test_lines_of_child_processes_are_filtered_too():
    body = f"import subprocess; subprocess.run(['sh', '-c', 'echo \"{NOISE[1]}\" >&2; echo word >&2'])"
    assert filtered(body).stderr == b"word\n"


def test_a_terminal_stays_a_terminal_for_python():
    ours, theirs = pty.openpty()
    subprocess.run(script("print(sys.stderr.isatty(), file=sys.stderr)"), stderr=theirs, check=True, timeout=60)
    os.close(theirs)
    assert os.read(ours, 100) == b"True\r\n"
    os.close(ours)


def test_whoever_asks_for_every_line_gets_it():
    assert filtered(f"os.write(2, {NOISE[1].encode()!r})", TF_CPP_MIN_LOG_LEVEL="0").stderr == NOISE[1].encode()


def test_a_closed_stream_is_no_fault():
    words = ["sh", "-c", 'exec "$@" 2>&-', "sh", *script("print('done')")]
    done = subprocess.run(words, capture_output=True, timeout=60)
    assert (done.returncode, done.stdout) == (0, b"done\n")
