"""All DynamoDB models, each with its access patterns.

`infra/stack/resources.yaml` creates the tables; a test keeps the two equal. `open_tables` sets the
names at run time. A TTL only removes old rows: code compares every expiry itself.
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
    """A user with their memberships, which are stored here and nowhere else.

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
    # The accounts that removed them; an account stays in it when they come back.
    removed_from = UnicodeSetAttribute(null=True)


class EmailRow(Model):
    """Which user has an email; its key makes emails unique.

    - read by email at sign-in and by the worker
    - put only if none exists, in the transaction that creates or changes the user
    - after a change of email the old email belongs to no user and is reserved for its last one:
      `kept_for` until `kept_until`, instead of `user_id`
    """

    class Meta:  # noqa: D106 - pynamodb's own idiom
        table_name = "emails"

    email = UnicodeAttribute(hash_key=True)
    user_id = UnicodeAttribute(null=True)
    kept_for = UnicodeAttribute(null=True)
    kept_until = UTCDateTimeAttribute(null=True)
    ttl = TTLAttribute(null=True)


class SignUpRow(Model):
    """A sign-up that waits for confirmation, and `latest`, a copy of an email's newest one.

    - read by (email, id) when its link is used, and at sign-in in the browser that has its ticket;
      (email, `latest`) at sign-in and on resend
    - `latest` is deleted when the email becomes a user's; all others stay until they expire, so
      that the answers to their browsers don't change, but none can be confirmed any more
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
    """A mailed link under its token's digest.

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
    # Of a requested mail: its entry in the count of the source that asked for it.
    source_count = UnicodeAttribute(null=True)
    source_entry = UnicodeAttribute(null=True)
    ttl = TTLAttribute()


class SessionsByUser(GlobalSecondaryIndex["SessionRow"]):
    """A user's sessions, keys only: a session's last use never rewrites the index."""

    class Meta:  # noqa: D106 - pynamodb's own idiom
        index_name = "by_user"
        projection = KeysOnlyProjection()

    user_id = UnicodeAttribute(hash_key=True)


class SessionRow(Model):
    """A session under its token's digest.

    - resumed by digest, in the conditional update that also records the use
    - replaced in one transaction at sign-in and account switch
    - a user's sessions by the index, then read strongly by key; the index may lag, so sessions that
      must end are ended by `sessions_version` in the user's row
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
      in the transaction in which one joins or leaves
    - all workspaces are one row, `items` by id and `names` by the folded name's digest, so that one
      condition keeps names unique
    - members listed by the key's prefix; their role is in their user row
    - `removed#…` says that a user was removed, written in the same transaction: after that, SSO
      alone doesn't let them join again, they need an invitation
    - `api_keys` holds the number of keys, `key#…` the name and digest of each: written in one
      transaction with the key itself, so that a key is listed as soon as it exists
    - `domain#…` is an email domain that the account added, `domains` their number
    - every change of the account's SSO increases `sso_version` of `account`, on the condition that
      it hasn't changed since it was read
    - `records` holds the number of records by workspace and status, in `items`
    - `invitations` holds the number of open ones, `invitation#…` each of them (`items` are roles by
      workspace; `name`, `created_by` and `grant` are the inviter's), `invitee#…` the invitation of
      an email, so that it has at most one: all written and deleted in one transaction
    - `handover` is an operator's request to make `heir_id` the owner, once it is announced
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
    """An API key under the digest of its secret: the only table that the authorizer may use.

    - checked by digest, in the conditional update that also counts the use (`keys/check.py`); the
      counters are attributes named by their minute
    - read by digest for its last use, revoked by digest when it leaked
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
    """A record that the public API returns; an operator's command loads it.

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
    """One thing that happened in an account; put once, never changed, removed by its TTL.

    - listed by account, newest first: `moment` is the time in microseconds, then the event's id
    - put in the transaction of the change that it records, or by the worker
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
    """A verified email domain and its SSO connection.

    - read by domain whenever someone enters an email
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
    - written in one transaction with the account's row, which has the same `enforced`
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
    # The certificates whose expiry the account was mailed about, by fingerprint: how many days
    # before.
    told = JSONAttribute(null=True)


class SsoRequestRow(Model):
    """A sign-in that was started here, under the id of its SAML request.

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
    """An accepted assertion, by its connection and id, so that it is never accepted again.

    - put only if none exists, in the transaction that uses its request (`E5`)
    """

    class Meta:  # noqa: D106 - pynamodb's own idiom
        table_name = "sso_assertions"

    assertion = UnicodeAttribute(hash_key=True)
    ttl = TTLAttribute()


class SsoIdentityRow(Model):
    """The user that a connection's identity provider means by a name (`E8`).

    - read by its key when a verified assertion names it
    - put only if none exists, in the transaction that creates or links the user
    """

    class Meta:  # noqa: D106 - pynamodb's own idiom
        table_name = "sso_identities"

    identity = UnicodeAttribute(hash_key=True)
    user_id = UnicodeAttribute()
    created_at = UTCDateTimeAttribute()


class LimitRow(Model):
    """A count under the keyed hash of what is counted.

    - failed passwords by email, by known browser, or by source and email together: read, then put
      with a condition on `version`; those of a new browser with the source's count
    - attempts by source: increased while `began_at` is as it was read
    - requested mails by kind and email or known browser, by source, and notices: read, then
      put with a condition on `version`
    """

    class Meta:  # noqa: D106 - pynamodb's own idiom
        table_name = "limits"

    subject = UnicodeAttribute(hash_key=True)
    version = NumberAttribute(null=True)
    # As JSON text, which takes no longer to write and read for five times than for one.
    failed_at = JSONAttribute(null=True)
    locked_until = UTCDateTimeAttribute(null=True)
    consecutive = NumberAttribute(null=True)
    began_at = UTCDateTimeAttribute(null=True)
    hits = NumberAttribute(null=True)
    # Of a source at an email: what it added to the email's count, whether that locked it, and how
    # often the pair itself was locked since.
    added = NumberAttribute(null=True)
    caused_lock = NumberAttribute(null=True)
    level = NumberAttribute(null=True)
    entries = JSONAttribute(null=True)
    ttl = TTLAttribute(null=True)


class SuppressionRow(Model):
    """An email that mail doesn't go to, with the reasons that SES gave.

    - read by email, strongly, before each mail is sent; all of them by the operators' command
    - each reason is set where its time is later than what is there and than `removed_at`, so that a
      report that is delivered twice or late changes nothing
    - `removed_at` is when an operator allowed the email again, which takes every reason away
    """

    class Meta:  # noqa: D106 - pynamodb's own idiom
        table_name = "suppressions"

    email = UnicodeAttribute(hash_key=True)
    bounce_at = UTCDateTimeAttribute(null=True)
    bounce_until = UTCDateTimeAttribute(null=True)
    bounce_detail = UnicodeAttribute(null=True)
    complaint_at = UTCDateTimeAttribute(null=True)
    complaint_until = UTCDateTimeAttribute(null=True)
    complaint_detail = UnicodeAttribute(null=True)
    delay_at = UTCDateTimeAttribute(null=True)
    delay_until = UTCDateTimeAttribute(null=True)
    delay_detail = UnicodeAttribute(null=True)
    removed_at = UTCDateTimeAttribute(null=True)
    ttl = TTLAttribute()


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


# By the names that follow the deployment's prefix.
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
        SuppressionRow,
        DeletionRow,
    )
}
