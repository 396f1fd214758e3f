"""environment: an address that MLflow cannot use is refused before any work."""

import pytest

from darkroom.runtime import environment
from darkroom.runtime.errors import EnvironmentFault

REFUSED = [
    "./mlruns", "mlruns", "/data/mlruns", "file:mlruns", "file:///data/mlruns", "ftp://host/x", "postgres://host/x",
    "http://", "http:/host", "http://host:99999", "http://host:port/", "http://[::1", "http://my host/", "http://h\n",
    "'http://host'", " ", "sqlite://", "sqlite:///", "sqlite:///:memory:", "sqlite:runs.db", "mysql+nobody://host/x",
]  # fmt: skip
ACCEPTED = [
    "", "http://127.0.0.1:5000", "https://bob:s3cret@host/mlflow", "http://[::1]:5000", "sqlite:////data/my runs.db",
    "sqlite:///runs.db", "databricks", "databricks://profile", "uc:http://host",
]  # fmt: skip


@pytest.mark.parametrize("address", REFUSED)
def test_an_address_that_mlflow_cannot_use_is_exit_5_with_a_fix(monkeypatch, address):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
    with pytest.raises(EnvironmentFault) as caught:
        environment.check()
    assert caught.value.exit_code == 5 and caught.value.where == "MLFLOW_TRACKING_URI"
    assert str(caught.value).endswith("`mlflow migrate-filestore`")


@pytest.mark.parametrize("address", ACCEPTED)
def test_an_address_that_mlflow_can_use_is_accepted(monkeypatch, address):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
    environment.check()


@pytest.mark.parametrize("address", ["http://bob:s3cret/x@host", "postgres://bob:s3cret@host", "'http://bob:s3cret@h'"])
def test_the_error_about_an_address_hides_its_password(monkeypatch, address):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
    with pytest.raises(EnvironmentFault) as caught:
        environment.check()
    assert "s3cret" not in str(caught.value)


def test_without_an_address_nothing_is_checked(monkeypatch):
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    environment.check()
