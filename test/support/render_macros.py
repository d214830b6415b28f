"""Renders the macros of a printer.cfg file as Klipper does: JSON cases on stdin, the lines of each on stdout as JSON."""

import configparser
import json
import sys

import jinja2


class Objects(dict):
    """Klipper's `printer`: attributes and items alike."""

    def __getattr__(self, name):
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name)


def main():
    env = jinja2.Environment("{%", "%}", "{", "}")
    config = configparser.RawConfigParser(strict=True, inline_comment_prefixes=(";", "#"))
    config.read(sys.argv[1])
    answers = []
    for case in json.load(sys.stdin):
        calls = []
        printer = Objects({name: Objects(fields) for name, fields in case["printer"].items()})

        def remote(method, **params):
            calls.append([method, params])
            return ""

        def respond(text):
            calls.append(["respond", {"text": text}])
            return ""

        template = env.from_string(config[f"gcode_macro {case['macro']}"]["gcode"])
        text = template.render(
            printer=printer,
            params=case["params"],
            rawparams=case.get("rawparams", ""),
            action_call_remote_method=remote,
            action_respond_info=respond,
        )
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        answers.append({"lines": lines, "calls": calls})
    json.dump({"sections": config.sections(), "answers": answers}, sys.stdout)


main()
