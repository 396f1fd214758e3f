"""register.companions: the temperature and the reference in the champion's folder."""

import numpy as np
import pytest

from darkroom.inference import scaling
from darkroom.novelty import held_out, reference
from darkroom.register import companions, identity
from darkroom.runtime import sealing


@pytest.fixture
def trained(model_folder):
    """A model folder of today, with a reference and held-out images."""
    folder = model_folder("cnn")
    (folder / reference.FILE).write_bytes(reference.to_bytes(reference.fit(np.eye(3), np.eye(3))))
    images = held_out.images(np.zeros((3, 6)), np.eye(3), np.eye(3))
    (folder / held_out.FILE).write_bytes(held_out.to_bytes(held_out.HeldOut(*images, np.arange(3))))
    sealing.seal(folder)
    return folder


def test_a_champion_of_an_earlier_release_gets_what_it_lacks_and_stays_the_same_model(trained, model_folder):
    champion = model_folder("champion")
    before = identity.digest(champion)
    companions.complete(champion, trained, 1.5)
    sealing.verify(champion)
    assert scaling.read_temperature(champion) == 1.5 and identity.digest(champion) == before
    for name in (reference.FILE, held_out.FILE):
        assert (champion / name).read_bytes() == (trained / name).read_bytes()


def test_a_champion_that_has_a_reference_but_no_held_out_images_gets_these(trained, model_folder):
    champion = model_folder("champion")
    companions.complete(champion, trained, 1.5)
    (champion / held_out.FILE).unlink()
    sealing.seal(champion)
    companions.complete(champion, trained, 2.5)
    assert held_out.read(champion).labels.tolist() == [0, 1, 2] and scaling.read_temperature(champion) == 1.5


def test_a_complete_champion_stays_as_it_is(trained, model_folder):
    champion = model_folder("champion")
    companions.complete(champion, trained, 1.5)
    before = {path.name: path.read_bytes() for path in champion.iterdir()}
    companions.complete(champion, trained, 2.5)
    assert before == {path.name: path.read_bytes() for path in champion.iterdir()}


def test_another_champion_and_none_stay_as_they_are(trained, model_folder, tmp_path):
    champion = model_folder("champion", label=1)
    companions.complete(champion, trained, 1.5)
    assert scaling.read_temperature(champion) is None and not (champion / reference.FILE).exists()
    companions.complete(tmp_path / "absent", trained, 1.5)
    assert not (tmp_path / "absent").exists()


def test_without_a_reference_the_temperature_alone_is_added(model_folder):
    champion = model_folder("champion")
    companions.complete(champion, model_folder("cnn"), 0.7)
    assert scaling.read_temperature(champion) == 0.7 and not (champion / reference.FILE).exists()
