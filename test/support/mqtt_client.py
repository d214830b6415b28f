"""A client of an MQTT broker: hears everything. JSON lines: [topic, payload, retained] out, [topic, payload] in."""

import json
import sys

import paho.mqtt.client as mqtt


def on_message(_client, _data, message):
    payload = message.payload.decode("utf-8", "replace")
    print(json.dumps([message.topic, payload, message.retain]), flush=True)


client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)
client.on_connect = lambda client, *_: client.subscribe("#")
client.on_subscribe = lambda *_: print(json.dumps(["", "subscribed", False]), flush=True)
client.on_message = on_message
client.connect("127.0.0.1", int(sys.argv[1]))
client.loop_start()
for line in sys.stdin:
    topic, payload = json.loads(line)
    client.publish(topic, payload, qos=1).wait_for_publish(5)
client.disconnect()
