"""The stages, one script each."""

import signal
import sys

if sys.argv[0] == "-m" and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    # While `python -m pipeline.NAME` imports its libraries, Ctrl-C ends it without a traceback; then `stage` takes over
    signal.signal(signal.SIGINT, signal.SIG_DFL)
