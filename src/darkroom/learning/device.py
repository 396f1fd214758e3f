"""What this machine trains on, and how it is made to repeat itself."""

import keras


def names() -> list[str]:
    """The devices the backend found, accelerators first, for instance `['gpu:0', 'cpu:0']`."""
    found = keras.distribution.list_devices("gpu") if keras.backend.backend() != "torch" else []
    return [*found, "cpu:0"]


def repeatable(seed: int) -> None:
    """Seed Python, NumPy and the backend, so that the same call gives the same weights on the same CPU."""
    keras.backend.clear_session()
    keras.utils.set_random_seed(seed)
