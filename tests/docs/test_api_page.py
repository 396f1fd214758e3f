"""docs/api.md: its examples are true, and it has every name that `import darkroom` offers."""

import doctest
import re
from pathlib import Path

import numpy as np
from PIL import Image

import darkroom

PAGE = Path("docs/api.md").read_text()


def test_the_examples_are_true(tmp_path, model_folder, monkeypatch):
    model_folder("cnn", label=0)
    model_folder("best", label=0).rename(tmp_path / "champion")
    Image.fromarray(np.zeros((30, 20, 3), np.uint8)).save(tmp_path / "photo.png")
    monkeypatch.chdir(tmp_path)
    examples = doctest.DocTestParser().get_doctest(PAGE, {}, "docs/api.md", "docs/api.md", 0)
    assert doctest.DocTestRunner().run(examples) == (0, len(examples.examples))
    assert len(examples.examples) >= 10


def test_every_name_that_is_offered_has_a_place_and_no_other_has():
    assert set(re.findall(r"`darkroom\.(\w+)", PAGE)) == set(darkroom.__all__)
