"""The stages, one script each. They need the Python that darkroom is in, which is not always the first in the path."""

import signal
import sys
from importlib.util import find_spec

if find_spec("darkroom") is None:
    fix = "make setup, then `source .venv/bin/activate`"
    print(f"error[E_PYTHON] this Python has no darkroom | where: {sys.executable} | fix: {fix}", file=sys.stderr)
    sys.exit(5)

from darkroom.runtime import libraries  # noqa: E402

sys.excepthook = libraries.report_import_error

if sys.argv[0] == "-m" and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    # While `python -m pipeline.NAME` imports its libraries, Ctrl-C ends it without a traceback; then `stage` takes over
    signal.signal(signal.SIGINT, signal.SIG_DFL)
