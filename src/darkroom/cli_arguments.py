"""The arguments of each command of `darkroom`."""

import argparse
from pathlib import Path
from typing import get_args

from darkroom import params, paths
from darkroom.formats import names
from darkroom.labelling import label_files
from darkroom.saving import export_folder

IMAGES = "an image, a folder, a quoted pattern, a .zip, or - for standard input"
MODEL = "a folder of models/ or exports/, champion, or models:/NAME@ALIAS (default: champion, else cnn)"
KEPT = "it is kept in the history of champions"


def of_retrain(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--update", action="store_true", help="get new versions of imported data first")
    ways = parser.add_mutually_exclusive_group()
    ways.add_argument("--dry", action="store_true", help="only say what would happen")
    ways.add_argument("--train-into", type=Path, metavar="FOLDER", help="write nowhere but to this new folder")
    ways.add_argument("--publish", type=Path, metavar="FOLDER", help="push what --train-into left; decodes no image")


def of_predict(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("paths", nargs="+", metavar="PATH", help=IMAGES)
    parser.add_argument("--model", help=MODEL)
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


def of_drift(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("paths", nargs="+", metavar="PATH", help=f"{IMAGES}; or a log of predict or serve")
    parser.add_argument("--model", help=MODEL)
    parser.add_argument("--out", choices=("text", "json"), default="text", help="the format of standard output")
    parser.add_argument(
        "--alpha", type=_level, default=0.05, help="the chance of an alarm where nothing changed (default: %(default)s)"
    )
    parser.add_argument("--report", type=Path, metavar="FILE", help="write an HTML page, with the images farthest away")


def _level(word: str) -> float:
    value = float(word)
    if not 0.001 <= value <= 0.5:  # below, the permutations would take gigabytes
        raise ValueError
    return value


def _fraction(word: str) -> float:
    value = float(word)
    if not 0 <= value <= 1:
        raise ValueError
    return value


def of_export(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", nargs="?", help="a model folder, or models:/NAME@ALIAS (default: the champion)")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--to", choices=export_folder.FILES, help="the format")
    what.add_argument("--list", action="store_true", help="print what was exported, and export nothing")
    parser.add_argument("--int8", action="store_true", help="weights and activations in 8 bits; onnx and litert")
    parser.add_argument("--out", type=Path, help=f"a new folder (default: in {paths.EXPORTS}/)")


def of_describe(parser: argparse.ArgumentParser) -> None:
    architectures = get_args(params.Model.model_fields["architecture"].annotation)
    parser.add_argument("architecture", choices=architectures, help="its hyperparameters are those in params.yaml")
    parser.add_argument(
        "--size", type=int, metavar="PIXELS", help="width and height of the images (default: as in params.yaml)"
    )
    parser.add_argument("--channels", type=int, choices=[1, 3], help="of the images (default: as in params.yaml)")
    parser.add_argument("--classes", type=int, default=10, metavar="K", help="default: 10")


def of_serve(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--model", type=Path, metavar="FOLDER", help="an exported model (default: the champion's)")
    parser.add_argument("--host", default="127.0.0.1", help="default: 127.0.0.1, which no other machine reaches")
    parser.add_argument("--port", type=int, default=8000, help="default: 8000")
    parser.add_argument("--engine", choices=["onnx", "keras"], default="onnx", help="keras serves a model folder")
    parser.add_argument("--token-env", metavar="NAME", help="the environment variable with the token of clients")
    parser.add_argument("--log", type=Path, metavar="FILE", help="append a JSON line for each image, without the image")


def of_fetch(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", help="digits, mnist, fashion_mnist, cifar10, cats_vs_dogs, or a URL")


def of_relabel(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "list",
        nargs="?",
        type=Path,
        default=paths.LABEL_ISSUES,
        metavar="FILE",
        help=f"label issues, a list of `darkroom suggest`, or an export (default: {paths.LABEL_ISSUES})",
    )
    parser.add_argument(
        "--images", type=Path, default=Path(), metavar="FOLDER", help="where new images are (default: the current one)"
    )
    parser.add_argument("--splits", nargs="+", choices=names.SPLITS, default=names.SPLITS, help="default: all of them")
    parser.add_argument("--to", type=Path, default=paths.RELABELLED, help=f"default: {paths.RELABELLED}")


def of_promote(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("version", type=int, metavar="VERSION", help="its number in the registry")
    parser.add_argument("--reason", required=True, help=KEPT)


def of_new(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("path", type=Path, metavar="PATH", help="an empty folder, or one that does not exist yet")


def of_rollback(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--to", type=int, metavar="VERSION", help="default: the champion before the present one")
    parser.add_argument("--reason", required=True, help=KEPT)


def of_status(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def of_suggest(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "paths", nargs="+", metavar="PATH", help="an image, a folder, a quoted pattern, a .zip, or - for standard input"
    )
    parser.add_argument("--n", type=_count, default=200, metavar="N", help="how many images (default: 200)")
    parser.add_argument(
        "--model", help="a folder of models/, champion, or models:/NAME@ALIAS (default: champion, else cnn)"
    )
    parser.add_argument("--format", choices=label_files.FORMATS, default="csv", help="default: csv")
    parser.add_argument("--out", type=Path, metavar="FILE", help="a new file (default: suggestions.csv, .json or .xml)")
    parser.add_argument("--copy-to", type=Path, metavar="FOLDER", help="copy the images to this new folder")


def _count(word: str) -> int:
    if (value := int(word)) < 1:
        raise ValueError
    return value


def of_unpack(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--to", type=Path, default=paths.UNPACKED, help=f"a new folder (default: {paths.UNPACKED})")


def of_use(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("preset", help="the name of a file in presets/, without .yaml")
