"""Which libraries trained a model, without waiting for their import."""

import platform
import subprocess
import sys

from darkroom.saving import versions


def test_versions_are_read_without_importing_the_libraries():
    code = (
        "import sys; from darkroom.saving import versions; installed = versions.installed();"
        "print(*installed, *sys.modules.keys() & {'keras', 'tensorflow', 'keras_tuner', 'sklearn', 'dvc', 'mlflow'})"
    )
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert printed == list(versions.installed())
    assert {"python", "darkroom", "keras", "tensorflow", "dvc", "mlflow"} <= set(printed)
    assert versions.installed()["python"] == platform.python_version()


def test_what_is_not_installed_has_no_version(monkeypatch):
    monkeypatch.setattr(versions, "LIBRARIES", ("numpy", "no-such-thing"))
    assert list(versions.installed()) == ["python", "numpy"]
