"""The Pareto front."""

from darkroom.report import pareto


def test_a_model_is_on_the_front_unless_another_dominates_it():
    models = [
        {"model": name, "accuracy": accuracy, "time": time}
        for name, accuracy, time in [
            ("slow", 0.9, 9), ("fast", 0.7, 1), ("dominated", 0.6, 2), ("tied", 0.7, 1), ("unmeasured", None, 1),
        ]
    ]  # fmt: skip
    assert pareto.front(models, "accuracy", "time") == ["slow", "fast", "tied"]
