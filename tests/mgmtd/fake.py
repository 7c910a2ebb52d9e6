# SPDX-License-Identifier: GPL-2.0-or-later
"""
OpenVPN's end of a management socket, played: it answers commands as OpenVPN 2.6 does unless
a test says otherwise, says what the test wants said, and can tell how long it stayed unread.
"""
import array
import contextlib
import fcntl
import os
import socket
import termios
import threading
import time

GREETING = ">INFO:OpenVPN Management Interface Version {} -- type 'help' for more info\r\n"
PROMPT = "ENTER PASSWORD:"

CLIENTS = ("HEADER\tCLIENT_LIST\tCommon Name\tReal Address\tVirtual Address\tVirtual IPv6 Address\t"
           "Bytes Received\tBytes Sent\tConnected Since\tConnected Since (time_t)\tUsername\t"
           "Client ID\tPeer ID\tData Channel Cipher\r\n")
ROUTES = ("HEADER\tROUTING_TABLE\tVirtual Address\tCommon Name\tReal Address\tLast Ref\t"
          "Last Ref (time_t)\r\n")


def ctime(at):
    return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(at))


class Client:
    def __init__(self, cid, user, since, vpn4, real, port):
        self.cid, self.user, self.since, self.vpn4 = cid, user, since, vpn4
        self.real, self.port = real, port
        self.received = self.sent = 0


