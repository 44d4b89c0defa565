"""Settings and accounts files: what is right is read exactly, what is wrong is told all at once and in words."""

from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from exchange import settings
from exchange.faults import PROFILES, FaultSettings, Rule
from exchange.instruments import LISTED
from exchange.settings import READ_ONLY, READ_WRITE, AccountSetup, Key, Settings, SettingsError
from exchange.switches import Switches


def written(folder: Path, text: str) -> Path:
    path = folder / "exchange.toml"
    path.write_text(text, encoding="utf-8")
    return path


def problems_of(folder: Path, text: str) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        settings.load(written(folder, text))
    return [problem.removeprefix(f"{folder / 'exchange.toml'}: ") for problem in caught.value.problems]


def test_by_default_there_is_one_account_with_three_keys() -> None:
    plain = Settings()

    assert plain.accounts == (
        AccountSetup(name="main", deposits={"BTC": Decimal(10), "ETH": Decimal(100), "USDC": Decimal(100_000)}),
    )
    assert [(key.client_id, key.client_secret, key.account, key.scope) for key in plain.keys] == [
        ("paper", "paper", "main", READ_WRITE),
        ("person", "person", "main", READ_WRITE),
        ("observer", "observer", "main", READ_ONLY),
    ]
    assert plain.instruments == LISTED
    assert plain.faults.all_rules() == ()


def test_an_empty_file_changes_nothing(tmp_path: Path) -> None:
    assert settings.load(written(tmp_path, "")) == Settings()


WHOLE = """
seed = 42
token_lifetime_s = 60

[limits]
credits = false
tier = 1
connections_per_address = 3

[latency]
request_ms = 5
hydration_ms = [0, 1000]

[retention]
closed_order_ms = 60000

[feed]
profile = "wild"
step_ms = 1000
start_prices = { BTC-PERPETUAL = 100000.5 }

[switches]
stop_beyond_market = "reject"

[faults]
profile = "light"
[[faults.rules]]
fault = "partial_fill"
fraction = 0.5

[[accounts]]
name = "other"
deposits = { BTC = 0.12345678901234567891 }

[[keys]]
client_id = "a"
client_secret = "b"
account = "other"
scope = "trade:read account:read"
"""


def test_everything_can_be_set_in_one_file_and_money_stays_exact(tmp_path: Path) -> None:
    read = settings.load(written(tmp_path, WHOLE))

    assert (read.seed, read.token_lifetime_s) == (42, 60)
    assert (read.limits.credits, read.limits.tier, read.limits.connections_per_address) == (False, 1, 3)
    assert (read.latency.request_ms, read.latency.hydration_ms) == (5, (0, 1000))
    assert read.retention.closed_order_ms == 60_000
    assert (read.feed.profile, read.feed.step_ms) == ("wild", 1000)
    assert read.feed.start_prices == {"BTC-PERPETUAL": Decimal("100000.5")}
    assert read.switches == Switches(stop_beyond_market="reject")
    assert read.faults.all_rules() == (*PROFILES["light"], Rule(fault="partial_fill", fraction=0.5))
    assert read.accounts == (AccountSetup(name="other", deposits={"BTC": Decimal("0.12345678901234567891")}),)
    assert read.keys == (Key(client_id="a", client_secret="b", account="other", scope="trade:read account:read"),)


def test_settings_survive_being_written_as_json() -> None:
    """A record of a session begins with them."""
    plain = Settings(faults=FaultSettings(profile="rough"))

    assert msgspec.json.decode(msgspec.json.encode(plain), type=Settings) == plain


