"""Settings are exact, come from three places in order, and whatever is wrong with them is said at once."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from persistence.secret import Secret
from tradebaas.settings import Mode, Settings, load, shown
from tradebaas.settings.kinds import known_kinds
from trading.errors import ConfigError


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder without a settings file."""
    monkeypatch.chdir(tmp_path)


def read(text: str = "", **environment: str) -> Settings:
    Path("t.toml").write_text(text)
    return load(file=Path("t.toml"), environment=environment, kinds=known_kinds())


def problems(text: str = "", **environment: str) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as caught:
        read(text, **environment)
    return caught.value.problems


def test_without_a_file_something_trades_on_paper_at_once() -> None:
    found = load(environment={}, kinds=known_kinds())

    assert found.service.mode is Mode.PAPER
    assert found.broker.id == "embedded"
    assert found.service.data_dir == Path.cwd() / "var"
    (one,) = found.strategies.values()
    assert (one.strategy, one.instrument, one.autostart) == ("fasttest", "BTC-PERPETUAL", True)


def test_a_file_without_strategies_has_none() -> None:
    assert read("[service]\nmode = 'paper'").strategies == {}


def test_flags_come_before_the_environment_and_that_before_the_file() -> None:
    Path("t.toml").write_text("[web]\nport = 1\nhost = '::1'\n[reconcile]\ninterval_s = 30")
    environment = {"TRADEBAAS_WEB__PORT": "2", "TRADEBAAS_RECONCILE__INTERVAL_S": "40"}

    found = load(file=Path("t.toml"), environment=environment, flags={"web.port": 3, "service.data_dir": None})

    assert (found.web.port, found.reconcile.interval_s, found.web.host) == (3, 40, "::1")


def test_the_file_is_named_by_the_environment_or_lies_in_the_folder() -> None:
    Path("a.toml").write_text("[web]\nport = 1")
    Path("tradebaas.toml").write_text("[web]\nport = 2")

    assert load(environment={"TRADEBAAS_CONFIG": "a.toml"}).web.port == 1
    assert load(environment={}).web.port == 2


def test_numbers_keep_every_digit_wherever_they_come_from() -> None:
    exact = "0.1234567890123456789012345"

    assert read(f"[risk]\nvalue = {exact}").risk.value == Decimal(exact)
    assert read(TRADEBAAS_RISK__VALUE=exact).risk.value == Decimal(exact)
    assert read(f"[risk]\nvalue = '{exact}'").risk.value == Decimal(exact)


def test_a_parameter_of_a_strategy_may_come_from_the_environment() -> None:
    text = "[strategies.my-fast]\nstrategy = 'fasttest'\ninstrument = 'BTC-PERPETUAL'"

    found = read(text, TRADEBAAS_STRATEGIES__MY_FAST__COOLDOWN_S="7").strategies["my-fast"]

    assert found.parameters == {"cooldown_s": 7}


@pytest.mark.parametrize("written", ["1", "2.0", "30.00", "3600"])
def test_whole_seconds_between_two_comparisons_may_be_written_with_a_point(written: str) -> None:
    assert read(f"[reconcile]\ninterval_s = {written}").reconcile.interval_s == int(Decimal(written))
    assert read(TRADEBAAS_RECONCILE__INTERVAL_S=written).reconcile.interval_s == int(Decimal(written))


def test_a_chat_may_be_given_as_the_number_it_is_or_as_text() -> None:
    token = "[telegram]\ntoken = 't'\n"

    assert read(f"{token}chat_id = -100123").telegram.chat_id == "-100123"
    assert read(f"{token}chat_id = '-100123'").telegram.chat_id == "-100123"
    assert read(token, TRADEBAAS_TELEGRAM__CHAT_ID="-100123").telegram.chat_id == "-100123"


@pytest.mark.parametrize(
    ("word", "meant"),
    [("1", True), ("True", True), ("YES", True), (" on ", True), ("0", False), ("FALSE", False), ("no", False)],
)
def test_yes_and_no_in_the_environment_are_read_in_the_words_that_are_in_use(word: str, meant: bool) -> None:
    text = "[strategies.a]\nstrategy = 'fasttest'\ninstrument = 'BTC-PERPETUAL'"
    spoken = {
        "TRADEBAAS_BROKER__AUTO_RECONNECT": word,
        "TRADEBAAS_TELEGRAM__COMMANDS": word,
        "TRADEBAAS_STRATEGIES__A__AUTOSTART": word,
    }

    found = read(text, **spoken)

    said = (found.broker.auto_reconnect, found.telegram.commands, found.strategies["a"].autostart)
    assert said == (meant, meant, meant)


