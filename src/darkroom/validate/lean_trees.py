"""Import scikit-learn's decision tree without what its package of neighbours imports: two fifths of its time.

The tree needs one module of that package, which imports the whole of it: metrics, support vectors, linear models.
"""

from functools import cache
from typing import Any

from darkroom.runtime import garbage
from darkroom.validate import lean_imports


@cache
def classifier() -> Any:
    """The class of decision trees: half a second of processor time, for the validate stage alone."""
    with garbage.uncollected(), lean_imports.without(lean_imports.NO_STATISTICS):
        bare = lean_imports.bare_package("sklearn.neighbors")
        with lean_imports.without({bare.__name__: bare}):
            from sklearn.tree import DecisionTreeClassifier
    return DecisionTreeClassifier
