"""A bounce comes back in a local run, as it does from SES."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import pytest

from tests.support.personas.journeys import ask_sign_up

if TYPE_CHECKING:
    from tests.support.servers.stack import Stack


@pytest.mark.parametrize("mailbox", ["bounce", "suppressionlist", "complaint"])
def test_after_a_bounce_or_a_complaint_a_mailbox_gets_no_second_mail(
    stack: Stack, mailbox: str
) -> None:
    """By SES's mailbox simulator, through the topic, the queue and the worker."""
    mark = secrets.token_hex(4)
    email = f"{mailbox}+{mark}@simulator.amazonses.com"
    program = stack.program()
    ask_sign_up(program, email)
    stack.await_mail(email)
    assert program.post("/auth/email_confirmation/request", {"email": email}).status == 202
    # The queue's next message is handled after the one above.
    ask_sign_up(stack.program(), f"robin-{mark}@acme.example")
    stack.await_mail(f"robin-{mark}@acme.example")
    assert len(stack.mails_to(email)) == 1


def test_a_mailbox_that_takes_the_mail_gets_the_next_one_too(stack: Stack) -> None:
    email = f"success+{secrets.token_hex(4)}@simulator.amazonses.com"
    program = stack.program()
    ask_sign_up(program, email)
    stack.await_mail(email)
    assert program.post("/auth/email_confirmation/request", {"email": email}).status == 202
    stack.await_mail(email, 2)
