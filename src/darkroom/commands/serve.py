"""Find the model that `darkroom serve` answers with, and serve it."""

import os
from pathlib import Path
from typing import NamedTuple

from darkroom.register import identity
from darkroom.runtime import files, processors, sealing
from darkroom.runtime.errors import ArtifactError, DarkroomError, EnvironmentFault, ParamsError
from darkroom.saving import export_folder
from darkroom.saving.model_folder import MODEL
from darkroom.serve.model import Engine

EXPORT = "darkroom export --to onnx"
INSTALL = "pip install 'darkroom[serve]'"


class Places(NamedTuple):
    """Where a project has its models."""

    exports: Path
    champion: Path
    models: Path


class Options(NamedTuple):
    """What the command line says."""

    model: Path | None
    engine: Engine
    host: str
    port: int
    token_env: str | None
    log: Path | None


def serve(options: Options, places: Places) -> None:
    """Answer requests until SIGTERM.

    Raises ArtifactError (exit 4) when there is no model to serve, EnvironmentFault (exit 5) for a port in use or
    libraries that are not installed, ParamsError (exit 2) for a token that is not set.
    """
    token = _token(options.token_env)
    try:
        from darkroom.serve import model, server  # of an extra
    except ImportError as fault:
        what = f"a library is not installed: {fault.name}"
        raise EnvironmentFault("E_EXTRA", what, where="darkroom serve", fix=INSTALL) from fault
    threads = processors.granted()
    server.serve(
        server.Settings(options.host, options.port, token, options.log),
        seal=lambda: sealing.digest_of(find(options, places)),
        load=lambda: model.OPEN[options.engine](find(options, places), threads),
    )


def newest_export(exports: Path, digest: str) -> Path:
    """The newest ONNX export of the model with this digest. Raises ArtifactError (exit 4) when there is none."""
    found = [folder for folder in exports.glob("*") if not files.is_partial(folder) and _is_of(folder, digest)]
    if not found:
        raise ArtifactError("E_EXPORT", "the champion is not exported", where=exports, fix=f"run `{EXPORT}`")
    return max(found, key=lambda folder: (folder / export_folder.FACTS).stat().st_mtime_ns)


def find(options: Options, places: Places) -> Path:
    """The folder that is served now. Raises ArtifactError (exit 4) when there is none that the engine can open."""
    if options.model:
        _require_kind(options.model, options.engine)
        return options.model
    current = places.champion if (places.champion / MODEL).exists() else places.models / "cnn"
    if not (current / MODEL).exists():
        raise ArtifactError("E_MODEL", "there is no model yet", where=current, fix=f"`dvc repro`, then `{EXPORT}`")
    return current if options.engine == "keras" else newest_export(places.exports, identity.digest(current))


def _require_kind(folder: Path, engine: Engine) -> None:
    """Raise ArtifactError (exit 4) for a folder that the engine cannot open."""
    file = MODEL if engine == "keras" else export_folder.FILES["onnx"]
    if not (folder / file).is_file():
        fix = f"name a folder of `{EXPORT}`, or a model folder with --engine keras"
        raise ArtifactError("E_MODEL", f"the folder has no {file}", where=folder, fix=fix)


def _is_of(folder: Path, digest: str) -> bool:
    try:
        facts = export_folder.read_facts(folder)
    except DarkroomError:  # half written, or something else
        return False
    return facts["format"] == "onnx" and facts["digest"] == digest


def _token(variable: str | None) -> str | None:
    """The token in the environment variable. Raises ParamsError (exit 2) when it is named and empty or not ASCII."""
    if variable is None:
        return None
    token = os.environ.get(variable, "")
    if not token or not token.isascii() or not token.isprintable():
        raise ParamsError("E_TOKEN", "the variable holds no token", where=variable, fix="set it, in printable ASCII")
    return token
