"""Secrets: printed by no accident, sealed at rest, taken out of texts."""

import copy
import json
import pickle
import traceback
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from persistence.credentials import Credentials
from persistence.secret import Redactor, Secret
from persistence.store import Store
from tests.unit.persistence.made import NOW
from trading.errors import ConfigError

VALUE = "kZ8-very-secret-value"


@dataclass(frozen=True)
class _Holder:
    secret: Secret


def _raises_with(secret: Secret) -> str:
    try:
        raise ValueError(secret, f"{secret}", {"key": secret})  # noqa: TRY301 - its traceback is what is looked at
    except ValueError:
        return traceback.format_exc()


@pytest.mark.parametrize(
    "print_it",
    [
        str,
        repr,
        lambda secret: f"{secret} {secret!r} {secret:>30}",
        lambda secret: "%s" % secret,  # noqa: UP031 - loggers still do
        "{}".format,
        lambda secret: json.dumps({"key": secret, "list": [secret]}),
        lambda secret: repr(_Holder(secret)),
        lambda secret: repr({"key": secret}),
        _raises_with,
        lambda secret: "".join(secret) + secret[:],
        lambda secret: repr(copy.deepcopy(secret)),
        lambda secret: secret.upper() + secret.encode().decode(),
    ],
)
def test_a_secret_shows_itself_nowhere(print_it: object) -> None:
    shown = print_it(Secret(VALUE))  # type: ignore[operator]

    assert VALUE not in shown
    assert "***" in shown


def test_a_secret_is_told_only_when_asked_and_survives_copying() -> None:
    secret = Secret(VALUE)

    assert secret.reveal() == copy.deepcopy(secret).reveal() == copy.copy(secret).reveal() == VALUE


def test_two_secrets_are_equal_only_by_their_values() -> None:
    assert Secret("a") == Secret("a")
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert Secret("a") != "***"
    assert len({Secret("a"), Secret("a"), Secret("b")}) == 2
    assert not Secret("")


def test_a_secret_is_not_pickled() -> None:
    with pytest.raises(TypeError):
        pickle.dumps(Secret(VALUE))


# --- credentials


def _put(store: Store, broker: str = "deribit") -> None:
    store.credentials.put(Credentials(broker=broker, client_id="abc", client_secret=Secret(VALUE)), at=NOW)


def test_credentials_come_back_and_lie_sealed(store: Store) -> None:
    _put(store)

    back = store.credentials.get("deribit")

    assert back is not None
    assert (back.client_id, back.client_secret.reveal()) == ("abc", VALUE)
    assert VALUE not in repr(back)
    assert store.credentials.get("other") is None
    assert store.credentials.brokers() == ("deribit",)
    for file in store.data_dir.folder.iterdir():
        assert file.is_dir() or VALUE.encode() not in file.read_bytes()
    assert store.data_dir.key.stat().st_mode & 0o777 == 0o600


def test_a_backup_holds_no_key_to_its_credentials(store: Store) -> None:
    _put(store)

    copy_of_it = store.backup(at=NOW).path.read_bytes()

    assert VALUE.encode() not in copy_of_it
    assert store.data_dir.key.read_bytes() not in copy_of_it


@pytest.mark.parametrize("damage", ["missing", "another", "nonsense"])
def test_a_key_that_does_not_fit_is_said_in_one_sentence(store: Store, damage: str) -> None:
    _put(store)
    key = store.data_dir.key
    before = key.read_bytes()
    key.unlink()
    if damage == "another":
        _put(store, "other")
        assert key.read_bytes() != before
    elif damage == "nonsense":
        key.write_bytes(b"?")

    with pytest.raises(ConfigError) as problem:
        store.credentials.get("deribit")

    assert len(problem.value.problems) == 1


def test_credentials_of_one_broker_are_not_taken_for_anothers(store: Store) -> None:
    """Testnet keys copied into the live row must not open."""
    _put(store, "deribit-testnet")
    with store.together():
        store._database.sql("UPDATE credentials SET broker = 'deribit'")

    with pytest.raises(ConfigError, match="deribit-testnet"):
        store.credentials.get("deribit")


def test_credentials_can_be_dropped(store: Store) -> None:
    _put(store)

    assert [store.credentials.drop("deribit"), store.credentials.drop("deribit")] == [True, False]


# --- redaction


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        (
            "https://api.telegram.org/bot1234567:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw/sendMessage",
            "AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw",
        ),
        ('{"client_secret": "s3cr3t-value", "scope": "x"}', "s3cr3t-value"),
        ("grant_type=client_credentials&client_secret=s3cr3t&x=1", "s3cr3t"),
        ("client_secret = 's3cr3t'", "s3cr3t"),
        ("Authorization: Bearer abcdef0123456789", "abcdef0123456789"),
        ('"access_token":"1717.abcdefgh.xyz"', "1717.abcdefgh.xyz"),
        ("GET /?token=abcdefgh HTTP/1.1", "abcdefgh"),
        ("operate_token: abcdefgh", "abcdefgh"),
    ],
)
def test_what_looks_like_a_token_is_taken_out(text: str, hidden: str) -> None:
    cleaned = Redactor().clean(text)

    assert hidden not in cleaned
    assert "***" in cleaned
    assert Redactor().clean(cleaned) == cleaned


@pytest.mark.parametrize("text", ["bought 10 at 65000", "tokens are fine", "label tb1:me:w1:ema:abc:e0", "a secret"])
def test_ordinary_words_stay(text: str) -> None:
    assert Redactor([Secret(VALUE)]).clean(text) == text


@given(st.text(min_size=6).filter(lambda text: "*" not in text), st.text(), st.text())
def test_a_known_value_never_gets_through(value: str, left: str, right: str) -> None:
    assert value not in Redactor([Secret(value)]).clean(left + value + right).replace("***", "\0")


def test_a_known_value_is_found_in_an_address_too() -> None:
    assert Redactor([Secret("pass/word+1")]).clean("x=pass%2Fword%2B1") == "x=***"
