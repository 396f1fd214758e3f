"""`dvc repro`, and what it does not say by itself.

DVC 3.67.1 waits three seconds for its own lock and then gives up a finished stage; ends with 0 although a full disk
kept an output out of its cache; takes a dvc.lock that was cut between two stages for one of stages that never ran; and
refuses every run while `.dvc/tmp/rwlock` is damaged. Typed bare, `dvc repro` still does all of that.
"""

import json
from collections.abc import Callable
from pathlib import Path

from ruamel.yaml import YAML, YAMLError

from darkroom.commands import repository
from darkroom.runtime.errors import ArtifactError, EnvironmentFault

LOCK = "dvc.lock"
RWLOCK = Path(".dvc/tmp/rwlock")  # what each running dvc reads and writes


def repro(*options: str) -> None:
    """Run the pipeline with these `options` of `dvc repro`; what already ran on equal inputs does not run again.

    Raises EnvironmentFault (exit 5) without git or when DVC's cache lacks an output afterwards, ArtifactError (exit 4)
    when dvc.lock or DVC's own lock file is damaged. A stage that fails ends the process with DVC's exit code, 255: the
    stage and DVC have said why.
    """
    repository.require_git()
    _check_rwlock()
    _check_lock()
    if code := repository.dvc("--wait-for-lock", "repro", *options):
        raise SystemExit(code)
    if lost := _not_in_cache(json.loads(repository.dvc_says("status", "--json") or "{}")):
        what = f"DVC's cache lacks {', '.join(lost)}, probably because the disk is full"
        raise EnvironmentFault("E_CACHE", what, where=".dvc/cache", fix="free space, then `dvc commit --force`")


def _check_rwlock() -> None:
    """An empty file is one of a dvc that was killed while it wrote."""
    if not RWLOCK.exists() or _read(json.loads, RWLOCK.read_text(errors="replace")) is not None:
        return
    fix = f"when no other dvc is running: rm {RWLOCK}"
    raise ArtifactError("E_DVC_LOCK", "DVC's list of who reads and writes is damaged", where=RWLOCK, fix=fix)


def _check_lock() -> None:
    """Compare dvc.lock with that of the last commit; who wants all stages to run again deletes the whole file."""
    if not Path(LOCK).exists():
        return
    stages = _stages(Path(LOCK).read_text(errors="replace"))
    if stages is None:
        raise ArtifactError("E_DVC_LOCK", f"{LOCK} cannot be read", where=LOCK, fix=f"git checkout {LOCK}")
    committed = _stages(repository.git("show", f"HEAD:./{LOCK}").stdout) or set()
    if lost := sorted((committed & (_stages(Path("dvc.yaml").read_text()) or set())) - stages):
        what = f"{LOCK} lacks {', '.join(lost)}, which the last commit has"
        raise ArtifactError("E_DVC_LOCK", what, where=LOCK, fix=f"git checkout {LOCK}, or delete it to run everything")


def _stages(text: str) -> set[str] | None:
    """The stages that a dvc.yaml or dvc.lock names, a matrix as one; None when it is neither."""
    found = _read(YAML(typ="safe").load, text)
    if not isinstance(found, dict) or not isinstance(found.get("stages"), dict):
        return None
    return {str(name).partition("@")[0] for name in found["stages"]}


def _read(parse: Callable[[str], object], text: str) -> object | None:
    try:
        return parse(text)
    except (ValueError, YAMLError):
        return None


def _not_in_cache(status: dict) -> list[str]:
    """The outputs that `dvc status --json` calls "not in cache"."""
    changes = [change for stage in status.values() if isinstance(stage, list) for change in stage]
    outs = [change["changed outs"] for change in changes if isinstance(change, dict) and "changed outs" in change]
    return sorted(place for found in outs for place, state in found.items() if state == "not in cache")
