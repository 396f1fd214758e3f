"""Turn what MLflow raises into one line, where darkroom cannot do without its answer."""

from collections.abc import Iterator
from contextlib import contextmanager

from darkroom.mlflow_client import client
from darkroom.runtime.errors import DarkroomError, ServiceError, brief


@contextmanager
def required() -> Iterator[None]:
    """Turn every exception of MLflow in the block into ServiceError (exit 6)."""
    try:
        client.ping()
        yield
    except DarkroomError:
        raise
    except Exception as fault:  # databases, servers and what they send can be wrong in any way
        is_server = client.is_server()
        repair = "start the server or unset MLFLOW_TRACKING_URI" if is_server else "repair mlflow.db or move it away"
        fix = f"{repair}, then run the same command again; nothing else runs again"
        where = "MLFLOW_TRACKING_URI" if is_server else "mlflow.db"
        raise ServiceError("E_MLFLOW", f"the model registry failed: {brief(fault)}", where=where, fix=fix) from fault
