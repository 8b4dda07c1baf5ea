"""Metrics as the parsers of prometheus_client read them, in both forms.

    with_prometheus.py URL

Prints one JSON object: for each form its families by name, each with its type, its unit and its samples.
"""

import json
import sys
import urllib.request

from prometheus_client import parser
from prometheus_client.openmetrics import parser as open_parser

OPEN = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5"


def fetch(url, accept):
    request = urllib.request.Request(url, headers={"Accept": accept})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return answer.headers["Content-Type"], answer.read().decode()


def families(kind, text, read):
    found = {}
    for family in read(text):
        assert family.name not in found, family.name
        samples = [{"name": s.name, "labels": s.labels, "value": s.value} for s in family.samples]
        series = [(s["name"], sorted(s["labels"].items())) for s in samples]
        assert all(series.count(one) == 1 for one in series[:200]), family.name
        found[family.name] = {"type": family.type, "unit": family.unit, "samples": samples}
    return {"content_type": kind, "families": found}


def main(url):
    plain = families(*fetch(url, "text/plain"), parser.text_string_to_metric_families)
    opened = families(*fetch(url, OPEN), open_parser.text_string_to_metric_families)
    print(json.dumps({"plain": plain, "open": opened}))


main(*sys.argv[1:])
