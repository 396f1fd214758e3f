"""errors: one line on stderr, an exit code of its own, a traceback only when asked for."""

import pickle
import sys

import pytest

from darkroom import errors


@pytest.fixture
def guarded(monkeypatch, capsys):
    """A function that guards a raise of `fault` and returns `(exit code, stderr)`."""

    def run(fault, *words):
        def main(*args):
            raise fault

        monkeypatch.setattr(sys, "argv", ["stage", *words])
        for stream in (sys.stdout, sys.stderr):
            monkeypatch.setattr(stream, "reconfigure", lambda **_: None, raising=False)
        with pytest.raises(SystemExit) as left:
            errors.guard(main)
        return left.value.code, capsys.readouterr().err

    return run


KINDS = {
    errors.ParamsError: 2, errors.DataError: 3, errors.ArtifactError: 4, errors.EnvironmentFault: 5,
    errors.ServiceError: 6, errors.TrainingError: 7, errors.BusyError: 9,
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_a_fault_is_one_line_and_its_exit_code(guarded, kind):
    code, text = guarded(kind("E_X", "what", where="where", fix="do this"))
    assert (code, text) == (KINDS[kind], "error[E_X] what | where: where | fix: do this\n")


@pytest.mark.parametrize("kind", KINDS)
def test_a_fault_survives_the_way_from_a_worker_to_the_parent(kind):
    fault = kind("E_X", "what", where="where", fix="do this")
    back = pickle.loads(pickle.dumps(fault))
    assert (type(back), str(back), back.args) == (kind, str(fault), fault.args)


def test_an_interrupt_is_130_without_a_traceback(guarded):
    code, text = guarded(KeyboardInterrupt())
    assert code == 130 and text.count("\n") == 1


def test_a_full_disk_is_the_environment(guarded):
    code, text = guarded(OSError(28, "No space left on device", "data/packed"))
    assert code == 5 and "data/packed" in text and "free space" in text


def test_a_bug_is_one_line_and_debug_shows_where(guarded):
    code, text = guarded(ZeroDivisionError("division by zero"))
    assert code == 1 and text.count("\n") == 1 and "ZeroDivisionError" in text
    assert "Traceback" in guarded(ZeroDivisionError("division by zero"), "--debug")[1]


def test_names_of_strangers_cannot_write_to_the_terminal():
    assert errors.printable("a\x1b[31m\nb é 猫") == "a\\x1b[31m\\nb é 猫"
