"""The works, made once: their uploads are large."""

import pytest

from benchmarks.works import Work, make_works


@pytest.fixture(scope="session")
def works() -> tuple[Work, ...]:
    return make_works()
