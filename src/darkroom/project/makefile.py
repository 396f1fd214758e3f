"""The Makefile of a project: that of the repository, which installs darkroom instead of the folder it is in."""

import re

from darkroom.project import requirement

LEFT_OUT = ("check", "docs", "lock")  # targets for work on darkroom itself
LINK = """\
\tmkdir -p src
\tln -sfn "$$($(BIN)/python -c 'import darkroom; print(*darkroom.__path__)')" src/darkroom
\ttouch $@
"""
BOTH = """\
test: setup
\t# both at once: mypy alone would leave all processors but one idle
\t$(MAKE) --no-print-directory --jobs 2 check pytest

pytest: setup
"""
REPLACED = {
    "requirements.txt pyproject.toml\n": f"requirements.txt {requirement.FILE}\n",
    "--no-deps --editable .\n": f"--constraint requirements.txt --requirement {requirement.FILE}\n",
    '--editable ".[$(EXTRAS)]"': f'--requirement {requirement.FILE} "darkroom[$(EXTRAS)]"',
    "extras of pyproject.toml": "extras of darkroom",
    "\ttouch $@\n": LINK,
    BOTH: "test: setup\n",
    " pytest check": " check",
}


def of_project(text: str) -> str:
    """Return the text for a project. Raises ValueError when the repository's Makefile lacks a part to replace."""
    for old, new in REPLACED.items():
        text = _replaced(text, re.escape(old), new)
    for target in LEFT_OUT:
        text = _replaced(text, rf"^{target}:.*\n(?:\t.*\n)+\n", "")
        text = _replaced(text, rf"(?<=^\.PHONY:)(.*) {target}\b", r"\1")
    return _replaced(text, r"^COMPILE = .*\n", "")


def _replaced(text: str, pattern: str, new: str) -> str:
    replacement = new if r"\1" in new else new.replace("\\", r"\\")
    result, count = re.subn(pattern, replacement, text, flags=re.MULTILINE)
    if count != 1:
        raise ValueError(f"the Makefile has {count} places like {pattern!r}, and not one")
    return result
