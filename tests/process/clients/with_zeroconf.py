"""What python-zeroconf finds of `_stannary._tcp` on one network.

    with_zeroconf.py ADDRESS SECONDS COMMAND

ADDRESS is this computer's in that network. COMMAND is `find`: wait for one machine and print it; `gone`: wait for
one, print `found` and wait until it says good-bye; or `claim NAME`: be a machine of that name, print `claimed` and stay.
"""

import json
import socket
import sys
import threading

from zeroconf import IPVersion, ServiceBrowser, ServiceInfo, ServiceListener, Zeroconf

KIND = "_stannary._tcp.local."


class Seen(ServiceListener):
    def __init__(self):
        self.found, self.gone, self.names = threading.Event(), threading.Event(), []

    def add_service(self, zeroconf, kind, name):
        self.names.append(name)
        self.found.set()

    def update_service(self, zeroconf, kind, name):
        pass

    def remove_service(self, zeroconf, kind, name):
        self.gone.set()


def main(address, seconds, command, *rest):
    seconds = float(seconds)
    zeroconf = Zeroconf(interfaces=[address], ip_version=IPVersion.V4Only)
    if command == "claim":
        name = rest[0]
        info = ServiceInfo(KIND, f"{name}.{KIND}", addresses=[socket.inet_aton("127.99.99.99")], port=9, server=f"{name}.local.")
        zeroconf.register_service(info)
        print("claimed", flush=True)
        threading.Event().wait(seconds)
        return
    seen = Seen()
    ServiceBrowser(zeroconf, KIND, seen)
    if not seen.found.wait(seconds):
        sys.exit("nothing was found")
    if command == "gone":
        print("found", flush=True)
        if not seen.gone.wait(seconds):
            sys.exit("nothing said good-bye")
        print(json.dumps({"gone": True}))
        return
    info = zeroconf.get_service_info(KIND, seen.names[0], timeout=60_000)
    text = {key.decode(): value.decode() for key, value in info.properties.items() if value is not None}
    print(json.dumps({"name": info.name, "server": info.server, "port": info.port, "addresses": info.parsed_addresses(), "text": text}))


main(*sys.argv[1:])
