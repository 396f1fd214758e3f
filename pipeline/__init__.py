"""The stages, a script each."""

import sys

from darkroom import libraries

sys.excepthook = libraries.tell
