"""darkroom: what a user types beside `dvc repro`."""

import argparse
import glob
import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import get_args

from darkroom import params, paths
from darkroom.formats import names
from darkroom.runtime import errors, files
from darkroom.runtime.errors import DataError, ParamsError, printable

SHOWN = 3  # likeliest classes a line


def main() -> None:
    errors.program(run)


def run(*words: str) -> None:
    """Raises a DarkroomError whose exit code is the command's."""
    known = _parser().parse_args(words)
    known.do(known)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="darkroom", description="Commands beside `dvc repro`.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, do, said: str) -> argparse.ArgumentParser:
        found = commands.add_parser(name, help=said, description=said)
        found.set_defaults(do=do)
        found.add_argument("--debug", action="store_true", help="show the traceback of an error")
        return found

    fetch = command("fetch", _fetch, "get a data set into data/raw/, whole and checked")
    fetch.add_argument("name", help="digits, mnist, fashion_mnist, cifar10, cats_vs_dogs, or an address")
    predict = command("predict", _predict, "label images: path, label, probabilities")
    predict.add_argument("paths", nargs="+", metavar="PATH", help="an image, a folder of images, or a pattern")
    predict.add_argument("--model", type=Path, help="a model folder (default: champion/, else models/cnn/)")
    predict.add_argument("--skip-bad", action="store_true", help="exit 0 although some images are unusable")
    command("backbones", _backbones, "list the names that transfer.backbones takes")
    describe = command("describe", _describe, "list the layers of a network, what each gives and what it costs")
    known = get_args(params.Model.model_fields["architecture"].annotation)
    describe.add_argument("architecture", choices=known, help="what it leaves open is as params.yaml says")
    describe.add_argument(
        "--size", type=int, metavar="PIXELS", help="side of the images (default: that of params.yaml)"
    )
    describe.add_argument("--channels", type=int, choices=[1, 3], help="of the images (default: as in params.yaml)")
    describe.add_argument("--classes", type=int, default=10, metavar="K", help="default: 10")
    relabel = command("relabel", _relabel, "copy the images with the labels that a list of doubts suggests")
    relabel.add_argument(
        "doubts", nargs="?", type=Path, default=paths.LABEL_ISSUES, help=f"default: {paths.LABEL_ISSUES}"
    )
    relabel.add_argument("--to", type=Path, default=Path("data/raw/relabelled"), help="default: data/raw/relabelled")
    command("repro", _repro, "run the pipeline as `dvc repro` does, and check what DVC leaves unsaid")
    command("retrain", _retrain, "retrain when data or params changed, and push the result; what CI runs")
    use = command("use", _use, "put a preset in place of params.yaml")
    use.add_argument("preset", help="a file name in presets/ without .yaml")
    return parser


def _fetch(known: argparse.Namespace) -> None:
    from darkroom.commands import fetch

    target = fetch.fetch(known.name, Path("data/raw"))
    print(f"{target}: name it in params.yaml as dataset.archive")


def _predict(known: argparse.Namespace) -> None:
    from darkroom.inference import predict
    from darkroom.register import promotion

    champion = paths.CHAMPION if promotion.has_champion(paths.CHAMPION) else None
    model = known.model or champion or paths.MODELS / "cnn"
    bad = 0
    for path, found in predict.predict_files(model, _named_files(known.paths)):
        if isinstance(found, DataError):
            bad += 1
            print(printable(found), file=sys.stderr)
        else:
            print(_line(path, found), flush=True)
    if bad and not known.skip_bad:
        fix = "see the lines above, or --skip-bad"
        raise DataError("E_IMAGES", f"{bad} of the images could not be used", where=" ".join(known.paths), fix=fix)


def _named_files(wanted: Sequence[str]) -> list[Path]:
    """The files that the names stand for, as often as they are named.

    What exists is that file or folder, in whatever spelling of Unicode; only what does not is tried as a pattern.
    A folder or a pattern stands for its images: junk is left out, files of other kinds too, and these are counted.
    """
    found: list[Path] = []
    for name in wanted:
        path = _existing(Path(name))
        several = [path] if path.exists() else sorted(map(Path, glob.glob(name, recursive=True)))
        found += [path] if path.is_file() or not several else _images_of(name, several)
    return found


