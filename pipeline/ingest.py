"""Unpack the archive into shards, safely.        data/raw/... -> data/images/"""

from darkroom import params, paths
from darkroom.ingest import downloads, sources
from darkroom.runtime import errors, stage


def main() -> str:
    p = params.load()
    with downloads.local(p.dataset.archive, paths.CACHE / "archive", p.ingest) as archive:
        done = sources.unpack(archive, paths.IMAGES, p.ingest)
    for note in done.notes:
        errors.warn(note)
    return sources.summary(done)


if __name__ == "__main__":
    stage.run(main, paths.RUNNING)
