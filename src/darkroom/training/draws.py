"""Random numbers of dropout and augmentation that follow from a few whole numbers, such as the seed and the epoch."""

import numpy as np

STATE = "seed_generator_state"  # how the path of such a variable of Keras ends: uint32 (2,), a key and a counter


def reseed(variables: list, *numbers: int) -> None:
    """Set every random generator among the `variables`, each of them differently.

    Keras only adds 1 to the counter for each draw, so states that are numbered one after the other would repeat each
    other's draws; `SeedSequence` scatters them over all 2**64.
    """
    for i, variable in enumerate(variable for variable in variables if variable.path.endswith(STATE)):
        variable.assign(np.random.SeedSequence([*numbers, i]).generate_state(2))
