"""Unpack the archive into shards, safely.        data/raw/... -> data/images/"""

from pathlib import Path

from darkroom import params, paths
from darkroom.ingest import sources
from darkroom.runtime import errors, stage


def main() -> None:
    p = params.load()
    done = sources.unpack(Path(p.dataset.archive), paths.IMAGES, p.ingest)
    for note in done.notes:
        errors.warn(note)
    print(f"{paths.IMAGES}: {done.files} files, {done.bytes} bytes; {done.left_out} left out: {done.left_out_kinds}")
    print(f"no images by their names: {done.other_kinds}")


if __name__ == "__main__":
    stage.run(main, paths.LOCKS)
