"""Keep the better one of champion and challenger.        models/, comparison.json -> champion/, registration.json"""

import numpy as np

from darkroom import files, params, paths, stage
from darkroom.data import pack
from darkroom.shipping import lineage, promotion, registry


def main() -> None:
    p = params.load()
    test = pack.read(paths.PACKED, "test")
    labels, metric, name = np.asarray(test.labels), p.compare.metric, p.register.model
    challenger = paths.MODELS / files.read_json(paths.COMPARISON)["best"]
    judge = {"how": p.register, "compared": p.compare, "seed": p.seed}
    decision = promotion.decide(challenger, paths.CHAMPION, test.images, labels, **judge)
    about = {"experiment": p.dataset.name, "tags": lineage.tags(paths.LOCK, paths.PACKED)}
    version = registry.ensure_version(name, challenger, **about)
    registry.explain(name, version, decision.reason)
    promotion.enthrone(decision, paths.CHAMPION)
    crowned = registry.mirror(name, paths.CHAMPION, **about)
    known = {"name": name, "version": version, "crowned": crowned, "metric": metric, "n": len(labels)}
    files.write_json(paths.REGISTRATION, promotion.record(decision, paths.CHAMPION, **known))
    print(decision.reason)


if __name__ == "__main__":
    stage.run(main, paths.LOCKS)
