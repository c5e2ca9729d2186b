"""Pages and style sheets, taken apart."""

import re
from collections import Counter
from html.parser import HTMLParser
from typing import ClassVar

VOID = {"br", "hr", "img", "input", "link", "meta"}
"""Elements of HTML that have no end."""

SVG_VOID = {"rect"}
"""Elements of SVG that are closed where they are opened."""

WCAG_AA = 4.5
"""Ratio of luminances; WCAG 2.2 §1.4.3 for text of ordinary size."""

Attributes = dict[str, str]


class Document(HTMLParser):
    """A page as the list of its elements; refuses one that opens and closes them out of order."""

    without_end: ClassVar[frozenset[str]] = frozenset()
    """Elements whose end may be left out."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, Attributes]] = []
        self.texts: list[str] = []
        self.open: list[str] = []
        self.feed(markup)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in SVG_VOID, f"{self.getpos()}: HTML has no <{tag}/>"
        super().handle_startendtag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        while self.open and self.open[-1] in self.without_end - {tag}:
            self.open.pop()
        assert self.open.pop() == tag, f"{self.getpos()}: </{tag}> closes something else"

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def all(self, *tags: str) -> list[Attributes]:
        return [attributes for tag, attributes in self.elements if tag in tags]

    @property
    def ids(self) -> Counter[str]:
        return Counter(attributes["id"] for _, attributes in self.elements if "id" in attributes)


def colours(scheme: str, *sheets: str) -> dict[str, str]:
    """The custom properties of style sheets that are colours, in the light or the dark scheme."""
    found: dict[str, str] = {}
    for sheet in sheets:
        light, dark = sheet.split("(prefers-color-scheme: dark)")
        for part in (light, dark) if scheme == "dark" else (light,):
            found |= dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", part))
    return found


def contrast(one: str, other: str) -> float:
    """WCAG 2.2's contrast ratio of two colours."""
    darker, lighter = sorted(map(_luminance, (one, other)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    """WCAG 2.2's relative luminance of ``#rrggbb``."""
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = [
        channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4
        for channel in channels
    ]
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
