"""The line by which a project requires the darkroom that is installed, wherever that came from."""

import json
import re
from importlib.metadata import distribution

FILE = "requirements.in"
LINE = re.compile(r"^darkroom(\[[^\]\n]*\])?(?![\w.-]).*$", re.MULTILINE)


def of_installed() -> str:
    """Return `darkroom==VERSION`, or `darkroom @ URL` if it was not installed from an index.

    The source is what the installer recorded: https://packaging.python.org/en/latest/specifications/direct-url/
    """
    installed = distribution("darkroom")
    direct = json.loads(installed.read_text("direct_url.json") or "null")
    return f"darkroom @ {_address(direct)}" if direct else f"darkroom=={installed.version}"


def is_of_this_machine(line: str) -> bool:
    """Whether no other machine can install what the line requires."""
    return " @ file:" in line


def updated(text: str) -> str:
    """Return the text of a requirements file that requires the installed darkroom, with the extras that it had."""
    name, _, source = of_installed().partition("darkroom")
    line = f"{name}darkroom{{}}{source}"
    changed, count = LINE.subn(lambda match: line.format(match[1] or ""), text)
    return changed if count else f"{line.format('')}\n{text}"


def _address(direct: dict) -> str:
    """Return the URL of a direct reference, with the commit of a repository and the folder in it."""
    address, folder = direct["url"], direct.get("subdirectory")
    if vcs := direct.get("vcs_info"):
        address = f"{vcs['vcs']}+{address}@{vcs['commit_id']}"
    return f"{address}#subdirectory={folder}" if folder else address
