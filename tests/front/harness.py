"""Starts front-echo, speaks HTTP/1 and HTTP/2 to it by raw sockets, and runs checks on both builds of the front."""
import atexit
import contextlib
import os
import shutil
import signal
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import time
import traceback

BIN = os.environ["CMPD_TESTS"]
CMP = "application/pkixcmp"
WAIT = 180  # seconds: for anything that must come; this only ends what hangs, on a machine that is busy, too


def until(what, is_so):
    """Waits until |is_so|() is true."""
    deadline = time.monotonic() + WAIT
    while not is_so():
        assert time.monotonic() < deadline, f"they never came: {what}"
        time.sleep(0.01)


class Server:
    """front-echo with the given settings, listening on free ports of 127.0.0.1 (and what else is asked for)."""

    def __init__(self, program, *addresses, **settings):
        self.folder = tempfile.mkdtemp(prefix="front-")
        atexit.register(shutil.rmtree, self.folder)
        self.log_path = os.path.join(self.folder, "log")
        addresses = addresses or ("127.0.0.1:0",)
        words = [f"{name}={value}" for name, value in settings.items()]
        with open(self.log_path, "wb") as log:
            # What AddressSanitizer keeps of freed memory is nothing that the server holds.
            sanitizer = os.environ.get("ASAN_OPTIONS", "") + ":quarantine_size_mb=4"
            self.process = subprocess.Popen([os.path.join(BIN, program), *addresses, *words],
                                            env=dict(os.environ, ASAN_OPTIONS=sanitizer), stdout=subprocess.PIPE, stderr=log)
        self.ready = self.process.stdout.readline().decode()
        self.ports = []
        for line in self.log().splitlines():
            if "event=listening" in line:
                self.ports.append(int(line.split("address=")[1].split()[0].rsplit(":", 1)[1]))

    def log(self):
        with open(self.log_path, "rb") as log:
            return log.read().decode(errors="replace")

    @property
    def port(self):
        return self.ports[0]

    def connect(self, index=0, family=socket.AF_INET, source=None, receive_buffer=None, timeout=WAIT):
        """|source|: an address of 127/8 to connect from."""
        host = "127.0.0.1" if family == socket.AF_INET else "::1"
        sock = socket.socket(family)
        if source is not None:
            sock.bind((source, 0))
        if receive_buffer is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        sock.settimeout(timeout)
        sock.connect((host, self.ports[index]))
        return sock

    def page(self, path):
        """The body of a page, on a new connection."""
        with self.connect() as sock:
            return Http1(sock).ask(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode()).body

    def until_jobs(self, count):
        """Waits until that many jobs are with the pipeline, or more."""
        until("jobs with the pipeline", lambda: int(self.page("/jobs")) >= count)

    def drain(self):
        """Waits until the server says goodbye with each answer."""
        self.process.send_signal(signal.SIGUSR1)

        def goodbye():
            with self.connect() as sock:
                return Http1(sock).ask(b"GET /hello HTTP/1.1\r\nHost: x\r\n\r\n").headers.get("connection") == "close"
        until("goodbyes", goodbye)

    def release(self):
        """What is held is answered, also while the server stops."""
        self.process.send_signal(signal.SIGUSR2)

    def alive(self):
        """Serves a page on a new connection."""
        with self.connect() as sock:
            sock.sendall(b"GET /hello HTTP/1.0\r\n\r\n")
            return read_all(sock).endswith(b"hello\n")

    def memory(self, field="VmHWM"):
        """MiB that are resident (VmRSS), or were at the most (VmHWM)."""
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as status:
            return next(int(line.split()[1]) / 1024 for line in status if line.startswith(field))

    def stop(self):
        """SIGTERM; returns what it says of requests that were cut off. Sanitizers report by the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        rest = self.said = self.process.stdout.read().decode()
        code = self.process.wait(timeout=60)
        assert code == 0, f"the server ended with {code}:\n{self.log()}"
        assert "stopped" in rest, rest
        return int(rest.split("cut ")[1].split()[0])


@contextlib.contextmanager
def serving(program, *addresses, **settings):
    server = Server(program, *addresses, **settings)
    try:
        assert server.ready.startswith("ready"), server.log()
        yield server
    except BaseException:
        server.process.kill()
        sys.stderr.write(server.log())
        raise
    if server.process.poll() is None or server.process.returncode != 0:
        server.stop()


def self_signed(folder):
    """A key and a certificate of its own; their paths."""
    cert, key = os.path.join(folder, "self.pem"), os.path.join(folder, "self.key")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=x",
                    "-keyout", key, "-out", cert], check=True, stderr=subprocess.DEVNULL)
    return cert, key


def both_ways(program, **settings):
    """A server, and how to connect to it: in plain, then with TLS. HTTP/2 is chosen by its preface either way."""
    made = ssl.create_default_context()
    made.check_hostname, made.verify_mode = False, ssl.CERT_NONE
    with tempfile.TemporaryDirectory(prefix="front-") as folder:
        cert, key = self_signed(folder)
        with serving(program, "127.0.0.1:0", "127.0.0.1:0,tls", certificate=cert, key=key, **settings) as server:
            def plain(**options):
                return server.connect(0, **options)

            def over_tls(**options):
                return made.wrap_socket(server.connect(1, **options))
            plain.over_tls, over_tls.over_tls = False, True
            yield server, plain
            yield server, over_tls


def read_all(sock):
    data = b""
    while True:
        try:
            more = sock.recv(65536)
        except ConnectionResetError:
            return data
        if not more:
            return data
        data += more


class Reply:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body


class Http1:
    """One HTTP/1 connection; replies may be pipelined."""

    def __init__(self, sock):
        self.sock, self.data = sock, b""

    def _more(self):
        more = self.sock.recv(65536)
        if not more:
            raise EOFError(self.data)
        self.data += more

    def reply(self, head=False):
        while b"\r\n\r\n" not in self.data:
            self._more()
        head_bytes, self.data = self.data.split(b"\r\n\r\n", 1)
        lines = head_bytes.decode().split("\r\n")
        headers = {k.lower(): v.strip() for k, v in (line.split(":", 1) for line in lines[1:])}
        status = int(lines[0].split()[1])
        length = 0 if head or status == 100 else int(headers["content-length"])
        while len(self.data) < length:
            self._more()
        body, self.data = self.data[:length], self.data[length:]
        return Reply(status, headers, body)

    def ask(self, raw, head=False):
        self.sock.sendall(raw)
        return self.reply(head)

    def closed(self):
        """1 when the peer has closed, after everything it sent was read."""
        try:
            return self.sock.recv(1) == b""
        except ConnectionResetError:
            return True


def post(body, path="/.well-known/cmp", version="1.1", kind=CMP, extra=""):
    kind = f"Content-Type: {kind}\r\n" if kind is not None else ""
    return (f"POST {path} HTTP/{version}\r\nHost: x\r\n{kind}{extra}Content-Length: {len(body)}\r\n\r\n").encode() + body


DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = 0, 1, 3, 4, 6, 7, 8, 9
END_STREAM, END_HEADERS, PADDED, ACK = 1, 4, 8, 1
PROTOCOL_ERROR, CANCEL, ENHANCE_YOUR_CALM = 1, 8, 11


def frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def literal(name, value):
    """A header field without indexing, without Huffman code (RFC 7541 6.2.2)."""
    def string(text):
        text = text.encode()
        assert len(text) < 127
        return bytes([len(text)]) + text
    return b"\x00" + string(name) + string(value)


def indexed(name, value):
    """A header field that the peer keeps in its table from now on, as number 62 (RFC 7541 6.2.1)."""
    def string(text):
        text = text.encode()
        if len(text) < 127:
            return bytes([len(text)]) + text
        rest, length = len(text) - 127, b"\x7f"
        while rest >= 128:
            rest, length = rest >> 7, length + bytes([128 | rest & 127])
        return length + bytes([rest]) + text
    return b"\x40" + string(name) + string(value)


NEWEST = b"\xbe"  # number 62


def h2_headers(method="POST", path="/.well-known/cmp", kind=CMP, extra=()):
    fields = [(":method", method), (":scheme", "http"), (":path", path), (":authority", "x")]
    if kind:
        fields.append(("content-type", kind))
    return b"".join(literal(k, v) for k, v in fields + list(extra))


class Http2:
    """Just enough of HTTP/2, frame by frame."""

    def __init__(self, sock, start=True):
        self.sock, self.data = sock, b""
        if start:
            self.send(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(SETTINGS, 0, 0))

    def send(self, data):
        self.sock.sendall(data)

    def frame(self):
        """The next frame as (kind, flags, stream, payload); None at the end."""
        while True:
            if len(self.data) >= 9:
                length = int.from_bytes(self.data[:3], "big")
                if len(self.data) >= 9 + length:
                    kind, flags = self.data[3], self.data[4]
                    stream = int.from_bytes(self.data[5:9], "big")
                    payload, self.data = self.data[9:9 + length], self.data[9 + length:]
                    return kind, flags, stream, payload
            try:
                more = self.sock.recv(65536)
            except (ConnectionResetError, BrokenPipeError):
                return None
            if not more:
                return None
            self.data += more

    def until(self, wanted):
        """Reads until |wanted|(kind, flags, stream, payload) is true; returns that frame, or None at the end."""
        while (got := self.frame()) is not None:
            if wanted(*got):
                return got
        return None

    def body_of(self, stream):
        body = b""
        while True:
            got = self.frame()
            assert got is not None, "the connection ended"
            kind, flags, got_stream, payload = got
            assert kind not in (RST_STREAM, GOAWAY), got
            if got_stream == stream and kind == DATA:
                body += payload
            if got_stream == stream and kind in (DATA, HEADERS) and flags & END_STREAM:
                return body


def curl(*words, **kwargs):
    done = subprocess.run(["curl", "-sS", "-m", str(WAIT), *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, **kwargs)
    assert done.returncode == 0, f"curl {words}: {done.stderr.decode()}"
    return done.stdout


CHECKS = []


def check(function):
    CHECKS.append(function)
    return function


def programs():
    """Both builds; without the one on io_uring where the kernel refuses it, as cmpd itself would decide."""
    server = Server("front-echo")
    if server.ready:
        server.stop()
        return ("front-echo", "front-echo-epoll")
    atexit.register(print, "SKIPPED: the front on io_uring, which is refused here:", server.log())
    return ("front-echo-epoll",)


def main():
    wanted = sys.argv[1:]
    failed = 0
    for program in programs():
        for function in CHECKS:
            if wanted and function.__name__ not in wanted:
                continue
            begin = time.monotonic()
            try:
                function(program)
                verdict = "ok"
            except Exception as error:  # every check shall run
                verdict = f"FAILED: {type(error).__name__}: {error}"
                failed += 1
                traceback.print_exc()
            print(f"{program}: {function.__name__}: {verdict} ({time.monotonic() - begin:.1f} s)", flush=True)
    sys.exit(1 if failed else 0)
