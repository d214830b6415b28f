# The doorway between Moonraker and moonraker-lookout: settings in; announcements, history fields and requests out.
# It holds no logic: that, and every check of a setting, is in the agent "lookout", a process of its own.
#
# Copyright (C) 2026 the moonraker-lookout authors. SPDX-License-Identifier: MIT (compatible with Moonraker's GPLv3)
from __future__ import annotations

import asyncio
import hmac
import json
import pathlib
import re
import secrets
from typing import TYPE_CHECKING, Any, Dict, List, Optional

from ..common import BaseRemoteConnection, HistoryFieldData, RequestType, TransportType, WebRequest

if TYPE_CHECKING:
    from ..confighelper import ConfigHelper

# Changes when the two sides would no longer understand each other.
PROTOCOL = 1
AGENT = "lookout"
# Relayed to the agent as lookout.NAME. In seconds: a command may wait for Klipper, a check for a judgement.
REQUESTS, REQUEST_LIMIT = ("status", "snapshot", "incidents", "incident"), 10.0
COMMANDS, COMMAND_LIMIT = ("mute", "unmute", "watch", "answer", "check", "pause", "resume", "cancel"), 150.0
# For the agent alone, each a method _do_NAME.
DOORS = ("publish", "report", "announce", "retract", "history", "notify")
# Seconds without the agent after which the user is told.
ABSENT_LIMIT = 120.0
MAX_STATE_BYTES, MAX_PROBLEMS, MAX_ANNOUNCEMENTS, MAX_TEXT = 65536, 50, 20, 2000
OFFLINE: Dict[str, Any] = {"state": "offline"}
# Name, description, units, and whether a total over all prints makes sense.
FIELDS = (
    ("worst_quality", "Lookout: worst quality (1 failed, 10 perfect)", "of 10", False),
    ("evidence", "Lookout: failure seen for", "s", True),
    ("incidents", "Lookout: warnings and failures", "incidents", True),
    ("blind", "Lookout: could not judge for", "min", True),
)


