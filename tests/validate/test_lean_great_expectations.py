"""lean_great_expectations: the vendor without two libraries that nothing here uses."""

import subprocess
import sys

LOAD = """
import sys
from darkroom.validate import lean_great_expectations
gx = lean_great_expectations.load()
print(gx.__name__, "sqlalchemy" in sys.modules, "altair" in sys.modules)
import altair, sqlalchemy
print(altair.Chart.__name__, sqlalchemy.Table.__name__)
"""


def test_it_is_imported_without_two_libraries_that_can_be_imported_afterwards():
    words = subprocess.run([sys.executable, "-c", LOAD], capture_output=True, text=True, check=True).stdout.split()
    assert words == ["great_expectations", "False", "False", "Chart", "Table"]
