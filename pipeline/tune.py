"""Search for the best network.        packed/ -> best.json, trials.csv, trials/"""

from functools import partial

from darkroom import params, paths
from darkroom.networks import tuned
from darkroom.runtime import stage
from darkroom.tracking import lineage, tracking
from darkroom.workers import engine, worker_process


def main() -> str:
    p = params.load()
    if p.engine.kind == "local" and p.tune.algorithm != "none":
        worker_process.preload(["pipeline", "darkroom.tune.trial"])
    from darkroom.training import checkpoint  # these import Keras, while the process that forks workers does
    from darkroom.tune import search
    from darkroom.tune.trial import Setup

    state = checkpoint.resume_dir(
        paths.CACHE / "tune", paths.PACKED, p.tune, p.model, p.augment, p.seed, code=("networks", "training", "tune")
    )
    experiment = tracking.Experiment(p.dataset.name, lineage.tags(paths.LOCK, paths.PACKED))
    setup = Setup(paths.PACKED, p.augment, p.seed)
    flat = params.flat({"tune": p.tune})
    searching = tracking.run("search", experiment, key=state.name, params=flat)
    with engine.opened(p.engine, [paths.PACKED]), searching as run:
        open_run = partial(tracking.trial, experiment=experiment, search=run)
        result = search.search(p.tune, p.model, setup, state=state, open_run=open_run)
        run.metrics({"val/loss": result.best.get("val_loss"), "val/accuracy": result.best.get("val_accuracy")})
    search.write_curves(paths.TRIAL_CURVES, result.trials)
    search.write_trials(paths.TRIALS, result)
    tuned.write(paths.BEST, result.best)
    return str(result)


if __name__ == "__main__":
    stage.run(main, paths.RUNNING)
