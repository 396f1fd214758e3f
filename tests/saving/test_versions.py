"""versions: which libraries made a model, found without waiting for their import."""

import platform
import subprocess
import sys

from darkroom.saving import versions


def test_versions_are_known_without_importing_what_they_are_of():
    code = (
        "import sys; from darkroom.saving import versions; found = versions.installed();"
        "print(*found, *sys.modules.keys() & {'keras', 'tensorflow', 'keras_tuner', 'sklearn', 'dvc', 'mlflow'})"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert said == list(versions.installed())
    assert {"python", "darkroom", "keras", "tensorflow", "dvc", "mlflow"} <= set(said)
    assert versions.installed()["python"] == platform.python_version()


def test_what_is_not_installed_has_no_version(monkeypatch):
    monkeypatch.setattr(versions, "LIBRARIES", ("numpy", "no-such-thing"))
    assert list(versions.installed()) == ["python", "numpy"]
