# SPDX-License-Identifier: GPL-2.0-or-later
"""Certificates for a run of the tests, made once with openssl(1)."""
import os

from .net import run

CLIENTS = ("alice", "bob", "carol")


def make(folder):
    """ca.crt, and NAME.crt and NAME.key for the server and each of CLIENTS."""
    os.makedirs(folder)
    ca = os.path.join(folder, "ca")
    new_key = ["openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    run(*new_key, "-x509", "-days", "30", "-subj", "/CN=Test CA", "-keyout", ca + ".key",
        "-out", ca + ".crt")
    for name in ("server",) + CLIENTS:
        own = os.path.join(folder, name)
        with open(own + ".ext", "w") as file:
            use = "serverAuth" if name == "server" else "clientAuth"
            file.write(f"keyUsage=digitalSignature\nextendedKeyUsage={use}\n")
        run(*new_key, "-subj", f"/CN={name}", "-keyout", own + ".key", "-out", own + ".csr")
        run("openssl", "x509", "-req", "-days", "30", "-in", own + ".csr", "-CA", ca + ".crt",
            "-CAkey", ca + ".key", "-CAcreateserial", "-extfile", own + ".ext",
            "-out", own + ".crt")
