"""requirements.txt pins every package that is installed, by the SHA-256 of its files, and names no server."""

import re
import tomllib
from pathlib import Path

TEXT = Path("requirements.txt").read_text()
PACKAGES = TEXT.replace("\\\n", "").splitlines()
PROJECT = tomllib.loads(Path("pyproject.toml").read_text())["project"]


def test_each_package_has_one_version_and_the_hashes_of_its_files():
    pin = re.compile(r"[a-z0-9._-]+==\S+( ; [^#]+?)?(\s+--hash=sha256:[0-9a-f]{64})+")
    assert [line for line in PACKAGES if not pin.fullmatch(line)] == [] and len(PACKAGES) > 100


def test_it_names_no_server():
    assert "://" not in TEXT and "--index" not in TEXT


def test_it_has_each_direct_dependency():
    extras = PROJECT["optional-dependencies"]
    direct = [*PROJECT["dependencies"], *extras["pipeline"], *extras["serve"], *extras["dev"]]
    names = {re.match(r"[\w.-]+", dependency).group().lower() for dependency in direct}
    assert names <= {line.partition("==")[0] for line in PACKAGES}
