"""Why a stage would run: what DVC's status says, in milliseconds.

Code and small files are hashed as DVC hashes them. Large data is not: an input that another stage made is compared by
what dvc.lock says of both, and a large file by its size; no server is asked for the archive at a URL. The price: an
image that was changed by hand, or another archive at the URL, is not noticed.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from darkroom.commands import dvc_stages
from darkroom.commands.dvc_stages import Stage

LARGE = 1 << 25  # bytes
MISSING = object()


def reasons(stages: list[Stage], lock: Mapping[str, Any], params: Mapping[str, Any]) -> dict[str, str]:
    """Why each stage that is not up to date would run, in the order of `stages`; `lock` are the stages of dvc.lock."""
    made = {out["path"]: out for entry in lock.values() for out in entry.get("outs", [])}
    stale: dict[str, str] = {}
    changing: dict[str, str] = {}  # stages by their outs
    for stage in stages:
        waits = [name for out, name in changing.items() if any(_overlap(out, dep) for dep in stage.deps)]
        own = _reason(stage, lock.get(stage.name), params, made)
        if reason := own or (waits and f"{waits[0]} runs before it") or None:
            stale[stage.name] = reason
            changing |= dict.fromkeys(stage.outs, stage.name)
    return stale


def _reason(stage: Stage, entry: dict | None, params: Mapping[str, Any], made: Mapping[str, dict]) -> str | None:
    if entry is None:
        return "it never ran"
    if gone := [out for out in stage.outs if not Path(out).exists()]:
        return f"{gone[0]} is not here"
    if changed := _changed_params(stage, entry, params):
        return f"{changed[0]} changed in params.yaml"
    if entry.get("cmd") != stage.cmd or {dep["path"] for dep in entry.get("deps", [])} != set(stage.deps):
        return "its definition changed in dvc.yaml"
    changed = [dep["path"] for dep in entry.get("deps", []) if not _is_same(dep, made.get(dep["path"]))]
    return f"{changed[0]} changed" if changed else None


def _changed_params(stage: Stage, entry: dict, params: Mapping[str, Any]) -> list[str]:
    before = entry.get("params", {}).get("params.yaml", {})
    names = sorted({*before, *stage.params})
    return [name for name in names if before.get(name, MISSING) != _value(params, name)]


def _value(params: Mapping[str, Any], name: str) -> Any:
    try:
        return dvc_stages.lookup(params, name)
    except (KeyError, TypeError):
        return MISSING


def _is_same(dep: dict, out: dict | None) -> bool:
    """Whether a dependency is as dvc.lock has it; `out` is its entry as an output of another stage."""
    path = Path(dep["path"])
    if "://" in dep["path"]:
        return True
    if out is not None:
        return out.get("md5") == dep.get("md5")
    if not path.exists():
        return False
    if dep.get("size", 0) > LARGE:
        return path.is_dir() or path.stat().st_size == dep["size"]
    return _md5(path) == dep.get("md5")


def _md5(path: Path) -> str:
    """As DVC 3 computes it: that of a folder is the MD5 of a list of its files."""
    if path.is_file():
        return hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()
    inside = (file for file in path.rglob("*") if file.is_file() and "__pycache__" not in file.parts)
    entries = [{"md5": _md5(file), "relpath": file.relative_to(path).as_posix()} for file in inside]
    listing = json.dumps(sorted(entries, key=lambda entry: entry["relpath"]), sort_keys=True)
    return f"{hashlib.md5(listing.encode(), usedforsecurity=False).hexdigest()}.dir"


def _overlap(a: str, b: str) -> bool:
    return Path(a).is_relative_to(b) or Path(b).is_relative_to(a)
