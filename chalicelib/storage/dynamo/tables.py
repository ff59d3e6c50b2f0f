"""Every DynamoDB model on one page, each under its access patterns.

`infra/stack/resources.yaml` creates the tables; a test holds the two equal. Names are set at run
time by `connection.open_tables`. A TTL only tidies up: whatever expires is compared in code.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pynamodb.attributes import (
    JSONAttribute,
    MapAttribute,
    NumberAttribute,
    TTLAttribute,
    UnicodeAttribute,
    UnicodeSetAttribute,
    UTCDateTimeAttribute,
)
from pynamodb.indexes import GlobalSecondaryIndex, KeysOnlyProjection
from pynamodb.models import Model

if TYPE_CHECKING:
    from typing import Any


class UserRow(Model):
    """A person, with the truth about their memberships.

    - read by id, strongly: every sign-in and every request with a session
    - written with a condition on `credentials_version`, on `sessions_version`, or on the membership
      concerned
    """

    class Meta:  # noqa: D106 - pynamodb's own idiom
        table_name = "users"

    user_id = UnicodeAttribute(hash_key=True)
    email = UnicodeAttribute()
    name = UnicodeAttribute()
    created_at = UTCDateTimeAttribute()
    credentials_version = NumberAttribute()
    password_hash = UnicodeAttribute(null=True)
    memberships: MapAttribute[str, Any] = MapAttribute()
    last_account_id = UnicodeAttribute(null=True)
    sessions_version = NumberAttribute(null=True)
    signed_in_version = NumberAttribute(null=True)
    # The changes of email that can be undone: pairs of a `sessions_version` and a time in seconds.
    ways_back = JSONAttribute(null=True)
    # The accounts that removed them; it stays when they come back.
    removed_from = UnicodeSetAttribute(null=True)


class EmailRow(Model):
    """The claim of one user to one address; its key makes addresses unique.

    - read by address at sign-in and by the mail worker
    - put only where none exists, in the transaction that makes or changes the user
    - after a change of email the old address is nobody's, and is kept for its user: `kept_for`
      until `kept_until`, in the place of `user_id`
    """

    class Meta:  # noqa: D106 - pynamodb's own idiom
        table_name = "emails"

    email = UnicodeAttribute(hash_key=True)
    user_id = UnicodeAttribute(null=True)
    kept_for = UnicodeAttribute(null=True)
    kept_until = UTCDateTimeAttribute(null=True)
    ttl = TTLAttribute(null=True)


class SignUpRow(Model):
    """A sign-up that waits for confirmation, and `latest`, a copy of an address's newest one.

    - read by (address, id) when its link is used, and at sign-in by the browser that holds its
      ticket; (address, `latest`) at sign-in and on resend
    - `latest` goes when the address becomes a user's; all others stay for their time, so that the
      answer to the browser of one doesn't change, and none of them can be confirmed any more
    """

    class Meta:  # noqa: D106 - pynamodb's own idiom
        table_name = "sign_ups"

    email = UnicodeAttribute(hash_key=True)
    slot = UnicodeAttribute(range_key=True)
    sign_up_id = UnicodeAttribute()
    name = UnicodeAttribute()
    account_name = UnicodeAttribute()
    password_hash = UnicodeAttribute()
    browser_digest = UnicodeAttribute()
    created_at = UTCDateTimeAttribute()
    ttl = TTLAttribute()


class LinkRow(Model):
    """An emailed link under its token's digest.

    - read by digest to show its page; deleted by digest, with every condition, to use it
    """

    class Meta:  # noqa: D106 - pynamodb's own idiom
        table_name = "links"

    digest = UnicodeAttribute(hash_key=True)
    purpose = UnicodeAttribute()
    email = UnicodeAttribute()
    subject_id = UnicodeAttribute()
    expires_at = UTCDateTimeAttribute()
    user_email = UnicodeAttribute(null=True)
    credentials_version = NumberAttribute(null=True)
    sessions_version = NumberAttribute(null=True)
    known_browser = UnicodeAttribute(null=True)
    account_id = UnicodeAttribute(null=True)
    # Of a requested mail: its place in the count of the source that asked for it.
    source_count = UnicodeAttribute(null=True)
    source_entry = UnicodeAttribute(null=True)
    ttl = TTLAttribute()


class SessionsByUser(GlobalSecondaryIndex["SessionRow"]):
    """A person's sessions, keys alone: a session's last use never rewrites the index."""

    class Meta:  # noqa: D106 - pynamodb's own idiom
        index_name = "by_user"
        projection = KeysOnlyProjection()

    user_id = UnicodeAttribute(hash_key=True)


class SessionRow(Model):
    """A session under its token's digest.

    - resumed by digest, in the conditional update that also notes the use
    - replaced in one transaction at sign-in and account switch
    - a person's sessions by the index, then read strongly by key; the index may lag, so what has to
      end for certain ends by `sessions_version` in the user's row
    """

    class Meta:  # noqa: D106 - pynamodb's own idiom
        table_name = "sessions"

    digest = UnicodeAttribute(hash_key=True)
    user_id = UnicodeAttribute()
    account_id = UnicodeAttribute(null=True)
    grant = UnicodeAttribute(null=True)
    connection_id = UnicodeAttribute(null=True)
    method = UnicodeAttribute()
    credentials_version = NumberAttribute()
    sessions_version = NumberAttribute(null=True)
    started_at = UTCDateTimeAttribute()
    last_seen_at = UTCDateTimeAttribute()
    proved_at = UTCDateTimeAttribute()
    password_proved_at = UTCDateTimeAttribute(null=True)
    address = UnicodeAttribute()
    user_agent = UnicodeAttribute()
    ttl = TTLAttribute()
    by_user = SessionsByUser()


class AccountRow(Model):
    """An account in parts: `account`, `workspaces`, a `member#…` for each member, and more.

    - `account` and `workspaces` read by key with the session's user; `account` counts the members,
      in the transaction in which one joins or goes
    - all workspaces are one row, `items` by id and `names` by the folded name's digest, so that one
      condition keeps names unique
    - members listed by the key's prefix; what they are stands in their user row
    - `removed#…` says of a person that they were removed, in the transaction that does it: single
      sign-on lets them join again by an invitation only
    - `api_keys` holds how many keys there are, `key#…` what each is called and its digest: written
      in one transaction with the key itself, so that a key is listed the moment it exists
    - `domain#…` is an email domain that the account says it owns, `domains` how many there are
    - every change to the account's single sign-on counts `sso_version` of `account` up, under the
      condition that it is as it was read
    - `records` holds how many records there are by workspace and status, in `items`
    - `invitations` holds how many are open, `invitation#…` what each offers (`items` are roles by
      workspace, `name`, `created_by` and `grant` the inviter's), `invitee#…` which one an address
      has, so that it has one at most: written in one transaction, gone with the invitation
    - `handover` is an operator's request to make `heir_id` the owner, from when it was announced
    """

    class Meta:  # noqa: D106 - pynamodb's own idiom
        table_name = "accounts"

    account_id = UnicodeAttribute(hash_key=True)
    part = UnicodeAttribute(range_key=True)
    name = UnicodeAttribute(null=True)
    owner_id = UnicodeAttribute(null=True)
    heir_id = UnicodeAttribute(null=True)
    request_id = UnicodeAttribute(null=True)
    announced_at = UTCDateTimeAttribute(null=True)
    created_at = UTCDateTimeAttribute(null=True)
    items: MapAttribute[str, Any] = MapAttribute(null=True)
    names: MapAttribute[str, Any] = MapAttribute(null=True)
    digest = UnicodeAttribute(null=True)
    created_by = UnicodeAttribute(null=True)
    grant = UnicodeAttribute(null=True)
    key_count = NumberAttribute(null=True)
    member_count = NumberAttribute(null=True)
    email = UnicodeAttribute(null=True)
    role = UnicodeAttribute(null=True)
    expires_at = UTCDateTimeAttribute(null=True)
    invitation_id = UnicodeAttribute(null=True)
    invitation_count = NumberAttribute(null=True)
    sso_connection_id = UnicodeAttribute(null=True)
    sso_enforced = NumberAttribute(null=True)
    sso_version = NumberAttribute(null=True)
    txt_token = UnicodeAttribute(null=True)
    verified_at = UTCDateTimeAttribute(null=True)
    failing_since = UTCDateTimeAttribute(null=True)


class ApiKeyRow(Model):
    """An API key under the digest of its secret: the one table that the authorizer may touch.

    - checked by digest, in the conditional update that also counts the use (`key_checks`); the
      counters are attributes named by their minute
    - read by digest for the last use, revoked by digest when it leaked
    """

    class Meta:  # noqa: D106 - pynamodb's own idiom
        table_name = "api_keys"

    digest = UnicodeAttribute(hash_key=True)
    key_id = UnicodeAttribute()
    account_id = UnicodeAttribute()
    name = UnicodeAttribute()
    created_at = UTCDateTimeAttribute()
    last_used_at = UTCDateTimeAttribute(null=True)
    revoked_at = UTCDateTimeAttribute(null=True)


class RecordRow(Model):
    """A record that the public API shows; the operator's command loads them.

    - read by (account, id); listed by account, in the order of ids
    - put in one transaction with the account's counts
    """

    class Meta:  # noqa: D106 - pynamodb's own idiom
        table_name = "records"

    account_id = UnicodeAttribute(hash_key=True)
    record_id = UnicodeAttribute(range_key=True)
    terminus_id = UnicodeAttribute()
    workspace_id = UnicodeAttribute()
    status = UnicodeAttribute()
    content = UnicodeAttribute()
    created_at = UTCDateTimeAttribute()


class AuditEventRow(Model):
    """One thing that happened in an account; put once, never changed, gone with its TTL.

    - listed by account, newest first: `moment` is the time in microseconds, then the event's id
    - put in the transaction of the change that it tells of, or by the worker
    """

    class Meta:  # noqa: D106 - pynamodb's own idiom
        table_name = "audit_events"

    account_id = UnicodeAttribute(hash_key=True)
    moment = UnicodeAttribute(range_key=True)
    event = UnicodeAttribute()
    actor: MapAttribute[str, Any] = MapAttribute()
    target: MapAttribute[str, Any] = MapAttribute(null=True)
    address = UnicodeAttribute()
    user_agent = UnicodeAttribute()
    request_id = UnicodeAttribute()
    details: MapAttribute[str, Any] = MapAttribute()
    ttl = TTLAttribute()


class DomainRow(Model):
    """A proved email domain and the SSO connection it belongs to.

    - read by domain whenever someone types an address
    """

    class Meta:  # noqa: D106 - pynamodb's own idiom
        table_name = "domains"

    domain = UnicodeAttribute(hash_key=True)
    account_id = UnicodeAttribute()
    connection_id = UnicodeAttribute(null=True)
    enforced = NumberAttribute()


class SsoConnectionRow(Model):
    """An account's link to its identity provider.

    - read by id for every step of a sign-in, and for the settings page
    - written in one transaction with the account's row, which says the same of `enforced`
    """

    class Meta:  # noqa: D106 - pynamodb's own idiom
        table_name = "sso_connections"

    connection_id = UnicodeAttribute(hash_key=True)
    account_id = UnicodeAttribute()
    entity_id = UnicodeAttribute()
    sso_url = UnicodeAttribute()
    certificates = JSONAttribute()
    email_attribute = UnicodeAttribute(null=True)
    default_role = UnicodeAttribute()
    enforced = NumberAttribute()
    created_at = UTCDateTimeAttribute()
    last_test = JSONAttribute(null=True)
    # Of which certificates' ends the account was told, by fingerprint: how many days ahead.
    told = JSONAttribute(null=True)


class SsoRequestRow(Model):
    """A sign-in that was begun here, under the id of its SAML request.

    - read by id when a response names it; deleted by id, with every condition, to use it
    """

    class Meta:  # noqa: D106 - pynamodb's own idiom
        table_name = "sso_requests"

    request_id = UnicodeAttribute(hash_key=True)
    connection_id = UnicodeAttribute()
    account_id = UnicodeAttribute()
    purpose = UnicodeAttribute()
    browser_digest = UnicodeAttribute()
    onward = UnicodeAttribute()
    expires_at = UTCDateTimeAttribute()
    session_id = UnicodeAttribute(null=True)
    user_id = UnicodeAttribute(null=True)
    ttl = TTLAttribute()


class SsoAssertionRow(Model):
    """An assertion that was accepted, by its connection and id: it is never accepted again.

    - put only where none exists, in the transaction that uses its request (`E5`)
    """

    class Meta:  # noqa: D106 - pynamodb's own idiom
        table_name = "sso_assertions"

    assertion = UnicodeAttribute(hash_key=True)
    ttl = TTLAttribute()


class SsoIdentityRow(Model):
    """Whom a connection means by a name, by the two of them (`E8`).

    - read by its key when a verified assertion names it
    - put only where none exists, in the transaction that makes or links the user
    """

    class Meta:  # noqa: D106 - pynamodb's own idiom
        table_name = "sso_identities"

    identity = UnicodeAttribute(hash_key=True)
    user_id = UnicodeAttribute()
    created_at = UTCDateTimeAttribute()


class LimitRow(Model):
    """A count under the keyed hash of what is counted.

    - failed passwords by address, by known browser, or by source and address together: read,
      then put with a condition on `version`, those of a new browser with the source's count
    - attempts by source: added to while `began_at` is as it was read
    - requested mails by kind and address or known browser, by source, and notices: read, then
      put with a condition on `version`
    """

    class Meta:  # noqa: D106 - pynamodb's own idiom
        table_name = "limits"

    subject = UnicodeAttribute(hash_key=True)
    version = NumberAttribute(null=True)
    # As text, which takes no longer to write and read for five than for one.
    failed_at = JSONAttribute(null=True)
    locked_until = UTCDateTimeAttribute(null=True)
    consecutive = NumberAttribute(null=True)
    began_at = UTCDateTimeAttribute(null=True)
    hits = NumberAttribute(null=True)
    # Of a source at an address: what it added to the address's count, whether that locked it, and
    # how often the pair itself was locked since.
    added = NumberAttribute(null=True)
    caused_lock = NumberAttribute(null=True)
    level = NumberAttribute(null=True)
    entries = JSONAttribute(null=True)
    ttl = TTLAttribute(null=True)


class DeletionRow(Model):
    """A deletion of a user or account, by its id: asked for, begun, swept, done.

    - put or changed with a condition on `request_id` and on how far it got
    - every row that isn't done is read once a day; rows that are done hold ids and times alone, and
      tell a restore what must not come back
    - `mail#` and the keyed hash of a deleted user's email: mails asked for before `begun_at` are
      dropped; read by the worker, gone with its TTL
    """

    class Meta:  # noqa: D106 - pynamodb's own idiom
        table_name = "deletions"

    subject_id = UnicodeAttribute(hash_key=True)
    request_id = UnicodeAttribute(null=True)
    asked_by = UnicodeAttribute(null=True)
    asked_at = UTCDateTimeAttribute(null=True)
    announced_at = UTCDateTimeAttribute(null=True)
    begun_at = UTCDateTimeAttribute(null=True)
    swept_at = UTCDateTimeAttribute(null=True)
    done_at = UTCDateTimeAttribute(null=True)
    # What the rows are found by; gone once the deletion is done.
    leftovers = JSONAttribute(null=True)
    ttl = TTLAttribute(null=True)


# By the names that the deployment's prefix is put before.
TABLES: dict[str, type[Model]] = {
    model.Meta.table_name: model
    for model in (
        UserRow,
        EmailRow,
        SignUpRow,
        LinkRow,
        SessionRow,
        AccountRow,
        ApiKeyRow,
        RecordRow,
        AuditEventRow,
        DomainRow,
        SsoConnectionRow,
        SsoRequestRow,
        SsoAssertionRow,
        SsoIdentityRow,
        LimitRow,
        DeletionRow,
    )
}
