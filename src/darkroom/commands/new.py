"""Make a new project, which uses the installed darkroom instead of a copy of its repository."""

from pathlib import Path

from darkroom.commands import digits, presets, repository
from darkroom.project import library_link, release, requirement, update
from darkroom.runtime import files
from darkroom.runtime.errors import ParamsError, warn

PRESET = "digits"  # the one whose images need no download


def new(folder: Path) -> None:
    """Fill the empty or absent `folder` with a project that can run at once; in git, its files are staged.

    Raises ParamsError (exit 2) when there is something in the folder, EnvironmentFault (exit 5) when git fails.
    """
    _require_empty(folder)
    folder.mkdir(parents=True, exist_ok=True)
    update.update(folder, {})
    p = presets.use(PRESET, folder / "presets", folder / "params.yaml")
    digits.write(folder / p.dataset.archive)
    files.write_text(folder / release.README, release.readme(folder.resolve().name))
    _require_installed(folder)
    library_link.point_to_installed(folder)
    _stage(folder)


def _require_empty(folder: Path) -> None:
    """Raise ParamsError (exit 2) when `folder` is a file or holds something other than an empty git repository."""
    if folder.exists() and (not folder.is_dir() or {path.name for path in folder.iterdir()} - {".git"}):
        fix = "name a folder that is empty or does not exist; inside a project, `darkroom upgrade` updates it"
        raise ParamsError("E_NOT_EMPTY", "a new project needs an empty folder", where=folder, fix=fix)


def _require_installed(folder: Path) -> None:
    line = requirement.of_installed()
    files.write_text(folder / requirement.FILE, f"{line}\n")
    if requirement.is_of_this_machine(line):
        what = f"{requirement.FILE} requires darkroom from this machine ({line.partition('file:')[2]})"
        warn(f"{what}; before others or CI install it, name a git URL or a release there")


def _stage(folder: Path) -> None:
    """Stage all files for the first commit, in a new git repository unless the folder lies in one."""
    if repository.git("-C", str(folder), "rev-parse", "--git-dir").returncode:
        repository.git_output("init", "--quiet", "--initial-branch", "main", str(folder))
    repository.git_output("-C", str(folder), "add", "--all", ".")
