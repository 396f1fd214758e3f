"""Keep the better one of champion and challenger.        models/, comparison.json -> champion/, registration.json"""

import numpy as np

from darkroom import errors, files, params, paths
from darkroom.data import pack
from darkroom.shipping import promotion, registry, tracking


def main() -> None:
    p = params.load()
    test = pack.read(paths.PACKED, "test")
    challenger = paths.MODELS / files.read_json(paths.COMPARISON)["best"]
    decision = promotion.decide(
        challenger,
        paths.CHAMPION,
        test.images,
        np.asarray(test.labels),
        classes=test.classes,
        how=p.register,
        metric=p.compare.metric,
        resamples=p.compare.resamples,
        seed=p.seed,
    )
    tags = tracking.lineage(paths.LOCK)
    version = registry.ensure_version(p.register.model, challenger, experiment=p.dataset.name, tags=tags)
    crowned = registry.ensure_version(p.register.model, decision.folder, experiment=p.dataset.name, tags=tags)
    promotion.enthrone(decision.folder, paths.CHAMPION)
    registry.crown(p.register.model, crowned)
    files.write_json(paths.REGISTRATION, promotion.record(decision, p.register.model, version, crowned))
    print(decision.reason)


if __name__ == "__main__":
    errors.guard(main)
