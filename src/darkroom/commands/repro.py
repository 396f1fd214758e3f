"""`dvc repro` with the checks that it lacks.

DVC 3.67.1 waits three seconds for its own lock and then gives up a finished stage; exits with 0 although a full disk
kept an output out of its cache; mistakes a dvc.lock that was truncated between two stages for one whose other stages
never ran; and refuses every run while `.dvc/tmp/rwlock` is damaged. Plain `dvc repro` still does all of that.
"""

import json
from collections.abc import Callable
from pathlib import Path

from darkroom import plain_yaml
from darkroom.commands import dvc_stages, repository
from darkroom.project import current
from darkroom.runtime import stage
from darkroom.runtime.errors import ArtifactError, EnvironmentFault

LOCK = "dvc.lock"
RWLOCK = Path(".dvc/tmp/rwlock")  # which paths each running dvc reads and writes


def repro(*options: str) -> None:
    """Run the pipeline with these `options` of `dvc repro`; a stage that already ran on equal inputs does not rerun.

    Raises EnvironmentFault (exit 5) without git, in a project of another release than the installed, or when DVC's
    cache lacks an output afterwards; ArtifactError (exit 4) when dvc.lock or DVC's own lock file is damaged. A stage
    that fails ends the process with the stage's exit code, after the stage and DVC have printed why.
    """
    repository.require_git()
    current.prepare(Path())
    _check_rwlock()
    _check_lock()
    if code := repository.quiet_dvc("--wait-for-lock", "repro", *options, **{stage.PLAN: _plan()}):
        raise SystemExit(code)
    if missing := _not_in_cache(json.loads(repository.dvc_output("status", "--json") or "{}")):
        what = f"DVC's cache lacks {', '.join(missing)}, probably because the disk is full"
        raise EnvironmentFault("E_CACHE", what, where=".dvc/cache", fix="free space, then `dvc commit --force`")


def _plan() -> str:
    """Return what tells each stage its number; nothing useful where DVC will say what is wrong with its files."""
    try:
        params = plain_yaml.load(Path("params.yaml"))
        return json.dumps(
            dvc_stages.plan(dvc_stages.read(Path("dvc.yaml"), params if isinstance(params, dict) else {}))
        )
    except (OSError, ValueError):
        return "{}"


def _check_rwlock() -> None:
    """Raise ArtifactError when the file is damaged; a dvc that was killed while writing leaves it empty."""
    if not RWLOCK.exists() or _parse(json.loads, RWLOCK.read_text(errors="replace")) is not None:
        return
    fix = f"when no other dvc is running: rm {RWLOCK}"
    raise ArtifactError("E_DVC_LOCK", "DVC's list of readers and writers is damaged", where=RWLOCK, fix=fix)


def _check_lock() -> None:
    """Raise ArtifactError when dvc.lock lacks stages of the last commit. To rerun all stages, delete the whole file."""
    if not Path(LOCK).exists():
        return
    stages = _stages(Path(LOCK).read_text(errors="replace"))
    if stages is None:
        raise ArtifactError("E_DVC_LOCK", f"{LOCK} cannot be read", where=LOCK, fix=f"git checkout {LOCK}")
    committed = _stages(repository.git("show", f"HEAD:./{LOCK}").stdout) or set()
    if missing := sorted((committed & (_stages(Path("dvc.yaml").read_text()) or set())) - stages):
        what = f"{LOCK} lacks {', '.join(missing)}, which the last commit has"
        raise ArtifactError("E_DVC_LOCK", what, where=LOCK, fix=f"git checkout {LOCK}, or delete it to run everything")


def _stages(text: str) -> set[str] | None:
    """Return the names of the stages in a dvc.yaml or dvc.lock, a matrix as one; None when it is neither."""
    document = _parse(plain_yaml.parse, text)
    if not isinstance(document, dict) or not isinstance(document.get("stages"), dict):
        return None
    return {str(name).partition("@")[0] for name in document["stages"]}


def _parse(parse: Callable[[str], object], text: str) -> object | None:
    try:
        return parse(text)
    except ValueError:
        return None


def _not_in_cache(status: dict) -> list[str]:
    """Return the outputs that `dvc status --json` calls "not in cache"."""
    changes = [change for stage in status.values() if isinstance(stage, list) for change in stage]
    outs = [change["changed outs"] for change in changes if isinstance(change, dict) and "changed outs" in change]
    return sorted(path for states in outs for path, state in states.items() if state == "not in cache")
