"""Keep the better one of champion and challenger.        models/, comparison.json -> champion/, registration.json"""

from darkroom import packed_data, params, paths
from darkroom.register import promotion, registry
from darkroom.runtime import files, sealing, stage
from darkroom.tracking import lineage, tracking


def main() -> None:
    p = params.load()
    name, test = params.registered_name(p), packed_data.read(paths.PACKED).split("test")
    challenger = paths.MODELS / files.read_json(paths.COMPARISON)["best"]
    judge = {"data": sealing.digest_of(paths.PACKED), "config": p.register, "compared": p.compare, "seed": p.seed}
    decision = promotion.decide(challenger, paths.CHAMPION, test, paths.IMAGES, **judge)
    experiment = tracking.Experiment(p.dataset.name, lineage.tags(paths.LOCK, paths.PACKED))
    version = registry.ensure_version(name, challenger, experiment)
    registry.explain(name, version, decision.reason)
    promotion.promote(decision, challenger, paths.CHAMPION)
    champion = registry.mirror(name, paths.CHAMPION, experiment)
    known = {"name": name, "version": version, "champion_version": champion, "metric": p.compare.metric}
    files.write_json(paths.REGISTRATION, promotion.record(decision, paths.CHAMPION, **known))
    print(decision.reason)


if __name__ == "__main__":
    stage.run(main, paths.LOCKS)
