# SPDX-License-Identifier: GPL-2.0-or-later
"""
The networks of a test, as namespaces within its own private one, which plays the internet's
routers. All vanish with the test's process.

    home1, home2  people at home   192.168.N.2, 2001:db8:N::2 (more of them: add_homes)
    server        the VPN server   198.51.100.2, 2001:db8:100::2; 10.1.0.1, 2606:fa00::1 inside
    campus        behind it        10.1.0.10 (and 10.1.0.11), 2606:fa00::10
    internet      a far host       203.0.113.10 (and .200), 2001:db8:113::10
"""
import contextlib
import ctypes
import json
import os
import socket
import subprocess
import threading

from .check import check

LIBC = ctypes.CDLL(None, use_errno=True)
CLONE_NEWNET = 0x40000000

CAMPUS, CAMPUS_OTHER, CAMPUS6 = "10.1.0.10", "10.1.0.11", "2606:fa00::10"
INTERNET, INTERNET_OTHER, INTERNET6 = "203.0.113.10", "203.0.113.200", "2001:db8:113::10"
SERVER, SERVER6 = "198.51.100.2", "2001:db8:100::2"
POOL, POOL6 = "10.8.0.0/24", "fd00:8::/64"
ECHO_PORT = 7
REQUEST = 40  # bytes of a request to the echo server


def home(n):
    return f"192.168.{n}.2"


def home6(n):
    return f"2001:db8:{n}::2"


