"""What only JAX has: arrays on its devices, and a loop that it compiles."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np


def free_memory() -> int | None:
    """Bytes of a GPU that nothing has taken yet; None for a processor, which keeps no count."""
    import jax  # not installed for the other backends

    memory = jax.local_devices()[0].memory_stats()
    return memory["bytes_limit"] - memory["bytes_in_use"] if memory else None


def images_everywhere() -> keras.distribution.DataParallel:
    """Weights and images on every device, of which each batch is `divided` where it is gathered."""

    class Everywhere(keras.distribution.DataParallel):
        def get_data_layout(self, data_shape: tuple) -> keras.distribution.TensorLayout:
            return keras.distribution.TensorLayout([None] * len(data_shape), self.device_mesh)

    return Everywhere()


def whole(array: np.ndarray) -> Any:
    """The array on the device, or on each of several."""
    import jax

    distribution = keras.distribution.distribution()
    if distribution is None:
        return jax.device_put(array)
    return keras.distribution.distribute_tensor(array, distribution.get_data_layout(array.shape))


def divided(batch: Any) -> Any:
    """The same batch, of which each of several devices has a part; as it is if that does not come out even."""
    distribution = keras.distribution.distribution()
    if distribution is None or batch.shape[0] % distribution.device_mesh.shape[0]:
        return batch
    axes = [distribution.batch_dim_name, *[None] * (len(batch.shape) - 1)]
    return keras.distribution.distribute_tensor(batch, keras.distribution.TensorLayout(axes, distribution.device_mesh))


def loop(step: Callable[[Any, Any], Any], most: int, steps: Any, state: Any) -> Any:
    """`state` after `step(i, state)` for each i below `steps`, of which there are at most `most`.

    A number that is known only at run time serves chunks of every length with one compiled program.
    """
    import jax

    def same_types(i: Any, now: Any) -> Any:
        leaves, after = jax.tree.leaves(now), jax.tree.leaves(step(i, now))
        kept = [new.astype(old.dtype) for old, new in zip(leaves, after, strict=True)]
        return jax.tree.unflatten(jax.tree.structure(now), kept)

    return same_types(0, state) if most == 1 else jax.lax.fori_loop(0, steps, same_types, state)
