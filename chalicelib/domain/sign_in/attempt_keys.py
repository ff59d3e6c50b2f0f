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
    """Where an attempt counts: keyed hashes, made the same for known and unknown addresses."""

    address: str
    device: str
    source: str
    # The source and the address together.
    pair: str


@dataclass(frozen=True)
class AttemptKeyMaker:
    """Makes the keys of an attempt; only the deployment's secret can make the same ones."""

    keys: AddressKeys

    def of(self, email: EmailAddress, device: Device | None, client: Client) -> AttemptKeys:
        """Key an address, a known browser at it, and where the attempt comes from (`G5`)."""
        return AttemptKeys(
            address=self.address(email),
            device=f"device#{self.keys.of(device.id)}" if device else self.no_device,
            source=f"source#{self.keys.of(source_of(client.address))}",
            pair=self.pair(email, client),
        )

    def address(self, email: EmailAddress) -> str:
        """Key an address alone."""
        return f"address#{self.keys.of(email.value)}"

    def pair(self, email: EmailAddress, client: Client) -> str:
        """Key an address and a source together, so that neither can be told from the key."""
        both = f"{source_of(client.address)}\n{email.value}"
        return f"pair#{self.keys.of(both)}"

    @property
    def no_device(self) -> str:
        """The key that stands where no known browser asks; nothing counts under it."""
        return f"device#{self.keys.of('')}"
