"""lean_great_expectations and lean_trees: the vendors without the modules that nothing here uses."""

import subprocess
import sys

LOAD = """
import sys
from darkroom.validate import lean_great_expectations, shortcuts
import numpy
values = numpy.arange(100.0)[:, None]
tree = shortcuts._tree(1, values, values[:, 0] > 50)
gx = lean_great_expectations.load()
print(gx.__name__, tree.get_depth(), *(name in sys.modules for name in ("sqlalchemy", "altair", "scipy.stats")))
import altair, sqlalchemy, scipy.stats
print(altair.Chart.__name__, sqlalchemy.Table.__name__, scipy.stats.rankdata([5]), "sklearn.svm" in sys.modules)
from sklearn.neighbors import KNeighborsClassifier
print(KNeighborsClassifier(1).fit(values, values[:, 0]).predict([[7.0]]))
"""


def test_it_is_imported_without_libraries_that_can_be_imported_afterwards():
    words = subprocess.run([sys.executable, "-c", LOAD], capture_output=True, text=True, check=True).stdout.split()
    assert words == ["great_expectations", "1", "False", "False", "False", "Chart", "Table", "[1.]", "False", "[7.]"]
