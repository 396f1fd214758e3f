"""The errors of a network that a format cannot hold, and of one that came out otherwise than it went in."""

from collections.abc import Collection

from darkroom.runtime.errors import ArtifactError, EnvironmentFault
from darkroom.saving.export_folder import Format

NAMES: dict[Format, str] = {"onnx": "ONNX", "litert": "LiteRT", "saved_model": "SavedModel"}


def unsupported(ops: Collection[str], form: Format) -> ArtifactError:
    """Return the error for operations that the format lacks; a SavedModel holds every one that Keras has."""
    what = f"{NAMES[form]} has no operation {', '.join(sorted(ops))}, which the network needs"
    return ArtifactError(
        "E_EXPORT", what, where=f"--to {form}", fix="use --to saved_model, which holds every operation"
    )


def failed(form: Format, fault: Exception) -> ArtifactError:
    """Return the error for a converter that gave up without naming an operation."""
    what = f"the converter to {NAMES[form]} gave up: {type(fault).__name__}: {str(fault).strip().splitlines()[0][:200]}"
    return ArtifactError("E_EXPORT", what, where=f"--to {form}", fix="use --to saved_model; --debug shows its words")


def missing(fault: ImportError) -> EnvironmentFault:
    """Return the error for a converter that is not installed."""
    fix = "pip install 'darkroom[export]'"
    return EnvironmentFault("E_EXTRA", f"{fault.name} is not installed", where="darkroom export", fix=fix)
