"""Retrain in two jobs: one that sees strangers' images and may write nothing, one that writes and sees no image.

The first leaves a folder: the generated files, the objects that its run added to DVC's cache, and the commit that it
trained on. The second takes them for what they are, data of a job that may have been taken over: it runs nothing of
them, copies only the files that a retraining makes, and checks every object against the MD5 in its name. DVC's run
cache is not handed over, because it would decide what later runs take for their own results.
"""

import hashlib
import json
import re
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

from darkroom.commands import branch, repository, retrain_summary
from darkroom.commands.branch import GENERATED, TRIES, Target
from darkroom.commands.repository import git, git_output
from darkroom.commands.repro import repro
from darkroom.commands.retrain import alone, exchange, is_up_to_date, prepare, pull
from darkroom.runtime import files
from darkroom.runtime.errors import ArtifactError, EnvironmentFault, ServiceError, printable

BASE, FILES, OBJECTS, COMMENT = "base.json", "files", "objects", "comment.md"
OBJECT = re.compile(r"([0-9a-f]{2})/([0-9a-f]{30})(\.dir)?")
VERSION = re.compile(r"^[ -]*(md5|size|nfiles|etag|checksum|version_id|rev_lock): .*$", re.MULTILINE)


def train(folder: Path, *, update: bool = False) -> str:
    """Run the pipeline and leave the result in `folder`, a new one; neither git nor the DVC remote is written to.

    HEAD may be on no branch. Raises as `retrain.retrain` does, and EnvironmentFault (exit 5) where `folder` exists.
    """
    if folder.exists():
        raise EnvironmentFault("E_EXISTS", "the folder exists already", where=folder, fix="name a new one")
    imports = prepare(update=update)
    generated = (*GENERATED, *imports)
    before: set[Path] = set()
    with alone():
        if imports or not is_up_to_date(generated):
            remote = pull(imports)
            before = set(_objects(_cache()))
            repro(*(["--pull"] if remote else []))
            retrain_summary.write("HEAD")
        return _handed_over(folder, generated, before)


def publish(folder: Path) -> str:
    """Push what `train` left in `folder`: first the objects to the DVC remote, then a commit to the branch.

    Raises ArtifactError (exit 4) for anything in `folder` that a retraining does not make, ServiceError (exit 6) when
    a remote does not answer or the branch has another result by now; the champion of the branch is then as it was.
    """
    prepare(update=False)
    target = branch.target()
    if target is None:
        raise EnvironmentFault("E_NO_REMOTE", "there is no git remote to push to", where="git remote", fix="add one")
    base = files.read_object(folder / BASE)
    names = sorted(_regular_files(folder / FILES))
    gone = [str(name) for name in base.get("gone", [])]
    _check_names(folder / FILES, names, gone)
    if not names:
        return "nothing changed, so nothing is pushed"
    with alone():
        branch.rebase_onto(target)
        _require_same_results(str(base.get("commit")), target)
        _take_objects(folder / OBJECTS, _cache())
        _take_files(folder / FILES, names, gone)
        if remote := repository.dvc_output("config", "core.remote"):
            exchange("push", remote=remote)
        branch.commit([*names, *gone])
        return _pushed(target)


def _handed_over(folder: Path, generated: Sequence[str], before: set[Path]) -> str:
    changed = git_output("ls-files", "--modified", "--others", "--exclude-standard", "--", *generated).splitlines()
    with files.replacing(folder) as partial:
        partial.mkdir()
        kept = [path for path in changed if Path(path).exists()]
        for path in kept:
            _copy(Path(path), partial / FILES / path)
        for added in set(_objects(_cache())) - before if changed else ():
            _copy(_cache() / added, partial / OBJECTS / added)
        base = {"commit": git_output("rev-parse", "HEAD"), "gone": sorted({*changed} - {*kept})}
        (partial / BASE).write_text(json.dumps(base))
        summary = retrain_summary.SUMMARY.read_text(encoding="utf-8") if changed else "Nothing changed.\n"
        (partial / COMMENT).write_text(summary, encoding="utf-8")
    return f"the result is in {printable(folder)}" if changed else "nothing changed"


def _cache() -> Path:
    """Return DVC's folder of objects."""
    return Path(repository.dvc_output("cache", "dir")) / "files" / "md5"


def _objects(folder: Path) -> Iterator[Path]:
    yield from (path.relative_to(folder) for path in files.below(folder))


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)


def _regular_files(folder: Path) -> Iterator[str]:
    """Yield the files below `folder`, relative to it. Raises ArtifactError for links, which lead elsewhere."""
    for path in folder.rglob("*"):
        if path.is_symlink() or not (path.is_dir() or path.is_file()):
            raise _foreign(path, "is neither a file nor a folder")
        if path.is_file():
            yield path.relative_to(folder).as_posix()


def _require_same_results(base: str, target: Target) -> None:
    """Raise ServiceError if the branch got other results since `base`: these do not follow from them."""
    is_known = git("merge-base", "--is-ancestor", base, "HEAD").returncode == 0
    if not is_known or git_output("diff", "--name-only", base, "HEAD", "--", *GENERATED):
        what = "the branch has other results than those that were trained on"
        raise ServiceError("E_CONFLICT", what, where=target, fix="retrain on the branch as it is now")


def _take_objects(folder: Path, cache: Path) -> None:
    """Copy objects into DVC's cache. Raises ArtifactError before any is there if one is not what its name says."""
    names = list(_regular_files(folder))
    for name in names:
        match = OBJECT.fullmatch(name)
        if match is None or _md5(folder / name) != match[1] + match[2]:
            raise _foreign(folder / name, "is not the object that its name says")
    for name in names:
        _copy(folder / name, cache / name)


def _md5(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def _check_names(folder: Path, names: Sequence[str], gone: Sequence[str]) -> None:
    """Raise ArtifactError unless each is a file that a retraining makes, or the new version of imported data."""
    for name in (*names, *gone):
        parts = PurePosixPath(name).parts
        is_generated = ".." not in parts and (name == GENERATED[0] or parts[0] == GENERATED[1])
        if not is_generated and not (name in names and _is_new_version(folder / name, Path(name))):
            raise _foreign(folder / name, "is nothing that a retraining makes")


def _take_files(folder: Path, names: Sequence[str], gone: Sequence[str]) -> None:
    for name in names:
        _copy(folder / name, Path(name))
    for name in gone:
        Path(name).unlink(missing_ok=True)


def _is_new_version(new: Path, old: Path) -> bool:
    """Whether a `.dvc` file differs from that of the branch in the version of its data alone."""
    if new.suffix != ".dvc" or not old.is_file():
        return False
    return VERSION.sub("", new.read_text()) == VERSION.sub("", old.read_text())


def _pushed(target: Target) -> str:
    for _ in range(TRIES):
        if branch.pushed(target):
            return f"the result is on {target}"
        branch.rebase_onto(target)
        if not branch.own_commits(target):
            break
    what = "the branch got other results or moved all the time"
    raise ServiceError("E_PUSH", what, where=target, fix="retrain on the branch as it is now")


def _foreign(path: Path, what: str) -> ArtifactError:
    fix = "do not publish it: look at the job that made it"
    return ArtifactError("E_HANDOVER", f"{printable(path.name)} {what}", where=path, fix=fix)
