"""The tables of the service itself as peewee sees them: strategies, notices, settings, people's decisions.

As in `tables_trade`: made by `schema/`, bound to no database, never outside this package.
"""

from peewee import AutoField, BlobField, BooleanField, CompositeKey, IntegerField, Model, TextField

from persistence.fields import JsonField, TimeField


class StrategyRow(Model):
    """A strategy: what it should do, what it does, and why."""

    worker = TextField()
    name = TextField()
    kind = TextField()
    instrument = TextField()
    parameters = JsonField()
    wanted = TextField()
    state = TextField()
    cause = TextField(null=True)
    generation = IntegerField()
    error = TextField()
    traceback = TextField()
    since = TimeField()
    checkpoints = JsonField()
    checkpoints_at = TimeField(null=True)

    class Meta:
        """Its table."""

        table_name = "strategies"
        primary_key = CompositeKey("worker", "name")


class OutboxRow(Model):
    """A notice until it is delivered; one that repeats, until somebody answers."""

    id = AutoField()
    at = TimeField()
    severity = TextField()
    type = TextField()
    text = TextField()
    dedupe_key = TextField(null=True)
    repeat_ms = IntegerField(null=True)
    attempts = IntegerField(default=0)
    next_at = TimeField(null=True)
    delivered_at = TimeField(null=True)
    acknowledged_at = TimeField(null=True)
    acknowledged_by = TextField(default="")
    error = TextField(default="")
    alert = TextField(null=True)
    times = IntegerField(default=1)
    last_at = TimeField(null=True)

    class Meta:
        """Its table."""

        table_name = "outbox"


class SettingRow(Model):
    """A setting changed while running."""

    key = TextField(primary_key=True)
    value = JsonField()
    changed_at = TimeField()
    changed_by = TextField()

    class Meta:
        """Its table."""

        table_name = "settings"


class CredentialRow(Model):
    """A broker's key, sealed."""

    broker = TextField(primary_key=True)
    sealed = BlobField()
    changed_at = TimeField()

    class Meta:
        """Its table."""

        table_name = "credentials"


class HaltRow(Model):
    """A HALT, lifted or not."""

    id = AutoField()
    reason = TextField()
    halted_by = TextField()
    since = TimeField()
    lifted_at = TimeField(null=True)
    lifted_by = TextField(default="")

    class Meta:
        """Its table."""

        table_name = "halts"


class WishRow(Model):
    """Whether the connection was wanted, by whom, from when."""

    id = AutoField()
    broker = TextField()
    wish = TextField()
    wished_by = TextField()
    reason = TextField()
    since = TimeField()

    class Meta:
        """Its table."""

        table_name = "connection_wishes"


class IssueRow(Model):
    """Something that needs a person."""

    id = AutoField()
    account = TextField()
    key = TextField()
    instrument = TextField(null=True)
    kind = TextField()
    blocks = BooleanField()
    text = TextField()
    evidence = JsonField()
    actions = JsonField()
    opened_at = TimeField()
    seen_at = TimeField()
    resolution = TextField(null=True)
    resolved_by = TextField(default="")
    resolved_at = TimeField(null=True)
    chosen = TextField(null=True)
    chosen_by = TextField(default="")
    chosen_at = TimeField(null=True)

    class Meta:
        """Its table."""

        table_name = "issues"


class ReportRow(Model):
    """One run of the reconciler."""

    id = AutoField()
    account = TextField()
    at = TimeField()
    trigger = TextField()
    took_ms = IntegerField()
    findings = IntegerField()
    detail = JsonField()

    class Meta:
        """Its table."""

        table_name = "reports"


class ScoreRow(Model):
    """One figure of the scoreboard in one hour."""

    account = TextField()
    score = TextField()
    hour = TimeField()
    total = IntegerField()
    worst = IntegerField()
    newest = IntegerField()
    times = IntegerField()

    class Meta:
        """Its table."""

        table_name = "scores"
        primary_key = CompositeKey("account", "score", "hour")


class StartRow(Model):
    """One life of the process."""

    id = AutoField()
    worker = TextField()
    pid = IntegerField()
    version = TextField()
    at = TimeField()
    ended_at = TimeField(null=True)
    ending = TextField(default="")

    class Meta:
        """Its table."""

        table_name = "starts"


class ReceiptRow(Model):
    """The answer a command was given, to be given again."""

    key = TextField(primary_key=True)
    command = TextField()
    fingerprint = TextField()
    status = IntegerField()
    answer = JsonField()
    at = TimeField()

    class Meta:
        """Its table."""

        table_name = "receipts"


class TokenRow(Model):
    """An access token, known by its hash alone."""

    id = AutoField()
    scope = TextField()
    name = TextField()
    digest = TextField(unique=True)
    made_at = TimeField()
    used_at = TimeField(null=True)
    revoked_at = TimeField(null=True)

    class Meta:
        """Its table."""

        table_name = "tokens"


class SessionRow(Model):
    """Somebody logged in to the page, known by the hash of the cookie alone."""

    digest = TextField(primary_key=True)
    key_digest = TextField()
    scope = TextField()
    name = TextField()
    made_at = TimeField()
    seen_at = TimeField()

    class Meta:
        """Its table."""

        table_name = "sessions"


TABLES = (
    StrategyRow,
    OutboxRow,
    SettingRow,
    CredentialRow,
    HaltRow,
    WishRow,
    IssueRow,
    ReportRow,
    ScoreRow,
    StartRow,
    ReceiptRow,
    TokenRow,
    SessionRow,
)
