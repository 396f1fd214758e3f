"""Keep the better one of champion and challenger.        models/, comparison.json -> champion/, registration.json"""

from darkroom import packed_data, params, paths
from darkroom.register import promotion, registry
from darkroom.runtime import files, sealing, stage
from darkroom.tracking import lineage, tracking


def main() -> None:
    p = params.load()
    name, challenger = params.registered_name(p), paths.MODELS / files.read_json(paths.COMPARISON)["best"]
    split, digest = packed_data.read(paths.PACKED).split("test"), sealing.digest_of(paths.PACKED)
    gate = promotion.Gate(p.register, p.compare, p.seed)
    test = promotion.TestImages(split, paths.IMAGES, digest)
    decision = promotion.decide(challenger, paths.CHAMPION, test, gate)
    experiment = tracking.Experiment(p.dataset.name, lineage.tags(paths.LOCK, paths.PACKED))
    version = registry.ensure_version(name, challenger, experiment)
    registry.describe(name, version, decision.reason)
    promotion.promote(decision, challenger, paths.CHAMPION)
    champion = registry.sync_champion(name, paths.CHAMPION, experiment)
    registration = promotion.record(
        decision, paths.CHAMPION, name=name, version=version, champion_version=champion, metric=p.compare.metric
    )
    files.write_json(paths.REGISTRATION, registration)
    print(decision.reason)


if __name__ == "__main__":
    stage.run(main, paths.LOCKS)
