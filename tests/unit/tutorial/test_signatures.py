from pathlib import Path

import pytest

from tutorial.errors import Refusal
from tutorial.signatures import HEAD, Kind, kind_of

WORKBOOKS = Path(__file__).parents[2] / "workbooks"


@pytest.mark.parametrize(
    ("name", "kind"),
    [("legacy.xls", Kind.OLD_WORKBOOK), ("libreoffice.xlsx", Kind.NEW_WORKBOOK)],
)
def test_a_workbook_is_known_by_its_first_bytes(name: str, kind: Kind) -> None:
    assert kind_of((WORKBOOKS / name).read_bytes()[:HEAD]) is kind


@pytest.mark.parametrize(
    "head", [b"", b"a,b\n1,2\n", b"\xff\xfea\0", b"PK,XY\n", b"\xd0\xcf", b"PK\x03"]
)
def test_what_has_no_signature_may_be_text(head: bytes) -> None:
    assert kind_of(head) is Kind.TEXT


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (b"%PDF-1.7", "PDF"),
        (b"\x89PNG\r\n\x1a\n", "PNG"),
        (b"\xff\xd8\xff\xe0\0\x10JF", "JPEG"),
        (b"GIF89a\0\0", "GIF"),
        (b"{\\rtf1\\a", "RTF"),
        (b"PK\x05\x06\0\0\0\0", "empty ZIP"),
    ],
)
def test_a_file_of_another_kind_is_refused_by_its_name(head: bytes, name: str) -> None:
    with pytest.raises(Refusal, match=name) as caught:
        kind_of(head)
    assert caught.value.code == 415
