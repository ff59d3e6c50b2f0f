"""The keys under which failed attempts are counted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.domain.sign_in.counter_keys import source_of

if TYPE_CHECKING:
    from chalicelib.domain.email_address import EmailAddress
    from chalicelib.domain.origin import Client
    from chalicelib.domain.sign_in.counter_keys import AddressKeys
    from chalicelib.domain.sign_in.known_browser import Device


@dataclass(frozen=True)
class AttemptKeys:
    """Where an attempt counts: keyed hashes, computed alike for known and unknown emails."""

    address: str
    device: str
    source: str
    # The source and the email together.
    pair: str


@dataclass(frozen=True)
class AttemptKeyMaker:
    """Computes the keys of an attempt with the deployment's secret."""

    keys: AddressKeys

    def of(self, email: EmailAddress, device: Device | None, client: Client) -> AttemptKeys:
        """Return the keys of an email, a known browser at it, and the attempt's source (`G5`)."""
        return AttemptKeys(
            address=self.address(email),
            device=f"device#{self.keys.of(device.id)}" if device else self.no_device,
            source=f"source#{self.keys.of(source_of(client.address))}",
            pair=self.pair(email, client),
        )

    def address(self, email: EmailAddress) -> str:
        """Return the key of an email alone."""
        return f"address#{self.keys.of(email.value)}"

    def pair(self, email: EmailAddress, client: Client) -> str:
        """Return the key of an email and a source together, which reveals neither."""
        both = f"{source_of(client.address)}\n{email.value}"
        return f"pair#{self.keys.of(both)}"

    @property
    def no_device(self) -> str:
        """The key used when no known browser asks; nothing is counted under it."""
        return f"device#{self.keys.of('')}"
