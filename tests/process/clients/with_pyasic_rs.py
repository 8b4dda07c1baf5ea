"""pyasic_rs (asic-rs) as its users call it, against one machine: what it finds and reads.

    with_pyasic_rs.py IP USER PASSWORD

Prints one JSON object.
"""

import asyncio
import json
import sys

import pyasic_rs


async def main(ip, user, password):
    factory = pyasic_rs.MinerFactory()
    miner = await factory.get_miner(ip)
    if miner is None:
        sys.exit("pyasic_rs finds no machine")
    if password:
        miner.set_auth(user, password)
    data = await miner.get_data()
    print(data.model_dump_json() if hasattr(data, "model_dump_json") else json.dumps(data.model_dump(), default=str))


asyncio.run(main(*sys.argv[1:]))
