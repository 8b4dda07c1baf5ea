"""Values of entities as Home Assistant computes them: by Jinja, in its sandbox, from the payload of the state.

    with_home_assistant.py FILE

FILE holds {"configs": {topic: config}, "payloads": {topic: payload}}, all as JSON. Prints what each entity with
a template shows, by its unique id. What a template does not find is an error here, unless it says what then.
"""

import json
import sys

from jinja2 import StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment


def main(path):
    with open(path, encoding="utf-8") as file:
        told = json.load(file)
    environment = ImmutableSandboxedEnvironment(undefined=StrictUndefined)
    shown = {}
    for topic, config in told["configs"].items():
        template = config.get("value_template")
        if template is None:
            continue
        payload = told["payloads"][config["state_topic"]]
        rendered = environment.from_string(template).render(value_json=payload, value=json.dumps(payload))
        shown[config["unique_id"]] = rendered
    print(json.dumps(shown))


main(*sys.argv[1:])
