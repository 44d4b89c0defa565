"""The tables of trading as peewee sees them: brackets and what belongs to one. Never leaves this package.

The tables themselves are made by `schema/`; a test holds the two together. No model is bound to a database: a query
is run by the `Database` it is given to, so several can be open in one process.
"""

from peewee import AutoField, BooleanField, CompositeKey, IntegerField, Model, TextField

from persistence.fields import ExactField, JsonField, TimeField


class BracketRow(Model):
    """One bracket. `state` is the whole truth; the other columns are what people ask for."""

    seq = AutoField()
    account = TextField()
    worker = TextField()
    id = TextField()
    strategy = TextField()
    instrument = TextField()
    currency = TextField()
    side = TextField()
    phase = TextField()
    holds = BooleanField()
    amount = ExactField()
    held = ExactField()
    entry = ExactField(null=True)
    stop = ExactField()
    target = ExactField()
    average_entry = ExactField(null=True)
    exit_price = ExactField(null=True)
    gross = ExactField(null=True)
    fees = ExactField(null=True)
    funding = ExactField(null=True)
    net = ExactField(null=True)
    estimated = BooleanField()
    result = TextField(null=True)
    why = TextField()
    reason = TextField()
    began_at = TimeField()
    opened_at = TimeField(null=True)
    closed_at = TimeField(null=True)
    version = IntegerField()
    format = IntegerField()
    state = TextField()

    class Meta:
        """Its table."""

        table_name = "brackets"


class OrderRow(Model):
    """An order of a bracket as the exchange last told it."""

    bracket = IntegerField()
    order_id = TextField()
    label = TextField()
    leg = TextField(null=True)
    side = TextField()
    type = TextField()
    state = TextField()
    amount = ExactField()
    filled_amount = ExactField()
    average_price = ExactField()
    price = ExactField(null=True)
    trigger_price = ExactField(null=True)
    working = BooleanField()
    updated_at = TimeField()

    class Meta:
        """Its table."""

        table_name = "orders"
        primary_key = CompositeKey("bracket", "order_id")


class IntentRow(Model):
    """A request that was on disk before it left, and what became of it."""

    account = TextField()
    id = TextField()
    worker = TextField()
    bracket = IntegerField(null=True)
    purpose = TextField()
    label = TextField(null=True)
    order_id = TextField(null=True)
    request = TextField()
    fate = TextField()
    sent_at = TimeField()
    valid_until = TimeField(null=True)
    outcome = TextField(null=True)
    detail = TextField()
    settled_at = TimeField(null=True)

    class Meta:
        """Its table."""

        table_name = "intents"
        primary_key = CompositeKey("account", "id")


class FillRow(Model):
    """One execution, once."""

    account = TextField()
    instrument = TextField()
    id = TextField()
    bracket = IntegerField()
    order_id = TextField()
    label = TextField()
    side = TextField()
    amount = ExactField()
    price = ExactField()
    fee = ExactField()
    fee_currency = TextField()
    profit_loss = ExactField()
    liquidity = TextField()
    at = TimeField()

    class Meta:
        """Its table."""

        table_name = "fills"
        primary_key = CompositeKey("account", "instrument", "id")


class LedgerRow(Model):
    """A line of the exchange's book that belongs to a trade."""

    account = TextField()
    currency = TextField()
    id = TextField()
    bracket = IntegerField()
    type = TextField()
    fill_id = TextField(null=True)
    change = ExactField()
    funding = ExactField()
    settled = ExactField()
    position = ExactField(null=True)
    at = TimeField()

    class Meta:
        """Its table."""

        table_name = "ledger"
        primary_key = CompositeKey("account", "currency", "id", "bracket")


class EventRow(Model):
    """Something that happened."""

    id = AutoField()
    at = TimeField()
    kind = TextField()
    subject = TextField()
    text = TextField()
    detail = JsonField()

    class Meta:
        """Its table."""

        table_name = "events"


class TransitionRow(Model):
    """A move of a state machine, or the refusal of one."""

    id = AutoField()
    at = TimeField()
    machine = TextField()
    subject = TextField()
    state = TextField()
    event = TextField()
    target = TextField(null=True)
    code = TextField(default="")
    sentence = TextField(default="")

    class Meta:
        """Its table."""

        table_name = "transitions"


TABLES = (BracketRow, OrderRow, IntentRow, FillRow, LedgerRow, EventRow, TransitionRow)
