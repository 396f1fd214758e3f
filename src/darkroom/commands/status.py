"""Where the pipeline is, what runs and for how long still, and which champion: what can be read in a moment.

It imports no library that computes, and starts no DVC. A file that is damaged becomes a problem in one line.
"""

import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import psutil

from darkroom import plain_yaml
from darkroom.commands import dvc_stages, freshness
from darkroom.commands.dvc_stages import Stage
from darkroom.runtime import stage_record
from darkroom.runtime.errors import brief
from darkroom.runtime.stage_record import Record, Work


class Sources(NamedTuple):
    """The files to read."""

    params: Path
    lock: Path
    running: Path  # the folder of the stages' records
    metrics: Path
    promotion: Path  # of the champion
    events: Path  # the folder of the events that MLflow has not got yet
    definition: Path = Path("dvc.yaml")


class Score(NamedTuple):
    """A share of test images with its confidence interval; the ends are None where there is none."""

    value: float
    low: float | None
    high: float | None


class StageStatus(NamedTuple):
    name: str
    desc: str
    state: str  # up to date, running, failed, killed or to run
    reason: str | None  # why it would run, or its error
    since: float | None  # seconds since it began (running, killed) or ended (failed)
    left: float | None  # seconds until its end, estimated; 0 where it is up to date
    work: Work | None  # of a stage that runs or was killed


class Champion(NamedTuple):
    name: str
    accuracy: Score | None
    reason: str


class Status(NamedTuple):
    dataset: str | None
    stages: list[StageStatus]
    accuracies: dict[str, Score]  # on the test images, by model
    champion: Champion | None
    waiting_events: int
    problems: list[str]  # files that cannot be read, one line each

    def of(self, *states: str) -> list[StageStatus]:
        return [stage for stage in self.stages if stage.state in states]


def collect(sources: Sources) -> Status:
    """Read everything; whatever is not there yet is left empty."""
    problems: list[str] = []

    def attempt(path: Path, read: Callable[[Path], Any], otherwise: Any) -> Any:
        try:
            return read(path)
        except FileNotFoundError:
            return otherwise
        except (OSError, ValueError, LookupError, TypeError, AttributeError) as fault:
            problems.append(f"{path} cannot be read: {brief(fault)}")
            return otherwise

    params = attempt(sources.params, _mapping, {})
    lock = attempt(sources.lock, _locked_stages, {})
    stages = attempt(sources.definition, lambda path: dvc_stages.read(path, params), []) if params else []
    stale = attempt(sources.lock, lambda _: freshness.reasons(stages, lock, params), {})
    return Status(
        dataset=attempt(sources.params, lambda _: params["dataset"]["name"] if params else None, None),
        stages=[_stage(stage, stale.get(stage.name), sources.running) for stage in stages],
        accuracies=attempt(sources.metrics, _accuracies, {}),
        champion=attempt(sources.promotion, _champion, None),
        waiting_events=attempt(sources.events, _count_events, 0),
        problems=problems,
    )


def as_json(status: Status) -> dict[str, Any]:
    """The status in mappings and lists, each value by its name."""
    return _plain(status)


def _plain(value: Any) -> Any:
    if hasattr(value, "_asdict"):
        return _plain(value._asdict())
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, list) else value


def _mapping(path: Path) -> dict:
    return _object(plain_yaml.load(path))


def _object(document: object) -> dict:
    if not isinstance(document, dict):
        raise ValueError("it holds no keys")
    return document


def _locked_stages(path: Path) -> dict[str, dict]:
    stages = _object(plain_yaml.parse_long(path.read_text()))["stages"]
    if not all(isinstance(entry, dict) for entry in stages.values()):
        raise ValueError("a stage in it holds no keys")
    return stages


def _stage(stage: Stage, stale: str | None, folder: Path) -> StageStatus:
    record = stage_record.read(folder / f"{stage.command.replace(' ', '-')}.json")
    named = StageStatus(stage.command, stage.desc, "up to date", None, None, 0.0, None)
    if record and record.is_running:
        elapsed = time.time() - record.started
        return named._replace(state="running", since=elapsed, left=_left(record, elapsed), work=record.work)
    if stale is None:
        return named
    later = named._replace(state="to run", reason=stale, left=record.usual if record else None)
    if record and record.error:
        return later._replace(state="failed", reason=record.error, since=time.time() - (record.ended or record.started))
    if record and record.ended is None:
        return later._replace(state="killed", since=time.time() - record.started, work=record.work)
    return later


def _left(record: Record, elapsed: float) -> float | None:
    """By the pace of the work in hand, else by how long the stage took last time."""
    if record.work and record.work.left is not None:
        return record.work.left
    return max(0.0, record.usual - elapsed) if record.usual else None


def _accuracies(path: Path) -> dict[str, Score]:
    return {name: _score(scores["accuracy"]) for name, scores in _object(json.loads(path.read_text())).items()}


def _champion(path: Path) -> Champion | None:
    decision = _object(json.loads(path.read_text()))
    if not decision["promoted"]:
        return None
    score = decision["challenger"]  # without a value if a person promoted a version that its store never judged
    return Champion(decision["name"], _score(score) if score["value"] is not None else None, decision["reason"])


def _score(score: Mapping[str, Any]) -> Score:
    return Score(float(score["value"]), score["low"], score["high"])


def _count_events(folder: Path) -> int:
    """Those that processes left behind when they ended; a process that lives may have sent what its file holds."""
    left = [file for file in folder.glob("*-*.jsonl") if not psutil.pid_exists(int(file.name.partition("-")[0]))]
    return sum(file.read_bytes().count(b"\n") for file in left)
