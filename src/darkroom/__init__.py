"""From an archive of labelled images to a validated, tuned, compared and versioned classifier.

import darkroom

darkroom.predict("photo.jpg").label  # the champion's answer, as `darkroom predict photo.jpg` gives it
model = darkroom.load_champion()  # or darkroom.Model("models/cnn")
model.predict(["a.jpg", pixels])  # files, and arrays uint8 (h, w), (h, w, 1), (h, w, 3) or (h, w, 4)
model.classes, model.digest
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from darkroom.api import Model, Prediction, load_champion, predict
    from darkroom.runtime.errors import DarkroomError

__all__ = ["DarkroomError", "Model", "Prediction", "load_champion", "predict"]


def __getattr__(name: str) -> object:
    """Import what is asked for when it is: `import darkroom` alone costs nothing."""
    if name not in __all__:
        raise AttributeError(f"module 'darkroom' has no attribute '{name}'")
    if name == "DarkroomError":
        from darkroom.runtime import errors

        return errors.DarkroomError
    from darkroom import api

    return getattr(api, name)


def __dir__() -> list[str]:
    return __all__
