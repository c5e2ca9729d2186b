"""The same errors and reason phrases as Werkzeug's."""

import re

import pytest
import werkzeug.exceptions
from werkzeug.http import HTTP_STATUS_CODES

from wsgi_from_scratch import errors


def test_every_reason_phrase_is_werkzeugs() -> None:
    assert {code: errors.REASONS[code] for code in HTTP_STATUS_CODES} == HTTP_STATUS_CODES


def test_the_picture_shows_every_error() -> None:
    pictured = re.findall(r"[├└]── (\w+)", errors.__doc__ or "")
    raised = [value for value in vars(errors).values() if isinstance(value, type)]
    below = [error for error in raised if issubclass(error, errors.HTTPException)]
    assert sorted(["HTTPException", *pictured]) == sorted(error.__name__ for error in below)


@pytest.mark.parametrize("code", errors.BY_CODE)
def test_an_error_has_werkzeugs_name_and_code(code: int) -> None:
    ours, theirs = errors.BY_CODE[code](), werkzeug.exceptions.default_exceptions[code]()
    assert type(ours).__name__ == type(theirs).__name__
    assert (ours.code, ours.name, ours.get_headers()) == (
        theirs.code,
        theirs.name,
        theirs.get_headers(),
    )


def test_an_error_carries_the_headers_that_werkzeugs_carries() -> None:
    allowed = errors.MethodNotAllowed(["GET", "HEAD"])
    assert (
        allowed.get_headers() == werkzeug.exceptions.MethodNotAllowed(["GET", "HEAD"]).get_headers()
    )
    unsatisfiable = errors.RequestedRangeNotSatisfiable(12)
    assert (
        unsatisfiable.get_headers()
        == werkzeug.exceptions.RequestedRangeNotSatisfiable(12).get_headers()
    )


def test_a_missing_form_key_is_a_bad_request_and_a_key_error() -> None:
    assert issubclass(errors.BadRequestKeyError, errors.BadRequest)
    assert issubclass(errors.BadRequestKeyError, KeyError)
