"""Proposals follow from the seed and from the order of asking and telling."""

import pytest
from tests.fixtures.defaults import DEFAULTS, changed

from darkroom.tune import oracles

pytestmark = pytest.mark.slow

SPACE = {"filters": [2, 3, 4, 5, 6], "learning_rate": [0.001, 0.003, 0.01, 0.03, 0.1]}


@pytest.fixture
def oracle(model, brief, tmp_path):
    """A function that makes the oracle of an algorithm."""

    def make(algorithm, trials=9, epochs=9):
        budget = {"trials": trials, "total_epochs": 0, "minutes": 0.0, "workers": 1}
        config = changed(DEFAULTS.tune, algorithm=algorithm, fit=brief(epochs=epochs), space=SPACE, **budget)
        return oracles.oracle(config, model(), seed=3, folder=tmp_path)

    return make


def ask(oracle, count, loss=lambda proposal: 1.0):
    """`count` proposals; the loss of each is reported before the next is asked for."""
    proposals = []
    while len(proposals) < count and (proposal := oracle.ask()):
        proposals.append(proposal)
        oracle.tell(proposal, loss(proposal))
    return proposals


@pytest.mark.parametrize("algorithm", ["random", "bayesian", "grid", "hyperband"])
def test_the_same_seed_proposes_the_same(oracle, algorithm):
    first, second = (ask(oracle(algorithm), 6) for _ in range(2))
    assert first == second and len(first) == 6
    assert all(set(proposal.values) == set(SPACE) for proposal in first)


def test_a_grid_is_every_combination_once(oracle):
    proposals = ask(oracle("grid"), 100)
    assert len({tuple(p.values.values()) for p in proposals}) == len(proposals) == 25


def test_a_search_goes_on_after_a_failure(oracle):
    assert len(ask(oracle("random", trials=5), 5, loss=lambda proposal: None)) == 5


def test_hyperband_carries_the_best_of_a_rung_to_the_next(oracle):
    def loss(proposal):
        return proposal.values["learning_rate"] + proposal.values["filters"]

    proposals = {p.name: p for p in ask(oracle("hyperband"), 12, loss)}
    later = [p for p in proposals.values() if p.after]
    assert later
    for proposal in later:
        earlier = proposals[proposal.after]
        assert proposal.values == earlier.values and proposal.epochs > earlier.epochs
    first = [p for p in proposals.values() if not p.after and p.epochs == proposals[later[0].after].epochs]
    assert loss(later[0]) == min(map(loss, first))
