"""What the environment asks for, checked before a stage begins and not after hours of work."""

import os
from importlib.metadata import entry_points
from urllib.parse import urlsplit

from darkroom.runtime.errors import EnvironmentFault, printable

DATABASES = ("sqlite", "postgresql", "mysql", "mssql")  # as MLflow knows them, each perhaps with `+driver`
CLOUD = ("databricks", "databricks-uc", "uc")
FIX = (
    "unset it and the runs go to mlflow.db, or give http(s)://HOST:PORT or sqlite:////ABSOLUTE/PATH.db; "
    "runs in a folder are moved by `mlflow migrate-filestore`"
)


def check() -> None:
    """Raises EnvironmentFault (exit 5) when MLFLOW_TRACKING_URI names a place that MLflow cannot write to.

    It looks at the address only. Whether a server is there is asked by whoever needs it.
    """
    address = os.environ.get("MLFLOW_TRACKING_URI")
    if address and (why := _unusable(address)):
        what = f"MLflow cannot keep runs at '{printable(address)}': {why}"
        raise EnvironmentFault("E_TRACKING_URI", what, where="MLFLOW_TRACKING_URI", fix=FIX)


def _unusable(address: str) -> str | None:
    """What is wrong with the address, None where nothing is."""
    if address != address.strip() or not address.isprintable():
        return "it begins or ends with a blank, or holds a control character"
    scheme = address.partition(":")[0].lower() if ":" in address else ""
    if scheme in ("", "file") and address not in CLOUD:
        return "MLflow 3 does not write runs into a folder any more"
    if scheme in ("http", "https"):
        return _wrong_host(address)
    if scheme.partition("+")[0] in DATABASES:
        return _wrong_database(address)
    known = {*CLOUD, *(each.name for each in entry_points(group="mlflow.tracking_store"))}
    return None if scheme in known or address in known else f"it does not know the scheme {scheme}"


def _wrong_host(address: str) -> str | None:
    try:
        parts = urlsplit(address)
        return None if parts.hostname and parts.port != 0 and " " not in address else "it names no host"
    except ValueError:  # what Python says of it could be a part of the password
        return "its host or port cannot be read (`/ ? # @` in a password are written %2F %3F %23 %40)"


def _wrong_database(address: str) -> str | None:
    from sqlalchemy import create_engine
    from sqlalchemy.exc import SQLAlchemyError

    try:
        url = create_engine(address).url  # finds the driver, connects to nothing
    except (SQLAlchemyError, ImportError, ValueError, TypeError) as fault:
        return str(fault).partition("\n")[0]
    return "a database in memory ends with the stage" if url.database in (None, "", ":memory:") else None
