"""The champion is replaced only by a challenger that is better on today's test images."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from tests.fixtures.defaults import DEFAULTS, changed

from darkroom.packed_data import Split
from darkroom.register import identity, judging, match, outcome, promotion
from darkroom.runtime import files, sealing
from darkroom.runtime.errors import ArtifactError
from darkroom.saving.model_folder import MODEL

COMPARE = changed(DEFAULTS.compare, metric="accuracy", resamples=200, confidence=0.9)
REGISTER = changed(DEFAULTS.register, model="pets", min_accuracy=0.5, confidence=0.95)
NEW = {"fresh", "clusters", "metric", "by", "settled"}  # in promotion.json since an earlier release
PETS = ("cat", "dog")
SPEC = {"given_splits": [], "image_size": 8, "color": "grayscale", "fit": "stretch", "max_pixels": 10_000}


def images_of(counts: dict[str, int], **spec) -> Split:
    """Test images, black and 8 x 8 unless `spec` says otherwise; `counts` of each class."""
    spec = {"classes": tuple(sorted(counts)), **SPEC, **spec}
    labels = np.repeat(np.arange(len(counts)), [counts[name] for name in spec["classes"]])
    shape = (len(labels), spec["image_size"], spec["image_size"], 3 if spec["color"] == "rgb" else 1)
    paths = tuple(f"{number}.png" for number in range(len(labels)))
    return Split(np.zeros(shape, "uint8"), labels, paths, np.arange(len(labels)), spec["classes"], spec)


def pets(cats: int) -> Split:
    return images_of({"cat": cats, "dog": 100 - cats})


def decide(challenger, champion, split, register=REGISTER, data="today", images=None, fresh=()):
    """`fresh` are the numbers of the images that are newer than the champion."""
    test = judging.TestImages(split, images, data, np.isin(np.arange(len(split.labels)), fresh))
    return promotion.decide(challenger, champion, test, match.Gate(register, COMPARE, seed=1))


def promoted(folder, champion):
    """`champion` after the model `folder` became champion."""
    score = {"value": 0.6, "low": 0.5, "high": 0.7}
    decision = promotion.Decision(folder.name, True, "it won", "then", 100, score, None)
    promotion.promote(decision, folder, champion)
    return champion


def test_the_first_model_that_is_good_enough_becomes_champion(model_folder, tmp_path):
    decision = decide(model_folder("cnn"), tmp_path / "champion", pets(90))
    assert (decision.promoted, decision.challenger["value"], decision.champion) == (True, 0.9, None)
    assert "it is the first" in decision.reason


def test_a_model_below_the_minimum_leaves_the_reason_where_there_is_no_champion(model_folder, tmp_path):
    folder, champion = model_folder("cnn"), tmp_path / "champion"
    decision = decide(folder, champion, pets(40))
    promotion.promote(decision, folder, champion)
    versions = outcome.Versions("pets", challenger=1, champion=None)
    registration = outcome.record(decision, champion, versions, "accuracy", looks=1)
    assert (registration["promoted"], registration["champion"]) == (False, None)
    assert "0.4000 < 0.5" in registration["reason"]
    assert champion.is_dir() and not promotion.has_champion(champion)
    assert files.read_json(champion / promotion.PROMOTION)["reason"] == decision.reason


def test_a_model_better_beyond_chance_becomes_champion(model_folder, tmp_path):
    champion = promoted(model_folder("old", label=1), tmp_path / "champion")
    decision = decide(model_folder("cnn", label=0), champion, pets(90))
    assert (decision.promoted, decision.challenger["value"], decision.champion["value"]) == (True, 0.9, 0.1)
    assert "better beyond chance" in decision.reason


@pytest.mark.parametrize("cats", [50, 52, 30])
def test_an_equal_luckier_or_worse_model_does_not(model_folder, tmp_path, cats):
    champion = promoted(model_folder("old", label=1), tmp_path / "champion")
    register = REGISTER.model_copy(update={"min_accuracy": 0.1})
    decision = decide(model_folder("cnn", label=0), champion, pets(cats), register)
    assert not decision.promoted
    assert "not proven better" in decision.reason and "n = 100" in decision.reason
    assert (decision.challenger["value"], decision.champion["value"]) == (cats / 100, (100 - cats) / 100)


CHANGES = {  # of the input spec; none of them changes the task
    "training statistics": {"mean": [12.0], "deviation": [3.0], "normalise": "standardise"},
    "a limit": {"max_pixels": 99},
    "size": {"image_size": 16},
    "colour": {"color": "rgb"},
    "fit": {"fit": "pad"},
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("cats", [40, 90])
def test_only_a_change_of_the_classes_switches_the_comparison_off(
    model_folder, stored, encoded, tmp_path, change, cats
):
    champion = promoted(model_folder("old", label=1), tmp_path / "champion")
    challenger = model_folder("cnn", label=0, **CHANGES[change])
    test = images_of({"cat": cats, "dog": 100 - cats}, **CHANGES[change])
    images = stored(dict.fromkeys(test.paths, encoded(Image.new("L", (9, 9)))))
    decision = decide(challenger, champion, test, REGISTER.model_copy(update={"min_accuracy": 0}), images=images)
    assert (decision.challenger["value"], decision.champion["value"]) == (cats / 100, (100 - cats) / 100)
    assert decision.promoted == (cats == 90)


def test_a_model_gets_todays_images_as_its_own_spec_says(stored, encoded):
    """A model of another size and colour gets the white files; the packed images are black and have 8 pixels."""
    split = images_of({"cat": 3, "dog": 2})
    images = stored(dict.fromkeys(split.paths, encoded(Image.new("RGB", (20, 10), "white"))))
    spec = {"image_size": 12, "color": "rgb", "fit": "crop"}
    test = judging.TestImages(split, images, "today", np.zeros(5, bool))
    (batch,) = judging.inputs({**SPEC, **spec}, test)
    assert (batch.shape, batch.min()) == ((5, 12, 12, 3), 255)
    (packed,) = judging.inputs(SPEC, test)
    assert packed is split.images


def test_the_champion_stays_when_the_challenger_is_below_the_minimum(model_folder, tmp_path):
    champion = promoted(model_folder("old", label=1), tmp_path / "champion")
    decision = decide(model_folder("cnn", label=0), champion, pets(40), data="another")
    assert not decision.promoted and "0.4000 < 0.5" in decision.reason
    assert decision.champion["value"] == 0.6


@pytest.mark.parametrize(("cats", "dogs", "wins"), [(60, 40, True), (40, 60, False), (50, 50, True)])
def test_models_of_different_classes_are_compared_on_those_that_they_share(model_folder, tmp_path, cats, dogs, wins):
    champion = promoted(model_folder("old", label=1), tmp_path / "champion")
    three = ("bird", "cat", "dog")
    test = images_of({"bird": 50, "cat": cats, "dog": dogs})
    register = REGISTER.model_copy(update={"min_accuracy": 0})
    decision = decide(model_folder("cnn", label=1, classes=three), champion, test, register)
    assert (decision.promoted, decision.n) == (wins, 100)
    assert (decision.challenger["value"], decision.champion["value"]) == (cats / 100, dogs / 100)
    assert "2 classes that both know (new: bird)" in decision.reason
    fewer = decide(model_folder("two", label=0), promoted(model_folder("3", 2, classes=three), champion), pets(70))
    assert "2 classes that both know (gone: bird)" in fewer.reason and fewer.promoted


def test_a_champion_that_shares_no_class_is_replaced_by_a_model_that_is_good_enough(model_folder, tmp_path):
    champion = promoted(model_folder("old", classes=("x", "y")), tmp_path / "champion")
    decisions = [decide(model_folder("cnn"), champion, pets(cats)) for cats in (90, 10)]
    assert [decision.promoted for decision in decisions] == [True, False]
    assert "knows none of today's classes" in decisions[0].reason


def test_the_same_decision_is_repeated_word_for_word(model_folder, tmp_path):
    folder, champion = model_folder("cnn"), tmp_path / "champion"
    first = decide(folder, champion, pets(90))
    promotion.promote(first, folder, champion)
    before = {path.name: path.read_bytes() for path in champion.iterdir()}
    again = decide(folder, champion, pets(90))
    promotion.promote(again, folder, champion)
    assert again == first
    assert {path.name: path.read_bytes() for path in champion.iterdir()} == before


def test_the_champion_trained_again_stays_champion_on_other_images(model_folder, tmp_path):
    folder = model_folder("cnn")
    champion = promoted(folder, tmp_path / "champion")
    decision = decide(folder, champion, pets(90), data="other images")
    assert (decision.promoted, decision.champion["value"]) == (False, 0.9)
    assert "is the champion already" in decision.reason


def test_a_damaged_champion_is_an_error_and_stays(model_folder, tmp_path):
    champion = promoted(model_folder("old"), tmp_path / "champion")
    (champion / MODEL).write_bytes(b"damaged")
    with pytest.raises(ArtifactError, match="damaged"):
        decide(model_folder("cnn"), champion, pets(60))


def test_the_record_names_the_champion_and_both_scores(model_folder, tmp_path):
    champion = promoted(model_folder("old", label=1), tmp_path / "champion")
    decision = decide(model_folder("cnn", label=0), champion, pets(55))
    versions = outcome.Versions("pets", challenger=2, champion=1)
    registration = outcome.record(decision, champion, versions, "accuracy", looks=7)
    assert (registration["candidate"], registration["version"], registration["n"]) == ("cnn", 2, 100)
    assert (registration["looks"], registration["fresh"], registration["clusters"]) == (7, None, 100)
    assert not registration["promoted"]
    assert [registration["scores"][role]["value"] for role in ("challenger", "champion")] == [0.55, 0.45]
    now = registration["champion"]
    assert (now["model"], now["version"], now["value"]) == ("old", 1, 0.45)
    assert now["reason"] == "it won"  # the reason of its own promotion, not of today
    sealing.verify(champion)


def test_the_champion_is_also_judged_on_the_images_that_are_newer(model_folder, tmp_path):
    """Of the 40 newest images, 10 are cats and 30 dogs; the champion says dog everywhere, the challenger cat."""
    champion = promoted(model_folder("old", label=1), tmp_path / "champion")
    split = pets(50)
    newest = [*range(40, 50), *range(70, 100)]
    decision = decide(model_folder("cnn", label=0), champion, split, fresh=newest)
    assert decision.champion["value"] == 0.5
    fresh = decision.fresh
    assert (fresh["value"], fresh["n"], fresh["clusters"]) == (0.75, 40, 40)
    assert fresh["low"] < 0.75 < fresh["high"] and fresh["challenger"]["value"] == 0.25


def test_a_new_champion_was_chosen_on_every_image(model_folder, tmp_path):
    champion = promoted(model_folder("old", label=1), tmp_path / "champion")
    assert decide(model_folder("cnn", label=0), champion, pets(90), fresh=range(40)).fresh is None


def test_the_reason_quotes_the_test_that_was_made(model_folder, tmp_path):
    champion = promoted(model_folder("old", label=1), tmp_path / "champion")
    challenger = model_folder("cnn", label=0)
    assert "McNemar" in decide(challenger, champion, pets(55)).reason
    test = judging.TestImages(pets(55), None, "today", np.zeros(100, bool))
    gate = match.Gate(REGISTER, changed(COMPARE, metric="balanced_accuracy"), seed=1)
    reason = promotion.decide(challenger, champion, test, gate).reason
    assert "permutation of balanced accuracy" in reason and "McNemar" not in reason


def test_images_of_one_group_are_no_independent_evidence(model_folder, tmp_path):
    """The challenger is right on 60 of 100 images and the champion on the other 40: of 100 groups, or of 5."""
    champion = promoted(model_folder("old", label=1), tmp_path / "champion")
    challenger, single = model_folder("cnn", label=0), pets(62)
    grouped = replace(single, clusters=np.arange(100) // 31)
    assert decide(challenger, champion, single).promoted
    decision = decide(challenger, champion, grouped)
    assert not decision.promoted and decision.clusters == 4
    assert "n = 100 in 4 groups" in decision.reason


@pytest.mark.parametrize("birds", [10, 500])
def test_a_class_that_is_added_dethrones_no_better_champion(model_folder, tmp_path, birds):
    """However many of its images there are: the champion cannot know it, and is right on more of the others."""
    champion = promoted(model_folder("old", label=1), tmp_path / "champion")
    test = images_of({"bird": birds, "cat": 49, "dog": 51})
    decision = decide(model_folder("cnn", label=1, classes=("bird", "cat", "dog")), champion, test,
                      REGISTER.model_copy(update={"min_accuracy": 0}))  # fmt: skip
    assert not decision.promoted and decision.n == 100
    assert "worse than the champion on the 2 classes that both know (new: bird)" in decision.reason


def test_fresh_images_of_a_new_class_do_not_count(model_folder, tmp_path):
    champion = promoted(model_folder("old", label=1), tmp_path / "champion")
    test = images_of({"bird": 50, "cat": 40, "dog": 60})
    challenger = model_folder("cnn", label=1, classes=("bird", "cat", "dog"))
    register = REGISTER.model_copy(update={"min_accuracy": 0})
    decision = decide(challenger, champion, test, register, fresh=range(140))
    assert (decision.fresh["n"], decision.fresh["value"]) == (90, 50 / 90)
    assert decide(challenger, champion, test, register, fresh=range(50)).fresh is None


def test_a_promotion_of_an_older_release_can_be_read(model_folder, tmp_path):
    """Its promotion.json has none of the NEW."""
    folder, champion = model_folder("cnn"), tmp_path / "champion"
    promotion.promote(first := decide(folder, champion, pets(90)), folder, champion)
    path = champion / promotion.PROMOTION
    files.write_json(path, {key: value for key, value in files.read_json(path).items() if key not in NEW})
    sealing.seal(champion)
    assert decide(folder, champion, pets(90)) == replace(first, clusters=None, metric=None)


def test_a_better_challenger_that_ruins_a_class_is_not_promoted_and_the_class_is_named(model_folder, tmp_path):
    """It is right on 90 of 100 images instead of 10, and on none of the ten dogs."""
    champion = promoted(model_folder("old", label=1), tmp_path / "champion")
    guarded = changed(REGISTER, max_class_loss=0.1)
    decision = decide(model_folder("cnn", label=0), champion, pets(90), guarded)
    assert not decision.promoted
    assert "ruins the class dog: recall 1.0000 -> 0.0000, more than register.max_class_loss 0.1" in decision.reason
    assert "corrected for 2 classes: p = 0.000977; n = 10" in decision.reason  # 0.5 ** 10
    assert "otherwise it is better beyond chance" in decision.reason
    assert decide(model_folder("cnn", label=0), champion, pets(99), guarded).promoted  # one dog is within chance


def test_a_challenger_that_was_judged_before_a_person_chose_does_not_come_back(model_folder, tmp_path):
    """It is better beyond chance, and the gate would promote it; another challenger that is as good is promoted."""
    champion, judged = promoted(model_folder("old", label=1), tmp_path / "champion"), model_folder("judged")
    score = {"value": None, "low": None, "high": None}
    chosen = promotion.Decision(
        "old", True, "it was stable", "", 0, score, None, by="rolled back", settled=[identity.digest(judged)]
    )
    promotion.install(chosen, model_folder("old", label=1), champion)
    decision = decide(judged, champion, pets(90))
    assert (decision.promoted, decision.challenger["value"], decision.champion["value"]) == (False, 0.9, 0.1)
    assert "when the champion was rolled back (it was stable); only a person brings it back" in decision.reason
    assert decide(model_folder("next", tilt=5.0), champion, pets(90)).promoted
