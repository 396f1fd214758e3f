"""errors: one line on stderr, an exit code of its own, a traceback only when asked for."""

import pickle
import re
import sys

import pytest

from darkroom.runtime import errors


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


def test_a_folder_that_cannot_be_written_is_the_environment_and_is_named(guarded):
    code, text = guarded(PermissionError(13, "Permission denied", "reports/metrics.json"))
    assert code == 5 and "where: reports/metrics.json" in text and "yours" in text


def test_a_fault_of_the_system_without_a_path_names_the_stage(guarded):
    assert "where: stage |" in guarded(PermissionError(13, "Permission denied"))[1]
    assert guarded(MemoryError()) == (
        5,
        "error[E_MEMORY] there is not enough memory | where: stage | fix: free memory\n",
    )


def test_a_bug_is_one_line_and_debug_shows_where(guarded):
    code, text = guarded(ZeroDivisionError("division by zero"))
    assert code == 1 and text.count("\n") == 1 and "ZeroDivisionError" in text
    assert "Traceback" in guarded(ZeroDivisionError("division by zero"), "--debug")[1]


def test_names_of_strangers_cannot_write_to_the_terminal():
    assert errors.printable("a\x1b[31m\nb é 猫") == "a\\x1b[31m\\nb é 猫"


HIDDEN = [
    "http://bob:s3cret@127.0.0.1:9/api?a=1",
    "http://bob:s3/cret@host/",
    "http://bob:s3@cret@host/",
    "postgresql+psycopg://bob:s3cret@host/db",
    "https://s3cret@host/x.git",
    "Failed to parse: bob:s3cret@host:9",
    "http%3A%2F%2Fbob%3As3cret%40host%2Fx",
    "https://host/x?X-Amz-Signature=s3cret&a=1",
    "with url: /api?max=1&access_token=s3cret (Caused by",
    "{'Authorization': 'Basic s3cret'}",
]
SHOWN = [
    "data/a@2x.png:12",
    "see https://host/docs/a@b.html",
    "at 12:30, me@host.org",
    "https://host/x?page=2",
    "a:b c@d",
]


@pytest.mark.parametrize("text", HIDDEN)
def test_users_passwords_and_tokens_of_addresses_are_hidden(text):
    assert not {"bob", "s3", "cret", "s3cret"} & set(re.split(r"\W+", errors.redacted(text)))


@pytest.mark.parametrize("text", SHOWN)
def test_what_is_no_secret_is_shown(text):
    assert errors.redacted(text) == text


def test_what_the_environment_calls_a_secret_is_hidden_wherever_it_is(monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "abc-def-ghi")
    monkeypatch.setenv("SOME_ADDRESS", "http://bob:s3%40cret@host")
    assert errors.redacted("the token abc-def-ghi and the password s3@cret are wrong") == (
        "the token *** and the password *** are wrong"
    )


@pytest.mark.parametrize("words", [(), ("--debug",)])
@pytest.mark.parametrize("text", HIDDEN)
def test_no_fault_prints_a_secret_nor_does_its_traceback(guarded, text, words):
    for fault in (ValueError(text), OSError(text), errors.ServiceError("E_X", text, where=text, fix=text)):
        assert "s3" not in guarded(fault, *words)[1]


def test_the_first_line_of_a_fault_is_cut_after_its_secrets_are_hidden():
    for length in range(270, 300):
        assert "s3" not in errors.brief(ValueError("x" * length + " http://bob:s3cret@host\nmore"))
    assert errors.brief(ValueError()) == "ValueError"
