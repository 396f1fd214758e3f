"""`src/darkroom` in a project: a link to the installed library, so that dvc.yaml can depend on its folders.

DVC hashes what the link points to. After an upgrade exactly the stages run again whose code changed, and the dvc.yaml
of the repository fits every project. The price: an operating system that lets users create symbolic links.
"""

from pathlib import Path

import darkroom
from darkroom.project.release import LIBRARY

INSTALLED = Path(darkroom.__file__).parent


def point_to_installed(root: Path) -> None:
    """Create or correct the link in the project `root`; a folder of that name, a copy of the library, stays."""
    link = root / LIBRARY
    if link.exists() and (not link.is_symlink() or link.resolve() == INSTALLED.resolve()):
        return
    link.unlink(missing_ok=True)
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(INSTALLED)
