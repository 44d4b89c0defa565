"""A test message is sent from the page: at once, one at a time, and what came of it is one sentence."""

import threading
from collections.abc import Iterator

import pytest

from persistence.secret import Secret
from persistence.store import Store
from tests.process.telegram_bot import CHAT, Bot
from tests.unit.webui.house import OBSERVE, House
from tradebaas.settings import Telegram
from tradebaas.telegram.trial import try_telegram
from trading.values import WorkerId

pytestmark = pytest.mark.process

PATH = "notifications/test"
TOKEN = "123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw"


@pytest.fixture
def bot() -> Iterator[Bot]:
    """Telegram's side, behind a socket of this machine."""
    bot = Bot()
    yield bot
    bot.close()


@pytest.fixture
def house(bot: Bot) -> Iterator[House]:
    store = Store.in_memory(worker=WorkerId("w1"), account="paper")
    house = House(store)
    telegram = Telegram(token=Secret(TOKEN), chat_id=str(CHAT), base_url=bot.url)
    house.message = lambda: try_telegram(telegram)
    yield house
    store.close_thread()


def test_it_arrives_and_that_is_said(house: House, bot: Bot) -> None:
    reply = house.post(PATH)

    sentence = f"a test message was sent to the chat {CHAT}"
    assert reply.json == {"ok": True, "code": "done", "state": "sent", "sentence": sentence}
    assert bot.said == ["<b>A test message</b>\nTradebaas can reach you here."]
    assert house.desk.heard == [], "nothing that trades has to know of it"


def test_what_telegram_refuses_is_passed_on_without_the_token(house: House, bot: Bot) -> None:
    bot.refuses(401, f"Unauthorized at /bot{TOKEN}/sendMessage")

    reply = house.post(PATH)

    assert (reply.status, reply.error["code"], reply.error["state"]) == (409, "not_sent", "not_sent")
    assert "is telegram.token right?" in reply.error["sentence"]
    assert TOKEN.encode() not in reply.body


def test_where_telegram_is_not_set_up_that_is_what_is_said(house: House) -> None:
    house.message = lambda: try_telegram(Telegram())

    reply = house.post(PATH)

    assert reply.status == 409
    assert reply.error["sentence"] == "Telegram is not set up: telegram.token and telegram.chat_id are needed"


def test_a_key_for_looking_sends_nothing(house: House, bot: Bot) -> None:
    assert house.post(PATH, key=OBSERVE).error["code"] == "not_allowed"
    assert bot.got == []


def test_the_same_key_again_sends_nothing_again(house: House, bot: Bot) -> None:
    first, again = (house.post(PATH, idempotency_key="k1") for _ in range(2))

    assert first.body == again.body
    assert len(bot.said) == 1


def test_not_more_often_than_sensible(house: House, bot: Bot) -> None:
    statuses = [house.post(PATH).status for _ in range(6)]

    assert statuses == [200] * 5 + [429]
    assert len(bot.said) == 5


def test_while_one_is_on_its_way_others_are_answered_and_a_second_is_not_sent(house: House) -> None:
    on_its_way, may_arrive = threading.Event(), threading.Event()

    def slow() -> tuple[bool, str]:
        on_its_way.set()
        assert may_arrive.wait(10)
        return True, "sent"

    house.message = slow
    statuses: list[int] = []
    first = threading.Thread(target=lambda: statuses.append(house.post(PATH).status))
    first.start()
    try:
        assert on_its_way.wait(10)

        assert house.post(PATH).error["code"] == "under_way"
        assert house.get("status").status == 200
    finally:
        may_arrive.set()
        first.join()
    assert statuses == [200]
    assert house.post(PATH).status == 200
