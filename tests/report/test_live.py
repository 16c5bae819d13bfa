import contextlib
import json
import os
import shutil
import signal
import socket
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mho.cli.work.pages import view
from mho.files import LIVE, WATCH, LiveFile, RunFolder, lock_owner
from mho.progress import silent
from mho.report.live import Channels, LiveServer, RunState, watch
from mho.report.live.server import _Handler

BROKEN = 80
"""Clients that ask for nothing: more than there are places."""


class Clock:
    """Time that passes when a test says so (s)."""

    now = 100.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def served(tmp_path: Path) -> Iterator[LiveServer]:
    channels = Channels(tmp_path)
    channels.open()
    server = LiveServer(channels, "<p>page</p>", "default-src 'none'")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.ending.set()
    server.shutdown()
    server.server_close()


def got(address: str, host: str | None = None) -> tuple[int, bytes]:
    """Status and body of an answer."""
    asked = urllib.request.Request(
        address, headers={"Host": host} if host else {}
    )
    try:
        with urllib.request.urlopen(asked, timeout=20) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


def test_nothing_is_told_while_nobody_watches(tmp_path: Path) -> None:
    """No file, and no message made: an unwatched run pays for a look at most."""
    live = LiveFile(tmp_path, "deploy")
    made: list[int] = []
    live.tell("chip", lambda: made.append(1))
    live.following(silent)("programming", 0.5)
    assert made == []
    assert list(tmp_path.iterdir()) == []


