"""`python -m darkroom.commands.quiet_dvc WORDS`: DVC without its information, for each stage says what it does.

DVC's own `--quiet` would hide its errors as well.
"""

import logging
import sys


def main() -> None:
    from dvc.cli import main as dvc  # type: ignore[import-untyped]  # it takes half a second

    logging.disable(logging.INFO)
    sys.exit(dvc(sys.argv[1:]))


if __name__ == "__main__":
    main()
