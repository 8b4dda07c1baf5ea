"""pyasic as its users call it, against one machine.

    with_pyasic.py IP PASSWORD read                 what it finds and reads
    with_pyasic.py IP PASSWORD light                its light on, and what is read at once
    with_pyasic.py IP PASSWORD change NEW_POOL_URL  light, sleep, wake, pools, in this order

Prints one JSON object.
"""

import asyncio
import json
import sys

import pyasic
from pyasic import settings

# For one answer.
PATIENCE_S = 60


def data_of(data):
    return {
        "make": data.make,
        "model": data.model,
        "firmware": data.firmware,
        "api_ver": data.api_ver,
        "fw_ver": data.fw_ver,
        "hostname": data.hostname,
        "hashrate_ths": None if data.hashrate is None else float(data.hashrate),
        "expected_ths": None if data.expected_hashrate is None else float(data.expected_hashrate),
        "uptime": data.uptime,
        "is_mining": data.is_mining,
        "fault_light": data.fault_light,
        "fans": [fan.speed for fan in data.fans],
        "boards": [
            {
                "slot": board.slot,
                "hashrate_ths": None if board.hashrate is None else float(board.hashrate),
                "chips": board.chips,
                "expected_chips": board.expected_chips,
                "temp": board.temp,
                "chip_temp": board.chip_temp,
                "missing": board.missing,
            }
            for board in data.hashboards
        ],
        "pools": [
            {
                "url": str(pool.url),
                "user": pool.user,
                "accepted": pool.accepted,
                "rejected": pool.rejected,
                "alive": pool.alive,
                "active": pool.active,
                "index": pool.index,
            }
            for pool in data.pools
        ],
        "errors": [error.error_message for error in data.errors],
    }


async def read(miner):
    config = await miner.get_config()
    return {
        "class": type(miner).__name__,
        "data": data_of(await miner.get_data()),
        "config": config.as_am_modern(),
    }


async def light(miner):
    await miner.fault_light_on()
    return await miner.web.get_blink_status()


async def until(look, wanted):
    # Some five minutes: whoever slept lets its supply rest first, and raises its frequency again.
    for _ in range(1000):
        if await look() == wanted:
            return True
        await asyncio.sleep(0.3)
    return False


async def change(miner, url):
    said = {}
    said["light_on"] = await miner.fault_light_on()
    blink = lambda: miner.web.get_blink_status()
    said["blinks"] = await until(blink, {"blink": True})
    said["light_off"] = await miner.fault_light_off()
    said["blinks_no_more"] = await until(blink, {"blink": False})
    await miner.stop_mining()
    said["sleeps"] = await until(miner.is_mining, False)
    await miner.resume_mining()
    said["mines"] = await until(miner.is_mining, True)
    config = await miner.get_config()
    pool = config.pools.groups[0].pools[0]
    config.pools.groups[0].pools = [pool.__class__(url=url, user="other.worker", password="y"), pool]
    await miner.send_config(config)

    async def users():
        pools = (await miner.rpc.pools())["POOLS"]
        return [pool["User"] for pool in pools]

    said["pools_changed"] = await until(users, ["other.worker", pool.user])
    said["reboots"] = await miner.reboot()
    return said


async def main(ip, password, action, *rest):
    settings.update("default_antminer_web_password", password)
    # It gives up after 3 and 5 s else, which a host that takes the processor away for a moment would make failures of.
    settings.update("factory_get_timeout", PATIENCE_S)
    settings.update("api_function_timeout", PATIENCE_S)
    miner = await pyasic.get_miner(ip)
    if miner is None:
        sys.exit("pyasic finds no machine")
    said = await {"read": read, "light": light, "change": change}[action](miner, *rest)
    print(json.dumps(said))


asyncio.run(main(*sys.argv[1:]))