def _existing(path: Path) -> Path:
    """The path as the disk spells it, where that differs in the form of Unicode only."""
    spelled = Path(path.anchor)
    for part in path.parts[len(spelled.parts) :]:
        choices = [] if (spelled / part).exists() or not spelled.is_dir() else os.listdir(spelled)
        spelled /= next((other for other in choices if names.composed(other) == names.composed(part)), part)
    return spelled


def _images_of(name: str, places: Sequence[Path]) -> list[Path]:
    inside = [(path, below) for path in places for below in (sorted(files.below(path)) if path.is_dir() else [path])]
    kept = [file for path, file in inside if not names.is_junk(file.relative_to(path).parts or (file.name,))]
    images = [file for file in kept if not names.is_stray(file.name)]
    if len(images) < len(kept):
        errors.warn(f"{name}: left out {names.kinds(file.name for file in kept if names.is_stray(file.name))}")
    return images or list(places)  # which are no images, and will be told so


def _line(path: Path, found: dict[str, float]) -> str:
    label = next(iter(found))
    ranked = ", ".join(f"{printable(name)} {p:.4f}" for name, p in list(found.items())[:SHOWN])
    return f"{printable(path)}\t{printable(label)}\t{ranked}"


def _backbones(known: argparse.Namespace) -> None:
    from darkroom.transfer_learning import backbones

    print(*backbones.names(), sep="\n")


def _describe(known: argparse.Namespace) -> None:
    from darkroom.networks import architectures
    from darkroom.training import describe

    p = params.load()
    hparams = params.with_value(p.model, "architecture", known.architecture)
    size = known.size or p.preprocess.image_size
    shape = (size, size, known.channels or (3 if p.preprocess.color == "rgb" else 1))
    network = architectures.build(hparams, shape=shape, classes=known.classes, spec={})
    row = "{layer:<28} {kind:<22} {output:<18} {parameters:>12} {multiply_adds:>15}".format
    print(row(layer="layer", kind="kind", output="output", parameters="parameters", multiply_adds="multiply-adds"))
    for found in describe.rows(network):
        print(row(**{**found, "output": " x ".join(map(str, found["output"]))}))
    print(row(layer="total", kind="", output="", **describe.total(network)))


def _relabel(known: argparse.Namespace) -> None:
    from darkroom.commands import relabel

    count = relabel.write(files.read_rows(known.doubts), files.read_rows(paths.MANIFEST), paths.IMAGES, known.to)
    print(f"{known.to}: {count} labels changed; set dataset.archive to it in params.yaml, then `dvc repro`")


def _repro(known: argparse.Namespace) -> None:
    from darkroom.commands.repro import repro
    from darkroom.ingest import sources

    p = params.load()
    sources.require_readable(Path(p.dataset.archive))  # DVC would hash it first, and wait at a pipe for ever
    listed = ["cnn", *p.transfer.backbones]
    files.set_aside(paths.MODELS, but=listed, to=paths.CACHE / "models")  # else DVC takes models/ for changed
    repro()


def _retrain(known: argparse.Namespace) -> None:
    from darkroom.commands.retrain import retrain

    print(retrain())


def _use(known: argparse.Namespace) -> None:
    preset = Path("presets") / f"{known.preset}.yaml"
    names = sorted(path.stem for path in Path("presets").glob("*.yaml"))
    if known.preset not in names:
        what = f"there is no preset {known.preset}"
        raise ParamsError("E_PRESET", what, where="presets", fix=f"take one of {', '.join(names)}")
    archive = params.load(preset).dataset.archive
    shutil.copyfile(preset, paths.PARAMS)
    print(f"params.yaml is now {preset}")
    if not Path(archive).exists():
        print(f"its images are not there yet: put the archive at {archive}, then `dvc add {archive}`")


if __name__ == "__main__":
    main()