class Fake:
    def __init__(self, path=None, password=None, greets=True, holds=False, version=5,
                 family=socket.AF_INET):
        self.path, self.password, self.greets, self.holds = path, password, greets, holds
        self.version, self.family = version, family
        self.port = 0
        self.pid = 1000 + os.getpid()
        self.connected_at = int(time.time()) - 100
        self.clients = {}
        self.next_cid = 0
        self.commands = []   # every command line so far
        self.passwords = []  # every password
        self.silent = set()  # commands that are not answered
        self.connections = 0
        self.listings = 0    # of clients that were asked for, and made
        self.peer = None
        self.lock = threading.RLock()
        self.listener = None
        self.listen()

    # The socket

    def listen(self):
        if self.path:
            with contextlib.suppress(FileNotFoundError):
                os.remove(self.path)
            self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            self.listener.bind(self.path)
        else:
            self.listener = socket.socket(self.family, socket.SOCK_STREAM)
            self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self.listener.bind(("127.0.0.1" if self.family == socket.AF_INET else "::1", self.port))
            self.port = self.listener.getsockname()[1]
        self.listener.listen(1)
        threading.Thread(target=self.serve, args=(self.listener,), daemon=True).start()

    def serve(self, listener):
        """One client at a time, as OpenVPN."""
        with contextlib.suppress(OSError):
            while True:
                peer, _ = listener.accept()
                self.connections += 1
                with peer, contextlib.suppress(OSError):
                    self.talk(peer)
                with self.lock:
                    self.peer = None

    def talk(self, peer):
        lines = peer.makefile("r", encoding="utf-8", newline="\n")
        if not self.greets:
            lines.read()
            return
        while self.password is not None:
            peer.sendall(PROMPT.encode())
            self.passwords.append(lines.readline().rstrip("\n"))
            if self.passwords[-1] == self.password:
                peer.sendall(b"SUCCESS: password is correct\r\n")
                break
            if self.passwords[-1] == "":  # it left
                return
        with self.lock:
            peer.sendall(GREETING.format(self.version).encode())
            if self.holds:
                peer.sendall(b">HOLD:Waiting for hold release:0\r\n")
            self.peer = peer
        for line in lines:
            self.commands.append(line.rstrip("\n"))
            if self.commands[-1] not in self.silent:
                with self.lock:
                    peer.sendall(self.answer(self.commands[-1]).encode())

    def hang_up(self):
        """Ends the connection there is, not the listening."""
        with self.lock:
            if self.peer:
                self.peer.shutdown(socket.SHUT_RDWR)

    def close(self):
        """As OpenVPN when it ends: nobody listens any more."""
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.hang_up()

    # What it says by itself

    def is_attached(self):
        return self.peer is not None

    def say(self, text):
        """Text as it is, lines with CRLF."""
        with self.lock:
            self.peer.sendall(text.encode())

    def unread(self):
        """Bytes that the other side has not read yet."""
        found = array.array("i", [0])
        with self.lock:
            fcntl.ioctl(self.peer.fileno(), termios.TIOCOUTQ, found)
        return found[0]

    def say_and_time(self, text):
        """Says it, and for how many seconds it stayed unread."""
        began = time.monotonic()
        self.say(text)
        while self.unread():
            time.sleep(0.0005)
        return time.monotonic() - began

    def connect(self, user, vpn4=None, real="192.0.2.7", port=None):
        """A client comes: it is in the status from now on, and announced where somebody hears."""
        cid, self.next_cid = self.next_cid, self.next_cid + 1
        client = Client(cid, user, int(time.time()), vpn4 or f"10.8.{cid // 250}.{cid % 250 + 2}",
                        real, port or 20000 + cid % 40000)
        self.clients[cid] = client
        env = {"n_clients": len(self.clients), "time_unix": client.since,
               "ifconfig_pool_remote_ip": client.vpn4, "trusted_port": client.port,
               "trusted_ip": client.real, "common_name": user, "username": user,
               "IV_PLAT": "linux", "IV_VER": "2.6.14", "daemon_pid": self.pid,
               "daemon_start_time": self.connected_at}
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # it has just left
            if self.is_attached():
                self.say(f">CLIENT:ESTABLISHED,{cid}\r\n"
                         + "".join(f">CLIENT:ENV,{key}={value}\r\n" for key, value in env.items())
                         + ">CLIENT:ENV,END\r\n")
        return client

    def count(self, client, received, sent):
        """More bytes of a client, as a line."""
        client.received += received
        client.sent += sent
        return f">BYTECOUNT_CLI:{client.cid},{client.received},{client.sent}\r\n"

    def leave(self, client):
        """Nobody is told."""
        del self.clients[client.cid]

    # What it answers

    def state(self):
        return f"{self.connected_at},CONNECTED,SUCCESS,10.8.0.1,,,,\r\n"

    def status(self):
        self.listings += 1
        now = int(time.time())
        rows = "".join(
            f"CLIENT_LIST\t{c.user}\t{c.real}:{c.port}\t{c.vpn4}\t\t{c.received}\t{c.sent}\t"
            f"{ctime(c.since)}\t{c.since}\t{c.user}\t{c.cid}\t{c.cid}\tAES-256-GCM\r\n"
            for c in list(self.clients.values()))
        routes = "".join(
            f"ROUTING_TABLE\t{c.vpn4}\t{c.user}\t{c.real}:{c.port}\t{ctime(now)}\t{now}\r\n"
            for c in list(self.clients.values()))
        return (f"TITLE\tOpenVPN 2.6.14\r\nTIME\t{ctime(now)}\t{now}\r\n{CLIENTS}{rows}{ROUTES}"
                f"{routes}GLOBAL_STATS\tMax bcast/mcast queue length\t0\r\nEND\r\n")

    def answer(self, command):
        answers = {
            "version": lambda: "OpenVPN Version: OpenVPN 2.6.14\r\n"
                               f"Management Version: {self.version}\r\nEND\r\n",
            "pid": lambda: f"SUCCESS: pid={self.pid}\r\n",
            "state all": lambda: self.state() + "END\r\n",
            "state": lambda: self.state() + "END\r\n",
            "env-filter 0": lambda: "SUCCESS: env_filter_level=0\r\n",
            "status 3": self.status,
            "hold release": lambda: "SUCCESS: hold release succeeded\r\n",
        }
        if command.startswith("bytecount "):
            return "SUCCESS: bytecount interval changed\r\n"
        made = answers.get(command)
        return made() if made else "ERROR: unknown command, enter 'help' for more options\r\n"
