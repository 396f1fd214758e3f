"""Bring a project to the installed release: its pipeline, presets, Makefile, workflow, tests and pins."""

from pathlib import Path

from darkroom.project import library_link, record, requirement, update
from darkroom.project.update import Update
from darkroom.runtime import files
from darkroom.runtime.errors import EnvironmentFault


def upgrade(root: Path) -> Update:
    """Update the project `root` and return what changed. params.yaml, README.md and data are the owner's, and stay.

    Raises EnvironmentFault (exit 5) where `darkroom new` made no project.
    """
    if not record.is_project(root):
        fix = "cd to the project, or make one: `darkroom new PATH`"
        raise EnvironmentFault("E_NO_PROJECT", "this folder is no project of `darkroom new`", where=root, fix=fix)
    done = update.update(root, record.read(root).digests)
    _require_installed(root / requirement.FILE)
    library_link.point_to_installed(root)
    return done


def _require_installed(path: Path) -> None:
    old = path.read_text(encoding="utf-8") if path.exists() else ""
    if (new := requirement.updated(old)) != old:
        files.write_text(path, new)
