import pytest

from wsgi_from_scratch.headers import Headers


@pytest.mark.parametrize("character", ["\r", "\n", "\0", "\r\n"])
@pytest.mark.parametrize("place", ["name", "value"])
def test_what_would_end_a_field_early_is_refused_wherever_it_enters(
    character: str, place: str
) -> None:
    name = f"X-A{character}" if place == "name" else "X-A"
    value = f"1{character}Set-Cookie: a=b" if place == "value" else "1"
    for fields in ([], [("X-A", "1")], [("X-A", "1"), ("X-A", "2")]):
        headers = Headers(fields)
        with pytest.raises(ValueError, match="CR, LF or NUL"):
            headers.add(name, value)
        with pytest.raises(ValueError, match="CR, LF or NUL"):
            headers[name] = value
        with pytest.raises(ValueError, match="CR, LF or NUL"):
            headers.update({name: value})
        with pytest.raises(ValueError, match="CR, LF or NUL"):
            headers.extend([(name, value)])
        assert headers.to_wsgi() == fields
    with pytest.raises(ValueError, match="CR, LF or NUL"):
        Headers([(name, value)])


@pytest.mark.parametrize("value", ["a\tb", "a\x7f", "\x80", "\u2028"])
def test_what_cannot_be_printed_is_kept_where_it_ends_no_field(value: str) -> None:
    assert Headers([("X-A", value)]).to_wsgi() == [("X-A", value)]


def test_the_fields_of_a_page_are_those_that_would_have_been_added() -> None:
    headers = Headers.of_html(5)
    added = Headers([("Content-Type", "text/html; charset=utf-8"), ("Content-Length", "5")])
    assert (headers.to_wsgi(), headers.names) == (added.to_wsgi(), added.names)


def test_what_the_server_is_given_is_a_copy() -> None:
    headers = Headers([("A", "1")])
    headers.to_wsgi().append(("B", "2"))
    assert headers.to_wsgi() == [("A", "1")]
