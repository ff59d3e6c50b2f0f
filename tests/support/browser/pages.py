"""A page as a user sees it: headings, labels, buttons, errors; no ids, no field names."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from html.parser import HTMLParser
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_VOID = frozenset(("input", "meta", "link", "br", "hr", "img", "source", "wbr"))


@dataclass
class Element:
    """A tag with its content."""

    tag: str
    attributes: Mapping[str, str]
    children: list[Element | str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """Return its words, with white space folded."""
        parts = (c if isinstance(c, str) else f" {c.text} " for c in self.children)
        return " ".join("".join(parts).split())

    def all(self, *tags: str) -> list[Element]:
        """Return the elements with these tags below it, in page order."""
        inside = [child for child in self.children if isinstance(child, Element)]
        return [
            found
            for child in inside
            for found in ([child] if child.tag in tags else []) + child.all(*tags)
        ]


@dataclass(frozen=True)
class Form:
    """A form with its fields by label and its buttons by caption."""

    action: str
    method: str
    hidden: Mapping[str, str]
    fields: Mapping[str, Element]
    buttons: Mapping[str, Mapping[str, str]]

    def filled_in(self, values: Mapping[str, str]) -> dict[str, str]:
        """Return what would be sent; a label that the form lacks fails the test."""
        missing = set(values) - set(self.fields)
        assert not missing, f"no field {missing}; the form has {sorted(self.fields)}"
        shown = {label: _shown(element) for label, element in self.fields.items()}
        sent = dict(self.hidden)
        for label, value in {**shown, **values}.items():
            sent[self.fields[label].attributes["name"]] = value
        return sent


@dataclass(frozen=True)
class Page:
    """One answer to a browser."""

    url: str
    status: int
    headers: tuple[tuple[str, str], ...]
    html: str

    @cached_property
    def root(self) -> Element:
        """Return the whole document."""
        parser = _TreeBuilder()
        parser.feed(self.html)
        return parser.root

    @property
    def heading(self) -> str:
        """Return the text of the only h1."""
        (heading,) = self.root.all("h1")
        return heading.text

    @property
    def text(self) -> str:
        """Return all words of the body."""
        return self.root.all("body")[0].text

    @property
    def status_message(self) -> str:
        """Return the message that is shown once after an action."""
        return " ".join(e.text for e in self._with_role("status"))

    @property
    def alert(self) -> str:
        """Return the error message, if any."""
        return " ".join(e.text for e in self._with_role("alert"))

    @cached_property
    def forms(self) -> list[Form]:
        """Return the forms, in page order."""
        return [_form(element) for element in self.root.all("form")]

    def form_of(self, button: str) -> Form:
        """Return the only form with this button."""
        found = [form for form in self.forms if button in form.buttons]
        captions = [caption for form in self.forms for caption in form.buttons]
        assert len(found) == 1, f"{len(found)} buttons {button!r} among {captions} on {self.url}"
        return found[0]

    def link(self, words: str) -> str:
        """Return the target of the link with these words."""
        links = {e.text: e.attributes["href"] for e in self.root.all("a") if "href" in e.attributes}
        assert words in links, f"no link {words!r} among {sorted(links)} on {self.url}"
        return links[words]

    def header(self, name: str) -> str | None:
        """Return a header's last value."""
        found = [value for key, value in self.headers if key.lower() == name.lower()]
        return found[-1] if found else None

    def _with_role(self, role: str) -> list[Element]:
        return [e for e in self.root.all("p", "div") if e.attributes.get("role") == role]


def _form(element: Element) -> Form:
    inputs = element.all("input", "select", "textarea")
    labels = {label.attributes.get("for", ""): label.text for label in element.all("label")}
    return Form(
        action=element.attributes.get("action", ""),
        method=element.attributes.get("method", "get").lower(),
        hidden={
            e.attributes["name"]: e.attributes.get("value", "")
            for e in inputs
            if e.attributes.get("type") == "hidden"
        },
        fields={
            labels[e.attributes.get("id", "")]: e
            for e in inputs
            # Fields for password managers alone have no label.
            if e.attributes.get("type") != "hidden" and "aria-hidden" not in e.attributes
        },
        buttons={e.text: _value_of(e) for e in element.all("button")},
    )


def _shown(element: Element) -> str:
    if element.tag != "select":
        return element.attributes.get("value", "")
    options = element.all("option")
    chosen = [option for option in options if "selected" in option.attributes] or options
    return chosen[0].attributes.get("value", "")


def _value_of(button: Element) -> dict[str, str]:
    name = button.attributes.get("name")
    return {name: button.attributes.get("value", "")} if name else {}


class _TreeBuilder(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.root = Element("document", {})
        self._open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs})
        self._open[-1].children.append(element)
        if tag not in _VOID:
            self._open.append(element)

    def handle_endtag(self, tag: str) -> None:
        # Our templates close every tag; anything else is a broken page, and fails the test.
        assert self._open[-1].tag == tag, f"</{tag}> closes <{self._open[-1].tag}>"
        self._open.pop()

    def handle_data(self, data: str) -> None:
        self._open[-1].children.append(data)
