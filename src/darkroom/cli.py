"""The `darkroom` command: what a user types besides `dvc repro`."""

import argparse
import json
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import shtab

from darkroom import params, paths
from darkroom.formats import names
from darkroom.runtime import errors, files, lean_keras, sealing, stderr_filter
from darkroom.runtime.errors import printable
from darkroom.saving import export_folder

if TYPE_CHECKING:
    from darkroom.register.choice import Places


EXAMPLES = """examples:
  darkroom new cats && cd cats && make run      a project of your own, with data to start from
  darkroom use cats_dogs && dvc repro           the preset for cats and dogs, from the archive to the report
  darkroom predict photo.jpg a/folder 'b/*.png' label images with the champion
  darkroom predict photos.zip --out csv         a table, with the probability of each class
  darkroom export --to onnx                     the champion as a file that needs neither Keras nor TensorFlow
  darkroom serve                                answer HTTP requests with the exported champion
  darkroom status                               where the pipeline is, and how long it still takes
  darkroom --print-completion bash              a completion script: save it where your shell looks for them
"""


def main() -> None:
    if sys.argv[1:2] in (["predict"], ["backbones"], ["describe"], ["export"]):  # those that import Keras
        stderr_filter.install()
        lean_keras.install()
    errors.program(run)


def run(*words: str) -> None:
    """Run one command. Raises a DarkroomError whose exit code is the command's."""
    arguments = _parser().parse_args(words)
    arguments.do(arguments)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="darkroom",
        description="Commands besides `dvc repro`.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"darkroom {version('darkroom')}")
    shtab.add_argument_to(parser, ["--print-completion"], help="print the completion script of a shell")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, do: Callable[[argparse.Namespace], None], description: str) -> argparse.ArgumentParser:
        subparser = commands.add_parser(name, help=description, description=description)
        subparser.set_defaults(do=do)
        subparser.add_argument("--debug", action="store_true", help="show the traceback of an error")
        return subparser

    fetch = command("fetch", _fetch, "download a data set to data/raw/ and verify it")
    fetch.add_argument("name", help="digits, mnist, fashion_mnist, cifar10, cats_vs_dogs, or a URL")
    _add_predict(command("predict", _predict, "label images: path, label, probabilities"))
    command("backbones", _backbones, "list the backbones that transfer.backbones takes")
    _add_describe(command("describe", _describe, "list the layers of a network, their output shapes and costs"))
    _add_export(command("export", _export, "write a model as a file for other programs, which predicts the same"))
    relabel = command("relabel", _relabel, "copy the images with the labels that a list of label issues suggests")
    relabel.add_argument(
        "issues", nargs="?", type=Path, default=paths.LABEL_ISSUES, help=f"default: {paths.LABEL_ISSUES}"
    )
    relabel.add_argument("--splits", nargs="+", choices=names.SPLITS, default=names.SPLITS, help="default: all of them")
    relabel.add_argument("--to", type=Path, default=paths.RELABELLED, help=f"default: {paths.RELABELLED}")
    promote = command("promote", _promote, "make a version of the MLflow registry champion, whatever the gate says")
    promote.add_argument("version", type=int, metavar="VERSION", help="its number in the registry")
    promote.add_argument("--reason", required=True, help="it is kept in the history of champions")
    command("repro", _repro, "run the pipeline as `dvc repro` does, with the checks that DVC lacks")
    new = command("new", _new, "make a project in an empty folder that uses the installed darkroom")
    new.add_argument("path", type=Path, metavar="PATH", help="an empty folder, or one that does not exist yet")
    _add_retrain(command("retrain", _retrain, "retrain when data or params changed, and push the result; what CI runs"))
    rollback = command("rollback", _rollback, "make an earlier champion champion again")
    rollback.add_argument("--to", type=int, metavar="VERSION", help="default: the champion before the present one")
    rollback.add_argument("--reason", required=True, help="it is kept in the history of champions")
    command("schema", _schema, f"write the JSON schema of params.yaml, for editors, to {paths.SCHEMA}")
    _add_serve(command("serve", _serve, "answer HTTP requests: images in, labels and probabilities out"))
    status = command("status", _status, "say where the pipeline is, what runs, how long still, and which champion")
    status.add_argument("--json", action="store_true", help="print one JSON object")
    unpack = command("unpack", _unpack, f"write the images in {paths.IMAGES} to a plain folder")
    unpack.add_argument("--to", type=Path, default=paths.UNPACKED, help=f"a new folder (default: {paths.UNPACKED})")
    command("upgrade", _upgrade, "bring the files of a project of `darkroom new` to the installed release")
    use = command("use", _use, "write the defaults, changed by a preset, to params.yaml")
    use.add_argument("preset", help="the name of a file in presets/, without .yaml")
    return parser


