# SPDX-License-Identifier: GPL-2.0-or-later
"""What one test has at hand: its folder, its networks, and servers and clients made to order."""
import glob
import os
import subprocess
import time

from . import net
from .check import Skip, check
from .daemon import Daemon
from .openvpn import READY, Client, Server

PASSWORD = "sesame"
SERVICE = "byway-test"


def auth_pam():
    """The authentication plugin that OpenVPN brings along."""
    found = glob.glob("/usr/lib/*/openvpn/plugins/openvpn-plugin-auth-pam.so")
    if not found:
        raise Skip("openvpn-plugin-auth-pam.so is not there")
    return found[0]


class Lab:
    def __init__(self, folder, pki, plugin):
        self.folder, self.pki, self.plugin = folder, pki, plugin
        self.preload = sanitizer_of(plugin)
        self.servers, self.clients, self.daemons = [], [], []
        self.slow_users = []  # PAM takes two seconds for them
        os.mkdir(self.path("tmp"))
        os.chmod(self.path("tmp"), 0o1777)

    def path(self, *parts):
        return os.path.join(self.folder, *parts)

    def write(self, name, text, mode=0o644):
        path = self.path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        # A new file that takes the place of the old one, as an editor does.
        with open(path + ".new", "w") as file:
            file.write(text)
        os.chmod(path + ".new", mode)
        os.rename(path + ".new", path)
        return path

    def read(self, name):
        with open(self.path(name)) as file:
            return file.read()

    def remove(self, name):
        os.remove(self.path(name))

    def later(self):
        """The plugin looks for changes once a second at most."""
        time.sleep(1.1)

    def edit_policy(self, server, old, new):
        """Changes a server's policy under its feet; from here on it counts, if it is good."""
        name = server.name + ".policy"
        text = self.read(name)
        check(old in text, f"{old!r} is not in the policy")
        self.write(name, text.replace(old, new))
        self.later()

    def give_to_nobody(self, *names):
        for name in names:
            if not os.path.exists(self.path(name)):
                self.write(name, "")
            os.chown(self.path(name), 65534, 65534)

    # Servers

    def server(self, policy, *lines, name="server", inner="auth-pam", ipv6=True, ipv4=True,
               passwords=True, start=True, without=(), state=None):
        """
        A server with this policy. `inner` is the wrapped authentication plugin with its
        arguments, None for none; `lines` are further config lines; `without` drops lines.
        """
        state = state or self.state(name)
        path = self.write(f"{name}.policy", f"state-dir {state}\n{policy}")
        self.write(f"{name}.disconnect", "#!/bin/sh\n"
                   'echo "$bytes_received $bytes_sent $time_duration $trusted_port'
                   ' $time_unix $(date +%s) $trusted_ip $common_name" >>'
                   f"{self.path(name + '.final')}\n", 0o755)
        config = self.server_lines(name, ipv4, ipv6)
        if passwords:
            config += ["verify-client-cert none", "username-as-common-name"]
        if inner == "auth-pam":
            inner = f"{auth_pam()} {self.pam_service()}"
        config.append(f"plugin {self.plugin} {path} {inner or ''}".rstrip())
        config = [line for line in config if line.split()[0] not in without] + list(lines)
        server = Server(self, name, config, state)
        self.servers.append(server)
        return server.start().ready() if start else server

    def state(self, name):
        """The state directory of a server, as the packages make it."""
        state = self.path(name + "-state")
        for folder in ("spool", "routes", "groups"):
            os.makedirs(os.path.join(state, folder), exist_ok=True)
        return state

    def built(self, name):
        """A program that was built."""
        path = self.plugin.replace(".libs/openvpn-plugin-byway.so", name)
        check(os.path.exists(path), f"{path} is not built")
        return path

    def command(self):
        return self.built("helpdesk/byway")

    # The daemon

    def daemon(self, *lines, servers=("server",), start=True, name="mgmtd"):
        """byway-mgmtd, watching these servers; their state directory is to be its own."""
        lines += tuple(f"server {server} management {self.path(server + '.sock')}"
                       for server in servers)
        daemon = Daemon(self.folder, self.built("mgmtd/byway-mgmtd"), name, self.state(name))
        self.daemons.append(daemon.configure(*lines))
        return daemon.start().ready() if start else daemon

    def server_lines(self, name, ipv4, ipv6):
        config = ["dev tun", "proto udp", "port 1194", f"ca {self.pki}/ca.crt",
                  f"cert {self.pki}/server.crt", f"key {self.pki}/server.key", "dh none",
                  "keepalive 5 60", "verb 3", "script-security 2",
                  f"management {self.path(name + '.sock')} unix",
                  f"client-disconnect {self.path(name + '.disconnect')}",
                  f"tmp-dir {self.path('tmp')}"]
        if ipv4:
            config += ["topology subnet", "server 10.8.0.0 255.255.255.0"]
        if ipv6:
            config.append(f"server-ipv6 {net.POOL6}")
        return config

    def pam_service(self, name=SERVICE):
        """
        A PAM service of our own, for which every user's password is PASSWORD. Whom it was asked
        about is in the file `asked`.
        """
        slow = "|".join(self.slow_users) or "''"
        script = self.write("password", "#!/bin/sh\ngiven=$(tr -d '\\0')\n"
                            f'echo "$PAM_USER" >>{self.path("asked")}\n'
                            f'case "$PAM_USER" in {slow}) sleep 2 ;; esac\n'
                            f'[ "$given" = {PASSWORD} ] && [ "$PAM_USER" != nobody-knows ]\n',
                            0o755)
        pam = self.path("pam.d")
        if not os.path.isdir(pam):
            self.write(f"pam.d/{name}",
                       f"auth required pam_exec.so expose_authtok quiet {script}\n"
                       "account required pam_permit.so\n")
            net.run("mount", "--bind", pam, "/etc/pam.d")  # in our own mount namespace
        return name

    # Clients

    def client(self, user="alice", *lines, home=None, name=None, password=PASSWORD,
               certificate=None, without=(), remote=net.SERVER):
        """
        A client: with home=1 or 2 a real one at somebody's home, with a tunnel and routes; else
        a cheap one, which logs in and looks at what is pushed. No user: no password.
        """
        name = name or f"client{len(self.clients) + 1}"
        config = ["client", "nobind", "proto udp", f"remote {remote} 1194",
                  f"ca {self.pki}/ca.crt", "remote-cert-tls server", "verb 3",
                  "connect-retry 1 1", "auth-retry none",
                  f"management {self.path(name + '.sock')} unix"]
        config += ["dev tun"] if home else ["dev null", "ifconfig-noexec", "route-noexec"]
        if user is not None:
            login = self.write(f"{name}.up", f"{user}\n{password}\n", 0o600)
            config.append(f"auth-user-pass {login}")
        if certificate:
            config += [f"cert {self.pki}/{certificate}.crt", f"key {self.pki}/{certificate}.key"]
        config = [line for line in config if line.split()[0] not in without]
        client = Client(self, name, f"home{home}" if home else None, config + list(lines))
        self.clients.append(client)
        return client.start()

    def close(self):
        """Ends everything; fails if a sanitizer had something to say, or a spool is not right."""
        for process in self.clients + self.servers:
            process.stop()
        for daemon in self.daemons:
            daemon.close()
        for server in self.servers:
            server.check_clean()
        # A daemon deletes spools that it has read.
        if len(self.servers) == 1 and not self.daemons:
            self.servers[0].tell_rest(sum(client.log().count(READY) for client in self.clients))

    def logs(self):
        return [process.log_path for process in self.servers + self.clients + self.daemons
                if os.path.exists(process.log_path)]


def sanitizer_of(plugin):
    """The sanitizer's library, to be loaded first, if the plugin was built with it."""
    needed = subprocess.run(["ldd", plugin], capture_output=True, text=True).stdout
    paths = [word for line in needed.splitlines() if "libasan" in line for word in line.split()
             if word.startswith("/")]
    return paths[0] if paths else None
