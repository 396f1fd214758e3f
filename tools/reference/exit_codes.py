"""Every exit code with what it means and the ids of its errors."""

import signal

from darkroom.runtime import errors
from tools.reference import error_ids
from tools.reference.tables import table

HEAD = """# Every exit code

Generated from the code by `python -m tools.reference`. A command or stage that fails prints one line,
`error[E_ID] what | where: place | fix: action`, and ends with one of these codes. `darkroom repro` and
`darkroom retrain` end with the code of the stage that failed. Plain `dvc repro` ends with 255 and prints
`exited with CODE`; `make` ends with 2 and prints `Error CODE`. [Troubleshooting](../troubleshooting.md) has every id
with its fix.
"""

MEANINGS = {  # of the classes of errors, in the order of their codes
    errors.DarkroomError: "a bug of darkroom",
    errors.ParamsError: "a value in `params.yaml`, or a word of the command, is not one that it takes",
    errors.DataError: "the data are broken, or an image cannot be used",
    errors.ArtifactError: "a model, a packed folder or another file of an earlier stage is missing or damaged",
    errors.EnvironmentFault: "the machine: disk, permissions, memory, a library, git",
    errors.ServiceError: "a server or a remote that is needed does not answer, or refuses",
    errors.TrainingError: "the training failed: no finite loss, no memory",
    errors.DriftAlarm: "`darkroom drift` found that new images differ from those that the model knows; nothing failed",
    errors.BusyError: "the same thing runs already",
}
SIGNALS = {
    128 + signal.SIGHUP: "the terminal was closed: the same command resumes",
    128 + signal.SIGINT: "interrupted (Ctrl-C): the same command resumes",
    128 + signal.SIGTERM: "terminated: the same command resumes",
    errors.BROKEN_PIPE: "nobody reads the output any more, as in `| head -1`",
}


def page() -> str:
    rows = [("0", "success; a challenger that lost to the champion is a success too", "")]
    ids_of = error_ids.exit_codes()
    rows += [(str(kind.exit_code), meaning, _ids(kind.exit_code, ids_of)) for kind, meaning in MEANINGS.items()]
    rows += [(str(code), meaning, "") for code, meaning in sorted(SIGNALS.items())]
    sections = "\n".join(f"## Exit code {code}\n\n{_sentence(meaning)}\n{ids}" for code, meaning, ids in rows)
    return f"{HEAD}\n{table(('code', 'meaning'), [row[:2] for row in rows])}\n\n{sections}"


def _sentence(meaning: str) -> str:
    return f"{meaning[0].upper()}{meaning[1:]}."


def _ids(code: int, exit_codes: dict[str, set[int]]) -> str:
    names = [name for name, codes in exit_codes.items() if code in codes]
    return "\n" + "\n".join(f"- [`{name}`](../troubleshooting.md#{name.lower()})" for name in names) + "\n"
