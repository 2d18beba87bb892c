#!/usr/bin/env python3
"""Security checks 35 to 39: HTTP as far as checks use it; and what waits for kinds that are not there yet."""

import http.server
import os
import socket
import ssl
import subprocess
import sys
import threading
import time

from common import expect, expect_equal, expect_in, main, needs, not_before, peak_memory


class Answers(http.server.BaseHTTPRequestHandler):
    """What a path gives: status, headers, body. Keeps what was asked."""

    def do_GET(self):  # pylint: disable=invalid-name
        self.server.asked.append((self.path, dict(self.headers)))
        way = self.server.ways.get(self.path.split("?")[0], (404, {}, b""))
        if callable(way):
            way(self)
            return
        status, headers, body = way
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Server:
    """An HTTP server of its own, with TLS if it has a certificate."""

    def __init__(self, ways, certificate=None, host="127.0.0.1"):
        self.server = http.server.ThreadingHTTPServer((host, 0), Answers)
        self.server.daemon_threads = True
        self.server.handle_error = lambda *_: None
        self.server.ways, self.server.asked = ways, []
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_port
        self.url = f"{'https' if certificate else 'http'}://{host}:{self.port}"
        self.asked = self.server.asked

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


def certificate(ground, name, subject, issuer=None, days="30"):
    """A key and a certificate for `subject` (DNS:x or IP:x), signed by `issuer` or by itself."""
    key, path, request = (ground.folder / f"{name}.{end}" for end in ("key", "crt", "csr"))
    call = {"check": True, "capture_output": True}
    subprocess.run(["openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", str(key), "-out", str(request), "-subj", f"/CN={name}",
                    "-addext", f"subjectAltName={subject}", "-addext", f"basicConstraints=CA:{'FALSE' if issuer else 'TRUE'}"], **call)
    signer = ["-CA", str(issuer[0]), "-CAkey", str(issuer[1]), "-CAcreateserial"] if issuer else ["-signkey", str(key)]
    subprocess.run(["openssl", "x509", "-req", "-in", str(request), "-out", str(path), "-days", days, "-copy_extensions", "copy",
                    *signer], **call)
    return path, key


def asks(ground, url, *words, before=(), **more):
    manifest = ground.manifest([{"id": "c", "action": "check", "with": {"http": url, "timeout": "5s", **more}}])
    return ground.run("apply", "--yes", *words, manifest, before=before)


def trusting(authority):
    """Mounts of its own in which the machine trusts one authority only."""
    return ["unshare", "-m", "sh", "-c", f"mount --bind {authority} /etc/ssl/certs/ca-certificates.crt && exec \"$@\"", "sh"]


def security_36_tls_is_verified(ground):
    """A certificate of nobody's, for another name, or expired is refused; no way leads from https to http; no wish turns it off"""
    needs("openssl")
    good = (200, {}, b"yes")
    own = certificate(ground, "own", "IP:127.0.0.1")
    with Server({"/": good}, own) as server:
        expect_equal(asks(ground, server.url).exit, 1, "a certificate that nobody signed")
        expect(not server.asked, "it was asked all the same")
        lax = {**ground.environment, "CURL_INSECURE": "1", "SSL_CERT_FILE": str(own[0]), "CURL_CA_BUNDLE": str(own[0]),
               "SSL_NO_VERIFY": "1", "NODE_TLS_REJECT_UNAUTHORIZED": "0", "PYTHONHTTPSVERIFY": "0"}
        for key in ("insecure", "verify", "verify_tls", "tls"):
            ran = asks(ground, server.url, **{key: False})
            expect_equal(ran.exit, 65, f"'{key}' in a check")
        (ground.folder / ".curlrc").write_text("insecure\n")
        ran = ground.run("apply", "--yes", str(ground.folder / "manifest.json"), environment=lax)
        expect(ran.exit in (1, 65) and not server.asked, f"talked out of it: {ran.shown()}")
        ground.tried(6)
    needs("unshare", root=True)
    if not os.path.exists("/etc/ssl/certs/ca-certificates.crt"):
        return
    root = certificate(ground, "root", "DNS:authority")
    with Server({"/": good}, certificate(ground, "right", "IP:127.0.0.1", root)) as server:
        expect_equal(asks(ground, server.url, before=trusting(root[0])).exit, 0, "a sound certificate (or all this says nothing)")
    for name, subject, days in (("other", "DNS:other.example", "30"), ("expired", "IP:127.0.0.1", "-1")):
        with Server({"/": good}, certificate(ground, name, subject, root, days)) as server:
            ran = asks(ground, server.url, before=trusting(root[0]))
            expect(ran.exit == 1 and not server.asked, f"{name}: {ran.shown()}")
            ground.tried()
    with Server({"/": good}) as plain, Server({"/": (302, {"Location": f"{plain.url}/"}, b"")},
                                              certificate(ground, "down", "IP:127.0.0.1", root)) as server:
        ran = asks(ground, server.url + "/", before=trusting(root[0]))
        expect(ran.exit == 1 and server.asked and not plain.asked, f"from https to http: {ran.shown()}")
        ground.tried(2)


