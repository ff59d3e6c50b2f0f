"""What each mail has, whatever its language: its link, and whether it greets by name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class MailForm:
    """Which of the facts a mail tells are its links; `greets` takes a name that is known."""

    link: str | None = None
    second_link: str | None = None
    greets: bool = True


MAIL_FORMS: Mapping[str, MailForm] = {
    # Nobody is greeted before an address is confirmed: anybody may have typed that name to have us
    # mail it.
    "sign_up_confirmation": MailForm("link", greets=False),
    "sign_up_address_taken": MailForm("sign_in_link", "reset_link"),
    "sign_up_sso": MailForm("sign_in_link", greets=False),
    "sign_up_email_kept": MailForm(greets=False),
    "new_sign_in": MailForm(),
    "password_reset": MailForm("link"),
    "password_changed": MailForm(),
    "password_stopped": MailForm("reset_link"),
    "password_removed": MailForm("reset_link"),
    "account_unlock": MailForm("link"),
    # The address isn't known to be this person's yet.
    "email_change_confirmation": MailForm("link", greets=False),
    "email_change_asked": MailForm("link"),
    "email_changed": MailForm(),
    "email_changed_away": MailForm("link"),
    "email_taken_back": MailForm("reset_link"),
    "invitation": MailForm("link", greets=False),
    "ownership_transferred": MailForm(),
    "sso_linked": MailForm(),
    "handover_requested": MailForm("members_link"),
    "handover_stopped": MailForm(),
    "handover_completed": MailForm("members_link"),
    "account_deletion_requested": MailForm("deletion_link"),
    "account_deletion_cancelled": MailForm(),
    "account_deletion_done": MailForm(),
    "api_key_leaked": MailForm(),
    "sso_domain_failing": MailForm(),
    "sso_domain_lapsed": MailForm(),
    "sso_certificate_ending": MailForm(),
}
