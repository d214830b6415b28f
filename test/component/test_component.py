"""The component in a real Moonraker: settings, announcements, history, requests, and everything that may go wrong."""
from __future__ import annotations

import ast
import json
import pathlib

import pytest
from conftest import ROOT, Moonraker, RpcError, until

FULL = """
[lookout]
[lookout backend]
use: octoeverywhere
[lookout backend octoeverywhere]
api_key: {secrets.octoeverywhere.api_key}
[lookout camera]
webcam: bed
max_height: 720
[lookout action]
on_failure: gcode
failure_gcode:
  M117 {not_for_moonraker}
  PAUSE
"""
SECRETS = json.dumps({"octoeverywhere": {"api_key": "oe-secret-1234"}})


@pytest.fixture(scope="module")
def moonraker(make) -> Moonraker:
    started = make(FULL + "[notifier phone]\nurl: json://127.0.0.1:1/\nevents: gcode\n", SECRETS, True)
    until("a ready Klippy", lambda: started.get("/server/info")["klippy_state"] == "ready")
    return started


@pytest.fixture()
def agent(moonraker: Moonraker):
    client = moonraker.agent()
    yield client
    client.close()
    until("the agent is forgotten", lambda: not moonraker.get("/server/extensions/list")["agents"])


def entries(moonraker: Moonraker):
    return moonraker.get("/server/announcements/list")["entries"]


def test_source_fits_the_oldest_python_and_250_lines() -> None:
    source = pathlib.Path(ROOT, "component", "lookout.py").read_text()
    ast.parse(source, feature_version=(3, 8))
    assert source.count("\n") < 250


def test_full_configuration_gives_no_warning(moonraker: Moonraker) -> None:
    info = moonraker.get("/server/info")
    assert info["warnings"] == []
    assert info["failed_components"] == []
    # Only a configuration without a warning is backed up by Moonraker.
    assert moonraker.data.joinpath("config", ".moonraker.conf.bkp").exists()


def test_the_agent_gets_the_rendered_settings(moonraker: Moonraker, agent) -> None:
    sections = agent.config["sections"]
    assert sections["lookout backend octoeverywhere"] == {"api_key": "oe-secret-1234"}
    assert sections["lookout camera"] == {"webcam": "bed", "max_height": "720"}
    assert sections["lookout action"]["failure_gcode"].split("\n")[-2:] == ["M117 {not_for_moonraker}", "PAUSE"]
    assert sections["lookout"] == {} and agent.config["problems"] == []


def test_nobody_else_can_read_a_secret(moonraker: Moonraker) -> None:
    stranger = moonraker.client()
    for params in ({}, {"token": ""}, {"token": "0" * 64}, {"token": ["x"]}):
        with pytest.raises(RpcError):
            stranger.call("access.lookout.register", **params)
    impostor = moonraker.client("lookout", "agent")
    with pytest.raises(RpcError) as refused:
        impostor.call("access.lookout.register", token="0" * 64)
    assert refused.value.code == 403
    for door in ("publish", "report", "announce", "retract", "history", "notify"):
        with pytest.raises(RpcError) as refused:
            impostor.call(f"server.lookout.{door}")
        assert refused.value.code == 403
    assert moonraker.get("/access/lookout/register") is None
    assert "oe-secret-1234" not in json.dumps(stranger.call("server.config"))
    assert "oe-secret-1234" not in moonraker.logs()
    assert moonraker.data.joinpath("lookout", "component.token").stat().st_mode & 0o777 == 0o600
    impostor.close()
    until("the impostor is gone", lambda: not moonraker.get("/server/extensions/list")["agents"])


