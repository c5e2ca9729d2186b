"""Engine: one target in a process of its own, mutated by atheris until the time is up.

atheris counts which lines of ours and of the libraries an input reaches, and keeps those that reach new ones. It ends
the process when it is done, so what is found is printed at once, and on standard output there is nothing else.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from .finding import look, shortest, show

MOST_FINDINGS = 8
"""Findings of one target, after which it is better to look at them than to go on."""

SECONDS_FOR_ONE = 20
"""An input that takes longer is a finding: everything that is checked takes milliseconds."""

MEGABYTES = 2048
"""Memory of the process; more is a finding as well."""

INSTRUMENTED = ["wsgi_from_scratch", "werkzeug", "itsdangerous"]


def fuzz(name: str, seconds: int, folder: Path) -> None:
    """Never returns. ``folder`` keeps the inputs that reach something, and any that ends the process."""
    import atheris  # type: ignore[import-untyped]  # it has none, and most do without it

    with atheris.instrument_imports(include=INSTRUMENTED, enable_loader_override=False):
        from .targets import TARGETS, seeds  # only now, for it imports what is instrumented

    target = TARGETS[name]
    known: set[str] = set()

    def test_one_input(data: bytes) -> None:
        found = look(name, target.check, data)
        if found and found.question not in known and len(known) < MOST_FINDINGS:
            known.add(found.question)
            show(shortest(found, target.check))

    corpus = folder / "corpus"
    corpus.mkdir(exist_ok=True)
    for number, seed in enumerate(seeds(name)):
        (corpus / f"seed-{number:03}").write_bytes(seed)
    words = folder / "words"
    words.write_text("".join(f'"{_escaped(word)}"\n' for word in target.words))
    options = {
        "max_total_time": seconds,
        "max_len": target.max_size,
        "timeout": SECONDS_FOR_ONE,
        "rss_limit_mb": MEGABYTES,
        "dict": words,
        "artifact_prefix": f"{folder}/",
        "print_final_stats": 1,
    }
    atheris.Setup(
        [name, *(f"-{option}={value}" for option, value in options.items()), str(corpus)],
        test_one_input,
    )
    atheris.Fuzz()


def _escaped(word: bytes) -> str:
    return "".join(f"\\x{byte:02x}" for byte in word)


def main(arguments: Sequence[str]) -> None:
    name, seconds, folder = arguments
    fuzz(name, int(seconds), Path(folder))


if __name__ == "__main__":
    main(sys.argv[1:])
