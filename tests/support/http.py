"""Clients of the service: a program that uses JSON, and a browser without JavaScript."""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit

from tests.support.browser.pages import Page
from tests.support.patience import PATIENCE

# A method, a target, headers and a body, to an answer.
Transport = Callable[[str, str, Mapping[str, str], bytes], "Reply"]

_MOST_REDIRECTS = 5


@dataclass(frozen=True)
class Reply:
    """An answer as it was received."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    @property
    def text(self) -> str:
        """Return the body as UTF-8."""
        return self.body.decode("utf-8")

    @property
    def json(self) -> Any:
        """Return the body as JSON."""
        return json.loads(self.body)

    @property
    def error(self) -> Mapping[str, Any]:
        """Return the content of the error envelope."""
        inside: Mapping[str, Any] = self.json["error"]
        return inside

    def header(self, name: str) -> str | None:
        """Return a header's last value."""
        found = [value for key, value in self.headers if key.lower() == name.lower()]
        return found[-1] if found else None

    @property
    def cookies(self) -> dict[str, str]:
        """Return the cookies that it sets, each with its attributes as written."""
        lines = [value for key, value in self.headers if key.lower() == "set-cookie"]
        return {line.partition("=")[0]: line.partition("=")[2] for line in lines}


@dataclass
class CookieJar:
    """The cookies of one browser; all of ours are for every path of one host."""

    values: dict[str, str] = field(default_factory=dict)

    def keep(self, reply: Reply) -> None:
        """Store the cookies that an answer sets, and drop those that it clears."""
        for name, written in reply.cookies.items():
            value, _, attributes = written.partition(";")
            if "max-age=0" in attributes.lower().replace(" ", "").split(";"):
                self.values.pop(name, None)
            else:
                self.values[name] = value

    @property
    def header(self) -> dict[str, str]:
        """Return the Cookie header, if there is any cookie."""
        pairs = "; ".join(f"{name}={value}" for name, value in self.values.items())
        return {"Cookie": pairs} if pairs else {}


@dataclass
class Program:
    """Calls the JSON API; keeps cookies, sends no header that only browsers send."""

    send: Transport
    jar: CookieJar = field(default_factory=CookieJar)

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Reply:
        """Send JSON; header names are written with underscores."""
        sent = {"User-Agent": "Program/1.0", **self.jar.header}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        raw = b""
        if body is not None:
            sent.setdefault("Content-Type", "application/json")
            raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        reply = self.send(method, path, sent, raw)
        self.jar.keep(reply)
        return reply

    def get(self, path: str, **headers: str) -> Reply:
        """Send a GET request."""
        return self.call("GET", path, **headers)

    def post(self, path: str, body: Any, **headers: str) -> Reply:
        """Send a POST request."""
        return self.call("POST", path, body, **headers)

    def delete(self, path: str, **headers: str) -> Reply:
        """Send a DELETE request."""
        return self.call("DELETE", path, **headers)


@dataclass
class Browser:
    """Uses pages as a user does: by the words on labels and buttons, and nothing else."""

    send: Transport
    origin: str
    jar: CookieJar = field(default_factory=CookieJar)
    history: list[Page] = field(default_factory=list)

    @property
    def page(self) -> Page:
        """Return the page that it shows."""
        return self.history[-1]

    def open(self, url: str) -> Page:
        """Enter a URL, or follow a link from a mail."""
        return self._show("GET", url, {"Sec-Fetch-Site": "none"}, b"")

    def follow(self, words: str) -> Page:
        """Click a link of the page."""
        return self._show("GET", self.page.link(words), {"Sec-Fetch-Site": "same-origin"}, b"")

    def press(self, button: str, **filled: str) -> Page:
        """Fill in fields, named by their labels with underscores for spaces, and press a button."""
        form = self.page.form_of(button)
        values = form.filled_in({label.replace("_", " "): text for label, text in filled.items()})
        values |= form.buttons[button]
        headers = {"Sec-Fetch-Site": "same-origin", "Origin": self.origin}
        if form.method == "get":
            return self._show("GET", f"{form.action}?{urlencode(values)}", headers, b"")
        headers["Content-Type"] = "application/x-www-form-urlencoded"
        return self._show("POST", form.action or self.page.url, headers, urlencode(values).encode())

    def _show(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Page:
        here = self.page.url if self.history else self.origin
        for _ in range(_MOST_REDIRECTS):
            url = urljoin(here, url)
            if not f"{url}/".startswith(f"{self.origin}/"):
                message = f"led away from the service to {url}"
                raise AssertionError(message)
            reply = self.send(
                method, url.removeprefix(self.origin) or "/", self._sent(headers), body
            )
            self.jar.keep(reply)
            here = url
            location = reply.header("Location")
            if reply.status != http.client.SEE_OTHER or location is None:
                self.history.append(Page(url, reply.status, reply.headers, reply.text))
                return self.page
            method, url, headers, body = "GET", location, {"Sec-Fetch-Site": "same-origin"}, b""
        message = f"too many redirects, the last one to {url}"
        raise AssertionError(message)

    def _sent(self, headers: Mapping[str, str]) -> dict[str, str]:
        usual = {"User-Agent": "Browser/1.0", "Accept": "text/html,*/*;q=0.8"}
        return {**usual, **self.jar.header, **headers}


def over_sockets(origin: str) -> Transport:
    """Return a transport to a running service; each call uses a socket of its own."""
    place = urlsplit(origin)

    def send(method: str, target: str, headers: Mapping[str, str], body: bytes) -> Reply:
        connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=PATIENCE)
        try:
            connection.request(method, target, body or None, dict(headers))
            answer = connection.getresponse()
            return Reply(answer.status, tuple(answer.getheaders()), answer.read())
        finally:
            connection.close()

    return send
