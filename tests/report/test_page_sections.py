"""The sections of the page: what they say of a given run."""

import re
from base64 import b64encode
from dataclasses import replace

import pytest
from tests.report.example import (
    HOSTILE,
    METRICS,
    PNG,
    RUN,
    page,
    record,
    report_context,
    score,
    usual,
    with_evaluation,
)  # fmt: skip

from darkroom.label_review import LabelReview
from darkroom.metrics import metric_table
from darkroom.report import page_figures
from darkroom.report.page_figures import Drawing


def section(text, name):
    start = text.index(f'<section id="{name}"')
    return text[start : text.index("</section>", start)]


def plain(text):
    return " ".join(re.sub(r"<[^>]+>", "", text).split())


def pngs(text):
    return re.findall(r'src="data:image/png;base64,([^"]+)"', text)


@pytest.mark.usefixtures("undrawn")
def test_without_a_search_the_page_says_so():
    text = page(report_context(trials=0))
    assert "No search was run" in text and "All trials" not in text


def test_a_failed_trial_says_why():
    report = report_context()
    failed = {
        **report.trials[2],
        "status": "FAILED",
        "epochs": "0",
        "val_loss": "",
        "val_accuracy": "",
        "error": "OOM!",
    }
    text = page(replace(report, trials=[*report.trials[:2], failed, *report.trials[3:]]))
    assert "– none" in text and "OOM!" in text


def test_the_page_says_that_the_choice_among_trials_flatters():
    report = report_context()
    text = section(usual(), "search")
    assert "was chosen on these images, so both numbers flatter it" in plain(text)
    assert f'<data value="{report.search_bias}">' in text and 0 < report.search_bias < 0.1


@pytest.mark.usefixtures("undrawn")
def test_a_single_model_is_compared_with_nothing():
    text = page(report_context(models=("cnn",)))
    assert "only one model" in text and "Pairwise comparison" not in text and "Random weights" not in text


def test_random_weights_of_a_transfer_model_are_a_warning():
    assert "Random weights in <bdi>mobilenet</bdi>" in usual() and "Pretrained: false" in usual()


@pytest.mark.usefixtures("undrawn")
def test_a_missing_number_is_shown_as_words():
    report = report_context()
    facts = {**report.facts["mobilenet"], "parameters": None, "best_epoch": None}
    registration = {**report.registration, "champion": None, "promoted": False}
    metrics = {**report.metrics, "mobilenet": {name: score(None) for name in METRICS}}
    report = replace(with_evaluation(report, "mobilenet", facts=facts), metrics=metrics, registration=registration)
    text = page(report)
    assert "– not measured" in text and "– undefined" in text and "No champion" in text
    assert not re.search(r"\b(None|nan|NaN|null|undefined)\b", text.replace("– undefined", ""))


def test_the_last_section_has_all_it_takes_to_reproduce_the_run():
    text = section(usual(), "reproduce")
    for expected in ("3.15.1", "3.11.9", RUN.data):
        assert f"<code>{expected}</code>" in text


@pytest.mark.usefixtures("undrawn")
def test_a_candidate_that_is_already_the_champion_is_not_called_rejected():
    report = report_context()
    registration = {**report.registration, "promoted": False, "reason": "cnn is the champion already"}
    text = page(replace(report, registration=registration))
    assert "<bdi>cnn</bdi>, is already the champion; nothing changed" in text and "not promoted" not in text
    lost = {**registration, "version": 4, "reason": "it is not proven better"}
    text = page(replace(report, registration=lost))
    assert "The challenger <bdi>cnn</bdi> was not promoted" in text and "already the champion" not in text


@pytest.mark.usefixtures("undrawn")
def test_the_summary_shows_the_last_champions_and_why_they_were():
    report = report_context()
    row = report.champions[0]
    seven = [{**row, "version": str(number)} for number in range(7)]
    text = section(page(replace(report, champions=seven)), "summary")
    shown = plain(text)
    assert "The last 5 of 7 champions, the newest first" in shown
    assert shown.count("2026-11-27") == 5 and text.index(">6<") < text.index(">2<") and "<b>it won" not in text
    assert "champions, the newest" not in page(replace(report, champions=seven[:1]))
    assert "promoted by a person" in section(page(report), "summary")


@pytest.mark.usefixtures("undrawn")
def test_a_candidate_that_was_rolled_back_is_not_called_the_champion():
    report = report_context()
    registration = {**report.registration, "champion": {**report.registration["champion"], "version": 2}}
    assert not replace(report, registration=registration).is_champion("cnn")
    assert report.is_champion("cnn")


