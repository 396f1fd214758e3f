"""The stages, a script each. They need the Python that darkroom is installed in, which is not always the first one."""

import sys
from importlib.util import find_spec

if find_spec("darkroom") is None:
    fix = "make setup, then `source .venv/bin/activate`"
    print(f"error[E_PYTHON] this Python has no darkroom | where: {sys.executable} | fix: {fix}", file=sys.stderr)
    sys.exit(5)
