"""A reader of the pages for the tests: strict about balance, and able to say what a reader would see."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"br", "img", "link", "meta", "wbr", "rect", "path"}
APART = {"dd", "details", "div", "dt", "h1", "h2", "h3", "li", "p", "section", "small", "summary", "td", "th", "title"}
"""Elements whose text is not read on into the next."""
CLOSES_A_PARAGRAPH = {"details", "div", "dl", "h1", "h2", "h3", "header", "ol", "p", "pre", "section", "table", "ul"}


@dataclass
class Element:
    tag: str
    attributes: dict[str, str]
    text: str = ""

    @property
    def classes(self) -> list[str]:
        return self.attributes.get("class", "").split()


@dataclass
class Page(HTMLParser):
    """A page, read; an unbalanced one cannot be."""

    source: str
    elements: list[Element] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    open: list[Element] = field(default_factory=list)

    def __post_init__(self):
        super().__init__(convert_charrefs=True)
        self.feed(self.source)
        self.close()
        assert not self.open, f"left open: {[element.tag for element in self.open]}"

    def handle_starttag(self, tag, attributes):
        names = [name for name, _ in attributes]
        assert len(names) == len(set(names)), f"an attribute twice: {names}"
        element = Element(tag, {name: value or "" for name, value in attributes})
        if tag in CLOSES_A_PARAGRAPH:
            assert not any(outer.tag == "p" for outer in self.open), f"<{tag}> inside <p>"
        if tag in APART:
            self.handle_data(" ")
        self.elements.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert [element.tag for element in self.open][-1:] == [tag], f"</{tag}> closes {[element.tag for element in self.open]}"
        self.open.pop()
        if tag in APART:
            self.handle_data(" ")

    def handle_data(self, data):
        if any(element.tag == "style" for element in self.open):
            return
        self.texts.append(data)
        for element in self.open:
            element.text += data

    @property
    def text(self):
        """The words of the page, white space folded."""
        return folded("".join(self.texts))

    @property
    def structure(self):
        """Its tags and the names of their attributes: what the text on a page must never change."""
        return [(element.tag, tuple(element.attributes)) for element in self.elements]

    def of_class(self, name):
        return [element for element in self.elements if name in element.classes]

    def attributes(self, *names):
        return [element.attributes[name] for element in self.elements for name in names if name in element.attributes]


def folded(text):
    return " ".join(text.split())


def numbers(text):
    return [float(number) for number in re.findall(r"\d+(?:\.\d+)?", text)]