WRONG = {
    "misspelt key": ("sed = 1", ['sed: unknown key, did you mean "seed"?']),
    "misspelt table": ("[limit]\ntier = 1", ['limit: unknown key, did you mean "limits"?']),
    "misspelt below": ("[limits]\nteir = 1", ['limits.teir: unknown key, did you mean "tier"?']),
    "wrong kind": ('seed = "one"', ["seed: expected int, got str ('one')"]),
    "table expected": ("limits = 3", ["limits: expected a table, got a number"]),
    "out of range": ("[feed]\nstep_ms = 0", ["feed.step_ms: expected int >= 1 (0)"]),
    "no such word": (
        '[feed]\nprofile = "livly"',
        ['feed.profile: "livly" is not one of its words, did you mean "lively"?'],
    ),
    "no such switch": (
        '[switches]\nslot_ids_answer = "maybe"',
        ['switches.slot_ids_answer: "maybe" is not one of its words; known are no, yes'],
    ),
    "backwards": (
        "[latency]\nhydration_ms = [400, 20]",
        ["latency: hydration_ms runs backwards: 400 to 20"],
    ),
    "no name": ("[[accounts]]\ndeposits = { BTC = 1 }", ["accounts[1].name: missing"]),
    "no such currency": (
        '[[accounts]]\nname = "main"\ndeposits = { BCT = 1 }',
        ['accounts: "main" has a deposit of "BCT", which is no currency here, did you mean "BTC"?'],
    ),
    "negative deposit": (
        '[[accounts]]\nname = "main"\ndeposits = { BTC = -1 }',
        ['accounts: "main" has a deposit of -1 BTC, which is no amount'],
    ),
    "no such account": (
        '[[keys]]\nclient_id = "a"\nclient_secret = "b"\naccount = "mian"',
        ['keys: "a" opens account "mian", which is not among the accounts, did you mean "main"?'],
    ),
    "no such scope": (
        '[[keys]]\nclient_id = "a"\nclient_secret = "b"\naccount = "main"\nscope = "trade:raed"',
        ['keys: "a" has scope "trade:raed", which does not exist, did you mean "trade:read"?'],
    ),
    "twice": (
        '[[accounts]]\nname = "main"\n[[accounts]]\nname = "main"',
        ['accounts.name: "main" is there 2 times'],
    ),
    "no such instrument": (
        "[feed]\nstart_prices = { BTC-PERPETUL = 1 }",
        ['feed.start_prices: "BTC-PERPETUL" is not an instrument here, did you mean "BTC-PERPETUAL"?'],
    ),
    "price of nothing": (
        "[feed]\nstart_prices = { BTC-PERPETUAL = 0.0 }",
        ["feed.start_prices: 0.0 is no price for BTC-PERPETUAL"],
    ),
    "price that is none": (
        "[feed]\nstart_prices = { BTC-PERPETUAL = nan }",
        ["feed.start_prices: NaN is no price for BTC-PERPETUAL"],
    ),
    "wrong rule": (
        '[[faults.rules]]\nfault = "reply_late"',
        ["faults.rules[1]: reply_late needs delay_ms"],
    ),
}


@pytest.mark.parametrize(("text", "problems"), WRONG.values(), ids=WRONG.keys())
def test_a_wrong_file_is_refused_with_place_and_reason(tmp_path: Path, text: str, problems: list[str]) -> None:
    assert problems_of(tmp_path, text) == problems


def test_all_problems_of_a_file_are_told_together(tmp_path: Path) -> None:
    found = problems_of(tmp_path, 'sed = 1\n[limits]\ntier = 9\n[feed]\nstep_ms = "x"\n[[keys]]\nclient_id = "a"')

    assert [problem.split(":")[0] for problem in found] == [
        "sed",
        "keys[1].client_secret",
        "keys[1].account",
        "limits.tier",
        "feed.step_ms",
    ]


def test_a_file_that_is_not_toml_or_not_there_is_told_by_name(tmp_path: Path) -> None:
    assert problems_of(tmp_path, "seed = ")[0].startswith("cannot be read: ")
    with pytest.raises(SettingsError, match=r"missing\.toml: cannot be read: No such file or directory"):
        settings.load(tmp_path / "missing.toml")


ACCOUNTS = """
[[account]]
name = "second"
deposits = { USDC = 500.25 }
[[account.keys]]
client_id = "bot"
client_secret = "secret"

[[account]]
name = "main"
deposits = { BTC = 1 }
[[account.keys]]
client_id = "paper"
client_secret = "changed"
scope = "trade:read"
"""


def test_an_accounts_file_adds_to_what_is_there_and_wins_where_a_name_is_there_already(tmp_path: Path) -> None:
    both = settings.with_accounts(Settings(), written(tmp_path, ACCOUNTS))

    assert {account.name: account.deposits for account in both.accounts} == {
        "main": {"BTC": Decimal(1)},
        "second": {"USDC": Decimal("500.25")},
    }
    assert {key.client_id: (key.client_secret, key.account) for key in both.keys} == {
        "paper": ("changed", "main"),
        "person": ("person", "main"),
        "observer": ("observer", "main"),
        "bot": ("secret", "second"),
    }
    assert next(key.scope for key in both.keys if key.client_id == "bot") == READ_WRITE


def test_an_account_that_the_file_does_not_name_stays(tmp_path: Path) -> None:
    both = settings.with_accounts(Settings(), written(tmp_path, '[[account]]\nname = "second"'))

    assert [account.name for account in both.accounts] == ["main", "second"]


WRONG_ACCOUNTS = {
    "nothing": ("", "account: missing"),
    "misspelt": ('[[account]]\nnmae = "x"', 'account[1].nmae: unknown key, did you mean "name"?'),
    "twice": ('[[account]]\nname = "x"\n[[account]]\nname = "x"', 'account.name: "x" is there 2 times'),
    "currency": ('[[account]]\nname = "x"\ndeposits = { BCT = 1 }', 'did you mean "BTC"?'),
}


@pytest.mark.parametrize(("text", "words"), WRONG_ACCOUNTS.values(), ids=WRONG_ACCOUNTS.keys())
def test_a_wrong_accounts_file_is_refused(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(SettingsError) as caught:
        settings.with_accounts(Settings(), written(tmp_path, text))

    assert any(words in problem for problem in caught.value.problems), caught.value.problems
