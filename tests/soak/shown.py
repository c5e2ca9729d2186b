"""What a soak has found: a screen for people, and the same as data."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from rich.console import Group
from rich.table import Table

from .soak import MOST_GROWTH, Report

SHARES = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "max": 1.0}
"""Columns of latencies, and the share of requests that took no longer."""


def quantile(seconds: list[float], share: float) -> float:
    """Milliseconds that the given share of requests have not exceeded."""
    ordered = sorted(seconds)
    return 1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def screen_of(report: Report) -> Group:
    """All that a person wants to know of a soak, from top to bottom."""
    return Group(
        f"\n[bold]{report.application}[/bold], visited for {report.seconds:.0f} s",
        "",
        latencies_of(report),
        memory_of(report),
        *sentences_of(report),
    )


def latencies_of(report: Report) -> Table:
    """A row for each kind of request, and one for all."""
    tally = report.tally
    table = Table(
        title="How long answers took, in milliseconds",
        title_justify="left",
        caption="From the first byte sent to the last received; p99: 99 of 100 took no longer.",
        caption_justify="left",
    )
    table.add_column("kind of request")
    for column in ("requests", *SHARES, "lost by a kill"):
        table.add_column(column, justify="right")

    def add(kind: str, seconds: list[float], lost: int) -> None:
        times = [f"{quantile(seconds, share):,.1f}" for share in SHARES.values()]
        table.add_row(kind, f"{len(seconds):,}", *times, str(lost or ""))

    for kind, seconds in sorted(tally.seconds.items()):
        add(kind, seconds, tally.broken[kind])
    table.add_section()
    add("all", [second for seconds in tally.seconds.values() for second in seconds], tally.lost)
    return table


def memory_of(report: Report) -> Table:
    """A column for each time at which the worker was measured."""
    table = Table(
        title="\nWhat the worker took that was never killed",
        title_justify="left",
    )
    table.add_column("")
    for name, _ in report.sizes:
        table.add_column(name, justify="right")
    sizes = [size for _, size in report.sizes]
    table.add_row("memory (RSS), kB", *(f"{size.resident:,}" for size in sizes))
    table.add_row("its share of that (PSS), kB", *(f"{size.share:,}" for size in sizes))
    table.add_row("open files", *(f"{size.files:,}" for size in sizes))
    return table


def sentences_of(report: Report) -> Iterator[str]:
    """What no table shows; the verdict comes last."""
    tally = report.tally
    classes = Counter(status // 100 for status in tally.statuses.elements())
    counts = ", ".join(f"{classes[number]:,} were {number}xx" for number in range(2, 6))
    yield f"\nOf the answers {counts}."
    yield (
        f"{report.kills} workers were killed on purpose, and {tally.lost} connections ended with them:"
        f" {tally.repeated} requests were sent again, {tally.abandoned} visits given up."
    )
    yield f"{report.kept} converted files were kept, and each was asked for again at the end."
    if tally.resets:
        yield f"{tally.resets} connections were closed because a body had not been read."
    yield f"After it was warm, the worker grew by {report.growth:,} kB; {MOST_GROWTH:,} are allowed."
    wrong = len(report.wrong)
    yield (
        "[bold]Nothing was wrong.[/bold]"
        if not wrong
        else f"[bold]What was wrong ({wrong}):[/bold]"
    )


def as_data(report: Report) -> dict[str, Any]:
    tally = report.tally
    return {
        "application": report.application,
        "seconds": round(report.seconds, 1),
        "kinds": {
            kind: {
                "requests": len(seconds),
                **{
                    f"{name}_ms": round(quantile(seconds, share), 2)
                    for name, share in SHARES.items()
                },
                "lost_by_a_kill": tally.broken[kind],
            }
            for kind, seconds in sorted(tally.seconds.items())
        },
        "statuses": {str(status): count for status, count in sorted(tally.statuses.items())},
        "kills": report.kills,
        "connections_lost": tally.lost,
        "sent_again": tally.repeated,
        "visits_given_up": tally.abandoned,
        "connections_closed_for_an_unread_body": tally.resets,
        "files_kept": report.kept,
        "orphans": report.orphans,
        "worker": {
            name: {"resident_kb": size.resident, "share_kb": size.share, "files": size.files}
            for name, size in report.sizes
        },
        "grown_kb": report.growth,
        "wrong": report.wrong,
    }
