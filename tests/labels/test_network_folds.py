"""labels.network_folds: the tuned network trains on the other folds, and on labels that were changed."""

from types import SimpleNamespace

import numpy as np
import pytest

from darkroom.labels import network_folds
from darkroom.networks import tuned
from darkroom.refit.config import RefitConfig, RefitPaths

pytestmark = pytest.mark.slow


@pytest.fixture
def network(packs, packed, model, brief, changes, transfer_config, tmp_path):
    train, val = packs(48, 32)
    hparams = model(learning_rate=0.02).model_dump()
    tuned.write(tmp_path / "best.json", {"algorithm": "none", "trial": None, "values": hparams})
    config = RefitConfig(1, changes(), brief(epochs=4), transfer_config(1))
    paths = RefitPaths(packed, tmp_path / "best.json", tmp_path, tmp_path / "cache")
    data = {"train": train, "val": val, "test": val}
    with network_folds.ready(data, np.arange(48) % 2, config, paths, code=("labels",)) as method:
        yield method


def test_each_image_is_judged_by_a_network_of_the_other_folds(network):
    """Where the labels of one fold are swapped, the network that judges the other fold learns them so."""
    labels = np.asarray(network.data["train"].labels)
    fold = network.fold
    probabilities = network.out_of_sample(labels)
    assert (probabilities.argmax(1) == labels).mean() > 0.9
    swapped = np.where(fold == 0, 1 - labels, labels)
    after = network.out_of_sample(swapped)
    np.testing.assert_array_equal(after[fold == 0], probabilities[fold == 0])
    assert (after[fold == 1].argmax(1) != labels[fold == 1]).mean() > 0.9
    assert network.of_split("test").shape == (32, 2)


def test_a_state_that_succeeded_is_gone_and_one_that_failed_stays(packs, packed, model, tmp_path):
    tuned.write(tmp_path / "best.json", {"algorithm": "none", "trial": None, "values": model().model_dump()})
    config = SimpleNamespace(seed=1, values=(1,))
    paths = RefitPaths(packed, tmp_path / "best.json", tmp_path, tmp_path / "cache")

    def state(*, fails: bool):
        with network_folds.ready({}, np.zeros(4), config, paths, code=("labels",)) as method:
            method.session.state.mkdir(parents=True, exist_ok=True)
            if fails:
                raise KeyboardInterrupt
        return method.session.state

    assert not state(fails=False).exists()
    with pytest.raises(KeyboardInterrupt):
        state(fails=True)
    assert any((tmp_path / "cache/labels").iterdir())
