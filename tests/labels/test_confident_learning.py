"""labels.confident_learning: which labels a model questions."""

import numpy as np

from darkroom.labels import confident_learning


def planted(n=600, wrong=20, seed=0):
    """Probabilities of a model that is good but not perfect, and labels of which the first `wrong` are wrong."""
    rng = np.random.default_rng(seed)
    true = rng.integers(0, 3, n)
    leaning = np.where(rng.random((n, 1)) < 0.95, np.eye(3)[true], rng.dirichlet(np.ones(3), n))
    labels = true.copy()
    labels[:wrong] = (true[:wrong] + 1) % 3
    return true, labels, 0.8 * leaning + 0.2 * rng.dirichlet(np.ones(3), n)


def suggestions(labels, probabilities):
    return confident_learning.suggestions(labels, probabilities, confident_learning.thresholds(labels, probabilities))


def test_wrong_labels_are_found_and_corrected():
    true, labels, probabilities = planted()
    suggested = suggestions(labels, probabilities)
    assert (suggested[:20] == true[:20]).sum() >= 16  # the model sees 0.97: below 16 of 20 once in 3,000 times
    assert (suggested != labels).sum() <= 20 + 0.05 * 600


def test_a_strong_model_questions_the_labels_that_cleanlab_does():
    """The rule is the same; cleanlab's thresholds are not raised to one half, which those of a strong model are not."""
    from cleanlab.filter import find_label_issues  # takes 0.3 s, and every worker imports this file

    for seed in range(5):
        _, labels, probabilities = planted(seed=seed)
        assert confident_learning.thresholds(labels, probabilities).min() > 0.5
        expected = find_label_issues(labels, probabilities, filter_by="confident_learning", n_jobs=1)
        assert ((suggestions(labels, probabilities) != labels) == expected).all()


def test_the_rule_is_that_of_the_paper():
    """Thresholds by hand: (0.9 + 0.2) / 2 = 0.55 and (0.6 + 0.8) / 2 = 0.7."""
    labels = np.array([0, 0, 1, 1])
    probabilities = np.array([[0.9, 0.1], [0.2, 0.8], [0.4, 0.6], [0.2, 0.8]])
    np.testing.assert_allclose(confident_learning.thresholds(labels, probabilities), [0.55, 0.7])
    assert suggestions(labels, probabilities).tolist() == [0, 1, 1, 1]


def test_labels_of_a_difficult_class_are_not_questioned_for_that():
    """An image that leans to the other class stays below that class's high threshold."""
    labels = np.array([0, 0, 0, 1, 1])
    probabilities = np.array([[0.95, 0.05], [0.97, 0.03], [0.99, 0.01], [0.6, 0.4], [0.45, 0.55]])
    assert (suggestions(labels, probabilities) == labels).all()


def test_a_class_without_a_label_is_never_suggested():
    probabilities = np.tile([0.1, 0.2, 0.7], (4, 1))
    assert (suggestions(np.array([0, 0, 1, 1]), probabilities) < 2).all()


def test_a_model_that_has_learnt_nothing_questions_no_label():
    rng = np.random.default_rng(0)
    labels, probabilities = rng.integers(0, 10, 500), rng.dirichlet(np.full(10, 20.0), 500)
    assert (suggestions(labels, probabilities) == labels).all()


def test_an_image_that_cannot_be_judged_keeps_its_label_and_moves_no_threshold():
    _, labels, probabilities = planted()
    unjudged = np.concatenate([probabilities, np.full((2, 3), np.nan)])
    suggested = suggestions(np.append(labels, [0, 1]), unjudged)
    np.testing.assert_array_equal(suggested, [*suggestions(labels, probabilities), 0, 1])