class Lookout:
    def __init__(self, config: ConfigHelper) -> None:
        self.server = config.get_server()
        self.announcements = self.server.lookup_component("announcements")
        self.extensions = self.server.lookup_component("extensions")
        self.problems: List[Dict[str, str]] = []
        self.sections = self._read_sections(config)
        self.agent_uid: Optional[int] = None
        self.entries: Dict[str, str] = {}
        self.entries_lock = asyncio.Lock()
        self.token = secrets.token_hex(32)
        self.token_file = pathlib.Path(self.server.get_app_args()["data_path"], "lookout", "component.token")
        self.fields = self._register_fields()
        self._register_endpoints()
        self.server.register_notification("lookout:state_changed", "lookout_state_changed")
        self.server.register_event_handler("websockets:client_removed", self._on_client_removed)
        self.server.register_event_handler("announcements:dismissed", self._on_dismissed)
        self.absent_timer = self.server.get_event_loop().register_timer(self._say_absent)

    async def component_init(self) -> None:
        self._write_token()
        # The agent announces anew what still stands.
        for entry in await self.announcements.get_announcements(True):
            if entry["feed"] == AGENT:
                await self.announcements.remove_announcement(entry["entry_id"])
        self.absent_timer.start(delay=ABSENT_LIMIT)

    def close(self) -> None:
        self.absent_timer.stop()
        if self.token_file.is_file():
            self.token_file.unlink()

    def _write_token(self) -> None:
        fresh = self.token_file.with_suffix(".new")
        try:
            fresh.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            fresh.touch(mode=0o600)
            fresh.write_text(self.token)
            fresh.replace(self.token_file)
        except OSError as e:
            self._warn("token", f"{self.token_file} cannot be written: {e}")

    def _warn(self, name: str, text: str) -> None:
        self.server.add_warning(f"moonraker-lookout: {text[:MAX_TEXT]}", f"lookout {name}")

    def _say_absent(self, eventtime: float) -> float:
        self._warn("absent", "the service is not running, so no print is watched. Look at its log, and start it.")
        self.absent_timer.stop()
        return eventtime + ABSENT_LIMIT

    def _read_sections(self, config: ConfigHelper) -> Dict[str, Dict[str, str]]:
        """Every option of every [lookout ...] by section and name, with {secrets...} filled in."""
        sections: Dict[str, Dict[str, str]] = {}
        for name in [each for each in config.get_prefix_sections("lookout") if each.split()[0] == "lookout"]:
            section, sections[name] = config[name], {}
            for option in section.get_options():
                try:
                    sections[name][option] = self._read_option(section, option)
                except Exception as e:
                    message = f"the template cannot be used: {e.__cause__ or e}"
                    self.problems.append({"section": name, "option": option, "message": message})
                    self._warn(f"{name} {option}", f"[{name}] {option}: {message}")
        return sections

    def _read_option(self, section: ConfigHelper, option: str) -> str:
        text = section.get(option)
        # Other braces, as in G-code, are not for Moonraker.
        if re.search(r"\{[\s(]*secrets\b", text) is None:
            return text
        factory = self.server.load_component(section, "template")
        value: str = factory.create_template(text.strip()).render()
        if value == "":
            raise ValueError("moonraker.secrets has no such secret")
        return value

    def _register_fields(self) -> Dict[str, HistoryFieldData]:
        history = self.server.lookup_component("history")
        fields: Dict[str, HistoryFieldData] = {}
        for name, description, units, has_total in FIELDS:
            start = 0.0 if has_total else None
            fields[name] = HistoryFieldData(
                name, AGENT, description, "basic", units=units, reset_callback=lambda start=start: start,
                report_total=has_total, report_maximum=has_total, precision=1,
            )
            history.register_auxiliary_field(fields[name])
        return fields

    def _register_endpoints(self) -> None:
        register = self.server.register_endpoint
        for name in REQUESTS + COMMANDS:
            kind = RequestType.GET if name in REQUESTS else RequestType.POST
            register(f"/server/lookout/{name}", kind, self._relay)
        for name in DOORS:
            register(f"/server/lookout/{name}", RequestType.POST, self._from_agent, TransportType.WEBSOCKET)
        # Below /access/, because a verbose Moonraker writes all other answers to its log, secrets and all.
        register("/access/lookout/register", RequestType.POST, self._register, TransportType.WEBSOCKET)

    def _agent(self) -> Optional[BaseRemoteConnection]:
        connection = self.extensions.agents.get(AGENT)  # ours only once it has shown its token
        return connection if connection is not None and connection.uid == self.agent_uid else None

    async def _register(self, request: WebRequest) -> Dict[str, Any]:
        # An address would prove nothing: whoever reaches the port can write any address into X-Forwarded-For.
        connection, shown = request.get_client_connection(), request.get_str("token")
        if connection is None or not hmac.compare_digest(shown.encode(), self.token.encode()):
            raise self.server.error("This is for moonraker-lookout on this host", 403)
        if self.extensions.agents.get(AGENT) is connection:
            self.agent_uid = connection.uid
            self.absent_timer.stop()
            for name in ("absent", "version"):
                self.server.remove_warning(f"lookout {name}")
            theirs = request.get_int("protocol", 0)
            if theirs != PROTOCOL:
                older = "the program" if theirs < PROTOCOL else "its component in Moonraker"
                self._warn("version", f"{older} is out of date. Update it, then restart Moonraker.")
        return {"protocol": PROTOCOL, "sections": self.sections, "problems": self.problems}

    def _on_client_removed(self, connection: BaseRemoteConnection) -> None:
        if connection.uid == self.agent_uid:
            self.agent_uid = None
            self.server.send_event("lookout:state_changed", OFFLINE)
            self.absent_timer.start(delay=ABSENT_LIMIT)

    async def _relay(self, request: WebRequest) -> Any:
        name, agent = request.get_endpoint().split("/")[-1], self._agent()
        if agent is None:
            if name == "status":
                return OFFLINE
            raise self.server.error("moonraker-lookout is not running", 503)
        limit = COMMAND_LIMIT if name in COMMANDS else REQUEST_LIMIT
        answer = asyncio.ensure_future(agent.call_method_with_response(f"lookout.{name}", request.get_args()))
        # Never cancelled: Moonraker would stumble over an answer that comes after all.
        answer.add_done_callback(lambda done: done.cancelled() or done.exception())
        await asyncio.wait({answer}, timeout=limit)
        if not answer.done():
            raise self.server.error(f"moonraker-lookout has not answered within {limit:.0f} s", 504)
        data = getattr(answer.exception(), "error_data", None)
        if isinstance(data, dict) and "message" in data:
            raise self.server.error(str(data["message"])[:MAX_TEXT])
        return answer.result()

    async def _from_agent(self, request: WebRequest) -> Any:
        connection = request.get_client_connection()
        if connection is None or connection is not self._agent():
            raise self.server.error("This is for the agent of moonraker-lookout", 403)
        return await getattr(self, "_do_" + request.get_endpoint().split("/")[-1])(request) or "ok"

    async def _do_publish(self, request: WebRequest) -> None:
        state = request.get("state")
        if not isinstance(state, dict) or len(json.dumps(state)) > MAX_STATE_BYTES:
            raise self.server.error("state must be an object of at most 64 KiB")
        self.server.send_event("lookout:state_changed", state)

    async def _do_report(self, request: WebRequest) -> None:
        problems = [str(each) for each in request.get_list("problems")]
        for at in range(MAX_PROBLEMS):
            self.server.remove_warning(f"lookout problem {at}")
            if at < len(problems):
                self._warn(f"problem {at}", problems[at])

    async def _do_announce(self, request: WebRequest) -> Dict[str, str]:
        incident = request.get_str("incident_id")
        texts = [request.get_str(key)[:MAX_TEXT] for key in ("title", "description", "url")]
        priority = "high" if request.get_str("priority", "normal") == "high" else "normal"
        async with self.entries_lock:
            await self._withdraw(incident)
            if len(self.entries) >= MAX_ANNOUNCEMENTS:
                await self._withdraw(next(iter(self.entries)))
            entry = self.announcements.add_internal_announcement(*texts, priority, AGENT)
            self.entries[incident] = entry["entry_id"]
            # An entry is named for its second: two in one second would be one.
            await asyncio.sleep(1.05)
        return {"entry_id": entry["entry_id"]}

    async def _do_retract(self, request: WebRequest) -> None:
        async with self.entries_lock:
            await self._withdraw(request.get_str("incident_id"))

    async def _withdraw(self, incident: str) -> None:
        if incident in self.entries:
            await self.announcements.remove_announcement(self.entries.pop(incident))

    async def _on_dismissed(self, event: Dict[str, Any]) -> None:
        """Whoever dismisses has seen it; whoever snoozes wants to hear of it again."""
        entry_id, agent = event.get("entry_id"), self._agent()
        incident = next((each for each, entry in self.entries.items() if entry == entry_id), None)
        if incident is None or agent is None:
            return
        for entry in await self.announcements.get_announcements(True):
            if entry["entry_id"] == entry_id and not entry.get("dismiss_wake"):
                agent.call_method("lookout_seen", {"incident_id": incident})

    async def _do_history(self, request: WebRequest) -> None:
        for name, field in self.fields.items():
            value = request.get_float(name, None)
            if value is not None:
                field.tracker.update(value)

    async def _do_notify(self, request: WebRequest) -> None:
        notifier = self.server.lookup_component("notifier", None)
        if notifier is None:
            raise self.server.error("moonraker.conf has no [notifier]", 404)
        message = request.get_str("message")[:MAX_TEXT]
        await asyncio.wait_for(notifier.notify_action(request.get_str("name"), message), COMMAND_LIMIT)


def load_component(config: ConfigHelper) -> Lookout:
    return Lookout(config)
