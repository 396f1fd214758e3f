"""The files that a release gives to a project.

They are the repository's own; the wheel contains them in the folder `files` beside this module (pyproject.toml), and
an editable install reads them from the repository. Nothing in dvc.yaml changes, because `src/darkroom` in a project
is a link to the installed library (`library_link`).
"""

from pathlib import Path

from darkroom.project import makefile

PACKAGED = Path(__file__).parent / "files"
REPOSITORY = Path(__file__).parents[3]
TEMPLATE = "template"  # what only a project has
README = "README.md"
COPIED = (
    ".devcontainer",
    ".dvc/.gitignore",
    ".dvc/config",
    ".dvcignore",
    ".github/workflows/retrain.yml",
    ".gitlab-ci.yml",
    ".vscode",
    "data/weights/README.md",
    "dvc.yaml",
    "pipeline",
    "presets",
    "requirements.txt",
)
LIBRARY = "src/darkroom"
IGNORED = f"/{LIBRARY}\n"


def contents() -> dict[str, bytes]:
    """Return the files that a project keeps as the release has them: path with slashes to contents."""
    files = {path: data for part in COPIED for path, data in _below(part).items()}
    template = {path.removeprefix(f"{TEMPLATE}/"): data for path, data in _below(TEMPLATE).items()}
    files |= {path: data for path, data in template.items() if path != README}
    files["Makefile"] = makefile.of_project(_text("Makefile")).encode()
    files[".gitignore"] = (_text(".gitignore") + IGNORED).encode()
    return files


def readme(name: str) -> str:
    """Return the first README.md of the project `name`."""
    return _text(f"{TEMPLATE}/{README}").replace("PROJECT", name)


def _below(part: str) -> dict[str, bytes]:
    """Return the file `part`, or the files in the folder `part`, without what Python leaves behind."""
    start = root() / part
    paths = [start] if start.is_file() else [path for path in sorted(start.rglob("*")) if path.is_file()]
    kept = [path for path in paths if "__pycache__" not in path.parts]
    return {path.relative_to(root()).as_posix(): path.read_bytes() for path in kept}


def _text(name: str) -> str:
    return (root() / name).read_text(encoding="utf-8")


def root() -> Path:
    """Return the folder that holds the files: that in the wheel, or the repository."""
    return PACKAGED if PACKAGED.is_dir() else REPOSITORY
