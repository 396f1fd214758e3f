"""errors: one line on stderr, an exit code per kind, a traceback with --debug alone."""

import pickle
import re

import pytest

from darkroom.runtime import errors


@pytest.fixture
def raised(guarded):
    """A function that lets a stage raise `fault`: `(exit code, stderr)`."""

    def run(fault, *words):
        def main(*_):
            raise fault

        return guarded(main, *words)

    return run


KINDS = {
    errors.ParamsError: 2, errors.DataError: 3, errors.ArtifactError: 4, errors.EnvironmentFault: 5,
    errors.ServiceError: 6, errors.TrainingError: 7, errors.BusyError: 9,
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_an_error_is_one_line_and_its_exit_code(raised, kind):
    code, text = raised(kind("E_X", "what", where="where", fix="do this"))
    assert (code, text) == (KINDS[kind], "error[E_X] what | where: where | fix: do this\n")


@pytest.mark.parametrize("kind", KINDS)
def test_an_error_can_be_sent_from_a_worker_to_its_parent(kind):
    fault = kind("E_X", "what", where="where", fix="do this")
    copy = pickle.loads(pickle.dumps(fault))
    assert (type(copy), str(copy), copy.args) == (kind, str(fault), fault.args)


def test_an_interrupt_is_130_without_a_traceback(raised):
    code, text = raised(KeyboardInterrupt())
    assert code == 130 and text.count("\n") == 1


def test_a_full_disk_is_an_error_of_the_environment(raised):
    code, text = raised(OSError(28, "No space left on device", "data/packed"))
    assert code == 5 and "data/packed" in text and "free space" in text


def test_a_folder_that_cannot_be_written_is_an_error_of_the_environment_and_is_named(raised):
    code, text = raised(PermissionError(13, "Permission denied", "reports/metrics.json"))
    assert code == 5 and "where: reports/metrics.json" in text and "yours" in text


def test_a_system_error_without_a_path_names_the_stage(raised):
    assert "where: stage |" in raised(PermissionError(13, "Permission denied"))[1]
    line = "error[E_MEMORY] there is not enough memory | where: stage | fix: free memory\n"
    assert raised(MemoryError()) == (5, line)


def test_a_bug_is_one_line_and_debug_shows_where(raised):
    code, text = raised(ZeroDivisionError("division by zero"))
    assert code == 1 and text.count("\n") == 1 and "ZeroDivisionError" in text
    assert "Traceback" in raised(ZeroDivisionError("division by zero"), "--debug")[1]


def test_a_library_that_is_not_installed_names_the_extra_that_brings_it(raised):
    code, line = raised(ModuleNotFoundError("No module named 'keras'", name="keras.layers"))
    assert code == 5 and "keras.layers is not installed" in line and "darkroom[pipeline]" in line
    assert "E_BUG" in raised(ModuleNotFoundError("x", name="darkroom.x"))[1]


def test_untrusted_names_cannot_write_to_the_terminal():
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
def test_text_without_a_secret_is_shown(text):
    assert errors.redacted(text) == text


def test_a_secret_in_an_environment_variable_is_hidden_everywhere(monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "abc-def-ghi")
    monkeypatch.setenv("SOME_ADDRESS", "http://bob:s3%40cret@host")
    assert errors.redacted("the token abc-def-ghi and the password s3@cret are wrong") == (
        "the token *** and the password *** are wrong"
    )


@pytest.mark.parametrize("words", [(), ("--debug",)])
@pytest.mark.parametrize("text", HIDDEN)
def test_no_error_and_no_traceback_prints_a_secret(raised, text, words):
    for fault in (ValueError(text), OSError(text), errors.ServiceError("E_X", text, where=text, fix=text)):
        assert "s3" not in raised(fault, *words)[1]


def test_the_first_line_of_an_error_is_cut_after_its_secrets_are_hidden():
    for length in range(270, 300):
        assert "s3" not in errors.brief(ValueError("x" * length + " http://bob:s3cret@host\nmore"))
    assert errors.brief(ValueError()) == "ValueError"
