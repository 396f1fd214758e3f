"""What lies beside the network in the champion's folder, and is no part of what identifies a model."""

import shutil
from pathlib import Path

from darkroom.inference import scaling
from darkroom.novelty import reference
from darkroom.register import identity, promotion
from darkroom.runtime import files, sealing


def complete(champion: Path, challenger: Path, temperature: float) -> None:
    """Give the champion what its folder lacks, if it is the challenger: its temperature and its reference.

    A new champion lacks the `temperature`, which `evaluate` fitted to the challenger, and one of an earlier release
    lacks the reference too. Another champion stays as it is.
    """
    wanted = {scaling.FILE} | ({reference.FILE} if (challenger / reference.FILE).exists() else set())
    missing = {name for name in wanted if not (champion / name).exists()}
    if not missing or promotion.champion_digest(champion) != identity.digest(challenger):
        return
    with files.durable(champion) as folder:
        shutil.copytree(champion, folder)
        if reference.FILE in missing:
            shutil.copy(challenger / reference.FILE, folder)
        if scaling.FILE in missing:
            scaling.write_temperature(folder, temperature)
        sealing.seal(folder)
