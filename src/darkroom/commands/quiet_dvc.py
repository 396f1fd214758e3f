"""`python -m darkroom.commands.quiet_dvc WORDS`: DVC without its information, for each stage says what it does.

DVC's own `--quiet` would hide its errors as well. A stage that fails ends the process with the stage's exit code, of
which DVC makes 255; one that signal N ended, with 128 + N as in a shell. A shell that waits for an interrupted stage
may die of the signal itself, as dash does.
"""

import logging
import re
import sys

FAILED = re.compile(r", exited with (-?\d+)$")  # DVC's message of a stage that fails
DVC_FAILED = 255


class StageCodes(logging.Handler):
    """Collects the exit codes of the stages that fail."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.codes: list[int] = []

    def emit(self, record: logging.LogRecord) -> None:
        fault = record.exc_info[1] if record.exc_info else None
        while fault is not None:
            if found := FAILED.search(str(fault)):
                code = int(found[1])
                self.codes.append(code if code >= 0 else 128 - code)
            fault = fault.__cause__


def main() -> None:
    from dvc.cli import main as dvc  # type: ignore[import-untyped]  # it takes half a second

    logging.disable(logging.INFO)
    handler = StageCodes()
    logging.getLogger("dvc").addHandler(handler)
    code = dvc(sys.argv[1:])
    sys.exit(handler.codes[0] if code == DVC_FAILED and handler.codes else code)


if __name__ == "__main__":
    main()
