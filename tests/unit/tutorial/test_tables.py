import csv
import io
import re
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tutorial.errors import Refusal
from tutorial.tables import MAX_COLUMNS, find_table, to_csv, to_html

LIMIT = 10_000

CELLS = st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc"], include_characters="\n\r"))
ROWS = st.integers(2, 4).flatmap(
    lambda width: st.lists(st.lists(CELLS, min_size=width, max_size=width), min_size=2, max_size=4)
)


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("a,b\n1,2\n", [["a", "b"], ["1", "2"]]),
        ("a,b\r\n1,2", [["a", "b"], ["1", "2"]]),
        ("a;b\n1,5;2,5\n", [["a", "b"], ["1,5", "2,5"]]),
        ("1,5;2,5\n3,5;4,5\n", [["1,5", "2,5"], ["3,5", "4,5"]]),
        ("a\tb\n1\t2\n", [["a", "b"], ["1", "2"]]),
        ('a,b\n"x, ""y""\nz",2\n', [["a", "b"], ['x, "y"\nz', "2"]]),
        ("a,b\n\n1,2\n\n", [["a", "b"], ["1", "2"]]),
        (",\n,\n", [["", ""], ["", ""]]),
        (" a , b \n1,2\n", [[" a ", " b "], ["1", "2"]]),
        ("a,b\r1,2\r", [["a", "b"], ["1", "2"]]),  # as Excel writes "CSV (Macintosh)"
        ("sep=;\na;b\n1,5;2,5\n", [["a", "b"], ["1,5", "2,5"]]),
        ("SEP=|\r\na|b,c\r\n1|2\r\n", [["a", "b,c"], ["1", "2"]]),
        ("sep=,\ra,b\r1,2", [["a", "b"], ["1", "2"]]),
        (f"a,b\n{'x' * 20_000},2\n", [["a", "b"], ["x" * 20_000, "2"]]),
        ('a,b\n"x\ty",2\n', [["a", "b"], ["x\ty", "2"]]),
        ('a,b\n"x\r\ny\rz",2\n', [["a", "b"], ["x\r\ny\rz", "2"]]),
        ('"a\tx",b\n1,2\n', [["a\tx", "b"], ["1", "2"]]),
        ("sep=,x\n1,2\n", [["sep=", "x"], ["1", "2"]]),  # a name of a column like any other
    ],
)
def test_a_text_of_equal_rows_is_a_table(text: str, rows: list[list[str]]) -> None:
    assert find_table(text, max_cells=100) == rows


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n\n",
        "a,b\n",  # one row
        "a\nb\n",  # one column
        "Dear Sir,\nplease find enclosed\n",
        "a,b\n1,2,3\n",
        'a,b\n"1,2\n',  # a quotation mark that is never closed
        'a,b\n"1"x,2\n',  # one that is closed too early
        "sep=;\na,b\n1,2\n",
        "sep=;",
        "sep=;\n",
        'sep="\na"b\n1"2\n',  # what quotes can part nothing
        f"a,b\n{'x' * 200_000},2\n",  # a field that the csv module takes for a mistake
    ],
)
def test_another_text_is_none(text: str) -> None:
    assert find_table(text, max_cells=100) is None


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n"])
def test_a_long_table_is_one_whatever_ends_its_lines(end: str) -> None:
    lines = MAX_COLUMNS // 2 + 1  # of two delimiters
    rows = find_table(f"1,x,y{end}" * lines, max_cells=3 * lines)
    assert rows == [["1", "x", "y"]] * lines


@pytest.mark.parametrize(("columns", "is_table"), [(MAX_COLUMNS, True), (MAX_COLUMNS + 1, False)])
@pytest.mark.parametrize("end", ["\n", "\r"])
def test_a_table_has_no_more_columns_than_a_worksheet(
    columns: int, is_table: bool, end: str
) -> None:
    text = end.join(["," * (columns - 1)] * 2)
    assert bool(find_table(text, max_cells=2 * columns)) is is_table


def test_lines_of_which_most_are_blank_are_no_table() -> None:
    table = "a,b\n1,2\n"
    assert find_table("\n" * 101 + table, max_cells=100) == [["a", "b"], ["1", "2"]]
    assert find_table("\n" * 102 + table, max_cells=100) is None


@pytest.mark.parametrize("write", [to_csv, to_html])
def test_a_table_is_written_up_to_a_limit_of_bytes(
    write: Callable[[list[list[str]], int], bytes],
) -> None:
    rows = [["é", "&"], ["1", "2"]]
    size = len(write(rows, LIMIT))
    assert write(rows, size) == write(rows, LIMIT)
    with pytest.raises(Refusal, match="too large to be written out") as caught:
        write(rows, size - 1)
    assert caught.value.code == 413


def test_a_table_has_as_many_cells_as_it_may_have() -> None:
    text = "a,b\n1,2\n3,4\n"
    assert find_table(text, max_cells=6)
    with pytest.raises(Refusal, match="more than 5 cells") as caught:
        find_table(text, max_cells=5)
    assert caught.value.code == 413


def test_cells_are_counted_before_a_text_turns_out_to_be_no_table() -> None:
    with pytest.raises(Refusal, match="more than 5 cells"):
        find_table("1,2\n" * 3 + "Dear Sir\n", max_cells=5)


class Noted(list[list[str]]):
    """Rows that note how many of them were taken."""

    taken = 0

    def __iter__(self) -> Iterator[list[str]]:
        for row in super().__iter__():
            self.taken += 1
            yield row


def test_nothing_is_written_beyond_the_limit() -> None:
    rows = Noted([["123456789"]] * 100)
    with pytest.raises(Refusal):
        to_csv(rows, max_size=50)
    assert rows.taken == 6


@pytest.mark.parametrize(
    ("rows", "text"),
    [
        ([["a", "b"], ["1", "2"]], "a,b\n1,2\n"),
        ([["a"], [""], ["b"]], 'a\n""\nb\n'),
        ([["", ""]], ",\n"),
        ([["a\nb", 'c"d', "e,f"]], '"a\nb","c""d","e,f"\n'),
        ([["a\rb", "c\r\nd"]], '"a\rb","c\r\nd"\n'),
        ([["=1+1", "@x", "+1", "-1", "\tx"]], "=1+1,@x,+1,-1,\tx\n"),  # data are not changed
    ],
)
def test_rows_become_csv(rows: list[list[str]], text: str) -> None:
    assert to_csv(rows, LIMIT).decode() == text


@given(ROWS)
@settings(max_examples=200)
def test_what_is_written_as_csv_is_read_as_it_was(rows: list[list[str]]) -> None:
    assert list(csv.reader(io.StringIO(to_csv(rows, LIMIT).decode(), newline=""))) == rows


@given(ROWS)
@settings(max_examples=200)
def test_nothing_in_a_cell_becomes_markup(rows: list[list[str]]) -> None:
    html = to_html(rows, LIMIT).decode()
    assert set(re.findall("<[^>]*>", html)) <= {
        *('<table class="table">', "</table>", "<thead>", "</thead>", "<tbody>", "</tbody>"),
        *("<tr>", "</tr>", '<th scope="col">', "</th>", "<td>", "</td>"),
    }
    assert html.count("<td>") + html.count("<th ") == sum(map(len, rows))


def test_the_first_row_is_the_head_and_needs_no_style() -> None:
    html = to_html([["a&b", ""], ["<i>", '"']], LIMIT).decode()
    assert '<th scope="col">a&amp;b</th><th scope="col"></th>' in html
    assert '<td>&lt;i&gt;</td><td>"</td>' in html
    assert "style" not in html
