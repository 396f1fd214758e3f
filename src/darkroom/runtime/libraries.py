"""Report a missing or broken library in one line: a stage imports what it needs before any of its work."""

import sys
import traceback
from types import TracebackType

from darkroom.runtime.errors import EnvironmentFault, printable


def report_import_error(kind: type[BaseException], fault: BaseException, trace: TracebackType | None) -> None:
    """Be a `sys.excepthook` that ends the process with exit code 5 when a module cannot be imported."""
    if not issubclass(kind, ImportError):
        sys.__excepthook__(kind, fault, trace)
        return
    if "--debug" in sys.argv:
        traceback.print_exception(kind, fault, trace)
    fix = "run `make setup`, which installs what requirements.txt names"
    error = EnvironmentFault("E_LIBRARY", f"a library is not usable: {fault}", where=sys.executable, fix=fix)
    print(printable(error), file=sys.stderr, flush=True)
    sys.exit(error.exit_code)
