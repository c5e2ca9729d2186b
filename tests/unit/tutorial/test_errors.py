import pickle

from tutorial.errors import Refusal, SettingsError


def test_a_refusal_is_its_sentence_and_a_bad_request_unless_told_otherwise() -> None:
    refusal = Refusal("No file was chosen.")
    assert (str(refusal), refusal.code) == ("No file was chosen.", 400)


def test_a_refusal_comes_back_whole_from_a_child_process() -> None:
    refusal = pickle.loads(pickle.dumps(Refusal("Too large.", code=413)))
    assert (str(refusal), refusal.code) == ("Too large.", 413)


def test_a_settings_error_is_a_value_error() -> None:
    assert issubclass(SettingsError, ValueError)
