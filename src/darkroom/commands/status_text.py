"""A status as people read it, in one screen."""

import textwrap
from collections import Counter
from collections.abc import Iterator

from darkroom.commands.status import Score, StageStatus, Status
from darkroom.runtime.errors import printable

WIDTH = 110  # characters of a line
SHOWN = 4  # of models, problems, failures, and reasons why stages run
LONGEST = 300  # characters of one text


def lines(status: Status) -> Iterator[str]:
    """Yield at most 25 lines: each with a word in front that says what it is about."""
    for title, text in _texts(status):
        start, rest = f"{title:10}", " " * 10
        shortened = textwrap.shorten(printable(text), LONGEST, placeholder=" ...")
        yield from textwrap.wrap(shortened, WIDTH, initial_indent=start, subsequent_indent=rest)


def _texts(status: Status) -> Iterator[tuple[str, str]]:
    fresh, total = len(status.of("up to date")), len(status.stages)
    yield "data set", status.dataset or "unknown"
    yield "pipeline", f"{fresh} of {total} stages are up to date" if total else "no stages are known"
    for stage in status.of("running"):
        yield "running", f"stage {status.stages.index(stage) + 1} of {total}, {stage.name}: {_running(stage)}"
    for stage in status.of("failed")[:SHOWN]:
        yield "failed", f"{stage.name}, {duration(stage.since or 0)} ago: {stage.reason}"
    for stage in status.of("killed")[:SHOWN]:
        yield "killed", f"{stage.name}{_at(stage)}; the next run goes on from what it had finished"
    yield from _to_run(status)
    models = [f"{name} {_score(score)}" for name, score in list(status.accuracies.items())[:SHOWN]]
    yield "models", f"accuracy {', '.join(models)}{_more(len(status.accuracies))}" if models else "none evaluated yet"
    yield "champion", _champion(status)
    if status.waiting_events:
        yield "MLflow", f"{status.waiting_events} of its events wait on disk; the next run sends them"
    for problem in status.problems[:SHOWN]:
        yield "problem", problem
    if not status.of("running") and fresh < total:
        yield "next", "make run"


def duration(seconds: float) -> str:
    """Return seconds in the two units that say enough: `40 s`, `3 min 20 s`, `2 h 5 min`, `3 days`."""
    minutes, rest = divmod(round(seconds), 60)
    hours, of_hour = divmod(minutes, 60)
    if hours >= 48:
        return f"{hours // 24} days"
    return f"{hours} h {of_hour} min" if hours else f"{minutes} min {rest} s" if minutes else f"{rest} s"


def _running(stage: StageStatus) -> str:
    work = f"{stage.work.title} {stage.work.done} of {stage.work.total}, " if stage.work else ""
    left = f", about {duration(stage.left)} left" if stage.left is not None else ""
    return f"{work}for {duration(stage.since or 0)}{left}"


def _at(stage: StageStatus) -> str:
    return f" at {stage.work.title} {stage.work.done} of {stage.work.total}" if stage.work else ""


def _to_run(status: Status) -> Iterator[tuple[str, str]]:
    waiting = status.of("to run", "failed", "killed")
    if not waiting:
        return
    known = [stage.left for stage in waiting if stage.left is not None]
    unknown = f"{len(waiting) - len(known)} that never ended here" if len(known) < len(waiting) else ""
    took = f"{duration(sum(known))} last time" if known else ""
    yield "to run", f"{', '.join(stage.name for stage in waiting)} ({'; '.join(filter(None, [took, unknown]))})"
    causes = [stage for stage in waiting if stage.state == "to run" and not str(stage.reason).endswith("before it")]
    if causes and len(causes) < len(status.stages):
        reasons = Counter(stage.reason for stage in causes)
        first = {reason: next(stage.name for stage in causes if stage.reason == reason) for reason in reasons}
        told = [f"{reason} ({_first_of(first[reason], count)})" for reason, count in list(reasons.items())[:SHOWN]]
        yield "because", f"{'; '.join(told)}{_more(len(reasons))}"


def _first_of(name: str, count: int) -> str:
    return f"{name} and {count - 1} more" if count > 1 else name


def _champion(status: Status) -> str:
    if status.champion is None:
        return "none yet"
    accuracy = f", accuracy {_score(status.champion.accuracy)}" if status.champion.accuracy else ""
    return f"{status.champion.name}{accuracy}"


def _score(score: Score) -> str:
    interval = f" ({score.low:.4f} to {score.high:.4f})" if score.low is not None and score.high is not None else ""
    return f"{score.value:.4f}{interval}"


def _more(count: int) -> str:
    return f" and {count - SHOWN} more" if count > SHOWN else ""
