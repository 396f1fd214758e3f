"""Where a result comes from: the tags that link an MLflow run to DVC and git."""

import os
import subprocess
from pathlib import Path

from darkroom import plain_yaml
from darkroom.runtime import sealing


def tags(lock: Path, data: Path) -> dict[str, str]:
    """The tags dvc.data (DVC's md5 of the folder `data`), dvc.path, dvc.stage, dvc.experiment and the git commit.

    data.digest is that of the inventory of `data`, as the report and the model cards show it.

    `lock` is dvc.lock, which DVC completes after each stage. What is unknown has no tag.
    """
    values = {
        "dvc.data": _md5(lock, data),
        "data.digest": sealing.digest_of(data) if (data / sealing.INVENTORY).is_file() else None,
        "dvc.path": data.as_posix(),
        "dvc.stage": os.environ.get("DVC_STAGE"),
        "dvc.experiment": os.environ.get("DVC_EXP_NAME"),
        "mlflow.source.git.commit": _commit(),
    }
    return {name: value for name, value in values.items() if value}


def _md5(lock: Path, data: Path) -> str | None:
    try:
        stages = plain_yaml.parse_long(lock.read_text(encoding="utf-8"))["stages"].values()  # type: ignore[index]
    except (OSError, ValueError, TypeError, KeyError):
        return None
    outs = (out for stage in stages for out in stage.get("outs", []))
    return next((out["md5"] for out in outs if out["path"] == data.as_posix()), None)


def _commit() -> str | None:
    try:
        result = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return result.stdout.strip() or None
