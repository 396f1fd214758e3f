"""Log an image so that MLflow's image grid shows it beside the images of the same name of other runs.

MlflowClient.log_image puts a random part into the names of its two files, so an event that is sent twice would appear
twice. Here the names follow from the run, the image and the step: a second delivery replaces the first.
"""

import uuid
from base64 import b64decode
from pathlib import Path
from tempfile import TemporaryDirectory

from darkroom.mlflow_client import client
from darkroom.mlflow_client.events import Image

NAMESPACE = uuid.UUID("8bca4d57-58ba-4a54-9f09-a6fcd28b4d1b")  # any fixed one


def log(run_id: str, event: Image) -> None:
    """Store the PNG, and the small WebP that the grid shows (mlflow 3.17.2, tracking/client.py, `log_image`)."""
    from mlflow.tracking.multimedia import Image as Picture
    from mlflow.tracking.multimedia import compress_image_size

    with TemporaryDirectory(prefix="darkroom-image-") as folder:
        stem = _stem(run_id, event)
        png = Path(folder, f"{stem}.png")
        png.write_bytes(b64decode(event.png, validate=True))
        compress_image_size(Picture(str(png)).to_pil()).save(Path(folder, f"{stem}+compressed.webp"))
        client.client().log_artifacts(run_id, folder, "images")
    client.client().set_tag(run_id, "mlflow.loggedImages", "True")  # without it the grid does not look for images


def _stem(run_id: str, event: Image) -> str:
    """The file name from which the page reads name, step and time: that of the run, as it must not change."""
    time = client.client().get_run(run_id).info.start_time
    identity = uuid.uuid5(NAMESPACE, f"{event.key} {event.name} {event.step}")
    return f"{event.name.replace('/', '~')}+step+{event.step}+timestamp+{time}+{identity}"