def with_registration(report, **fields):
    return replace(report, registration={**report.registration, **fields})


@pytest.mark.usefixtures("undrawn")
def test_the_summary_says_how_many_challengers_the_test_images_have_judged():
    report = report_context()
    texts = [plain(section(page(with_registration(report, looks=looks)), "summary")) for looks in (1, 7, 19, 20)]
    assert "have judged 1 challenger." in texts[0] and "by luck" not in texts[0]
    assert "have judged 7 challengers. The more they judge, the likelier they promote one by luck" in texts[1]
    assert ["Time for new test images" in text for text in texts] == [False, False, False, True]


@pytest.mark.usefixtures("undrawn")
def test_the_champion_has_a_value_on_newer_images_once_there_are_enough_of_them():
    report = report_context()
    fresh = report.registration["fresh"]
    said = "On the 40 of these images in 38 groups that are newer than its promotion, and so had no part in it: 0.910"
    assert said in plain(section(usual(), "summary"))
    for few in ({**fresh, "n": 29}, None):
        assert "newer than its promotion" not in page(with_registration(report, fresh=few))


@pytest.mark.usefixtures("undrawn")
@pytest.mark.parametrize(("tied", "verdict"), [(["cnn"], "within chance"), ([], "beyond chance")])
def test_a_model_that_does_better_on_the_test_images_than_the_chosen_one_is_named(tied, verdict):
    report = report_context()
    ranking = [{**row, "tied_with": tied} for row in report.comparison["ranking"]]
    text = page(replace(report, comparison={**report.comparison, "best": "mobilenet", "ranking": ranking}))
    summary = plain(section(text, "summary"))
    assert "Scores of mobilenet on 12 test images in 11 groups" in summary
    assert f"cnn has a higher accuracy on these test images, 0.930; the difference is {verdict}." in summary
    assert "has a higher accuracy" not in usual()
    assert "mobilenetchosen on validation" in plain(section(text, "models"))


@pytest.mark.usefixtures("undrawn")
def test_the_number_of_groups_is_beside_the_number_of_images_where_it_differs():
    assert "Accuracy on 12 test images in 11 groups, with" in plain(section(usual(), "models"))
    report = report_context()
    single = replace(report, comparison={**report.comparison, "clusters": 12})
    single = with_registration(single, clusters=12, fresh={**report.registration["fresh"], "clusters": 40})
    assert not re.search(r"\d groups", plain(section(page(single), "summary")))
    assert "Accuracy on 12 test images, with" in plain(section(page(single), "models"))
    older = with_registration(single, clusters=None)  # a decision of a release that did not know the groups
    assert not re.search(r"\d groups", plain(section(page(older), "summary")))


@pytest.mark.usefixtures("undrawn")
def test_a_metric_without_an_interval_says_why_once_in_a_section():
    report = report_context()
    bare = {"value": 0.0123, "low": None, "high": None}
    report = replace(report, metrics={**report.metrics, "cnn": {**report.metrics["cnn"], "log_loss": bare}})
    text = page(report)
    why = f"No interval: Log loss, because {metric_table.METRICS['log_loss'].why_no_interval}."
    for name in ("summary", "models"):
        assert plain(section(text, name)).count(why) == 1 and "– no interval" in section(text, name)
    assert "No interval:" not in usual()


@pytest.mark.usefixtures("undrawn")
def test_pairs_name_their_test_and_are_of_trained_models():
    text = plain(section(usual(), "models"))
    assert "the p of a test (McNemar, mid-p) with Holm's correction" in text
    assert "these trained models: another training could come out otherwise" in text


@pytest.mark.usefixtures("undrawn")
def test_a_failed_expectation_is_in_the_summary_and_says_how_to_fix_it():
    report = report_context()
    (met,) = report.validation["expectations"]
    failed = {**met, "success": False, "observed": "cat is 21 times owl"}
    text = page(replace(report, validation={**report.validation, "success": False, "expectations": [failed]}))
    assert "data expectations failed" in section(text, "summary")
    data = section(text, "data")
    assert "cat is 21 times owl" in data and "add images" in data
    assert ">warning<" in data and ">failed<" not in data


