"""Sending through Amazon SES."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from email.message import EmailMessage


@dataclass(frozen=True)
class Ses:
    """Sends raw MIME; `client` is a botocore SES client. Its errors reach the worker as they are.

    The worker lets them pass, so that SQS delivers the request again.
    """

    client: Any

    def __call__(self, message: EmailMessage) -> None:
        """Send one message to the address in its To header."""
        self.client.send_raw_email(
            Source=message["From"],
            Destinations=[message["To"]],
            RawMessage={"Data": message.as_bytes()},
        )