def test_a_word_that_is_neither_yes_nor_no_is_said_once_with_the_words_there_are() -> None:
    wanted = "is neither yes (true, yes, on, 1) nor no (false, no, off, 0)"

    assert problems(TRADEBAAS_BROKER__AUTO_RECONNECT="ja") == (f"TRADEBAAS_BROKER__AUTO_RECONNECT: 'ja' {wanted}",)
    assert problems(TRADEBAAS_WEB__OPEN_METRICS="") == (f"TRADEBAAS_WEB__OPEN_METRICS: '' {wanted}",)


def test_relative_folders_begin_where_the_file_is(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    file = tmp_path / "etc" / "t.toml"
    file.write_text("[service]\ndata_dir = 'keep'")

    assert load(file=file, environment={}).service.data_dir == tmp_path / "etc" / "keep"


@pytest.mark.parametrize("mode", Mode)
def test_the_broker_follows_from_the_mode(mode: Mode) -> None:
    assert read(f"[service]\nmode = '{mode}'").broker.id == mode.broker_id


def test_empty_text_is_none_where_none_is_possible() -> None:
    assert read("[risk]\nleverage = ''\n[web]\noperate_token = ''").risk.leverage is None


KEY = "[broker]\nclient_id = 'a'\nclient_secret = 's3cret-s3cret'\n"
WRONG: dict[str, tuple[str, str]] = {
    "unknown section": ("[servce]", "[servce]: no such section, did you mean service?"),
    "unknown key": ("[web]\nprt = 1", "web.prt: no such key, did you mean port?"),
    "outside of sections": ("port = 1", "port: stands outside of every section"),
    "wrong kind": ("[web]\nport = 'x'", "web.port: expected int, got str ('x')"),
    "too large": ("[web]\nport = 70000", "web.port: expected int <= 65535 (70000)"),
    "not a whole number": ("[reconcile]\ninterval_s = 1.5", "reconcile.interval_s: expected int"),
    "no number": ("[reconcile]\ninterval_s = nan", "reconcile.interval_s: expected int"),
    "no comparison": ("[reconcile]\ninterval_s = 0", "reconcile.interval_s: expected int >= 1 (0)"),
    "a chat that is a yes": ("[telegram]\nchat_id = true", "telegram.chat_id: expected str, got bool (True)"),
    "not a word": ("[service]\nmode = 'papr'", 'service.mode: "papr" is not one of its words, did you mean paper?'),
    "not finite": ("[risk]\nvalue = nan", "risk.value must be a number above 0"),
    "infinite": ("[risk]\nnotional = inf", "risk.notional must be a number above 0"),
    "zero": ("[risk]\nleverage = 0", "risk.leverage must be a number above 0"),
    "more than all": ("[risk]\nvalue = 101", "risk.value is more than 100 percent"),
    "broker unknown": ("[broker]\nid = 'derbit'", 'broker.id: there is no "derbit", did you mean deribit?'),
    "broker of another mode": ("[broker]\nid = 'deribit'", 'broker.id: mode "paper" goes with "embedded"'),
    "not an address": ("[broker]\nurl = 'http://x'", "broker.url: 'http://x' does not begin with ws:// or wss://"),
    "half a key": ("[broker]\nclient_id = 'a'", "broker: client_id and client_secret belong together"),
    "two secrets": (KEY + "client_secret_file = 'x'", "broker.client_secret_file: client_secret is given, too"),
    "secret file missing": ("[broker]\nclient_id = 'a'\nclient_secret_file = 'nope'", "cannot be read"),
    "half of telegram": ("[telegram]\nchat_id = '1'", "telegram: token and chat_id belong together"),
    "same keys": ("[web]\noperate_token = 'a'\nobserve_token = 'a'", "operate_token and observe_token are the same"),
    "key with blanks": ("[web]\noperate_token = 'a b'", "web.operate_token is empty or has blanks in it"),
    "short key for others": ("[web]\nhost = '0.0.0.0'\noperate_token = 'short'", "can be reached by others"),
    "strategy unknown": (
        "[strategies.a]\nstrategy = 'fastest'\ninstrument = 'x'",
        "strategies.a.strategy: there is no 'fastest', did you mean fasttest?",
    ),
    "strategy's key mistyped": (
        "[strategies.a]\nstratgy = 'x'",
        "strategies.a.stratgy: no such key, did you mean strategy?",
    ),
    "strategy not a table": ("[strategies]\na = 1", "strategies.a: expected a table"),
    "strategy's name": (
        "[strategies.'a b']\nstrategy = 'fasttest'\ninstrument = 'x'",
        "strategies.a b: a name has letters, digits",
    ),
    "unknown parameter": (
        "[strategies.a]\nstrategy = 'fasttest'\ninstrument = 'x'\ncoldown = 1",
        "strategies.a.coldown: there is no such parameter",
    ),
    "not TOML": ("[web", "t.toml: "),
}


@pytest.mark.parametrize(("text", "said"), WRONG.values(), ids=WRONG.keys())
def test_a_mistake_is_named_with_its_place(text: str, said: str) -> None:
    assert any(said in problem for problem in problems(text)), problems(text)


def test_all_mistakes_of_file_and_environment_are_said_together() -> None:
    found = problems(
        "[web]\nprt = 1\nport = -1\n[risk]\nvalue = -1\nleverage = 'x'\n[servic]\n[strategies.a]\ninstrument = 'x'",
        TRADEBAAS_WEB__HOTS="x",
        TRADEBAAS_PORT="1",
    )

    for part in (
        "web.prt",
        "web.port",
        "risk.value",
        "risk.leverage",
        "[servic]",
        "strategies.a.strategy",
        "WEB__HOTS",
        "TRADEBAAS_PORT",
    ):
        assert any(part in problem for problem in found), part
    assert "did you mean TRADEBAAS_WEB__HOST?" in "".join(found)


@pytest.mark.parametrize(
    "text",
    [
        "[web]\noperate_token = 123456789",
        KEY.replace("'s3cret-s3cret'", "987654321"),
        "[web]\noperate_token = 'hush hush'",
    ],
)
def test_a_secret_is_not_repeated_in_the_complaint_about_it(text: str) -> None:
    assert not any(part in "".join(problems(text)) for part in ("123456789", "987654321", "hush"))


def test_secrets_are_shown_nowhere() -> None:
    found = read(KEY + "[telegram]\ntoken = 'tele-tele'\nchat_id = '1'\n[web]\noperate_token = 'op-op-op'")
    texts = (repr(found), str(shown(found)), str(found))

    assert not any(secret in text for text in texts for secret in ("s3cret", "tele-tele", "op-op-op"))
    assert set(found.secrets()) == {Secret("s3cret-s3cret"), Secret("tele-tele"), Secret("op-op-op")}
    assert shown(found)["broker"]["client_secret"] == "***"
    assert shown(found)["web"]["observe_token"] is None


def test_money_is_shown_as_text() -> None:
    assert shown(read("[risk]\nvalue = 0.5"))["risk"]["value"] == "0.5"


@pytest.mark.parametrize(
    ("rights", "mode", "is_refused"), [(0o600, "testnet", False), (0o644, "testnet", True), (0o644, "paper", False)]
)
def test_a_secret_file_others_may_read_is_refused_where_it_matters(rights: int, mode: str, is_refused: bool) -> None:
    Path("key").write_text("hidden-hidden\n")
    Path("key").chmod(rights)
    text = f"[service]\nmode = '{mode}'\n[broker]\nclient_id = 'a'\nclient_secret_file = 'key'"

    if is_refused:
        assert "others may read" in "".join(problems(text))
    else:
        assert read(text).broker.client_secret == Secret("hidden-hidden")


class StandInConfirmations:
    """What people have confirmed."""

    def __init__(self) -> None:
        self.kept: dict[str, Any] = {}

    def get(self, key: str) -> Any:
        return self.kept.get(key)

    def put(self, key: str, value: Any, *, by: str, at: int) -> None:
        assert by
        assert at
        self.kept[key] = value


def test_how_loud_each_kind_is_can_be_set_and_wrong_kinds_and_zones_are_said(tmp_path: Path) -> None:
    file = tmp_path / "tradebaas.toml"
    file.write_text('[notifications]\ntime_zone = "Europe/Amsterdam"\n[notifications.kinds]\ntrade_opened = "silent"\n')
    found = load(file=file, environment={}).notifications
    assert (found.kinds, str(found.zone())) == ({"trade_opened": "silent"}, "Europe/Amsterdam")

    told = load(environment={"TRADEBAAS_NOTIFICATIONS__KINDS": '{trade_closed = "off"}'}).notifications
    assert told.kinds == {"trade_closed": "off"}

    file.write_text(
        '[notifications]\ntime_zone = "Mars/Base"\ndaily_at = "25:00"\n[notifications.kinds]\nnaked = "off"\n'
    )
    with pytest.raises(ConfigError) as wrong:
        load(file=file, environment={})
    said = "\n".join(wrong.value.problems)
    assert "notifications.time_zone: 'Mars/Base' is not a zone" in said
    assert "notifications.kinds.naked: there is no such kind" in said
    assert "notifications.daily_at" in said
