"""The stages, one script each. They need the Python that darkroom is in, which is not always the first in the path."""

import os
import signal
import sys
from importlib.util import find_spec
from pathlib import Path

if find_spec("darkroom") is None:
    fix = "make setup, then `source .venv/bin/activate`"
    print(f"error[E_PYTHON] this Python has no darkroom | where: {sys.executable} | fix: {fix}", file=sys.stderr)
    sys.exit(5)

from darkroom import paths  # noqa: E402
from darkroom.project import current  # noqa: E402
from darkroom.runtime import backends, errors, garbage, lean_keras, libraries, stderr_filter  # noqa: E402

sys.excepthook = libraries.report_import_error

if sys.argv[0] == "-m":  # `python -m pipeline.NAME` is about to import the libraries of the stage
    os.environ["MPLBACKEND"] = "agg"  # a notebook's, where that is not installed, would end matplotlib's import
    garbage.search_seldom()
    stderr_filter.install()
    lean_keras.install()
    backends.use_onednn()
    backends.keep_compiled(paths.CACHE / "jax")
    try:
        current.require(Path())  # plain `dvc repro` does not, and these scripts must fit the library
    except errors.DarkroomError as fault:
        print(errors.printable(fault), file=sys.stderr)
        sys.exit(fault.exit_code)
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C ends that without a traceback; then `stage` takes over
