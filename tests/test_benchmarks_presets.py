"""benchmarks.presets: what it measures is a run from nothing, and all of its processes."""

import subprocess
import sys

from benchmarks import presets

from darkroom import params

ORPHANS = """
import subprocess, sys
from benchmarks import presets

presets.adopt_orphans()
before = presets.processor_seconds()
busy = "import time\\nwhile time.process_time() < 0.5: pass"
parent = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {busy!r}])"
subprocess.run([sys.executable, "-c", parent], check=True)
assert list(presets.orphans())
print(presets.processor_seconds() - before)
"""
RESULT = {
    "images": {"train": 1500, "val": 100, "test": 400},
    "best": "cnn",
    "processor_minutes": 3.1,
    "wall_minutes": 4.0,
    "models": {
        "backbone": {"accuracy": {"value": 0.9, "low": 0.8, "high": 0.95}, "megabytes": 14.9, "ms_per_image": 11.6},
        "cnn": {"accuracy": {"value": 0.95, "low": 0.92, "high": 0.97}, "megabytes": 0.86, "ms_per_image": 1.44},
    },
}


def test_the_seconds_of_a_process_that_outlives_its_parent_count():
    done = subprocess.run([sys.executable, "-c", ORPHANS], capture_output=True, text=True, check=True)
    assert float(done.stdout) >= 0.5


def test_a_run_starts_from_the_preset_and_the_archive_without_results(tmp_path):
    (tmp_path / "images/cat").mkdir(parents=True)
    (tmp_path / "images/cat/a.png").write_bytes(b"pixels")
    presets.prepare(tmp_path / "copy", "mnist_course", tmp_path / "images")
    p = params.load(tmp_path / "copy/params.yaml")
    assert (p.dataset.name, p.dataset.archive) == ("mnist_course", "data/raw/images")
    assert (tmp_path / "copy/data/raw/images/cat/a.png").read_bytes() == b"pixels"
    assert not (tmp_path / "copy/reports").exists() and not (tmp_path / "copy/dvc.lock").exists()


def test_the_table_has_a_row_for_each_model_the_chosen_one_first():
    assert presets.table({"tiny": RESULT})[2:] == [
        "| `tiny` | 2,000 | cnn | 0.950 (0.920 to 0.970), n = 400 | 3.1 (4.0) | 0.86 | 1.44 |",
        "|  |  | backbone | 0.900 (0.800 to 0.950), n = 400 |  | 14.9 | 11.6 |",
    ]