def test_announcement_is_listed_replaced_and_removed(moonraker: Moonraker, agent) -> None:
    told = moonraker.client()
    alert = {"incident_id": "a1", "title": "Print failing", "description": "Look.", "url": "http://h/1"}
    agent.call("server.lookout.announce", **alert, priority="high")
    agent.call("server.lookout.announce", **{**alert, "title": "Print failing, paused"}, priority="high")
    agent.call("server.lookout.announce", **{**alert, "incident_id": "a2"})
    listed = entries(moonraker)
    assert [(each["title"], each["priority"], each["feed"]) for each in listed] == [
        ("Print failing", "normal", "lookout"), ("Print failing, paused", "high", "lookout"),
    ]
    assert listed[0]["url"] == "http://h/1" and told.told("notify_announcement_update")
    agent.call("server.lookout.retract", incident_id="a1")
    agent.call("server.lookout.retract", incident_id="a2")
    agent.call("server.lookout.retract", incident_id="never-was")
    assert entries(moonraker) == []


def test_dismissed_is_seen_and_snoozed_is_not(moonraker: Moonraker, agent) -> None:
    user = moonraker.client()
    alert = {"title": "Print failing", "description": "Look.", "url": "http://h/1"}
    snoozed = agent.call("server.lookout.announce", incident_id="s1", **alert)["entry_id"]
    dismissed = agent.call("server.lookout.announce", incident_id="d1", **alert)["entry_id"]
    user.call("server.announcements.dismiss", entry_id=snoozed, wake_time=3600)
    user.call("server.announcements.dismiss", entry_id=dismissed)
    until("seen", lambda: agent.told("lookout_seen"))
    assert agent.told("lookout_seen") == [{"incident_id": "d1"}]
    for incident in ("s1", "d1"):
        agent.call("server.lookout.retract", incident_id=incident)


def test_requests_reach_the_agent_and_its_answer_comes_back(moonraker: Moonraker, agent) -> None:
    def answer(method, params):
        if method == "lookout.mute":
            return {"error": {"code": -32602, "message": "minutes must be 1 to 1440"}}
        return {"result": {"method": method, "params": params}}
    agent.answer = answer
    user = moonraker.client()
    assert user.call("server.lookout.status") == {"method": "lookout.status", "params": None}
    assert user.call("server.lookout.answer", answer="resume")["params"] == {"answer": "resume"}
    assert moonraker.get("/server/lookout/incidents?limit=3")["params"] == {"limit": "3"}
    with pytest.raises(RpcError, match="minutes must be 1 to 1440"):
        user.call("server.lookout.mute", minutes=0)


def test_state_is_told_to_everybody(moonraker: Moonraker) -> None:
    user, agent = moonraker.client(), moonraker.agent()
    agent.call("server.lookout.publish", state={"state": "watching", "verdict": "clear"})
    until("the state", lambda: user.told("notify_lookout_state_changed"))
    for bad in ("text", ["list"], {"much": "x" * 70_000}):
        with pytest.raises(RpcError):
            agent.call("server.lookout.publish", state=bad)
    agent.close()
    until("offline", lambda: [{"state": "offline"}] in user.told("notify_lookout_state_changed"))
    assert user.call("server.lookout.status") == {"state": "offline"}
    with pytest.raises(RpcError) as refused:
        user.call("server.lookout.mute", minutes=10)
    assert refused.value.code == 503


def test_agent_that_goes_away_in_the_middle_leaves_nobody_waiting(moonraker: Moonraker) -> None:
    agent = moonraker.agent()
    agent.answer = lambda method, params: agent.close()
    with pytest.raises(RpcError):
        moonraker.client().call("server.lookout.check")
    until("the agent is forgotten", lambda: not moonraker.get("/server/extensions/list")["agents"])


def test_problems_become_warnings_until_they_are_mended(moonraker: Moonraker, agent) -> None:
    agent.call("server.lookout.report", problems=["[lookout camera] max_height: 9 is not 240 to 4320", "second"])
    assert moonraker.warnings() == [
        "moonraker-lookout: [lookout camera] max_height: 9 is not 240 to 4320", "moonraker-lookout: second",
    ]
    agent.call("server.lookout.report", problems=[])
    assert moonraker.warnings() == []


def test_other_protocol_is_said(moonraker: Moonraker) -> None:
    for protocol, older in ((0, "the program"), (2, "its component in Moonraker")):
        agent = moonraker.agent(protocol)
        assert [older in each for each in moonraker.warnings()] == [True]
        agent.close()
        until("the agent is forgotten", lambda: not moonraker.get("/server/extensions/list")["agents"])
    moonraker.agent().close()
    assert moonraker.warnings() == []
    until("the agent is forgotten", lambda: not moonraker.get("/server/extensions/list")["agents"])


