"""Search for the best network.        packed/ -> best.json, trials.csv, trials/"""

from functools import partial

from darkroom import params, paths
from darkroom.runtime import files, stage
from darkroom.tracking import lineage, tracking
from darkroom.training import resume
from darkroom.tune import search


def main() -> None:
    p = params.load()
    waiting = resume.folder(
        paths.CACHE / "tune", paths.PACKED, p.tune, p.model, p.augment, p.seed, code=("networks", "training", "tune")
    )
    experiment = tracking.Experiment(p.dataset.name, lineage.tags(paths.LOCK, paths.PACKED))
    with tracking.run("search", experiment, key=waiting.name, params=params.flat({"tune": p.tune})) as run:
        best, trials = search.search(
            paths.PACKED,
            config=p.tune,
            model=p.model,
            augmented=p.augment,
            seed=p.seed,
            state=waiting,
            observe=partial(tracking.trial, experiment=experiment, of=run),
        )
    search.write_curves(paths.TRIAL_CURVES, trials)
    search.write_rows(paths.TRIALS, p.tune, trials)
    files.write_json(paths.BEST, best)
    print(search.summary(best, trials))


if __name__ == "__main__":
    stage.run(main, paths.LOCKS)
