"""Sends mail through Amazon SES."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from chalicelib.domain.mail import MailRefusedError

if TYPE_CHECKING:
    from email.message import EmailMessage

# SES's own name. It tells with each report of the mail what the mail was sent with.
MESSAGE_TAGS = "X-SES-MESSAGE-TAGS"

_INVALID = "InvalidParameterValue"
_REJECTED = "MessageRejected"
# SES also answers MessageRejected if our sender isn't verified, the account is still in the
# sandbox, or sending is suspended. Operators can fix that, so such a mail is retried and ends in
# the dead-letter queue.
_OURS_TO_MEND = re.compile(r"verified|suspended|authority")


@dataclass(frozen=True)
class Ses:
    """Sends raw MIME; `client` is a botocore SES client, whose errors are raised as they are.

    The worker raises them too, so that SQS delivers the job again. A mail that SES will never
    accept raises MailRefusedError.
    """

    client: Any
    configuration_set: str = ""

    def __call__(self, message: EmailMessage) -> None:
        """Send a message to the email in its To header."""
        try:
            self.client.send_raw_email(**self._request(message))
        except ClientError as error:
            code, words = error.response["Error"]["Code"], error.response["Error"]["Message"]
            if code == _INVALID or (code == _REJECTED and not _OURS_TO_MEND.search(words)):
                raise MailRefusedError(code) from error
            raise

    def _request(self, message: EmailMessage) -> dict[str, Any]:
        """Build the call; `Source` is the bare address, since SES takes ASCII alone there."""
        request: dict[str, Any] = {
            "Source": message["From"].addresses[0].addr_spec,
            "Destinations": [message["To"].addresses[0].addr_spec],
        }
        if self.configuration_set:
            request["ConfigurationSetName"] = self.configuration_set
            request["Tags"] = _tags(message)
        del message[MESSAGE_TAGS]
        return {**request, "RawMessage": {"Data": message.as_bytes()}}


def _tags(message: EmailMessage) -> list[dict[str, str]]:
    """Read the headers as parameters: SES might not read a folded header."""
    pairs = (str(header).partition("=") for header in message.get_all(MESSAGE_TAGS, []))
    return [{"Name": name, "Value": value} for name, _, value in pairs]
