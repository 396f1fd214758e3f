"""shipping.promotion: the champion falls only to a proven better one."""

import numpy as np
import pytest

from darkroom import files
from darkroom.errors import ArtifactError
from darkroom.params import Compare, Register
from darkroom.shipping import promotion

COMPARED = Compare(metric="accuracy", resamples=200, confidence=0.9)
HOW = Register(model="pets", min_accuracy=0.5, confidence=0.95)
IMAGES = np.zeros((100, 8, 8, 1), "uint8")


def labels(cats: int) -> np.ndarray:
    return np.repeat([0, 1], [cats, 100 - cats])


def decide(challenger, champion, truth, how=HOW):
    return promotion.decide(challenger, champion, IMAGES, truth, how=how, compared=COMPARED, seed=1)


def crowned(folder, champion):
    promotion.enthrone(promotion.Decision(folder.name, folder, True, "it won", None), champion)
    return champion


def test_the_first_model_reigns_when_it_is_good_enough(model_folder, tmp_path):
    decision = decide(model_folder("cnn"), tmp_path / "champion", labels(90))
    assert (decision.promoted, decision.folder.name) == (True, "cnn")
    assert decision.score["value"] == 0.9
    assert "it is the first" in decision.reason


def test_below_the_least_accuracy_nobody_reigns(model_folder, tmp_path):
    decision = decide(model_folder("cnn"), tmp_path / "champion", labels(40))
    assert (decision.promoted, decision.folder, decision.score) == (False, None, None)
    assert "0.4000 < 0.5" in decision.reason


def test_a_proven_better_one_takes_the_crown(model_folder, tmp_path):
    champion = crowned(model_folder("old", label=1), tmp_path / "champion")
    decision = decide(model_folder("cnn", label=0), champion, labels(90))
    assert (decision.promoted, decision.folder.name, decision.score["value"]) == (True, "cnn", 0.9)
    assert "better beyond chance" in decision.reason


@pytest.mark.parametrize("cats", [50, 52, 30])
def test_equal_luckier_or_worse_ones_do_not(model_folder, tmp_path, cats):
    champion = crowned(model_folder("old", label=1), tmp_path / "champion")
    how = HOW.model_copy(update={"min_accuracy": 0.1})
    decision = decide(model_folder("cnn", label=0), champion, labels(cats), how)
    assert (decision.promoted, decision.folder) == (False, champion)
    assert "not proven better" in decision.reason and "n = 100" in decision.reason
    assert decision.score["value"] == 1 - cats / 100


def test_the_same_model_stays_champion(model_folder, tmp_path):
    folder = model_folder("cnn")
    champion = crowned(folder, tmp_path / "champion")
    decision = decide(folder, champion, labels(90))
    assert (decision.promoted, decision.folder, decision.score["value"]) == (False, champion, 0.9)


def test_a_champion_of_other_classes_cannot_judge(model_folder, tmp_path):
    champion = crowned(model_folder("old", label=1), tmp_path / "champion")
    files.write_json(champion / "classes.json", {"classes": ["x", "y"]})
    files.seal(champion)
    decision = decide(model_folder("cnn"), champion, labels(60))
    assert decision.promoted and "the classes or the input changed" in decision.reason


def test_a_damaged_champion_is_said_and_not_dethroned(model_folder, tmp_path):
    champion = crowned(model_folder("old"), tmp_path / "champion")
    (champion / "model.keras").write_bytes(b"damaged")
    with pytest.raises(ArtifactError, match="damaged"):
        decide(model_folder("cnn"), champion, labels(60))


def test_the_record_names_the_one_that_reigns_and_its_score(model_folder, tmp_path):
    champion = crowned(model_folder("old", label=1), tmp_path / "champion")
    decision = decide(model_folder("cnn", label=0), champion, labels(55))
    known = {"name": "pets", "version": 2, "crowned": 1, "metric": "accuracy", "n": 100}
    found = promotion.record(decision, champion, **known)
    assert (found["candidate"], found["version"], found["promoted"]) == ("cnn", 2, False)
    assert (found["champion"]["model"], found["champion"]["version"], found["champion"]["value"]) == ("old", 1, 0.45)
    assert found["champion"]["reason"] == "it won"  # the reason of its own coronation, not of today


def test_when_nobody_may_reign_nobody_does(model_folder, tmp_path):
    champion = crowned(model_folder("old"), tmp_path / "champion")
    promotion.enthrone(promotion.Decision("cnn", None, False, "too poor", None), champion)
    assert not champion.exists()
