"""A real Moonraker with the component in it, and clients that talk to it over real sockets."""
from __future__ import annotations

import asyncio
import json
import os
import pathlib
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from typing import Any, Callable, Dict, Iterator, List, Optional

import pytest
from tornado.websocket import websocket_connect

ROOT = pathlib.Path(__file__).resolve().parents[2]
LIMIT = 30.0


def until(what: str, is_so: Callable[[], Any], limit: float = LIMIT) -> Any:
    """Waits for a truth and returns it."""
    end = time.monotonic() + limit
    while time.monotonic() < end:
        value = is_so()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError(f"not seen within {limit:.0f} s: {what}")


class RpcError(Exception):
    def __init__(self, error: Dict[str, Any]) -> None:
        super().__init__(error.get("message", ""))
        self.code = error["code"]


class Client:
    """One websocket; answers agent requests with `answer`, which takes method and parameters."""

    def __init__(self, url: str, loop: asyncio.AbstractEventLoop) -> None:
        self.loop, self.next_id = loop, 0
        self.pending: Dict[int, asyncio.Future] = {}
        self.received: List[Dict[str, Any]] = []
        self.answer: Optional[Callable[[str, Any], Any]] = None
        self.socket = self._run(self._connect(url))
        asyncio.run_coroutine_threadsafe(self._read(), loop)

    @staticmethod
    async def _connect(url: str) -> Any:
        return await websocket_connect(url)

    def _run(self, coroutine: Any) -> Any:
        async def wait() -> Any:
            return await asyncio.wait_for(coroutine, LIMIT)
        return asyncio.run_coroutine_threadsafe(wait(), self.loop).result(LIMIT + 5)

    async def _read(self) -> None:
        while True:
            text = await self.socket.read_message()
            if text is None:
                return
            message = json.loads(text)
            if "method" not in message:
                future = self.pending.pop(message["id"], None)
                if future is not None:
                    future.set_result(message)
                continue
            self.received.append(message)
            if "id" in message and self.answer is not None:
                reply = self.answer(message["method"], message.get("params"))
                if reply is not None:
                    await self.socket.write_message(json.dumps({"jsonrpc": "2.0", "id": message["id"], **reply}))

    def call(self, method: str, **params: Any) -> Any:
        async def ask() -> Dict[str, Any]:
            self.next_id += 1
            future = self.pending[self.next_id] = self.loop.create_future()
            request = {"jsonrpc": "2.0", "id": self.next_id, "method": method, "params": params}
            await self.socket.write_message(json.dumps(request))
            return await future
        message = self._run(ask())
        if "error" in message:
            raise RpcError(message["error"])
        return message["result"]

    def told(self, method: str) -> List[Any]:
        return [message.get("params") for message in self.received if message["method"] == method]

    def close(self) -> None:
        self.loop.call_soon_threadsafe(self.socket.close)


class Moonraker:
    """A Moonraker process with its own data folder; `conf` is added to moonraker.conf."""

    def __init__(self, folder: pathlib.Path, conf: str, secrets: str, has_klippy: bool) -> None:
        self.data, self.clients = folder, []
        for name in ("config", "logs", "comms", "misc", "gcodes", "klipper/config", "klipper/docs"):
            folder.joinpath(name).mkdir(parents=True, exist_ok=True)
        folder.joinpath("config", "printer.cfg").touch()
        self.klippy = start_klippy(folder) if has_klippy else None
        folder.joinpath("misc", "usb.ids").touch()
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        # Nothing may leave this host: `dev_mode` reads announcements from a folder, in every version.
        folder.joinpath("config", "moonraker.conf").write_text(
            f"[server]\nhost: 127.0.0.1\nport: {self.port}\nklippy_uds_address: {folder / 'klippy.sock'}\n"
            "[machine]\nprovider: none\nvalidate_service: False\nvalidate_config: False\n"
            "[authorization]\ntrusted_clients: 127.0.0.1\n[announcements]\ndev_mode: True\n" + conf
        )
        if secrets:
            folder.joinpath("moonraker.secrets").write_text(secrets)
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self.loop.run_forever, daemon=True).start()
        self.log_file = folder / "out.log"
        self.start()

    def start(self) -> None:
        self.log = self.log_file.open("ab")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "moonraker", "-d", str(self.data), "-n"],
            stdout=self.log, stderr=subprocess.STDOUT, env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
        until("an answer of Moonraker", lambda: self.get("/server/info"))

    def get(self, path: str) -> Optional[Dict[str, Any]]:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as answer:
                return json.load(answer)["result"]
        except OSError:
            return None

    def warnings(self) -> List[str]:
        return self.get("/server/info")["warnings"]

    def logs(self) -> str:
        return self.log_file.read_text(errors="replace")

    def token(self) -> str:
        return self.data.joinpath("lookout", "component.token").read_text()

    def client(self, name: str = "somebody", kind: str = "other") -> Client:
        client = Client(f"ws://127.0.0.1:{self.port}/websocket", self.loop)
        self.clients.append(client)
        client.call(
            "server.connection.identify", client_name=name, version="1", type=kind, url="http://127.0.0.1"
        )
        return client

    def agent(self, protocol: int = 1) -> Client:
        """A client as our program is: identified, and let in with its token."""
        agent = self.client("lookout", "agent")
        agent.config = agent.call("access.lookout.register", token=self.token(), protocol=protocol)
        return agent

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(15)
        self.log.close()

    def close(self) -> None:
        for client in self.clients:
            client.close()
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(15)
        if self.klippy is not None:
            self.klippy.stdin.close()
            self.klippy.wait(15)
        self.loop.call_soon_threadsafe(self.loop.stop)


def start_klippy(folder: pathlib.Path) -> subprocess.Popen:
    process = subprocess.Popen(
        ["node", "--import", "tsx", "test/component/virtual-klippy.ts", str(folder)],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )
    assert process.stdout.readline() == "listening\n"
    return process


@pytest.fixture(scope="module")
def make(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Moonraker]]:
    started: List[Moonraker] = []

    def start(conf: str, secrets: str = "", has_klippy: bool = False) -> Moonraker:
        started.append(Moonraker(tmp_path_factory.mktemp("data"), conf, secrets, has_klippy))
        return started[-1]

    yield start
    for each in started:
        each.close()
