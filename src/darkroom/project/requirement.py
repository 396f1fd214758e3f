"""The line by which a project requires the darkroom that is installed, wherever that came from."""

import json
import re
from importlib.metadata import distribution

FILE = "requirements.in"
EXTRA = "pipeline"  # without it, darkroom can only predict and serve
NAME = f"darkroom[{EXTRA}]"
LINE = re.compile(r"^darkroom(?:\[([^\]\n]*)\])?(?![\w.-]).*$", re.MULTILINE)


def of_installed() -> str:
    """Return `darkroom[pipeline]==VERSION`, or `darkroom[pipeline] @ URL` if it was not installed from an index.

    The source is what the installer recorded: https://packaging.python.org/en/latest/specifications/direct-url/
    """
    installed = distribution("darkroom")
    direct = json.loads(installed.read_text("direct_url.json") or "null")
    return f"{NAME} @ {_address(direct)}" if direct else f"{NAME}=={installed.version}"


def is_of_this_machine(line: str) -> bool:
    """Whether no other machine can install what the line requires."""
    return " @ file:" in line


def updated(text: str) -> str:
    """Return the text of a requirements file that requires the installed darkroom, with the extras that it had."""
    source = of_installed().removeprefix(NAME)
    changed, count = LINE.subn(lambda match: f"darkroom[{_extras(match[1] or '')}]{source}", text)
    return changed if count else f"{NAME}{source}\n{text}"


def _extras(given: str) -> str:
    """The extras that the line had, and EXTRA, which those of earlier releases lack."""
    return ",".join(dict.fromkeys([EXTRA, *filter(None, given.replace(" ", "").split(","))]))


def _address(direct: dict) -> str:
    """Return the URL of a direct reference, with the commit of a repository and the folder in it."""
    address, folder = direct["url"], direct.get("subdirectory")
    if vcs := direct.get("vcs_info"):
        address = f"{vcs['vcs']}+{address}@{vcs['commit_id']}"
    return f"{address}#subdirectory={folder}" if folder else address
