"""The `darkroom` command: what a user types besides `dvc repro`."""

import argparse
import glob
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import get_args

from darkroom import params, paths
from darkroom.formats import names
from darkroom.runtime import errors, files, sealing, stderr_filter
from darkroom.runtime.errors import DataError, printable

SHOWN = 3  # most probable classes per line


def main() -> None:
    if sys.argv[1:2] in (["predict"], ["backbones"], ["describe"]):  # those that import Keras
        stderr_filter.install()
    errors.program(run)


def run(*words: str) -> None:
    """Run one command. Raises a DarkroomError whose exit code is the command's."""
    arguments = _parser().parse_args(words)
    arguments.do(arguments)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="darkroom", description="Commands besides `dvc repro`.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, do: Callable[[argparse.Namespace], None], description: str) -> argparse.ArgumentParser:
        subparser = commands.add_parser(name, help=description, description=description)
        subparser.set_defaults(do=do)
        subparser.add_argument("--debug", action="store_true", help="show the traceback of an error")
        return subparser

    fetch = command("fetch", _fetch, "download a data set to data/raw/ and verify it")
    fetch.add_argument("name", help="digits, mnist, fashion_mnist, cifar10, cats_vs_dogs, or a URL")
    predict = command("predict", _predict, "label images: path, label, probabilities")
    predict.add_argument("paths", nargs="+", metavar="PATH", help="an image, a folder of images, or a pattern")
    predict.add_argument("--model", type=Path, help="a model folder (default: champion/, else models/cnn/)")
    predict.add_argument("--skip-bad", action="store_true", help="exit 0 although some images are unusable")
    command("backbones", _backbones, "list the backbones that transfer.backbones takes")
    _add_describe(command("describe", _describe, "list the layers of a network, their output shapes and costs"))
    relabel = command("relabel", _relabel, "copy the images with the labels that a list of label issues suggests")
    relabel.add_argument(
        "issues", nargs="?", type=Path, default=paths.LABEL_ISSUES, help=f"default: {paths.LABEL_ISSUES}"
    )
    relabel.add_argument("--splits", nargs="+", choices=names.SPLITS, default=names.SPLITS, help="default: all of them")
    relabel.add_argument("--to", type=Path, default=paths.RELABELLED, help=f"default: {paths.RELABELLED}")
    command("repro", _repro, "run the pipeline as `dvc repro` does, with the checks that DVC lacks")
    command("retrain", _retrain, "retrain when data or params changed, and push the result; what CI runs")
    use = command("use", _use, "write the defaults, changed by a preset, to params.yaml")
    use.add_argument("preset", help="the name of a file in presets/, without .yaml")
    return parser


def _add_describe(parser: argparse.ArgumentParser) -> None:
    architectures = get_args(params.Model.model_fields["architecture"].annotation)
    parser.add_argument("architecture", choices=architectures, help="its hyperparameters are those in params.yaml")
    parser.add_argument(
        "--size", type=int, metavar="PIXELS", help="width and height of the images (default: as in params.yaml)"
    )
    parser.add_argument("--channels", type=int, choices=[1, 3], help="of the images (default: as in params.yaml)")
    parser.add_argument("--classes", type=int, default=10, metavar="K", help="default: 10")


def _fetch(arguments: argparse.Namespace) -> None:
    from darkroom.commands import fetch

    target = fetch.fetch(arguments.name, paths.RAW)
    print(f"{target}: name it in params.yaml as dataset.archive")


def _predict(arguments: argparse.Namespace) -> None:
    from darkroom.inference import predict
    from darkroom.register import promotion

    champion = paths.CHAMPION if promotion.has_champion(paths.CHAMPION) else None
    model = arguments.model or champion or paths.MODELS / "cnn"
    bad = 0
    for path, result in predict.predict_files(model, _named_files(arguments.paths)):
        if isinstance(result, DataError):
            bad += 1
            print(printable(result), file=sys.stderr)
        else:
            print(_line(path, result), flush=True)
    if bad and not arguments.skip_bad:
        what, where = f"{bad} of the images could not be used", " ".join(arguments.paths)
        raise DataError("E_IMAGES", what, where=where, fix="see the lines above, or --skip-bad")


