"""Whether a project is at the installed release: scripts of one and a library of another need not fit together."""

from pathlib import Path

from darkroom.project import library_link, record, release
from darkroom.runtime.errors import EnvironmentFault


def prepare(root: Path) -> None:
    """Make ready to run what `darkroom new` made; do nothing elsewhere. Raises EnvironmentFault as `require` does."""
    require(root)
    if record.is_project(root):
        library_link.point_to_installed(root)


def require(root: Path) -> None:
    """Raise EnvironmentFault (exit 5) when the files of the project are those of another release than the installed.

    Their digests are compared, not versions: two builds of one version may differ. Files that the owner edited pass.
    """
    if not record.is_project(root):
        return
    old, installed = record.read(root), record.of_installed(release.contents())
    if old.digests != installed.digests:
        what = f"this project has the files of another darkroom ({old.version}) than is installed ({installed.version})"
        raise EnvironmentFault("E_RELEASE", what, where=root / record.FILE, fix="darkroom upgrade, then `make setup`")
