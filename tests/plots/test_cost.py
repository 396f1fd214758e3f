"""plots.cost: no other model beats one on the front."""

from darkroom.plots import cost


def test_a_model_is_on_the_front_when_no_other_beats_it():
    models = [
        {"model": name, "accuracy": a, "time": t}
        for name, a, t in [("slow", 0.9, 9), ("fast", 0.7, 1), ("poor", 0.6, 2), ("twin", 0.7, 1), ("dark", None, 1)]
    ]
    assert cost.front(models, "accuracy", "time") == ["slow", "fast", "twin"]
