"""Every parser gives back every file, before anything is timed."""

from io import BytesIO
from typing import Any

import pytest

multipart: Any = pytest.importorskip(
    "benchmarks.multipart", reason="the other parsers are installed by make bench alone"
)


# RFC 2046 §5.1.1 does not allow a file to hold such lines, so these may refuse it, and do.
REFUSED = [(parser, "boundaries with a letter behind") for parser in ("multipart", "Falcon")]


@pytest.mark.parametrize("parser", multipart.PARSERS)
@pytest.mark.parametrize("content", multipart.CONTENTS, ids=lambda content: content.name)
def test_a_parser_gives_a_file_back_as_it_was(parser: str, content: Any) -> None:
    given_back = multipart.gives_back(multipart.PARSERS[parser], content)
    assert given_back == ((parser, content.name) not in REFUSED)


def test_a_parser_that_loses_a_byte_or_fails_is_found() -> None:
    def lose(body: BytesIO, boundary: bytes, sink: Any) -> None:
        multipart.PARSERS["from scratch"](body, boundary, lambda data: sink(data[:-1]))

    def fail(body: BytesIO, boundary: bytes, sink: Any) -> None:
        raise ValueError

    assert not multipart.gives_back(lose, multipart.CONTENTS[0])
    assert not multipart.gives_back(fail, multipart.CONTENTS[0])


def test_what_a_parser_keeps_shows_as_memory() -> None:
    def keep(body: BytesIO, boundary: bytes, sink: Any) -> None:
        pieces: list[bytes] = []
        multipart.PARSERS["from scratch"](body, boundary, pieces.append)

    assert multipart.peak(keep, multipart.CONTENTS[0]) > multipart.MEMORY_SIZE