def test_who_watches_is_told_at_most_four_times_a_second(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten seconds of a thousand messages each, on a clock of the test: forty are made."""
    clock = Clock()
    monkeypatch.setattr("mho.files.live.time.monotonic", clock.monotonic)
    Channels(tmp_path).open()
    live = LiveFile(tmp_path, "deploy")
    made: list[float] = []
    for _ in range(10_000):
        clock.now += 0.001
        live.tell("chip", lambda: made.append(clock.now))
    assert 38 <= len(made) <= 41
    live.tell("chip", lambda: made.append(0.0), now=True)
    assert made[-1] == 0.0


def test_watching_ends_when_nobody_touches_the_file(tmp_path: Path) -> None:
    Channels(tmp_path).open()
    assert LiveFile(tmp_path, "deploy").is_watched()
    old = time.time() - 60
    os.utime(tmp_path / LIVE / WATCH, (old, old))
    assert not LiveFile(tmp_path, "deploy").is_watched()


def test_time_left_follows_from_what_was_done_in_which_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From a fifth to three fifths in 8 s: the other two fifths take 8 s more."""
    clock = Clock()
    monkeypatch.setattr("mho.files.live.time.monotonic", clock.monotonic)
    channels = Channels(tmp_path)
    channels.open()
    told = LiveFile(tmp_path, "deploy").following(silent)
    told("programming", 0.2)
    clock.now += 8
    told("programming", 0.6)
    channels.look()
    ((name, message),) = channels.newer(0, 0.0)
    stage = json.loads(message.text)["stages"][0]
    assert name == "progress"
    assert stage["left"] == pytest.approx(8.0)
    assert stage["seconds"] == pytest.approx(8.0)


def test_only_the_address_with_its_token_is_answered(
    served: LiveServer,
) -> None:
    """And only to who asks for it by its own name: no page elsewhere can borrow it."""
    assert got(served.address) == (200, b"<p>page</p>")
    port = served.server_port
    base = f"http://127.0.0.1:{port}/"
    for path in (
        "",
        "events",
        "x" * 24 + "/",
        f"{served.token}/../../etc/passwd",
    ):
        assert got(base + path)[0] == 404
    assert got(served.address + "%2e%2e/result.json")[0] == 404
    assert got(served.address, host=f"evil.example:{port}")[0] == 403
    assert served.server_address[0] == "127.0.0.1"


def test_links_and_other_files_in_the_folder_are_not_passed_on(
    tmp_path: Path,
) -> None:
    secret = tmp_path / "secret.json"
    secret.write_text('"secret"')
    channels = Channels(tmp_path)
    channels.open()
    place = tmp_path / LIVE
    (place / "stolen.json").symlink_to(secret)
    (place / "Other.json").write_text("1")
    (place / "broken.json").write_text("{")
    os.mkfifo(place / "pipe.json")
    (place / "right.json").write_text('{"a":\n1}')
    channels.look()
    found = {name: one.text for name, one in channels.newer(0, 0.0)}
    assert found == {"right": '{"a": 1}'}


def test_clients_that_ask_for_nothing_do_not_keep_others_out(
    served: LiveServer,
) -> None:
    """Eighty silent, halting and broken clients, and then one that asks."""
    with contextlib.ExitStack() as open_ones:
        for number in range(BROKEN):
            client = socket.create_connection(("127.0.0.1", served.server_port))
            open_ones.enter_context(contextlib.closing(client))
            client.sendall((b"", b"GET ", b"\x00\xff\r\n\r\n")[number % 3])
        assert got(served.address)[0] == 200
        assert threading.active_count() < BROKEN


def test_a_stream_has_the_last_word_of_every_name_and_ends(
    served: LiveServer,
) -> None:
    for number in range(3):
        served.channels.say("progress", {"number": number})
    served.channels.say("state", {"state": "finished"})
    served.ending.set()
    status, body = got(served.address + "events")
    told = [
        json.loads(line.removeprefix("data: "))
        for line in body.decode().splitlines()
        if line.startswith("data: ")
    ]
    assert status == 200
    assert told == [
        {"name": "progress", "content": {"number": 2}},
        {"name": "state", "content": {"state": "finished"}},
    ]


def test_watching_ends_with_the_run_and_leaves_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    found: list[RunState] = []
    with RunFolder.open(folder, "test", "one", makes=("result.json",)) as run:
        before = {path.name for path in folder.iterdir()}
        ready = threading.Event()
        thread = threading.Thread(
            target=lambda: found.append(
                watch(folder, ready=lambda _: ready.set())
            )
        )
        thread.start()
        assert ready.wait(20)
        assert (folder / LIVE / WATCH).exists()
        run.write_result({"a": 1})
        run.finish()
    thread.join(20)
    assert found == [RunState.FINISHED]
    assert {path.name for path in folder.iterdir()} <= before | {
        "result.json",
        ".mho-run.json",
    }
    with pytest.raises(ValueError, match="the one there is finished"):
        watch(folder)
    (tmp_path / "file").touch()
    with pytest.raises(ValueError, match="is a file"):
        watch(tmp_path / "file")


def test_a_run_that_is_not_there_yet_is_waited_for(tmp_path: Path) -> None:
    """The folder is begun after the watch, as by `mho deploy`, which trains first."""
    folder = tmp_path / "run"
    found: list[RunState] = []
    waits, ready = threading.Event(), threading.Event()

    def watched() -> None:
        state = watch(
            folder, ready=lambda _: ready.set(), waits=lambda: waits.set()
        )
        found.append(state)

    thread = threading.Thread(target=watched)
    thread.start()
    assert waits.wait(20)
    assert not folder.exists()
    with RunFolder.open(folder, "test", "one", makes=("result.json",)) as run:
        assert ready.wait(20)
        run.write_result({"a": 1})
        run.finish()
    thread.join(20)
    assert found == [RunState.FINISHED]


def test_a_lock_of_a_process_that_is_gone_is_nobodys(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    assert lock_owner(lock) is None
    here = socket.gethostname()
    lock.write_text(f"mho-lock {os.getpid()} {here}\n")
    assert lock_owner(lock) == f"process {os.getpid()} on {here}"
    lock.write_text(f"mho-lock {2**22 + 1} {here}\n")
    assert lock_owner(lock) is None
    lock.write_text("mho-lock 1 elsewhere\n")
    assert lock_owner(lock) == "process 1 on elsewhere"


def test_a_second_view_is_refused_and_takes_nothing_from_the_first(
    tmp_path: Path,
) -> None:
    first = Channels(tmp_path)
    first.open()
    live = LiveFile(tmp_path, "deploy")
    live.tell("map-plain", lambda: 1)
    with pytest.raises(ValueError, match="one `mho view` at a time"):
        Channels(tmp_path).open()
    assert live.is_told("map-plain")
    first.close()
    assert list(tmp_path.iterdir()) == []
    later = Channels(tmp_path)
    later.open()
    assert not live.is_told("map-plain")
    later.close()


def test_a_folder_that_was_taken_away_is_made_again(tmp_path: Path) -> None:
    channels = Channels(tmp_path)
    channels.open()
    shutil.rmtree(tmp_path / LIVE)
    channels.touch()
    assert LiveFile(tmp_path, "deploy").is_watched()
    channels.close()


def test_what_cannot_be_told_ends_no_run_and_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A message that took a second and then failed: 50 s until the next, whoever was at work."""
    clock = Clock()
    monkeypatch.setattr("mho.files.live.time.monotonic", clock.monotonic)
    channels = Channels(tmp_path)
    channels.open()
    live = LiveFile(tmp_path, "deploy")
    made: list[float] = []

    def broken() -> None:
        made.append(clock.now)
        clock.now += 1
        raise RuntimeError

    live.tell("chip", broken)
    clock.now += 49
    live.tell("chip", broken)
    assert len(made) == 1
    live.tell("chip", broken, now=True)
    assert len(made) == 2
    channels.close()


def test_a_time_to_come_and_a_link_are_nobody(tmp_path: Path) -> None:
    real, linked = tmp_path / "real", tmp_path / "linked"
    real.mkdir()
    linked.mkdir()
    channels = Channels(real)
    channels.open()
    (linked / LIVE).symlink_to(real / LIVE)
    assert not LiveFile(linked, "deploy").is_watched()
    later = time.time() + 3600
    os.utime(real / LIVE / WATCH, (later, later))
    assert not LiveFile(real, "deploy").is_watched()
    channels.close()


def test_a_new_stage_is_told_however_soon_after_another(tmp_path: Path) -> None:
    channels = Channels(tmp_path)
    channels.open()
    told = LiveFile(tmp_path, "fleet").following(silent)
    for stage in ("first", "second"):
        told(stage, 0.0)
    channels.look()
    ((_, message),) = channels.newer(0, 0.0)
    names = [one["name"] for one in json.loads(message.text)["stages"]]
    assert names == ["first", "second"]
    channels.close()


def test_clients_without_a_thread_give_their_places_back(
    served: LiveServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def start(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr("threading.Thread.start", start)
        for _ in range(3):
            ends = socket.socketpair()
            with pytest.raises(RuntimeError):
                served.process_request(ends[0], ("127.0.0.1", 1))
            for end in ends:
                end.close()
    assert served.connections == 0


def test_large_messages_go_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """A slow client has its patience for each of them."""
    taken: list[bytes] = []

    class Slow:
        def write(self, piece: bytes) -> None:
            taken.append(piece)

    handler = object.__new__(_Handler)
    monkeypatch.setattr(handler, "wfile", Slow(), raising=False)
    content = bytes(range(256)) * 1000
    handler._send(content)
    assert b"".join(taken) == content
    assert max(map(len, taken)) <= 65_536


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
def test_whoever_ends_a_view_ends_it_as_usual(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = getattr(signal, name)
    before = signal.getsignal(number)
    cleared: list[str] = []

    def watched(_: Path, **__: object) -> RunState:
        try:
            signal.raise_signal(number)
        finally:
            cleared.append(name)
        return RunState.FINISHED

    monkeypatch.setattr("mho.cli.work.pages.view.watch", watched)
    view.run(str(tmp_path), port=0, opens=False)
    assert cleared == [name]
    assert signal.getsignal(number) == before


def test_of_a_command_that_tells_nothing_it_is_said(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def watched(_: Path, **named: Callable[[str], object]) -> RunState:
        named["ready"]("address")
        return RunState.FINISHED

    monkeypatch.setattr("mho.cli.work.pages.view.watch", watched)
    for command in ("tune", "deploy"):
        with RunFolder.open(tmp_path / command, command, "one"):
            view.run(str(tmp_path / command), port=0, opens=False)
    said = " ".join(capsys.readouterr().err.split())
    assert "`mho tune` tells nothing" in said
    assert "`mho deploy` tells nothing" not in said


def test_commands_that_tell_are_those_that_are_named() -> None:
    work = Path(view.__file__).parents[1]
    found = {
        path.stem.removesuffix("_")
        for path in work.rglob("*.py")
        if ".live.following(" in path.read_text(encoding="utf-8")
    }
    assert found == set(view.TELLING)
