"""Checks of what takes text or bytes apart: each asks Werkzeug the same and wants the same answer.

Where the docstring of a module says ``Differs:``, its check says what must be true there instead.
"""

import re
import warnings
import zlib
from collections.abc import Iterator
from io import BytesIO
from typing import Any
from urllib.parse import parse_qsl, quote

import werkzeug.http
import werkzeug.urls
from werkzeug.datastructures import Headers as WerkzeugHeaders

from flask_version.app import FormParser
from tests.oracle import test_forms as form_oracle
from tests.oracle import test_multipart as multipart_oracle
from tests.oracle.test_cookies import flask_cookies
from tests.oracle.test_headers import OPERATIONS
from wsgi_from_scratch import grammar, urls
from wsgi_from_scratch.cookies import dump_cookie, parse_cookie
from wsgi_from_scratch.forms import MAX_BOUNDARY, Limits
from wsgi_from_scratch.headers import Headers
from wsgi_from_scratch.multipart import MAX_PART_HEADER_SIZE, MAX_PART_HEADERS

from .finding import answer, holds, same

_LINE_BREAK = re.compile(rb"\r\n|\n|\r")
_BLANK_LINE = re.compile(rb"\r\n\r\n|\n\n|\r\r")


def _texts(data: bytes) -> Iterator[str]:
    """As WSGI hands bytes over, and as the text that they may be."""
    yield data.decode("latin-1")
    if not data.isascii():
        yield data.decode(errors="replace")


def _has_large_header(body: bytes) -> bool:
    """Whether a part may have a larger header than ours takes; Werkzeug itself takes any that the memory allows."""
    return any(
        len(_LINE_BREAK.findall(block)) >= MAX_PART_HEADERS or len(block) > MAX_PART_HEADER_SIZE
        for block in _BLANK_LINE.split(body)
    )


def check_multipart(data: bytes) -> None:
    """The first line is the boundary, all below it the body."""
    boundary, _, body = data.partition(b"\n")
    if not boundary:
        return
    whole = multipart_oracle.ours([body], boundary)
    if not _has_large_header(body):
        same("parts", whole, multipart_oracle.theirs([body], boundary))
    for max_parts, max_memory in ((1000, 500_000), (2, 500_000), (1000, 40), (3, 7)):
        in_one = multipart_oracle.ours([body], boundary, max_parts, max_memory)
        for chunks in _cuts(body):
            in_chunks = multipart_oracle.ours(chunks, boundary, max_parts, max_memory)
            if in_chunks != in_one:
                sizes = [len(chunk) for chunk in chunks][:20]
                raise_for = f"parts in chunks, {max_parts} parts and {max_memory} bytes at most"
                same(raise_for, (sizes, in_chunks), (sizes, in_one))


def _cuts(body: bytes) -> Iterator[list[bytes]]:
    """Byte by byte, and in two ways that depend on nothing but the body."""
    yield [body[at : at + 1] for at in range(len(body))]
    step = zlib.crc32(body)
    for _ in range(2):
        chunks, at = [], 0
        while at < len(body):
            step = (step * 1_103_515_245 + 12_345) & 0x7FFFFFFF
            size = 1 + (step >> 16) % 23
            chunks.append(body[at : at + size])
            at += size
        yield chunks


def check_forms(data: bytes) -> None:
    """The first line is the value of ``Content-Type``, all below it the body."""
    line, _, body = data.partition(b"\n")
    mimetype, parameters = grammar.parse_parameters(line.decode("latin-1"))
    mimetype = mimetype.lower()
    # None here, and one to Werkzeug.
    long_boundary = len(parameters.get("boundary", "")) > MAX_BOUNDARY
    for limits in (Limits(), Limits(100, 3), Limits(20, 1)):
        ours = form_oracle.ours(body, mimetype, parameters, limits)
        flask = form_oracle.parsed_by(FormParser, BytesIO(body), mimetype, parameters, limits)
        same("form in both applications", ours, flask)
        urlencoded = mimetype == form_oracle.URLENCODED
        if urlencoded and (
            len(body) > limits.max_form_memory_size or body.count(b"&") >= limits.max_form_parts
        ):
            same("limit of an urlencoded form", ours, "too large")
        # Under a lower limit Werkzeug's own answer depends on its reads.
        elif not limits.bound_whole_body and (
            urlencoded or not (_has_large_header(body) or long_boundary)
        ):
            same("form", ours, form_oracle.theirs(body, mimetype, parameters, limits))


