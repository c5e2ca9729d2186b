"""The same pairs in Werkzeug's ImmutableMultiDict and in ours."""

from hypothesis import given
from hypothesis import strategies as st
from werkzeug.datastructures import ImmutableMultiDict

from wsgi_from_scratch.multidict import MultiDict

PAIRS = st.lists(st.tuples(st.sampled_from("abc"), st.text(max_size=2)))


@given(PAIRS)
def test_every_look_up_gives_the_same(pairs: list[tuple[str, str]]) -> None:
    ours, theirs = MultiDict(pairs), ImmutableMultiDict(pairs)
    for key in "abcd":
        assert ours.get(key) == theirs.get(key)
        assert ours.get(key, "default") == theirs.get(key, "default")
        assert ours.getlist(key) == theirs.getlist(key)
        assert (key in ours) == (key in theirs)
    assert list(ours.items()) == list(theirs.items())
    assert list(ours.items(multi=True)) == list(theirs.items(multi=True))
    assert list(ours.values()) == list(theirs.values())
    assert list(ours) == list(ours.keys()) == list(theirs)
    assert len(ours) == len(theirs)
