"""lean_keras: Keras comes without what it can do without, and that can be imported as ever."""

import subprocess
import sys

import pytest

IMPORTS = """
import sys
from darkroom.runtime import lean_keras
lean_keras.install()
import keras
print(sorted(name for name in lean_keras.OPTIONAL if name in sys.modules))
import pandas, sklearn
print(keras.ops.convert_to_numpy(keras.ops.ones(2)).tolist(), pandas.Series([1]).sum(), sklearn.__name__)
"""


@pytest.mark.slow
def test_keras_is_imported_without_its_optional_libraries_and_they_can_be_imported_afterwards():
    done = subprocess.run([sys.executable, "-c", IMPORTS], capture_output=True, text=True)
    assert done.stdout.splitlines() == ["[]", "[1.0, 1.0] 1 sklearn"], done.stderr[-2000:]
