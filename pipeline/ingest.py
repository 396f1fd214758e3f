"""Unpack the archive into shards, safely.        data/raw/... -> data/images/"""

from pathlib import Path

from darkroom import params, paths
from darkroom.ingest import sources
from darkroom.runtime import errors, stage


def main() -> str:
    p = params.load()
    done = sources.unpack(Path(p.dataset.archive), paths.IMAGES, p.ingest)
    for note in done.notes:
        errors.warn(note)
    return sources.summary(done)


if __name__ == "__main__":
    stage.run(main, paths.RUNNING)