def check_cookies(data: bytes) -> None:
    """The value of a ``Cookie`` field; and its lines as name, value, path, domain and SameSite of one to set."""
    header = data.decode("latin-1")
    same("parse_cookie", parse_cookie(header), flask_cookies(header))
    for text in _texts(data):
        name, value, path, domain, same_site, *_ = (*text.split("\n"), "", "", "", "", "")
        _check_dump(value, {})
        _check_dump(value, {"path": path, "domain": domain or None, "samesite": same_site or None})
        written = answer(dump_cookie, name, value, refusals=(ValueError,), max_size=0)
        holds("a header of one line", not re.search("[\r\n\0]", str(written)), written)
        if written != "ValueError":
            pair = str(written).removesuffix("; Path=/")
            wire_name = name.encode().decode("latin-1").strip(" \t")
            if wire_name and " " not in wire_name and "\t" not in wire_name:
                # What is sent raw comes back raw; what was escaped comes back as text.
                raw = value if re.search("^[!#-+\\--:<-\\[\\]-~]*$", value) else None
                back = parse_cookie(pair)
                same("a cookie makes the round trip", back, [(wire_name, raw or value)])


def _check_dump(value: str, attributes: dict[str, Any]) -> None:
    if re.search("[\x1a-\x1f]", value):  # Werkzeug sends these raw
        return
    refusals = (ValueError,)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ours = answer(dump_cookie, "name", value, refusals=refusals, max_size=0, **attributes)
        theirs = answer(
            werkzeug.http.dump_cookie, "name", value, refusals=refusals, max_size=0, **attributes
        )
    if ours == "ValueError" and re.search("[\0-\x1f;\x7f]", attributes.get("domain") or ""):
        return
    same("dump_cookie", ours, theirs)


def check_urls(data: bytes) -> None:
    """A query, a path, a location, and a list of pairs."""
    for text in _texts(data):
        expected = parse_qsl(text, keep_blank_values=True, errors="werkzeug.url_quote")
        same("parse_query", urls.parse_query(text), expected)
        same("quote_path", urls.quote_path(text), quote(text, safe="!$&'()*+,/:;=@"))
        same("unquote what was quoted", urls.unquote(urls.quote_path(text)), text)
        words = text.split("&")
        pairs = list(zip(words, words[::-1], strict=True))
        encoded = urls.urlencode(pairs)
        same("urlencode", encoded, werkzeug.urls._urlencode(pairs))
        same("parse_query of urlencode", urls.parse_query(encoded), pairs)
        same(
            "iri_to_uri",
            answer(urls.iri_to_uri, text, refusals=(ValueError,)),
            answer(werkzeug.urls.iri_to_uri, text, refusals=(ValueError,)),
        )


def check_grammar(data: bytes) -> None:
    """The value of a header, whichever it is."""
    for text in _texts(data):
        _check_parameters(text)
        _check_dates(text)
        _check_entity_tags(text)
        _check_ranges(text)


def _check_parameters(text: str) -> None:
    main, parameters = grammar.parse_parameters(text)
    their_main, their_parameters = werkzeug.http.parse_options_header(text)
    ours = (main, list(parameters.items()))
    same("parse_parameters", ours, (their_main, list(their_parameters.items())))
    written = grammar.format_parameters(main, parameters)
    same("format_parameters", written, werkzeug.http.dump_options_header(main, parameters))
    same("quote_string", grammar.quote_string(text), werkzeug.http.quote_header_value(text))
    same("unquote_string", grammar.unquote_string(text), werkzeug.http.unquote_header_value(text))
    same("unquote what was quoted", grammar.unquote_string(grammar.quote_string(text)), text)


