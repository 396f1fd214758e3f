"""Take the weights of the champion, for the next training to start from.

The champion is an out of a later stage, so DVC cannot have it as a dependency of this one: each new champion would
train the next. So its weights are taken when the data are new, and kept as they are until the data are others again;
what a training started from is then in DVC's cache like its images. The price: the weights depend on history, which
champion stood when the data changed.
"""

from pathlib import Path

from darkroom.inference import inference
from darkroom.register import identity
from darkroom.runtime import sealing
from darkroom.runtime.errors import ArtifactError
from darkroom.saving import model_folder
from darkroom.training import start_weights
from darkroom.training.start_weights import About


def prepare(folder: Path, champion: Path, packed: Path, *, wanted: bool) -> str:
    """Write to `folder` what the training on the images in `packed` starts from, and return it in words.

    Raises ArtifactError (exit 4) when the champion cannot be used.
    """
    data = sealing.digest_of(packed)
    if wanted and _is_of(folder, data):
        return f"{start_weights.about(folder)['reason']}, taken before for these images"
    if reason := _why_not(champion, wanted=wanted):
        start_weights.write(folder, About(reason=reason))
        return reason
    return _take(folder, champion, data)


def _is_of(folder: Path, data: str) -> bool:
    """Whether the weights in `folder` were taken for these images."""
    try:
        sealing.verify(folder)
        return start_weights.about(folder).get("data") == data
    except ArtifactError:  # none yet, or damaged
        return False


def _why_not(champion: Path, *, wanted: bool) -> str:
    if not wanted:
        return "random weights, as train.warm_start is false"
    if not (champion / model_folder.MODEL).exists():
        return "random weights, as there is no champion here"
    facts = model_folder.read_facts(champion)
    return "" if facts["pretrained"] is None else f"random weights, as the champion is {facts['name']}"


def _take(folder: Path, champion: Path, data: str) -> str:
    network, spec = inference.load(champion)
    digest = identity.digest(champion)
    about = About(
        reason=f"the weights of the champion {digest}",
        champion=digest,
        classes=spec["classes"],
        epochs=model_folder.read_facts(champion)["epochs"],
        data=data,
    )
    start_weights.write(folder, about, start_weights.of_network(network))
    return about["reason"]
