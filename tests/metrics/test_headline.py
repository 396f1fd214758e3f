"""metrics.headline: the sentence on the chosen model says no more than is proven."""

import pytest

from darkroom.metrics import headline

CLAIM = "among these {} trained models; another training could come out otherwise"


def ranking(*models: str, apart: tuple[str, ...] = (), clusters: int = 354) -> dict:
    """Models from best to worst; in the pairs `apart` the first is proven better."""
    pairs = [{"a": a, "b": b, "verdict": "a better" if a + b in apart else "not distinguishable"}
             for i, a in enumerate(models) for b in models[i + 1 :]]  # fmt: skip
    rows = [
        {"model": m, "value": 0.9, "low": 0.8, "high": 0.95, "tied_with": [n for n in models if n != m
         and m + n not in apart and n + m not in apart]} for m in models
    ]  # fmt: skip
    return {"metric": "accuracy", "n": 354, "clusters": clusters, "ranking": rows, "pairs": pairs}


def test_a_proven_lead_is_one_of_these_two_trained_models():
    text = headline.sentence(ranking("a", "b", apart=("ab",)), "a")
    assert text == (
        "a, chosen on the validation images, has accuracy 0.900 (0.800 to 0.950, n = 354), "
        f"better than every other model beyond chance, {CLAIM.format('two')}"
    )


def test_a_chosen_model_that_does_worse_on_the_test_images_says_so():
    text = headline.sentence(ranking("a", "b", "c", apart=("ac",)), "c")
    assert text.endswith(f", worse than a beyond chance and not distinguishable from b, {CLAIM.format(3)}")


@pytest.mark.parametrize("chosen", ["a", "b"])
def test_where_nothing_is_proven_nothing_is_claimed(chosen):
    text = headline.sentence(ranking("a", "b"), chosen)
    assert text.endswith(f"n = 354), not distinguishable from {'b' if chosen == 'a' else 'a'}")


def test_a_single_model_was_not_chosen():
    assert headline.sentence(ranking("a"), "a") == "a has accuracy 0.900 (0.800 to 0.950, n = 354)"


def test_groups_stand_beside_the_number_of_images():
    assert "n = 354 in 35 groups)" in headline.sentence(ranking("a", clusters=35), "a")