def _check_dates(text: str) -> None:
    try:
        expected = werkzeug.http.parse_date(text)
    except OverflowError:  # no date, in ours
        same("parse_date", grammar.parse_date(text), None)
        return
    found = grammar.parse_date(text)
    same("parse_date", found, expected)
    if found:
        same(
            "format_date",
            answer(grammar.format_date, found, refusals=(OverflowError,)),
            answer(werkzeug.http.http_date, found, refusals=(OverflowError,)),
        )


def _check_entity_tags(text: str) -> None:
    found, theirs = grammar.parse_entity_tags(text), werkzeug.http.parse_etags(text)
    strong = {tag or "" for tag in theirs.as_set()}  # Werkzeug keeps the empty tag as None
    weak = {tag or "" for tag in theirs.as_set(include_weak=True) - theirs.as_set()}
    ours = (sorted(found.strong), sorted(found.weak - found.strong), found.any, bool(found))
    same(
        "parse_entity_tags",
        ours,
        (sorted(strong), sorted(weak - strong), theirs.star_tag, bool(theirs)),
    )


def _check_ranges(text: str) -> None:
    found, theirs = grammar.parse_range(text), werkzeug.http.parse_range_header(text)
    ours = found and (found.unit, list(found.pieces))
    if found is None and "--0" in re.sub("[ \t]", "", text):
        return  # Werkzeug takes "0--0" for "0-0"; RFC 9110 §14.1.1 has no sign there
    same("parse_range", ours, theirs and (theirs.units, theirs.ranges))
    if found and theirs:
        for length in (0, 1, 10, 1000):
            within, start = found.within(length), found.pieces[0][0]
            if found.unit == "bytes" and start < -length < 0:
                same(f"a suffix of more than {length} bytes", within, (0, length))
                continue  # of which RFC 9110 §14.1.2 sends all, and Werkzeug nothing
            same(f"within {length} bytes", within, theirs.range_for_length(length))
            if within:
                line = grammar.content_range(*within, length)
                same("content_range", line, theirs.to_content_range_header(length))


_OPERATIONS = sorted(OPERATIONS)


def check_headers(data: bytes) -> None:
    """Steps, each a byte for the operation, one for the length of the name, one for that of the value, and both."""
    ours, theirs = Headers(), WerkzeugHeaders()
    at = 0
    while at + 3 <= len(data):
        operation = _OPERATIONS[data[at] % len(_OPERATIONS)]
        middle = at + 3 + data[at + 1] % 8
        end = middle + data[at + 2] % 8
        name, value = data[at + 3 : middle].decode("latin-1"), data[middle:end].decode("latin-1")
        at = end
        if re.search("[\r\n\0]", name) or "\0" in value:
            _check_refused(ours, operation, name, value)
            continue
        done = answer(OPERATIONS[operation], ours, name, value, refusals=(ValueError,))
        same(
            operation,
            done,
            answer(OPERATIONS[operation], theirs, name, value, refusals=(ValueError,)),
        )
        same(f"fields after {operation}", ours.to_wsgi(), theirs.to_wsgi_list())
        same("names", ours.names, [name.lower() for name, _ in ours])


def _check_refused(headers: Headers, operation: str, name: str, value: str) -> None:
    """Nothing that would break the message is ever in the list."""
    changed = Headers(headers)
    answer(OPERATIONS[operation], changed, name, value, refusals=(ValueError,))
    found = [pair for pair in changed.to_wsgi() if re.search("[\r\n\0]", "".join(pair))]
    same(f"no CR, LF or NUL after {operation}", found, [])
