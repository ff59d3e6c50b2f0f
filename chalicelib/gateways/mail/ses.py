"""Sending through Amazon SES."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from chalicelib.domain.mail import MailRefusedError

if TYPE_CHECKING:
    from email.message import EmailMessage

_INVALID = "InvalidParameterValue"
_REJECTED = "MessageRejected"
# SES says MessageRejected as well where our sender isn't verified, the account is still in its
# sandbox, or sending is suspended. Operators mend that, so such a mail is tried again and parked.
_OURS_TO_MEND = re.compile(r"verified|suspended|authority")


@dataclass(frozen=True)
class Ses:
    """Sends raw MIME; `client` is a botocore SES client. Its errors reach the worker as they are.

    The worker lets them pass, so that SQS delivers the request again. A mail that SES will never
    take raises MailRefusedError.
    """

    client: Any

    def __call__(self, message: EmailMessage) -> None:
        """Send one message to the address in its To header."""
        try:
            self.client.send_raw_email(
                Source=message["From"],
                Destinations=[message["To"]],
                RawMessage={"Data": message.as_bytes()},
            )
        except ClientError as error:
            code, words = error.response["Error"]["Code"], error.response["Error"]["Message"]
            if code == _INVALID or (code == _REJECTED and not _OURS_TO_MEND.search(words)):
                raise MailRefusedError(code) from error
            raise
