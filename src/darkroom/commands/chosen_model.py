"""Find the model that `--model` names, with its temperature and its digest."""

from pathlib import Path
from typing import NamedTuple

from darkroom.inference import scaling
from darkroom.register import fetched, identity, promotion
from darkroom.runtime import files
from darkroom.runtime.errors import ArtifactError
from darkroom.saving import export_folder, model_folder

CHAMPION = "champion"
CALIBRATION, MODELS = "details/calibration.json", "details/models.json"  # of reports/evaluation


class Places(NamedTuple):
    """Where a project keeps what names of models stand for."""

    champion: Path
    current: Path  # the folder of the champion, or of the network where there is none
    evaluation: Path
    cache: Path  # for models of MLflow's registry


class ChosenModel(NamedTuple):
    folder: Path
    exported: bool  # by `darkroom export`
    temperature: float | None  # None: not known

    @property
    def digest(self) -> str:
        """That of the model folder, of which an exported one is made. Raises ArtifactError (exit 4)."""
        return export_folder.read_facts(self.folder)["digest"] if self.exported else identity.digest(self.folder)

    def require_temperature(self) -> float:
        """Raises ArtifactError (exit 4) where it is not known: probabilities must not pass for calibrated ones."""
        if self.temperature is None:
            what = "no temperature is known of this model"
            fix = "run `dvc repro evaluate`, or name a model that it evaluated"
            raise ArtifactError("E_CALIBRATION", what, where=self.folder, fix=fix)
        return self.temperature


def choose(name: str | None, places: Places) -> ChosenModel:
    """Return the model that `name` stands for: `champion`, `models:/NAME@ALIAS`, a folder of a model or an export.

    None is the champion, or `models/cnn` while there is none. Raises ArtifactError (exit 4) when it is missing or
    another model than was registered, ServiceError (exit 6) when MLflow does not answer.
    """
    if name is not None and name.startswith(fetched.SCHEME):
        folder, tagged = fetched.fetch(name, places.cache)
        return ChosenModel(folder, False, scaling.read_temperature(folder) or tagged)
    folder = _folder(name, places)
    if (folder / export_folder.FACTS).exists():
        return ChosenModel(folder, True, export_folder.read_facts(folder)["temperature"])
    return ChosenModel(folder, False, scaling.read_temperature(folder) or _evaluated(folder, places.evaluation))


def _folder(name: str | None, places: Places) -> Path:
    if name is None:
        return places.current
    if name != CHAMPION:
        return Path(name)
    if not promotion.has_champion(places.champion):
        raise ArtifactError("E_MODEL", "there is no champion yet", where=places.champion, fix="run `dvc repro`")
    return places.champion


def _evaluated(folder: Path, evaluation: Path) -> float | None:
    """The temperature that `evaluate` fitted to the model in `folder`; None unless it was that one, unchanged."""
    calibrations, models = evaluation / CALIBRATION, evaluation / MODELS
    if not (calibrations.exists() and models.exists() and (folder / model_folder.RUN).exists()):
        return None
    facts = model_folder.read_facts(folder)
    if files.read_object(models).get(facts["name"]) != facts:
        return None
    return float(files.read_object(calibrations)[facts["name"]]["temperature"]["value"])