def run(*command):
    """Runs a command and returns its output; a failure is an error that shows it."""
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    check(done.returncode == 0,
          f"{' '.join(command)}: exit {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


@contextlib.contextmanager
def inside(name):
    """What this thread makes in here (sockets) belongs to the named network."""
    outside = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    try:
        if name:
            with open(f"/run/netns/{name}", "rb") as there:
                enter(there.fileno())
        yield
    finally:
        enter(outside)
        os.close(outside)


def enter(fd):
    if LIBC.setns(fd, CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")


def link(name, outer, addresses, gateways):
    """A cable from the routers to the network `name`, with these addresses at both ends."""
    run("ip", "link", "add", outer, "type", "veth", "peer", "name", "eth0", "netns", name)
    run("ip", "link", "set", outer, "up")
    run("ip", "-n", name, "link", "set", "eth0", "up")
    for gateway in gateways:
        add_address(None, outer, gateway)
    for address in addresses:
        add_address(name, "eth0", address)
    for gateway in gateways:
        run("ip", "-n", name, family(gateway), "route", "add", "default", "via",
            gateway.split("/")[0])


def family(address):
    return "-6" if ":" in address else "-4"


def add_address(name, device, address):
    where = ["-n", name] if name else []
    nodad = ["nodad"] if ":" in address else []
    run("ip", *where, "address", "add", address, "dev", device, *nodad)


def build():
    """Makes the networks. The process must be in network and mount namespaces of its own."""
    run("mount", "-t", "tmpfs", "tmpfs", "/run")
    os.mkdir("/run/netns")
    run("ip", "link", "set", "lo", "up")
    forward(None)
    for name in ("home1", "home2", "server", "campus", "internet"):
        run("ip", "netns", "add", name)
        run("ip", "-n", name, "link", "set", "lo", "up")
    for n in (1, 2):
        link_home(n)
    link("server", "server", [SERVER + "/24", SERVER6 + "/64"],
         ["198.51.100.1/24", "2001:db8:100::1/64"])
    link("internet", "internet", [INTERNET + "/24", INTERNET_OTHER + "/24", INTERNET6 + "/64"],
         ["203.0.113.1/24", "2001:db8:113::1/64"])
    run("ip", "-n", "server", "link", "add", "inside", "type", "veth", "peer", "name", "eth0",
        "netns", "campus")
    for device, name in (("inside", "server"), ("eth0", "campus")):
        run("ip", "-n", name, "link", "set", device, "up")
    for address in ("10.1.0.1/16", "2606:fa00::1/64"):
        add_address("server", "inside", address)
    for address in (CAMPUS + "/16", CAMPUS_OTHER + "/16", CAMPUS6 + "/64"):
        add_address("campus", "eth0", address)
    run("ip", "-n", "campus", "-4", "route", "add", "default", "via", "10.1.0.1")
    run("ip", "-n", "campus", "-6", "route", "add", "default", "via", "2606:fa00::1")
    forward("server")
    run("ip", "-4", "route", "add", POOL, "via", SERVER)
    run("ip", "-6", "route", "add", POOL6, "via", SERVER6)


def link_home(n):
    link(f"home{n}", f"home{n}", [home(n) + "/24", home6(n) + "/64"],
         [f"192.168.{n}.1/24", f"2001:db8:{n}::1/64"])


def add_homes(last):
    """home3 to home`last`."""
    for n in range(3, last + 1):
        run("ip", "netns", "add", f"home{n}")
        run("ip", "-n", f"home{n}", "link", "set", "lo", "up")
        link_home(n)


def move_home(n, address):
    """From here on what leaves home `n` comes from this IPv4 address of the same network."""
    add_address(f"home{n}", "eth0", address + "/24")
    for to in ("default", SERVER):
        run("ip", "-n", f"home{n}", "route", "replace", to, "via", f"192.168.{n}.1", "dev", "eth0",
            "src", address)


def forward(name):
    """This network passes on packets that are not its own."""
    with inside(name):
        for knob in ("ipv4/ip_forward", "ipv6/conf/all/forwarding"):
            with open(f"/proc/sys/net/{knob}", "w") as file:
                file.write("1")


def route(name, address):
    """Where the kernel of `name` would send a packet to: {dev, gateway, …}; None for nowhere."""
    done = subprocess.run(["ip", "-n", name, "-j", family(address), "route", "get", address],
                          capture_output=True, text=True, stdin=subprocess.DEVNULL)
    found = json.loads(done.stdout) if done.returncode == 0 and done.stdout else []
    return found[0] if found and found[0].get("type", "unicast") == "unicast" else None


def device(name, address):
    """The interface on the way to `address`, None if there is no way."""
    way = route(name, address)
    return way and way["dev"]


def counters(name, interface):
    """(bytes received, bytes sent) of an interface."""
    return traffic(name, interface)[0::2]


def traffic(name, interface):
    """(bytes received, packets received, bytes sent, packets sent) of an interface."""
    with inside(name), open("/proc/thread-self/net/dev") as file:
        for line in file:
            label, _, figures = line.partition(":")
            if label.strip() == interface:
                fields = figures.split()
                return tuple(int(fields[i]) for i in (0, 1, 8, 9))
    raise AssertionError(f"{name} has no interface {interface}")


def serve_echo(name):
    """Starts a server in that network which tells everyone the address they come from."""
    for kind in (socket.AF_INET, socket.AF_INET6):
        with inside(name):
            listener = socket.socket(kind, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if kind == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.bind(("", ECHO_PORT))
        listener.listen()
        threading.Thread(target=answer, args=(listener,), daemon=True).start()


def answer(listener):
    while True:
        peer, address = listener.accept()
        threading.Thread(target=answer_one, args=(peer, address), daemon=True).start()


def answer_one(peer, address):
    """The caller says how many bytes it wants, and how many it is about to send."""
    with peer, contextlib.suppress(OSError, ValueError):
        wanted, coming = map(int, peer.recv(REQUEST, socket.MSG_WAITALL).split())
        while coming > 0:
            part = len(peer.recv(65536))
            coming -= part or coming
        peer.sendall(address[0].encode() + b"\n" + b"x" * wanted)


def source_seen(name, address, size=0, timeout=30, upload=0):
    """
    From which address a connection from `name` reaches the echo server at `address`, after
    it sent `upload` bytes and that one `size` bytes; None if there is no way through.
    """
    with inside(name):
        kind = socket.AF_INET6 if ":" in address else socket.AF_INET
        caller = socket.socket(kind, socket.SOCK_STREAM)
    with caller:
        caller.settimeout(timeout)
        try:
            caller.connect((address, ECHO_PORT))
        except OSError:
            return None
        caller.sendall((b"%d %d" % (size, upload)).ljust(REQUEST) + b"x" * upload)
        text = b""
        while True:
            part = caller.recv(65536)
            if not part:
                break
            text += part
    seen, _, rest = text.partition(b"\n")
    check(len(rest) == size, f"{len(rest)} of {size} bytes arrived")
    return seen.decode()
