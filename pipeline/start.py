"""Take the weights that a training starts from.        packed/, champion/ -> data/start/"""

from darkroom import params, paths
from darkroom.runtime import stage
from darkroom.start import champion_weights


def main() -> str:
    p = params.load()
    return champion_weights.prepare(paths.START, paths.CHAMPION, paths.PACKED, wanted=p.train.warm_start)


if __name__ == "__main__":
    stage.run(main, paths.RUNNING)
