"""All flows of the product, each built when it is first used."""

from __future__ import annotations

from chalicelib.bootstrap.flows.accounts import AccountFlows
from chalicelib.bootstrap.flows.audit import AuditFlows
from chalicelib.bootstrap.flows.deletion import DeletionFlows
from chalicelib.bootstrap.flows.keys import KeyFlows
from chalicelib.bootstrap.flows.mail import MailFlows
from chalicelib.bootstrap.flows.sign_in import SignInFlows
from chalicelib.bootstrap.flows.sso import SsoFlows


class Services(SignInFlows, AccountFlows, SsoFlows, KeyFlows, AuditFlows, MailFlows, DeletionFlows):
    """All flows of the product; using one imports and builds it, and nothing else."""
