#!/usr/bin/env python3
"""A network of its own for tests: hosts in network namespaces, and links that misbehave on order.

    relay.py SERVER CLIENT...

makes a namespace for each name, gives it an address of 10.77.0.0/24 and one of fd00:77::/64 on a
TUN device, and carries the packets between the server and the clients. Each client has a link up
to the server and one down from it. Both are perfect until a line of JSON on standard input says
otherwise:

    {"client": "bob", "way": "down", "set": {"loss": 0.05, "rate_bps": 300000}}
    {"client": "bob", "address": "10.77.0.77"}
    {"counts": true}

| setting     | meaning |
|-------------|---------|
| loss        | share of packets lost, 0 to 1 |
| delay_ms    | added to every packet |
| jitter_ms   | up to so much is added on top, in order: a late packet delays those behind it |
| rate_bps    | bits per second; 0 is no limit |
| queue_ms    | longest wait for the rate; beyond it packets are lost |
| block_ipv4  | IPv4 is lost |
| block_ipv6  | IPv6 is lost |
| block_udp   | UDP is lost |
| block_port  | what comes from or goes to this port is lost, UDP and TCP; 0 is no port |
| cut         | everything is lost |

Every line is answered by one line of JSON. One seed and one sequence of packets have one outcome:
each link draws from a generator of its own. When standard input ends, so do the namespaces.

Needs root and /dev/net/tun; uses nothing but Python's standard library and iproute2.
"""

import fcntl
import heapq
import json
import os
import random
import selectors
import signal
import socket
import struct
import subprocess
import sys
import time

SEED = 20_261
NETWORK = "10.77.0."
PREFIX = 24
NETWORK6 = "fd00:77::"
PREFIX6 = 64
MTU = 1500
UDP = 17

# linux/if_tun.h
TUNSETIFF = 0x400454CA
IFF_TUN = 0x0001
IFF_NO_PI = 0x1000


def ip(*words):
    subprocess.run(["ip", *words], check=True)


class Packet:
    """What came out of a TUN device, and what its headers say."""

    def __init__(self, data):
        self.data = data
        self.version = data[0] >> 4 if data else 0
        self.target, self.protocol, start = None, None, len(data)
        if self.version == 4 and len(data) >= 20:
            self.target, self.protocol, start = data[16:20], data[9], (data[0] & 15) * 4
        elif self.version == 6 and len(data) >= 40:
            self.target, self.protocol, start = data[24:40], data[6], 40
        # They come first in the headers of both UDP and TCP.
        self.ports = struct.unpack_from("!HH", data, start) if len(data) >= start + 4 else ()


