# SPDX-License-Identifier: GPL-2.0-or-later
"""
Runs one test: one.py FILE FUNCTION FOLDER PKI PLUGIN. It is process 1 of namespaces made by
unshare(1), so that all it starts ends with it. Exit status 0, 1 (failed) or 77 (cannot run).
"""
import importlib
import os
import signal
import sys
import traceback

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from harness import net  # noqa: E402
from harness.check import Skip  # noqa: E402
from harness.lab import Lab  # noqa: E402


def main(module, function, folder, pki, plugin):
    signal.signal(signal.SIGTERM, lambda *_: os._exit(1))
    signal.signal(signal.SIGINT, lambda *_: os._exit(1))
    net.build()
    lab = Lab(folder, pki, plugin)
    try:
        getattr(importlib.import_module(module), function)(lab)
        lab.close()
    except Skip as reason:
        print(reason)
        return 77
    except Exception:  # a failed check, or a harness that fell over: both are failures
        traceback.print_exc(file=sys.stdout)
        for path in lab.logs():
            with open(path, encoding="utf-8", errors="replace") as file:
                print(f"--- the end of {os.path.basename(path)}:")
                print("".join(file.readlines()[-25:]))
        return 1
    return 0


sys.stdout.reconfigure(errors="replace")
status = main(*sys.argv[1:])
sys.stdout.flush()
os._exit(status)
