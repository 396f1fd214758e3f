"""The `darkroom` command: what a user types besides `dvc repro`."""

import argparse
import json
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import shtab

from darkroom import cli_arguments, params, paths
from darkroom.labelling import label_files
from darkroom.runtime import backends, errors, files, lean_keras, sealing, stderr_filter
from darkroom.runtime.errors import printable

if TYPE_CHECKING:
    from darkroom.commands.chosen_model import ChosenModel
    from darkroom.register.choice import Places


EXAMPLES = """examples:
  darkroom new cats && cd cats && make run      a project of your own, with data to start from
  darkroom use cats_dogs && dvc repro           the preset for cats and dogs, from the archive to the report
  darkroom predict photo.jpg a/folder 'b/*.png' label images with the champion
  darkroom predict photos.zip --out csv         a table, with the probability of each class
  darkroom export --to onnx                     the champion as a file that needs neither Keras nor TensorFlow
  darkroom serve                                answer HTTP requests with the exported champion
  darkroom drift new/ --report drift.html       are these still like the images that the champion knows?
  darkroom status                               where the pipeline is, and how long it still takes
  darkroom --print-completion bash              a completion script: save it where your shell looks for them
"""

KERAS_COMMANDS = {"predict", "drift", "suggest", "backbones", "describe", "export"}  # those that import it


def main() -> None:
    if {*sys.argv[1:2]} & KERAS_COMMANDS:
        stderr_filter.install()
        lean_keras.install()
        backends.use_onednn()
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
    subparsers = parser.add_subparsers(required=True, metavar="COMMAND")
    for command in COMMANDS:
        subparser = subparsers.add_parser(command.name, help=command.description, description=command.description)
        subparser.set_defaults(do=command.do)
        subparser.add_argument("--debug", action="store_true", help="show the traceback of an error")
        if command.add_arguments:
            command.add_arguments(subparser)
    return parser


def _export(arguments: argparse.Namespace) -> None:
    from darkroom.commands import chosen_model, export, export_list

    if arguments.list:
        print(export_list.listing(paths.EXPORTS, [paths.CHAMPION, *paths.MODELS.glob("*")]))
        return
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
    from darkroom.commands import predict
    from darkroom.inference.answers import Choice

    model = _chosen(arguments.model)
    temperature = model.require_temperature() if arguments.calibrated else None
    choice = Choice(temperature, arguments.reject_below, arguments.unknown_above)
    asked = predict.Asked(arguments.paths, arguments.out, choice, arguments.log, arguments.skip_bad)
    predict.predict_all(asked, model, paths.PARAMS)


def _drift(arguments: argparse.Namespace) -> None:
    from darkroom.commands import drift

    asked = drift.Asked(arguments.paths, arguments.out, arguments.alpha, arguments.report)
    drift.drift(asked, _chosen(arguments.model), paths.PARAMS)


def _chosen(name: str | None) -> "ChosenModel":
    from darkroom import api
    from darkroom.commands import chosen_model

    places = chosen_model.Places(paths.CHAMPION, api.current_model(Path()), paths.EVALUATION, paths.CACHE / "registry")
    return chosen_model.choose(name, places)


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

    places = relabel.Places(paths.MANIFEST, paths.IMAGES, paths.PREDICTIONS, arguments.images)
    for line in relabel.relabel(arguments.list, places, arguments.splits, arguments.to):
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


def _register(arguments: argparse.Namespace) -> None:
    from darkroom.commands import register
    from darkroom.mlflow_client.events import Experiment
    from darkroom.tracking import lineage

    p = params.load()
    experiment = Experiment(p.dataset.name, lineage.tags(paths.LOCK, paths.PACKED))
    print(register.register(params.registered_name(p), paths.CHAMPION, experiment))


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


def _suggest(arguments: argparse.Namespace) -> None:
    from darkroom import api
    from darkroom.commands import chosen_model, suggest

    places = chosen_model.Places(paths.CHAMPION, api.current_model(Path()), paths.EVALUATION, paths.CACHE / "registry")
    model = chosen_model.choose(arguments.model, places)
    known = {row["sha256"] for row in files.each_row(paths.MANIFEST)} if paths.MANIFEST.exists() else set()
    out = arguments.out or Path(f"suggestions{label_files.SUFFIXES[arguments.format]}")
    asked = suggest.Asked(arguments.paths, arguments.n, arguments.format, out, arguments.copy_to)
    print(suggest.suggest(asked, model, known, paths.PARAMS))


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


class Command(NamedTuple):
    name: str
    do: Callable[[argparse.Namespace], None]
    description: str
    add_arguments: Callable[[argparse.ArgumentParser], None] | None = None


COMMANDS = (
    Command("fetch", _fetch, "download a data set to data/raw/ and verify it", cli_arguments.of_fetch),
    Command("predict", _predict, "label images: path, label, probabilities", cli_arguments.of_predict),
    Command(
        "drift",
        _drift,
        "say whether new images are still like those that a model knows; exit 8 if not",
        cli_arguments.of_drift,
    ),
    Command("backbones", _backbones, "list the backbones that transfer.backbones takes"),
    Command(
        "describe",
        _describe,
        "list the layers of a network, their output shapes and costs",
        cli_arguments.of_describe,
    ),
    Command(
        "export",
        _export,
        "write a model as a file for other programs, which predicts the same",
        cli_arguments.of_export,
    ),
    Command(
        "relabel",
        _relabel,
        "copy the data with the labels of a list: of label issues, or of new images that people labelled",
        cli_arguments.of_relabel,
    ),
    Command(
        "promote",
        _promote,
        "make a version of the MLflow registry champion, whatever the gate says",
        cli_arguments.of_promote,
    ),
    Command("register", _register, "make the champion a version in the registry of MLFLOW_TRACKING_URI"),
    Command("repro", _repro, "run the pipeline as `dvc repro` does, with the checks that DVC lacks"),
    Command("new", _new, "make a project in an empty folder that uses the installed darkroom", cli_arguments.of_new),
    Command(
        "retrain",
        _retrain,
        "retrain when data or params changed, and push the result; what CI runs",
        cli_arguments.of_retrain,
    ),
    Command("rollback", _rollback, "make an earlier champion champion again", cli_arguments.of_rollback),
    Command("schema", _schema, f"write the JSON schema of params.yaml, for editors, to {paths.SCHEMA}"),
    Command("serve", _serve, "answer HTTP requests: images in, labels and probabilities out", cli_arguments.of_serve),
    Command(
        "status",
        _status,
        "say where the pipeline is, what runs, how long still, and which champion",
        cli_arguments.of_status,
    ),
    Command(
        "suggest",
        _suggest,
        "list the images that are most worth a label, for people and labelling tools",
        cli_arguments.of_suggest,
    ),
    Command("unpack", _unpack, f"write the images in {paths.IMAGES} to a plain folder", cli_arguments.of_unpack),
    Command("upgrade", _upgrade, "bring the files of a project of `darkroom new` to the installed release"),
    Command("use", _use, "write the defaults, changed by a preset, to params.yaml", cli_arguments.of_use),
)


if __name__ == "__main__":
    main()
