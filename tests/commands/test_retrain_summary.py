"""The summary of a retraining says what changed, in Markdown that no name can break."""

from darkroom.commands import retrain_summary
from darkroom.commands.data_changes import Counts, DataChanges
from darkroom.commands.retrain_summary import Past

OLD, NEW = {"value": 0.9, "low": 0.85, "high": 0.94}, {"value": 0.95, "low": 0.91, "high": 0.98}
METRICS = {"cnn": {"accuracy": NEW, "f1_macro": NEW, "log_loss": NEW}}
CAT, DOG = Counts(10, 12, 2, 0, 0), Counts(5, 5, 0, 0, 0)
CHANGES = DataChanges(Counts(15, 17, 2, 0, 0), {"cat": CAT, "dog": DOG})


def registration(champion=OLD):
    scores = {"challenger": NEW, "champion": champion}
    reason = "cnn becomes champion: it is better beyond chance"
    return {"name": "pets", "reason": reason, "candidate": "cnn", "metric": "accuracy", "n": 200, "scores": scores}


def lines(past, champion=OLD, metrics=METRICS):
    return retrain_summary.text(registration(champion), metrics, past).splitlines()


def test_verdict_data_scores_and_figures_are_there():
    summary = lines(Past("1a2b3c4", {"cnn": {"accuracy": OLD}}, CHANGES))
    assert summary[:3] == ["## Retrained: pets", "", "**cnn becomes champion: it is better beyond chance**"]
    assert "(commit 1a2b3c4): 2 images added, 0 removed, 0 relabelled; classes added: none" in "".join(summary)
    assert "| cat | 10 | 12 | 2 | 0 | 0 |" in summary and not [line for line in summary if line.startswith("| dog")]
    assert "| on the same 200 test images | Accuracy |" in summary
    assert "| challenger (cnn) | 0.950 (0.910 to 0.980) |" in summary
    assert "| champion before | 0.900 (0.850 to 0.940) |" in summary
    assert "| cnn | Accuracy | 0.900 (0.850 to 0.940) | 0.950 (0.910 to 0.980) |" in summary
    assert "| cnn | F1 macro | – | 0.950 (0.910 to 0.980) |" in summary
    assert summary[-3] == "![Confusion matrix of cnn](evaluation/figures/cnn/confusion.svg)"


def test_the_first_champion_has_nothing_to_be_compared_with():
    summary = "\n".join(lines(None, champion=None))
    assert "It is the first champion" in summary and "| champion before | there was none |" in summary


def test_a_warm_start_says_what_it_took_over_and_saved():
    taken = {"champion": "0123456789abcdef", "epochs": 20, "layers": 5, "of": 6, "new_classes": ["cow|x"]}
    facts = {"name": "cnn", "epochs": 10, "taken_over": taken}
    summary = retrain_summary.text(registration(), METRICS, None, facts)
    assert "cnn started from the weights of champion 0123456789abcdef: 5 of 6 layers" in summary
    assert r"started anew: cow\|x. It was trained for 10 epochs, the champion for 20." in summary
    assert "started from" not in retrain_summary.text(registration(), METRICS, None, facts | {"taken_over": None})


def test_data_that_nobody_has_any_more_are_said_to_be_gone():
    assert "(commit 1a2b3c4) are no longer there" in "\n".join(lines(Past("1a2b3c4", {}, None)))


def test_of_many_classes_those_with_most_changes_are_shown():
    classes = {f"c{i:02}": Counts(0, i, i, 0, 0) for i in range(60)}
    summary = lines(Past("1a2b3c4", {}, DataChanges(Counts(0, 1770, 1770, 0, 0), classes)))
    shown = [line for line in summary if line.startswith("| c") and line[3].isdigit()]
    assert len(shown) == retrain_summary.SHOWN and shown[0] == "| c59 | 0 | 59 | 59 | 0 | 0 |"
    assert "…" in "\n".join(summary)


def test_names_of_strangers_stay_text():
    name = "[x](javascript:y) | <b>"
    summary = lines(Past("1a2b3c4", {}, DataChanges(CAT, {name: CAT})))
    (row,) = [line for line in summary if "javascript" in line and line.startswith("| ")]
    assert row.startswith(r"| \[x\](javascript:y) \| \<b\> | 10 |")


def test_every_figure_is_one_that_evaluate_draws():
    from pathlib import Path

    drawn = {path.stem for path in Path("reports/evaluation/figures").glob("*/*.svg")}
    assert set(retrain_summary.FIGURES) <= drawn
