# SPDX-License-Identifier: GPL-2.0-or-later
"""A daemon with one route set to look up, in a network and with an /etc that are the tests' own."""
import os
import shutil
import subprocess
import sys

from harness.check import check, wait_for

POLICY = """
default-profile campus
state-dir {state}
<routes journals>
{sources}
</routes>
<profile campus>
tunnel split
routes journals
</profile>
"""


class Sources:
    """A daemon with a policy that has one route set, and what comes of it."""

    def __init__(self, world, *sources, lines=(), start=True):
        self.world = world
        self.daemon = world.daemon(*lines, f"policy {world.path('policy.conf')}", start=False)
        self.state = self.daemon.state
        self.policy(*sources)
        if start:
            self.daemon.start().ready()

    def policy(self, *sources):
        name = self.world.path("policy.conf")
        with open(name + ".new", "w") as file:
            file.write(POLICY.format(state=self.state, sources="\n".join(sources)))
        os.rename(name + ".new", name)

    def path(self, name):
        return os.path.join(self.state, "routes", name)

    def text(self, name="journals.fetched"):
        try:
            with open(self.path(name), encoding="utf-8") as file:
                return file.read()
        except FileNotFoundError:
            return ""

    def prefixes(self, name="journals.fetched"):
        """What the plugin reads."""
        return [line.split("#")[0].strip() for line in self.text(name).splitlines()
                if line and not line.startswith("#")]

    def expect(self, *prefixes, name="journals.fetched"):
        wait_for(lambda: self.prefixes(name) == list(prefixes),
                 lambda: f"{prefixes}; there is:\n{self.text(name)}\n{self.daemon.log()}")

    def status(self, word, name="journals.status"):
        """The values of a word of the status file, a list with one a source."""
        return [line[len(word) + 1:] for line in self.text(name).splitlines()
                if line.startswith(word + " ")]

    def refresh(self, accept=False, name="journals"):
        """As `byway routes refresh` does."""
        os.makedirs(self.path("refresh"), exist_ok=True)
        aside = self.path("refresh/.aside")
        with open(aside, "w") as file:
            file.write("accept" if accept else "")
        os.rename(aside, self.path("refresh/" + name))

    def again(self, *pattern, accept=False):
        """Asks for it now, and waits for what the log says then."""
        self.daemon.mark()
        self.refresh(accept)
        self.daemon.expect(*pattern)


# A network whose addresses are known, and an /etc that can be written to.
INSIDE = "BYWAY_TESTS_INSIDE"
KEPT = ["passwd", "group", "hosts", "ld.so.cache", "localtime", "ssl", "alternatives"]


def furnish():
    """An /etc with a resolver and users of our own. What is mounted goes with this process."""
    subprocess.run(["mount", "-t", "tmpfs", "none", "/mnt"], check=True)
    mine = "/mnt/etc"
    os.mkdir(mine)
    for name in KEPT:
        if os.path.isdir(f"/etc/{name}"):
            shutil.copytree(f"/etc/{name}", f"{mine}/{name}", symlinks=True)
        elif os.path.exists(f"/etc/{name}"):
            shutil.copy(f"/etc/{name}", f"{mine}/{name}")
    with open(f"{mine}/nsswitch.conf", "w") as file:
        file.write("passwd: files\ngroup: files\nhosts: files dns\n")
    with open(f"{mine}/resolv.conf", "w") as file:
        file.write("nameserver 127.0.0.1\noptions timeout:2 attempts:2\n")
    subprocess.run(["mount", "--bind", mine, "/etc"], check=True)
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    subprocess.run(["ip", "address", "add", "198.18.0.2/32", "dev", "lo"], check=True)


def run_inside(run):
    """Calls run() in namespaces of its own and leaves with what it returns, or skips all."""
    if os.environ.get(INSIDE):
        furnish()
        sys.exit(run())
    mine = ["unshare", "-n", "-m"] if os.geteuid() == 0 else ["unshare", "-r", "-n", "-m"]
    if subprocess.run([*mine, "true"], capture_output=True).returncode != 0:
        print("1..0 # SKIP there can be no namespaces here")
        sys.exit(0)
    os.environ[INSIDE] = "yes"
    os.execvp(mine[0], [*mine, sys.executable, *sys.argv])
