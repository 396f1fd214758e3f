"""What lies beside the network in the champion's folder, and is no part of what identifies a model."""

import shutil
from pathlib import Path

from darkroom.inference import scaling
from darkroom.novelty import held_out, reference
from darkroom.register import identity, promotion
from darkroom.runtime import files, sealing

COPIED = reference.FILE, held_out.FILE  # from the challenger's folder, where it has them


def complete(champion: Path, challenger: Path, temperature: float) -> None:
    """Give the champion what its folder lacks, if it is the challenger: temperature, reference, held-out images.

    A new champion lacks the `temperature`, which `evaluate` fitted to the challenger, and one of an earlier release
    lacks the others too. Another champion stays as it is.
    """
    wanted = {scaling.FILE, *(name for name in COPIED if (challenger / name).exists())}
    missing = {name for name in wanted if not (champion / name).exists()}
    if not missing or promotion.champion_digest(champion) != identity.digest(challenger):
        return
    with files.durable(champion) as folder:
        shutil.copytree(champion, folder)
        for name in missing - {scaling.FILE}:
            shutil.copy(challenger / name, folder)
        if scaling.FILE in missing:
            scaling.write_temperature(folder, temperature)
        sealing.seal(folder)
