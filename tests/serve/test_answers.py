"""Answers are written as JSON directly, with the text that the json module would write."""

import json

import numpy as np
import pytest

from darkroom.decoding.decode import PackSettings
from darkroom.serve import answers
from darkroom.serve.model import ServedModel

CLASSES = ('"quoted"', "back\\slash", "naïve 🙂", "tab\t", "plain")


def model(name="cnn"):
    settings = PackSettings(8, "rgb", "stretch", 100)
    return ServedModel(name, "0123456789abcdef", CLASSES, settings, None, lambda images: images, "")


def drawn(seed):
    return np.random.default_rng(seed).dirichlet(np.ones(len(CLASSES))).astype(np.float32)


@pytest.mark.parametrize(
    "row", [drawn(1), drawn(2), np.float32([0.2] * 5), np.float32([0, 1, 0, 0, 0]), drawn(3) * 1e-9]
)
def test_an_answer_is_what_json_writes(row):
    named, shown = answers.named(model("a 'b'")), answers.answer(model(), row)
    assert answers.single(model("a 'b'"), row).body == json.dumps({**shown, **named}).encode()
    both = {"predictions": [shown, answers.answer(model(), drawn(4))], **named}
    assert answers.several(model("a 'b'"), [row, drawn(4)]).body == json.dumps(both).encode()


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_no_number_is_never_written(value):
    with pytest.raises(ValueError, match="not finite"):
        answers.single(model(), np.float32([value, 0, 0, 0, 1]))