def security_36_credentials_stay_with_their_server(ground):
    """Headers and passwords are not sent on to another server or port; only http and https are spoken"""
    sent = {"Authorization": "Bearer CANARY", "Cookie": "CANARY", "X-Api-Key": "CANARY"}
    with Server({"/": (200, {}, b"yes")}) as other:
        for location in (f"{other.url}/", f"//127.0.0.1:{other.port}/", f"http://localhost:{other.port}/"):
            for status in (301, 303, 307, 308) if location.startswith(other.url) else (302,):
                other.asked.clear()
                with Server({"/": (status, {"Location": location}, b"")}) as first:
                    url = first.url.replace("http://", "http://user:CANARY@") + "/"
                    ran = asks(ground, url, headers=sent)
                    expect("CANARY" in str(first.asked), f"the first server was not given them: {ran.shown()}")
                    if any(name in headers for _, headers in other.asked for name in sent):
                        ground.wrong(f"{status} to {location}: sent on: {other.asked}")
                    ground.tried()
        expect(other.asked, "no redirect was followed, so this says nothing")
    secret = ground.text("secret", "yes")
    for location in (f"file://{secret}", "ftp://127.0.0.1/x", "gopher://127.0.0.1/x", "dict://127.0.0.1/", "javascript:1", "", "http://",
                     "http:///x", "scp://127.0.0.1/x", "\\\\host\\x"):
        with Server({"/": (302, {"Location": location}, b"")}) as first:
            ran = asks(ground, first.url + "/")
            expect_equal(ran.exit, 1, f"a redirect to {location}: {ran.shown()}")
            ground.tried()
    for url in (f"file://{secret}", "ftp://127.0.0.1/", "HTTPX://x", "http:/x", f"-K{secret}"):
        expect(asks(ground, url).exit in (1, 65), f"{url} was asked")
        ground.tried()


def raw(text):
    """A way that writes these bytes, and closes."""
    def answer(handler):
        handler.wfile.write(text)
        handler.close_connection = True
    return answer


def slowly(handler):
    """One byte now and then, without an end."""
    with_errors = (BrokenPipeError, ConnectionResetError)
    try:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nX: ")
        for _ in range(600):
            handler.wfile.write(b"x")
            handler.wfile.flush()
            time.sleep(0.1)
    except with_errors:
        pass


def endless(handler):
    try:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
        for _ in range(2000):
            handler.wfile.write(b"y" * (1 << 20))
    except (BrokenPipeError, ConnectionResetError):
        pass


def security_37_limits(ground):
    """Answers without end, slow ones, endless redirects, wrong lengths, floods of headers: a no, in time, with bounded memory"""
    ways = {"/ring": (302, {"Location": "/ring"}, b""), "/slow": slowly, "/endless": endless,
            "/short": raw(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nyes"),
            "/negative": raw(b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nyes"),
            "/headers": raw(b"HTTP/1.1 200 OK\r\n" + b"X: " + b"y" * 1000 + b"\r\n" * 1 + b"".join(
                b"X%d: %s\r\n" % (number, b"z" * 900) for number in range(2000)) + b"\r\nyes"),
            "/junk": raw(b"\x00\xff\x13SSH-2.0\r\n\r\n"), "/nothing": raw(b""), "/bomb": raw(
                b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 20\r\n\r\n" + b"\x1f\x8b" + b"\0" * 18),
            "/chunks": raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nyes\r\n0\r\n\r\n"),
            "/interim": raw(b"HTTP/1.1 100 Continue\r\n\r\n" * 20000)}
    with Server(ways) as server:
        for path in ways:
            manifest = ground.manifest([{"action": "check", "with": {"http": server.url + path, "timeout": "3s", "body": "yes"}}])
            begun = time.monotonic()
            code, words, peak = peak_memory(ground.argv(["apply", "--yes", manifest]), ground.environment, ground.folder, timeout=60)
            seconds = time.monotonic() - begun
            if code != 1 or seconds > 40 or peak > 200:
                ground.wrong(f"{path}: exit {code}, {seconds:.0f} s, {peak} MiB: {words[:300]}")
            ground.tried()
        expect(sum(path == "/ring" for path, _ in server.asked) < 20, "it went round for ever")
    silent = socket.socket()
    silent.bind(("127.0.0.1", 0))
    silent.listen(1)
    ran = asks(ground, f"http://127.0.0.1:{silent.getsockname()[1]}/", timeout="2s")
    silent.close()
    expect_equal(ran.exit, 1, "a server that says nothing")
    expect_in("ime", ran.errors, "why")
    ground.tried()


def security_35_python_packages(ground):
    """Hash-pinned, nothing built, isolated, undo inside the environment only"""
    not_before(ground, "python.packages", reason="there is no kind python.packages yet")


def security_38_requests_are_not_repeated(ground):
    """A request that changes something isn't sent again after a crash, but with a key of its own"""
    not_before(ground, "http.request", "github.gist", "github.dispatch", reason="checks only GET: no kind sends a request that changes something")


def security_39_undo_goes_where_the_plan_says(ground):
    """The URL of an undo comes out of the plan, never out of an answer"""
    not_before(ground, "http.request", "github.gist", "github.dispatch", reason="no kind is undone by a request")


if __name__ == "__main__":
    sys.exit(main(globals()))