@pytest.mark.usefixtures("undrawn")
def test_a_shortcut_is_shown_with_the_score_of_its_rule():
    from darkroom.verdict import Shortcut

    report = report_context(HOSTILE)
    values = {"property": "size", "rule": "the size 64 x 64 <i>", "inside": 1.0, "outside": 0.0123, "score": 0.9877}
    shortcut = record(Shortcut, **{"class": HOSTILE[0]}, balanced_accuracy=0.9938, **values)
    text = page(replace(report, validation={**report.validation, "shortcuts": [shortcut]}))
    assert "Possible shortcuts" in text and "Possible shortcuts" not in page(report)
    assert "the size 64 x 64 &lt;i&gt;" in text and "0.994" in text


@pytest.mark.usefixtures("undrawn")
def test_the_most_confident_errors_have_their_images():
    report = report_context([f"class {i}" for i in range(30)])
    assert pngs(page(report, {report.most_confident_errors[3].path: PNG})) == [b64encode(PNG).decode()]


@pytest.mark.usefixtures("undrawn")
def calibrated(**changes):
    """The text on the probabilities where the calibration of cnn differs from that of the example."""
    report = report_context()
    calibration = {**report.evaluations["cnn"].calibration, **changes}
    return plain(section(page(with_evaluation(report, "cnn", calibration=calibration)), "probabilities"))


@pytest.mark.usefixtures("undrawn")
@pytest.mark.parametrize("effect", ["helps", "harms", "not distinguishable"])
def test_the_page_says_whether_a_temperature_helps(effect):
    assert f"0.847 {effect} 0.100" in calibrated(effect=effect)


@pytest.mark.usefixtures("undrawn")
def test_a_temperature_that_was_not_fitted_is_none():
    temperature = {"value": 1.0, "low": None, "high": None}
    text = calibrated(fit="too few errors", errors=1, temperature=temperature)
    assert "cnn – not fitted" in text and "cnn: it makes 1 independent error on the validation images" in text


@pytest.mark.usefixtures("undrawn")
def test_a_temperature_at_the_end_of_the_range_is_marked():
    assert "end of the range" in calibrated(fit="end of range") and "end of the range" not in calibrated()


@pytest.mark.usefixtures("undrawn")
def test_two_classes_have_a_decision_threshold_and_more_have_none():
    assert "Decision threshold for <bdi>b</bdi>" in page(report_context(("a", "b")))
    assert "Decision threshold" not in usual()


@pytest.mark.usefixtures("undrawn")
def test_only_significant_slices_are_named_above_the_figure():
    report = report_context()
    named = re.search("Significantly different from all other images: (.*)", usual())[1]
    assert "0.0 to 0.1" in named and "0.1 to 0.2" not in named
    even = [{**row, "p_corrected": 0.9} for row in report.leading.slices]
    assert "No slice differs" in page(with_evaluation(report, "cnn", slices=even))
    assert "Accuracy by image property" not in page(with_evaluation(report, "cnn", slices=[]))


@pytest.mark.usefixtures("undrawn")
def test_a_heatmap_is_beside_its_image():
    heatmap = PNG + b"!"
    report = with_evaluation(report_context(), "cnn", images={"heatmap-0": heatmap, "feature_maps": PNG})
    thumbnails = {report.leading.predictions[0]["path"]: PNG}
    images = pngs(page(report, thumbnails))
    pair = [b64encode(png).decode() for png in (PNG, heatmap)]
    assert pair in [images[i : i + 2] for i in range(len(images))]
    none = {**report.leading.explanation, "heatmaps": False}
    assert "single cell" in page(with_evaluation(report, "cnn", explanation=none), thumbnails)


@pytest.mark.usefixtures("undrawn")
def test_augmented_images_are_shown_only_where_there_are_some():
    text = page(with_evaluation(report_context(), "cnn", images={"augmented": PNG}))
    assert b64encode(PNG).decode() in section(text, "data")
    assert "Augmented training images" in text and "Augmented training images" not in usual()


@pytest.mark.usefixtures("undrawn")
def test_label_issues_suggest_another_label_and_name_their_file_and_their_split():
    text = section(usual(), "labels")
    assert "reports/label_issues.csv" in text and text.count("suggested <strong>") == 12
    assert text.count("<strong>test image</strong>") == 6 and text.count("training image ") == 6


@pytest.mark.usefixtures("undrawn")
def test_the_list_of_label_issues_claims_no_more_than_was_measured():
    text = section(usual(), "labels")
    assert "worth a second look" in text and "probably" not in text
    assert re.search(r"if .*3&nbsp;%.* wrong, .*82&nbsp;%.* would be right, .*74&nbsp;%", text)
    labels = report_context().labels
    silent = replace(report_context(), labels=labels._replace(issues=[]))
    assert "No label stands out" in page(silent)
    reason = "if 3% of the labels were wrong, only 1% would be right"
    weak = LabelReview([], {**labels.quality, "reason": reason})
    text = section(page(replace(report_context(), labels=weak)), "labels")
    assert f"There is no list of label issues: {reason}." in text and "worth a second look" not in text


