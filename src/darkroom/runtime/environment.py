"""Check the environment variables before a stage begins, and not after hours of work."""

import os
from importlib.metadata import entry_points
from urllib.parse import urlsplit

from darkroom.runtime.errors import EnvironmentFault, printable

DATABASES = ("sqlite", "postgresql", "mysql", "mssql")  # as MLflow names them; `+driver` may follow
CLOUD = ("databricks", "databricks-uc", "uc")
FIX = (
    "unset it and the runs go to mlflow.db, or give http(s)://HOST:PORT or sqlite:////ABSOLUTE/PATH.db; "
    "runs in a folder are moved by `mlflow migrate-filestore`"
)


def check() -> None:
    """Raise EnvironmentFault (exit 5) when MLFLOW_TRACKING_URI is an address that MLflow cannot write to.

    Only the address is checked; no server is contacted.
    """
    address = os.environ.get("MLFLOW_TRACKING_URI")
    if address and (reason := _error_in(address)):
        what = f"MLflow cannot keep runs at '{printable(address)}': {reason}"
        raise EnvironmentFault("E_TRACKING_URI", what, where="MLFLOW_TRACKING_URI", fix=FIX)


def _error_in(address: str) -> str | None:
    """Return what is wrong with the address, or None."""
    if address != address.strip() or not address.isprintable():
        return "it begins or ends with a space, or contains a control character"
    scheme = address.partition(":")[0].lower() if ":" in address else ""
    if scheme in ("", "file") and address not in CLOUD:
        return "MLflow 3 no longer writes runs to a folder"
    if scheme in ("http", "https"):
        return _error_in_host(address)
    if scheme.partition("+")[0] in DATABASES:
        return _error_in_database(address)
    schemes = {*CLOUD, *(plugin.name for plugin in entry_points(group="mlflow.tracking_store"))}
    return None if scheme in schemes or address in schemes else f"it does not know the scheme {scheme}"


def _error_in_host(address: str) -> str | None:
    try:
        parts = urlsplit(address)
        return None if parts.hostname and parts.port != 0 and " " not in address else "it has no valid host or port"
    except ValueError:  # Python's message could hold a part of the password
        return "its host or port cannot be read (`/ ? # @` in a password are written %2F %3F %23 %40)"


def _error_in_database(address: str) -> str | None:
    from sqlalchemy import create_engine
    from sqlalchemy.exc import SQLAlchemyError

    try:
        url = create_engine(address).url  # finds the driver, connects to nothing
    except (SQLAlchemyError, ImportError, ValueError, TypeError) as fault:
        return str(fault).partition("\n")[0]
    return "a database in memory ends with the stage" if url.database in (None, "", ":memory:") else None