def _add_retrain(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--update", action="store_true", help="get new versions of imported data first")
    ways = parser.add_mutually_exclusive_group()
    ways.add_argument("--dry", action="store_true", help="only say what would happen")
    ways.add_argument("--train-into", type=Path, metavar="FOLDER", help="write nowhere but to this new folder")
    ways.add_argument("--publish", type=Path, metavar="FOLDER", help="push what --train-into left; decodes no image")


def _add_predict(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "paths", nargs="+", metavar="PATH", help="an image, a folder, a quoted pattern, a .zip, or - for standard input"
    )
    parser.add_argument(
        "--model", help="a folder of models/ or exports/, champion, or models:/NAME@ALIAS (default: champion, else cnn)"
    )
    parser.add_argument(
        "--out", choices=("text", "csv", "json", "jsonl"), default="text", help="the format of standard output"
    )
    parser.add_argument("--json", action="store_const", const="jsonl", dest="out", help="the same as --out jsonl")
    parser.add_argument("--calibrated", action="store_true", help="apply the temperature that `evaluate` fitted")
    parser.add_argument(
        "--reject-below", type=_fraction, default=0.0, metavar="P", help="label images below it `rejected`"
    )
    parser.add_argument(
        "--unknown-above", type=_fraction, metavar="U", help="label images unlike the training images `unknown`"
    )
    parser.add_argument("--log", type=Path, metavar="FILE", help="append a JSON line per image to it, for later")
    parser.add_argument("--skip-bad", action="store_true", help="exit 0 although some images are unusable")


def _fraction(word: str) -> float:
    value = float(word)
    if not 0 <= value <= 1:
        raise ValueError
    return value


def _add_export(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", nargs="?", help="a model folder, or models:/NAME@ALIAS (default: the champion)")
    parser.add_argument("--to", required=True, choices=export_folder.FILES, help="the format")
    parser.add_argument("--int8", action="store_true", help="weights and activations in 8 bits; onnx and litert")
    parser.add_argument("--out", type=Path, help=f"a new folder (default: in {paths.EXPORTS}/)")


def _add_describe(parser: argparse.ArgumentParser) -> None:
    architectures = get_args(params.Model.model_fields["architecture"].annotation)
    parser.add_argument("architecture", choices=architectures, help="its hyperparameters are those in params.yaml")
    parser.add_argument(
        "--size", type=int, metavar="PIXELS", help="width and height of the images (default: as in params.yaml)"
    )
    parser.add_argument("--channels", type=int, choices=[1, 3], help="of the images (default: as in params.yaml)")
    parser.add_argument("--classes", type=int, default=10, metavar="K", help="default: 10")


def _add_serve(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--model", type=Path, metavar="FOLDER", help="an exported model (default: the champion's)")
    parser.add_argument("--host", default="127.0.0.1", help="default: 127.0.0.1, which no other machine reaches")
    parser.add_argument("--port", type=int, default=8000, help="default: 8000")
    parser.add_argument("--engine", choices=["onnx", "keras"], default="onnx", help="keras serves a model folder")
    parser.add_argument("--token-env", metavar="NAME", help="the environment variable with the token of clients")
    parser.add_argument("--log", type=Path, metavar="FILE", help="append a JSON line for each image, without the image")


def _export(arguments: argparse.Namespace) -> None:
    from darkroom.commands import chosen_model, export

    name = arguments.model or str(export.default_model(paths.CHAMPION, paths.MODELS, paths.COMPARISON))
    places = chosen_model.Places(paths.CHAMPION, Path(name), paths.EVALUATION, paths.CACHE / "registry")
    source = export.source(chosen_model.choose(name, places), paths.PACKED)
    out = arguments.out or paths.EXPORTS / export.folder_name(source.folder, arguments.to, int8=arguments.int8)
    if arguments.int8:
        print(export.export_int8(source, arguments.to, out, params.load().register.confidence))
    else:
        print(export.export(source, arguments.to, out))


def _fetch(arguments: argparse.Namespace) -> None:
    from darkroom.commands import fetch

    target = fetch.fetch(arguments.name, paths.RAW)
    print(f"{target}: name it in params.yaml as dataset.archive")


def _predict(arguments: argparse.Namespace) -> None:
    from darkroom import api
    from darkroom.commands import chosen_model, predict
    from darkroom.inference.answers import Choice

    places = chosen_model.Places(paths.CHAMPION, api.current_model(Path()), paths.EVALUATION, paths.CACHE / "registry")
    model = chosen_model.choose(arguments.model, places)
    temperature = model.require_temperature() if arguments.calibrated else None
    choice = Choice(temperature, arguments.reject_below, arguments.unknown_above)
    asked = predict.Asked(arguments.paths, arguments.out, choice, arguments.log, arguments.skip_bad)
    predict.predict_all(asked, model, paths.PARAMS)


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
    from darkroom.image_store import reading

    issues, manifest = files.read_rows(arguments.issues), files.read_rows(paths.MANIFEST)
    new = relabel.suggestions(issues, manifest, arguments.splits, arguments.issues)
    relabel.write(new, manifest, reading.open_store(paths.IMAGES), arguments.to)
    fix = "set dataset.archive to it in params.yaml, then `dvc repro`"
    print(f"{arguments.to}: {relabel.changes(new, manifest)}; {fix}")
    for line in relabel.accuracy_changes(new, files.read_tables(paths.PREDICTIONS)):
        print(line)


def _promote(arguments: argparse.Namespace) -> None:
    from darkroom.commands import choose

    print(choose.promote(params.registered_name(params.load()), arguments.version, arguments.reason, _places()))


def _rollback(arguments: argparse.Namespace) -> None:
    from darkroom.commands import choose

    print(choose.rollback(params.registered_name(params.load()), arguments.to, arguments.reason, _places()))


def _places() -> "Places":
    from darkroom.register.choice import Places

    followers = paths.CHAMPIONS, paths.LOOKS, paths.REGISTRATION
    return Places(paths.CHAMPION, *followers, paths.CHOICE, paths.RUNNING / "register.lock", paths.CACHE / "registry")


def _repro(arguments: argparse.Namespace) -> None:
    from darkroom.commands.repro import repro

    p = params.load()
    _require_readable(p.dataset.archive)
    models = ["cnn", *p.transfer.backbones]
    sealing.set_aside(paths.MODELS, but=models, to=paths.CACHE / "models")  # else DVC takes models/ for changed
    repro()


def _require_readable(archive: str) -> None:
    """Raise before DVC does: it would wait at a pipe for ever, and say less of a URL."""
    from darkroom.ingest import objects, sources

    if objects.is_url(archive):
        objects.look(archive)
    else:
        sources.require_readable(Path(archive))


def _new(arguments: argparse.Namespace) -> None:
    from darkroom.commands import new

    new.new(arguments.path)
    print(f"{printable(arguments.path)}: a project with the digits, staged in git; next: cd there, then `make run`")


def _upgrade(arguments: argparse.Namespace) -> None:
    from darkroom.commands import upgrade

    done = upgrade.upgrade(Path())
    for path in done.edited:
        print(f"{path} stays as you edited it; the release's version is {path}.new")
    changed = [*done.written, *done.removed]
    print(f"updated: {', '.join(changed)}; next: `make run`" if changed else "every file is up to date")


def _retrain(arguments: argparse.Namespace) -> None:
    from darkroom.commands import handover, retrain

    if arguments.publish:
        print(handover.publish(arguments.publish))
        return
    _require_readable(params.load().dataset.archive)
    if arguments.train_into:
        print(handover.train(arguments.train_into, update=arguments.update))
    else:
        print((retrain.plan if arguments.dry else retrain.retrain)(update=arguments.update))


def _serve(arguments: argparse.Namespace) -> None:
    from darkroom.commands import serve

    words = {name: getattr(arguments, name) for name in serve.Options._fields}
    serve.serve(serve.Options(**words), serve.Places(paths.EXPORTS, paths.CHAMPION, paths.MODELS))


def _schema(arguments: argparse.Namespace) -> None:
    from darkroom.commands import schema

    defaults = (paths.PRESETS / "defaults.yaml").read_text(encoding="utf-8")
    files.write_json(paths.SCHEMA, schema.schema(defaults))
    print(f"{paths.SCHEMA}: written")


def _status(arguments: argparse.Namespace) -> None:
    from darkroom.commands import status, status_text

    promotion, events = paths.CHAMPION / "promotion.json", paths.CACHE / "tracking"
    sources = status.Sources(paths.PARAMS, paths.LOCK, paths.RUNNING, paths.METRICS, promotion, events)
    found = status.collect(sources)
    if arguments.json:
        print(json.dumps(status.as_json(found)))
    else:
        print(*status_text.lines(found), sep="\n")


def _unpack(arguments: argparse.Namespace) -> None:
    from darkroom.commands import unpack
    from darkroom.image_store import reading

    count = unpack.unpack(reading.open_store(paths.IMAGES), arguments.to)
    print(f"{arguments.to}: {count} files")


def _use(arguments: argparse.Namespace) -> None:
    from darkroom.commands import presets

    archive = presets.use(arguments.preset, paths.PRESETS, paths.PARAMS).dataset.archive
    print(f"{paths.PARAMS} now holds the preset {arguments.preset}")
    if "://" not in archive and not Path(archive).exists():
        print(f"its images are not there yet: put the archive at {archive}, then `dvc add {archive}`")


if __name__ == "__main__":
    main()
