"""The embedded exchange in a process of its own: found or started, outliving whoever started it, ended by `stop`."""

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest
from websockets.sync.client import connect

from tests.process.exchange_client import DEADLINE_S, ROOT, Client, eventually
from tradebaas.paper import FOLDER, LOG, LOG_BYTES_MAX, NoExchange, PaperExchange
from tradebaas.paper_lock import holder_of, written_in

pytestmark = pytest.mark.process

STARTER = """
import sys
from pathlib import Path
from tradebaas.paper import PaperExchange
paper = PaperExchange(Path(sys.argv[1]))
print(paper.start(), paper.pid, paper.is_adopted, flush=True)
sys.stdin.read()
"""

Make = Callable[..., PaperExchange]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    """Makes them for one data directory; whatever runs there at the end is ended."""
    made: list[PaperExchange] = []

    def go(**options: object) -> PaperExchange:
        made.append(PaperExchange(tmp_path, **options))  # type: ignore[arg-type]
        return made[-1]

    yield go
    holder = holder_of(tmp_path / FOLDER)
    if holder is not None and holder.pid:
        with suppress(ProcessLookupError):
            os.kill(holder.pid, signal.SIGCONT)
            os.kill(holder.pid, signal.SIGKILL)
        eventually(lambda: holder_of(tmp_path / FOLDER) is None, "it is gone")
    for paper in made:
        paper._reap(DEADLINE_S)