def _named_files(arguments: Sequence[str]) -> list[Path]:
    """Return the files that the arguments name, as often as they are named.

    An existing file or folder is taken as such, in either normal form of Unicode; everything else is a pattern. A
    folder or a pattern stands for the images in it: junk is left out, other files too, and these are counted.
    """
    named: list[Path] = []
    for argument in arguments:
        path = _existing(Path(argument))
        matches = [path] if path.exists() else sorted(map(Path, glob.glob(argument, recursive=True)))
        named += [path] if path.is_file() or not matches else _images_in(argument, matches)
    return named


def _existing(path: Path) -> Path:
    """Return the path as the disk spells it, where that differs in the normal form of Unicode alone."""
    spelled = Path(path.anchor)
    for part in path.parts[len(spelled.parts) :]:
        choices = [] if (spelled / part).exists() or not spelled.is_dir() else os.listdir(spelled)
        spelled /= next((other for other in choices if names.composed(other) == names.composed(part)), part)
    return spelled


def _images_in(argument: str, matches: Sequence[Path]) -> list[Path]:
    pairs = [(path, file) for path in matches for file in (sorted(files.below(path)) if path.is_dir() else [path])]
    wanted = [file for path, file in pairs if not names.is_junk(file.relative_to(path).parts or (file.name,))]
    images = [file for file in wanted if not names.is_other_file(file.name)]
    if len(images) < len(wanted):
        errors.warn(
            f"{argument}: left out {names.kinds(file.name for file in wanted if names.is_other_file(file.name))}"
        )
    return images or list(matches)  # none of which is an image: predict says so


def _line(path: Path, probabilities: Mapping[str, float]) -> str:
    label = next(iter(probabilities))
    ranked = ", ".join(f"{printable(name)} {p:.4f}" for name, p in list(probabilities.items())[:SHOWN])
    return f"{printable(path)}\t{printable(label)}\t{ranked}"


def _backbones(arguments: argparse.Namespace) -> None:
    from darkroom.transfer_learning import backbones

    print(*backbones.names(), sep="\n")


def _describe(arguments: argparse.Namespace) -> None:
    from darkroom.networks import architectures
    from darkroom.training import describe

    p = params.load()
    hparams = params.with_value(p.model, "architecture", arguments.architecture)
    size = arguments.size or p.preprocess.image_size
    shape = (size, size, arguments.channels or (3 if p.preprocess.color == "rgb" else 1))
    network = architectures.build(hparams, shape=shape, classes=arguments.classes, spec={})
    line = "{:<28} {:<22} {:<18} {:>12} {:>15}".format
    print(line("layer", "kind", "output", "parameters", "multiply-adds"))
    for row in describe.rows(network):
        output = " x ".join(map(str, row["output"]))
        print(line(row["layer"], row["kind"], output, row["parameters"], row["multiply_adds"]))
    total = describe.total(network)
    print(line("total", "", "", total["parameters"], total["multiply_adds"]))


def _relabel(arguments: argparse.Namespace) -> None:
    from darkroom.commands import relabel

    issues, manifest = files.read_rows(arguments.issues), files.read_rows(paths.MANIFEST)
    new = relabel.suggestions(issues, manifest, arguments.splits, arguments.issues)
    relabel.write(new, manifest, paths.IMAGES, arguments.to)
    fix = "set dataset.archive to it in params.yaml, then `dvc repro`"
    print(f"{arguments.to}: {relabel.changes(new, manifest)}; {fix}")
    for line in relabel.accuracy_changes(new, files.read_tables(paths.PREDICTIONS)):
        print(line)


def _repro(arguments: argparse.Namespace) -> None:
    from darkroom.commands.repro import repro
    from darkroom.ingest import sources

    p = params.load()
    sources.require_readable(Path(p.dataset.archive))  # DVC would hash it first, and wait at a pipe for ever
    models = ["cnn", *p.transfer.backbones]
    sealing.set_aside(paths.MODELS, but=models, to=paths.CACHE / "models")  # else DVC takes models/ for changed
    repro()


def _retrain(arguments: argparse.Namespace) -> None:
    from darkroom.commands.retrain import retrain

    print(retrain())


def _use(arguments: argparse.Namespace) -> None:
    from darkroom.commands import presets

    archive = presets.use(arguments.preset, paths.PRESETS, paths.PARAMS).dataset.archive
    print(f"{paths.PARAMS} now holds the preset {arguments.preset}")
    if not Path(archive).exists():
        print(f"its images are not there yet: put the archive at {archive}, then `dvc add {archive}`")


if __name__ == "__main__":
    main()