class Link:
    """One way between a client and the server."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.loss = 0.0
        self.delay_ms = 0.0
        self.jitter_ms = 0.0
        self.rate_bps = 0
        self.queue_ms = 200.0
        self.block_ipv4 = False
        self.block_ipv6 = False
        self.block_udp = False
        self.block_port = 0
        self.cut = False
        self.free_at = 0.0
        self.last_arrival = 0.0
        self.passed = 0
        self.lost = 0

    def set(self, settings):
        for name, value in settings.items():
            if not isinstance(getattr(self, name, None), (bool, int, float)):
                raise KeyError(name)
            setattr(self, name, value)

    def blocks(self, packet):
        return (
            self.cut
            or (self.block_ipv4 and packet.version == 4)
            or (self.block_ipv6 and packet.version == 6)
            or (self.block_udp and packet.protocol == UDP)
            or self.block_port in packet.ports
        )

    def arrival(self, now, packet):
        """When `packet` comes out at the other end; None if it is lost."""
        # Drawn for every packet, so that settings do not shift what follows.
        luck, late = self.random.random(), self.random.random()
        if self.blocks(packet) or luck < self.loss:
            self.lost += 1
            return None
        leaves = now
        if self.rate_bps:
            begins = max(now, self.free_at)
            if (begins - now) * 1000 > self.queue_ms:
                self.lost += 1
                return None
            leaves = self.free_at = begins + len(packet.data) * 8 / self.rate_bps
        arrives = leaves + (self.delay_ms + late * self.jitter_ms) / 1000
        self.last_arrival = max(self.last_arrival, arrives)
        self.passed += 1
        return self.last_arrival


class Host:
    """A namespace with one TUN device whose other end is ours."""

    def __init__(self, name, number):
        self.name = name
        self.namespace = f"os{os.getpid()}-{name}"
        self.device = f"ost{os.getpid() % 100_000}n{number}"
        self.address = f"{NETWORK}{number}"
        self.address6 = f"{NETWORK6}{number}"
        self.tun = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
        request = struct.pack("16sH22x", self.device.encode(), IFF_TUN | IFF_NO_PI)
        fcntl.ioctl(self.tun, TUNSETIFF, request)
        ip("netns", "add", self.namespace)
        ip("link", "set", "dev", self.device, "netns", self.namespace)
        self.inside("link", "set", "dev", "lo", "up")
        self.inside("link", "set", "dev", self.device, "mtu", str(MTU), "up")
        self.inside("address", "add", f"{self.address}/{PREFIX}", "dev", self.device)
        # Nobody answers whether the address is in use.
        address6 = f"{self.address6}/{PREFIX6}"
        self.inside("address", "add", address6, "dev", self.device, "nodad")

    def owns(self, address):
        own = (self.address, socket.AF_INET), (self.address6, socket.AF_INET6)
        return any(socket.inet_pton(family, text) == address for text, family in own)

    def inside(self, *words):
        ip("-n", self.namespace, *words)

    def move_to(self, address):
        """Changes the address, as a phone does that leaves the Wi-Fi."""
        # In this order: a second address of the same network would go with the first.
        self.inside("address", "del", f"{self.address}/{PREFIX}", "dev", self.device)
        self.inside("address", "add", f"{address}/{PREFIX}", "dev", self.device)
        self.address = address

    def close(self):
        os.close(self.tun)
        # What still runs in it keeps it alive until it ends; its name is free at once.
        subprocess.run(["ip", "netns", "del", self.namespace], check=False)


class Network:
    def __init__(self, names):
        server, *clients = names
        self.server = Host(server, 1)
        self.clients = {}
        self.links = {}
        for number, name in enumerate(clients, 2):
            self.clients[name] = Host(name, number)
            self.links[name, "up"] = Link(f"{SEED}-{number}-up")
            self.links[name, "down"] = Link(f"{SEED}-{number}-down")
        self.on_the_way = []
        self.count = 0

    def take(self, host, packet):
        """Puts a packet that a host sent on its way."""
        if packet.target is None:
            return
        if host is self.server:
            clients = self.clients.values()
            client = next((it for it in clients if it.owns(packet.target)), None)
            if client is None:
                return
            link, receiver = self.links[client.name, "down"], client
        elif self.server.owns(packet.target):
            link, receiver = self.links[host.name, "up"], self.server
        else:
            return
        arrival = link.arrival(time.monotonic(), packet)
        if arrival is not None:
            self.count += 1
            heapq.heappush(self.on_the_way, (arrival, self.count, receiver, packet))

    def deliver(self):
        """Delivers what is due; returns the seconds until the next packet is."""
        while self.on_the_way:
            wait = self.on_the_way[0][0] - time.monotonic()
            if wait > 0:
                return wait
            _, _, receiver, packet = heapq.heappop(self.on_the_way)
            try:
                os.write(receiver.tun, packet.data)
            except OSError:
                # The device is down or its queue is full: as lost as on any other link.
                pass
        return None

    def obey(self, order):
        if "counts" in order:
            return {f"{c}/{w}": [l.passed, l.lost] for (c, w), l in self.links.items()}
        name = order["client"]
        if "address" in order:
            self.clients[name].move_to(order["address"])
        if "set" in order:
            ways = [order["way"]] if "way" in order else ["up", "down"]
            for way in ways:
                self.links[name, way].set(order["set"])
        return {"done": True}

    def close(self):
        for host in [self.server, *self.clients.values()]:
            host.close()


def run(network):
    hosts = [network.server, *network.clients.values()]
    selector = selectors.DefaultSelector()
    for host in hosts:
        selector.register(host.tun, selectors.EVENT_READ, host)
    orders = sys.stdin.fileno()
    os.set_blocking(orders, False)
    selector.register(orders, selectors.EVENT_READ, None)
    known = {
        host.name: {
            "namespace": host.namespace,
            "address": host.address,
            "address6": host.address6,
        }
        for host in hosts
    }
    print(json.dumps(known), flush=True)
    text = b""
    while True:
        for key, _ in selector.select(network.deliver()):
            if key.data is not None:
                drain(network, key.data)
                continue
            more = os.read(orders, 65536)
            if not more:
                return
            *lines, text = (text + more).split(b"\n")
            for line in lines:
                print(json.dumps(network.obey(json.loads(line))), flush=True)


def drain(network, host):
    for _ in range(64):
        try:
            packet = os.read(host.tun, MTU + 64)
        except BlockingIOError:
            return
        network.take(host, Packet(packet))


def main():
    # So that the namespaces go whatever ends the test.
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(0))
    network = Network(sys.argv[1:])
    try:
        run(network)
    finally:
        network.close()


if __name__ == "__main__":
    main()