@pytest.mark.usefixtures("undrawn")
def test_models_without_a_significant_difference_are_named_together():
    assert "Not significantly different on these images: <bdi>cnn</bdi>, <bdi>mobilenet</bdi>" in usual()
    report = report_context()
    apart = {**report.comparison, "groups": [["cnn"], ["mobilenet"]]}
    assert "Not significantly different" not in page(replace(report, comparison=apart))


def test_the_learning_curve_says_with_how_many_images_transfer_helps():
    text = plain(section(usual(), "learning"))
    assert "With 11, 112, 280 and 560 training images, mobilenet is more accurate than cnn beyond chance." in text
    assert "With 1,120 training images neither is proven better." in text
    assert "With no number of training images is mobilenet proven to come within 1 point of cnn with 1,120." in text
    assert "cnn rose from 0.690 with 560 training images to 0.990 with 1,120. That is beyond chance, so it was" in text
    assert "A point below one half of the images is the mean of 3 trainings" in text


@pytest.mark.usefixtures("undrawn")
def test_a_learning_curve_of_single_trainings_says_that_another_could_come_out_otherwise():
    report = report_context()
    once = [{**row, "trainings": 1, "sd": None} for row in report.learning_curve]
    text = plain(section(page(replace(report, learning_curve=once)), "learning"))
    assert "Every point rests on one training: another could come out otherwise" in text


@pytest.mark.usefixtures("undrawn")
def test_fewer_images_suffice_where_transfer_is_proven_within_a_point():
    report = report_context()
    sure = [{**row, "sd": None, "se_from_scratch_all": 0.001} for row in report.learning_curve]
    text = plain(section(page(replace(report, learning_curve=sure)), "learning"))
    assert "mobilenet with 1,120 training images is proven to be less than 1 point below cnn with 1,120, or" in text


@pytest.mark.usefixtures("undrawn")
def test_without_a_learning_curve_the_page_has_no_section_for_it():
    text = page(report_context(learning_curve=[]))
    assert "Does transfer learning help" not in text and 'href="#learning"' not in text


@pytest.mark.usefixtures("undrawn")
def test_a_learning_curve_of_one_model_compares_it_with_nothing():
    text = page(report_context(models=("cnn",)))
    assert "Do more images help?" in text and "No pretrained backbone was measured" in text
    report = report_context()
    one = page(replace(report, learning_curve=report.learning_curve[-1:]))
    assert "rise" not in section(one, "learning")


def test_a_figure_is_drawn_by_one_line_in_page_figures(monkeypatch):
    """The recipe in docs/extending.md: a function that draws, a Drawing that names it, `figures.NAME` in a template."""
    mine = Drawing("mine", lambda counts, width: f"<svg>{sum(counts)} at {width}</svg>", ([1, 2],))
    absent = Drawing("absent", lambda width: pytest.fail("is not drawable"), (), drawable=False)
    monkeypatch.setattr(page_figures, "_drawings", lambda report: iter([mine, absent]))
    figures = page_figures.draw(report_context())
    assert set(figures) == {"confusion", "mine"}
    assert "<svg>3 at 700</svg>" in figures["mine"] and "<svg>3 at 340</svg>" in figures["mine"]


@pytest.mark.usefixtures("undrawn")
def test_every_figure_is_shown_by_a_template(monkeypatch):
    """One that no template names would be drawn for nothing."""
    names = list(page_figures.draw(report_context()))
    marked = {name: f"<svg>figure {name}</svg>" for name in names}
    monkeypatch.setattr(page_figures, "draw", lambda report: marked)
    text = page(report_context())
    assert [name for name in names if f"figure {name}" not in text] == []


@pytest.mark.usefixtures("undrawn")
def test_near_duplicates_are_named_with_what_is_special_about_them():
    report = report_context()
    pair = {"first": "a/1", "second": "b/2", "difference": 0.1, "mirrored": True, "labels": 2, "splits": 1}
    data = {**report.validation, "near_duplicates": {"pairs": 12, "first": [pair]}}
    text = plain(section(page(replace(report, validation=data)), "data"))
    assert "Pairs of near duplicates12" in text and "a/1, b/2 (mirrored), in two classes and 11 more" in text
