# SPDX-License-Identifier: GPL-2.0-or-later
"""Publishers of address ranges, good and bad: a web server that does what a test says."""
import os
import socket
import ssl
import subprocess
import threading
import time


class Request:
    def __init__(self, text):
        lines = text.split("\r\n")
        self.path = lines[0].split(" ")[1] if lines[0].count(" ") == 2 else ""
        self.headers = {name.strip().lower(): value.strip() for name, _, value in
                        (line.partition(":") for line in lines[1:] if line)}


class Publisher:
    """One connection a request. `pages` says what a path has: a function of (request, socket)."""

    def __init__(self, tls=None, address="127.0.0.1"):
        self.pages, self.requests, self.lock = {}, [], threading.Lock()
        self.tls, self.open = tls, []
        self.listener = socket.create_server((address, 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        self.address = address
        threading.Thread(target=self.serve, daemon=True).start()

    def url(self, path, host=None):
        return f"{'https' if self.tls else 'http'}://{host or self.address}:{self.port}{path}"

    def serve(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.talk, args=(client,), daemon=True).start()

    def talk(self, client):
        self.open.append(client)  # or it would be closed while the client waits
        try:
            if self.tls:
                client = self.tls.wrap_socket(client, server_side=True)
                self.open.append(client)
            text = b""
            while b"\r\n\r\n" not in text:
                more = client.recv(65536)
                if not more:
                    return
                text += more
            request = Request(text.decode("latin-1"))
            page = self.pages.get(request.path, status("404 Not Found"))
            page(request, client)
        except (OSError, ssl.SSLError):
            pass  # the client had enough
        else:
            with self.lock:
                self.requests.append(request)

    def asked(self, path):
        with self.lock:
            return [request for request in self.requests if request.path == path]

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for client in self.open:
            client.close()


# What a page may be

def answer(client, head, body=b"", end=True):
    client.sendall(head.replace("\n", "\r\n").encode() + b"\r\n\r\n" + body)
    if end:
        client.shutdown(socket.SHUT_RDWR) if not isinstance(client, ssl.SSLSocket) \
            else client.close()


def text(body, *headers, kind="text/plain"):
    """A page that is in order."""
    body = body if isinstance(body, bytes) else body.encode()
    head = "\n".join(["HTTP/1.1 200 OK", f"Content-Type: {kind}",
                      f"Content-Length: {len(body)}", "Connection: close", *headers])
    return lambda request, client: answer(client, head, body)


def tagged(body, etag, modified="Sun, 22 Nov 2026 20:00:00 GMT"):
    """The same with a version; who has it is told so."""
    good = text(body, f"ETag: {etag}", f"Last-Modified: {modified}")

    def page(request, client):
        if request.headers.get("if-none-match") == etag:
            answer(client, f"HTTP/1.1 304 Not Modified\nETag: {etag}\nConnection: close")
        else:
            good(request, client)
    return page


def status(line, *headers):
    head = "\n".join([f"HTTP/1.1 {line}", "Content-Length: 4", "Connection: close", *headers])
    return lambda request, client: answer(client, head, b"oops")


def redirect(to, line="302 Found"):
    return status(line, f"Location: {to}")


def half(body):
    """Says how long it is, and ends in the middle."""
    head = f"HTTP/1.1 200 OK\nContent-Length: {len(body)}\nConnection: close"
    return lambda request, client: answer(client, head, body[:len(body) // 2].encode())


def half_in_chunks(body):
    head = "HTTP/1.1 200 OK\nTransfer-Encoding: chunked\nConnection: close"
    part = body[:len(body) // 2].encode()
    return lambda request, client: answer(client, head, b"%x\r\n%s\r\n" % (len(part), part))


def chunks(body, size=7):
    head = "HTTP/1.1 200 OK\nTransfer-Encoding: chunked\nConnection: close"
    parts = [body[at:at + size].encode() for at in range(0, len(body), size)]
    sent = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"
    return lambda request, client: answer(client, head, sent)


def without_length(body):
    """Until the connection ends, as before HTTP/1.1."""
    head = "HTTP/1.1 200 OK\nConnection: close"
    return lambda request, client: answer(client, head, body.encode())


def stalls(body=b"192.0.2.0/24\n"):
    """Begins, and then nothing."""
    head = "HTTP/1.1 200 OK\nContent-Length: 1000"
    return lambda request, client: answer(client, head, body, end=False)


def silent(request, client):
    """Not even that."""


def endless(total=1 << 30, declared=False):
    """A gigabyte, if somebody takes it. `sent` counts."""
    def page(request, client):
        head = "HTTP/1.1 200 OK\n" + (f"Content-Length: {total}" if declared
                                       else "Transfer-Encoding: chunked")
        answer(client, head, end=False)
        block = b"203.0.113.77\n" * 5000
        while page.sent < total:
            client.sendall(block if declared else b"%x\r\n%s\r\n" % (len(block), block))
            page.sent += len(block)
    page.sent = 0
    return page


def drip(body, seconds=0.05):
    """A byte at a time."""
    def page(request, client):
        answer(client, f"HTTP/1.1 200 OK\nContent-Length: {len(body)}", end=False)
        for byte in body.encode():
            client.sendall(bytes([byte]))
            time.sleep(seconds)
    return page


# Certificates

def openssl(*arguments):
    subprocess.run(["openssl", *arguments], check=True, capture_output=True)


class Authority:
    """A CA, and servers with certificates of it."""

    def __init__(self, folder, name="ca"):
        self.folder, self.name = folder, name
        self.file = self.path(name + ".pem")
        self.key = self.path(name + ".key")
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                "-keyout", self.key, "-out", self.file, "-subj", f"/CN={name}", "-days", "2")

    def path(self, name):
        return os.path.join(self.folder, name)

    def server(self, names="IP:127.0.0.1", days="1", **how):
        """`names` as openssl writes them; negative days make a certificate of the past."""
        stem = self.path(f"{self.name}-{names.replace(':', '-').replace('/', '')}{days}")
        with open(stem + ".ext", "w") as file:
            file.write(f"subjectAltName={names}\n")
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                "-keyout", stem + ".key", "-out", stem + ".csr", "-subj", "/CN=publisher")
        openssl("x509", "-req", "-in", stem + ".csr", "-CA", self.file, "-CAkey", self.key,
                "-CAcreateserial", "-out", stem + ".pem", "-days", days, "-extfile",
                stem + ".ext")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(stem + ".pem", stem + ".key")
        return Publisher(tls=context, **how)