def starter(data_dir: Path) -> subprocess.Popen[str]:
    """Stands for the service: starts the exchange, says what it got, and waits."""
    return subprocess.Popen(
        [sys.executable, "-c", STARTER, str(data_dir)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def said(process: subprocess.Popen[str]) -> tuple[str, int, bool]:
    """Address, process and whether it was adopted."""
    assert process.stdout is not None
    url, pid, adopted = process.stdout.readline().split()
    return url, int(pid), adopted == "True"


def over(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.close()
    process.stdout.close()
    process.wait(DEADLINE_S)


def lives(pid: int) -> bool:
    """Is it a process that still does something?"""
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    except OSError:
        return False


def trades(url: str) -> int:
    """How many trades the service's account has made."""
    with Client(connect(url, compression=None)) as client:
        client.login()
        client.call("private/buy", instrument_name="BTC-PERPETUAL", amount=10, type="market")
        return len(client.call("private/get_user_trades_by_instrument", instrument_name="BTC-PERPETUAL")["trades"])


# --- found or started


def test_it_is_started_and_speaks_the_exchange_s_protocol(make: Make) -> None:
    paper = make()
    url = paper.start()

    assert url == paper.url
    assert not paper.is_adopted
    assert trades(url) == 1


def test_told_again_it_gives_the_same(make: Make) -> None:
    paper = make()
    assert paper.start() == paper.start()
    assert make().start() == paper.url


def test_killing_the_service_leaves_it_and_the_next_start_adopts_it(tmp_path: Path, make: Make) -> None:
    service = starter(tmp_path)
    url, pid, adopted = said(service)
    assert not adopted
    assert trades(url) == 1
    os.killpg(service.pid, signal.SIGKILL)  # as a supervisor kills a whole group
    over(service)

    assert lives(pid)
    paper = make()
    assert (paper.start(), paper.pid, paper.is_adopted) == (url, pid, True)
    assert trades(url) == 2
    paper.stop()
    eventually(lambda: not lives(pid), "it is gone")


def test_a_signal_to_the_whole_group_of_the_service_does_not_reach_it(tmp_path: Path, make: Make) -> None:
    """Ctrl-C in a terminal goes to every process of the foreground group."""
    service = starter(tmp_path)
    _, pid, _ = said(service)
    os.killpg(service.pid, signal.SIGINT)
    over(service)

    paper = make()
    paper.start()
    assert (paper.pid, paper.is_adopted) == (pid, True)


def test_two_services_at_once_get_the_same_one(tmp_path: Path, make: Make) -> None:
    services = [starter(tmp_path) for _ in range(3)]
    answers = [said(service) for service in services]
    for service in services:
        over(service)

    assert len({(url, pid) for url, pid, _ in answers}) == 1
    assert sorted(adopted for _, _, adopted in answers) == [False, True, True]
    make().start()


def test_one_that_was_left_half_started_is_waited_for(tmp_path: Path, make: Make) -> None:
    """Its starter was killed before it could listen: it holds the folder and has no address yet."""
    paper = make()
    paper.start()
    lock = tmp_path / FOLDER / "lock"
    whole = lock.read_bytes()
    lock.write_bytes(f"{paper.pid}\n".encode())
    found: list[str] = []
    other = make()
    asking = threading.Thread(target=lambda: found.append(other.start()))
    asking.start()
    asking.join(0.2)
    assert not found
    lock.write_bytes(whole)
    asking.join(DEADLINE_S)

    assert found == [paper.url]
    assert other.is_adopted


def test_it_needs_none_of_the_service_s_secrets(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRADEBAAS_BROKER__CLIENT_SECRET", "hunter2")
    paper = make()
    paper.start()

    environment = Path(f"/proc/{paper.pid}/environ").read_bytes()
    assert b"hunter2" not in environment
    assert b"PATH=" in environment


def test_its_output_goes_to_a_log_that_is_bounded_and_private(tmp_path: Path, make: Make) -> None:
    (tmp_path / LOG).write_bytes(b"x" * (LOG_BYTES_MAX + 1))
    make().start()

    assert "listening on" in (tmp_path / LOG).read_text(encoding="utf-8")
    assert (tmp_path / LOG).stat().st_mode & 0o077 == 0
    assert (tmp_path / f"{LOG}.1").stat().st_size == LOG_BYTES_MAX + 1


# --- what the dead left behind


def test_one_that_was_killed_is_started_again_at_the_same_address_with_its_memory(make: Make) -> None:
    paper = make()
    url = paper.start()
    trades(url)
    os.kill(paper.pid, signal.SIGKILL)
    pid = paper.pid

    assert paper.start() == url, "its clients find it where it was"
    assert paper.pid != pid
    assert trades(url) == 2


def test_a_lock_file_of_the_dead_deceives_nobody(tmp_path: Path, make: Make, start: Callable[..., object]) -> None:
    """Its process number is somebody else's today, and at its address another exchange answers."""
    stranger = start("--quiet")
    folder = tmp_path / FOLDER
    folder.mkdir()
    (folder / "lock").write_text(f"{os.getpid()} {stranger.ws_url}\n", encoding="utf-8")  # type: ignore[attr-defined]
    paper = make()

    assert paper.start() != stranger.ws_url  # type: ignore[attr-defined]
    assert not paper.is_adopted
    paper.stop()
    assert stranger.process.poll() is None  # type: ignore[attr-defined]


@pytest.mark.parametrize("text", [b"", b"0 ws://127.0.0.1:1/ws", b"-1\n", b"1", b"\xff\xfe 12", b"12 ws://127.0.0.1:x"])
def test_rubbish_in_the_lock_file_is_nobody(tmp_path: Path, make: Make, text: bytes) -> None:
    """Above all it is no number that a signal must never be sent to."""
    folder = tmp_path / FOLDER
    folder.mkdir()
    (folder / "lock").write_bytes(text)
    assert written_in(folder).pid in {0, 12}
    if text:
        return
    assert make().start().startswith("ws://")


def test_starting_over_ends_the_one_that_runs_and_forgets(make: Make) -> None:
    first = make()
    url = first.start()
    assert trades(url) == 1
    assert trades(url) == 2
    second = make(fresh=True)

    url = second.start()
    assert not second.is_adopted
    eventually(lambda: not lives(first.pid), "the first is gone")
    assert trades(url) == 1
    assert second.start() == url
    assert trades(url) == 2, "only the first start is fresh"


# --- the end


def test_stop_ends_it_in_order_and_leaves_its_memory(tmp_path: Path, make: Make) -> None:
    paper = make()
    url = paper.start()
    trades(url)
    pid = paper.pid
    paper.stop()
    assert not lives(pid)
    assert holder_of(tmp_path / FOLDER) is None
    paper.stop()

    assert trades(make().start()) == 2


def test_one_that_hangs_is_ended_by_force(make: Make) -> None:
    said: list[str] = []
    paper = make(stop_s_max=0.3, say=said.append)
    paper.start()
    pid = paper.pid
    os.kill(pid, signal.SIGSTOP)
    paper.stop()

    assert not lives(pid)
    assert any("has not ended within 0.3 s" in sentence for sentence in said)


def test_stop_leaves_alone_what_has_taken_its_place(make: Make) -> None:
    first, second = make(), make()
    first.start()
    os.kill(first.pid, signal.SIGKILL)
    eventually(lambda: not lives(first.pid), "it is gone")
    second.start()
    first.stop()

    third = make()
    third.start()
    assert (third.pid, third.is_adopted) == (second.pid, True)


def test_without_a_start_there_is_nothing_to_stop(tmp_path: Path, make: Make) -> None:
    make().start()
    PaperExchange(tmp_path).stop()

    assert make().start()
    assert make().is_adopted is False


# --- what cannot be


def test_a_port_that_is_taken_is_said_in_one_sentence(make: Make) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(NoExchange, match=rf"^the embedded exchange ended at once: .*port {port}: Address already"):
            make(port=port).start()


def test_the_former_port_taken_by_somebody_else_is_no_obstacle(make: Make) -> None:
    paper = make()
    paper.start()
    port = int(paper.url.split(":")[2].split("/")[0])
    paper.stop()
    with closing(socket.create_server(("127.0.0.1", port))):
        assert paper.start().startswith("ws://")
        assert f":{port}/" not in paper.url


def test_one_that_holds_the_folder_and_does_not_answer_is_named(make: Make) -> None:
    first = make()
    first.start()
    os.kill(first.pid, signal.SIGSTOP)
    with pytest.raises(NoExchange, match=rf"process {first.pid}\) does not answer at ws://.*; end it first$"):
        make(start_s_max=0.2).start()


def test_wrong_arguments_are_told_in_its_own_words(make: Make) -> None:
    with pytest.raises(NoExchange, match=r"ended at once: .*no-such-profile"):
        make(arguments=["--faults", "no-such-profile"]).start()


def test_a_folder_that_cannot_be_used_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(NoExchange, match=r"^cannot use .*: "):
        PaperExchange(tmp_path / "file").start()