def test_history_shows_what_was_seen(moonraker: Moonraker, agent) -> None:
    user = moonraker.client()
    user.call("printer.print.start", filename="short.gcode")
    until("the job", lambda: user.told("notify_history_changed"))
    agent.call("server.lookout.history", worst_quality=2.52, evidence=64, incidents=1)
    agent.call("server.lookout.history", worst_quality=2.52, evidence=70.04, incidents=1, blind=0.5, other=1)
    until("the end", lambda: len(user.told("notify_history_changed")) == 2)
    job = moonraker.get("/server/history/list?limit=1")["jobs"][0]
    seen = {each["name"]: (each["value"], each["units"]) for each in job["auxiliary_data"]}
    assert seen == {
        "worst_quality": (2.5, "of 10"), "evidence": (70.0, "s"), "incidents": (1.0, "incidents"), "blind": (0.5, "min"),
    }
    totals = {each["field"]: each for each in moonraker.get("/server/history/totals")["auxiliary_totals"]}
    assert totals["incidents"]["total"] == 1 and totals["evidence"]["maximum"] == 70
    assert "worst_quality" not in totals
    # The next print begins anew.
    user.call("printer.print.start", filename="short.gcode")
    until("its end", lambda: len(user.told("notify_history_changed")) == 4)
    job = moonraker.get("/server/history/list?limit=1")["jobs"][0]
    assert [each["value"] for each in job["auxiliary_data"]] == [None, 0, 0, 0]


def test_notifier_is_called_by_name(moonraker: Moonraker, agent) -> None:
    assert agent.call("server.lookout.notify", name="phone", message="Print failing") == "ok"
    with pytest.raises(RpcError) as refused:
        agent.call("server.lookout.notify", name="nobody", message="x")
    assert refused.value.code in (404, -32601)


def test_wrong_arguments_are_refused_in_one_line(moonraker: Moonraker, agent) -> None:
    for door, params in (
        ("announce", {}), ("announce", {"incident_id": "x"}), ("retract", {}), ("report", {"problems": [1]}),
        ("history", {"evidence": "much"}), ("notify", {}), ("publish", {}),
    ):
        with pytest.raises(RpcError):
            agent.call(f"server.lookout.{door}", **params)
    assert "Traceback" not in moonraker.logs()


def test_templates_that_fail_are_named_and_the_rest_is_used(make) -> None:
    moonraker = make(
        "[lookout camera]\nwebcam: {secrets.nothing.here}\nusername: {secrets.missing}\nmax_height: 720\n"
        "[lookout alerts]\nconsole: {% if secrets\n", SECRETS,
    )
    warnings = "\n".join(moonraker.warnings())
    for named in ("[lookout camera] webcam", "[lookout camera] username"):
        assert named in warnings
    assert "Unparsed" not in warnings
    config = moonraker.agent().config
    assert config["sections"]["lookout camera"] == {"max_height": "720"}
    assert {(each["section"], each["option"]) for each in config["problems"]} >= {
        ("lookout camera", "webcam"), ("lookout camera", "username"),
    }


def test_left_over_announcement_goes_with_the_restart_and_the_token_is_new(make) -> None:
    moonraker = make("[lookout]\n")
    agent, token = moonraker.agent(), moonraker.token()
    agent.call("server.lookout.announce", incident_id="a1", title="t", description="d", url="http://h")
    moonraker.stop()
    assert not moonraker.data.joinpath("lookout", "component.token").exists()
    moonraker.start()
    assert entries(moonraker) == [] and moonraker.token() != token
    # Its folder taken by something else: the component is there, without its doorway.
    moonraker.stop()
    moonraker.data.joinpath("lookout").rmdir()
    moonraker.data.joinpath("lookout").touch()
    moonraker.start()
    assert moonraker.get("/server/info")["failed_components"] == []
    assert "component.token cannot be written" in moonraker.warnings()[0]
