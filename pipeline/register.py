"""Keep the better one of champion and challenger.        models/, comparison.json -> champion/, champions.csv, ..."""

from darkroom import packed_data, params, paths
from darkroom.image_store import reading
from darkroom.register import (
    champions,
    choice,
    companions,
    identity,
    judging,
    looks,
    match,
    outcome,
    promotion,
    registry,
)
from darkroom.runtime import files, sealing, stage
from darkroom.tracking import lineage, tracking


def main() -> str:
    p = params.load()
    choice.require_none_pending(paths.CHOICE)
    name, challenger = params.registered_name(p), paths.MODELS / files.read_json(paths.COMPARISON)["best"]
    split, digest = packed_data.read(paths.PACKED).split("test"), sealing.digest_of(paths.PACKED)
    pixels = {row["path"]: row["pixels"] for row in files.each_row(paths.MANIFEST)}
    images = looks.digests([pixels[path] for path in split.paths])
    history = looks.judged(looks.read(paths.LOOKS), identity.digest(challenger), images)
    store = reading.open_store(paths.IMAGES)
    test = judging.TestImages(split, store, digest, looks.fresh(history, images, split.clusters))
    decision = promotion.decide(challenger, paths.CHAMPION, test, match.Gate(p.register, p.compare, p.seed))
    experiment = tracking.Experiment(p.dataset.name, lineage.tags(paths.LOCK, paths.PACKED))
    version = registry.ensure_version(name, challenger, experiment)
    temperature = files.read_object(paths.CALIBRATION)[challenger.name]["temperature"]["value"]
    registry.judged(name, version, decision, temperature)
    promotion.promote(decision, challenger, paths.CHAMPION)
    companions.complete(paths.CHAMPION, challenger, temperature)
    looks.write(paths.LOOKS, looks.crowned(history, promotion.champion_digest(paths.CHAMPION)))
    champion = registry.sync_champion(name, paths.CHAMPION, experiment)
    if champion:
        registry.defended(name, champion, decision)
    champions.note(paths.CHAMPIONS, outcome.history_row(name, paths.CHAMPION, champion))
    versions = outcome.Versions(name, version, champion)
    count = looks.count(history, images)
    registration = outcome.record(decision, paths.CHAMPION, versions, p.compare.metric, count)
    files.write_json(paths.REGISTRATION, registration)
    return decision.reason


if __name__ == "__main__":
    stage.run(main, paths.RUNNING)
