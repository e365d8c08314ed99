"""TLS 1.2 and 1.3, ALPN, client certificates, and what goes wrong before a request."""
import atexit
import os
import shutil
import socket
import ssl
import subprocess
import tempfile

from harness import CMP, WAIT, Http1, check, curl, main, post, serving

FOLDER = tempfile.mkdtemp(prefix="front-tls-")
atexit.register(shutil.rmtree, FOLDER)


def at(name):
    return os.path.join(FOLDER, name)


def openssl(*words):
    subprocess.run(["openssl", *words], cwd=FOLDER, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                   timeout=WAIT)


def certificate(name, issuer=None):
    """A P-256 key and certificate: self-signed, or issued by |issuer|."""
    new = ["req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", name + ".key",
           "-subj", f"/CN={name}"]
    if issuer is None:
        openssl(*new, "-x509", "-out", name + ".pem")
        return
    openssl(*new, "-out", name + ".csr")
    with open(at("ext"), "w", encoding="ascii") as ext:
        ext.write("subjectAltName=IP:127.0.0.1,DNS:localhost\n")
    openssl("x509", "-req", "-in", name + ".csr", "-CA", issuer + ".pem", "-CAkey", issuer + ".key", "-CAcreateserial",
            "-extfile", "ext", "-out", name + ".pem")


for args in (("root",), ("server", "root"), ("client", "root"), ("stranger",)):
    certificate(*args)
TLS = {"certificate": at("server.pem"), "key": at("server.key")}
LISTEN = "127.0.0.1:0,tls"


def url(server):
    return f"https://127.0.0.1:{server.port}/.well-known/cmp"


def context(version=None, alpn=None, cert=None):
    made = ssl.create_default_context(cafile=at("root.pem"))
    if version is not None:
        made.minimum_version = made.maximum_version = version
    if alpn:
        made.set_alpn_protocols(alpn)
    if cert:
        made.load_cert_chain(at(cert + ".pem"), at(cert + ".key"))
    return made


def ask(server, body=b"abc", **kwargs):
    """One request over TLS; returns (version, ALPN protocol, body)."""
    with context(**kwargs).wrap_socket(server.connect(), server_hostname="localhost") as sock:
        reply = Http1(sock).ask(post(body))
        return sock.version(), sock.selected_alpn_protocol(), reply.body


@check
def versions_and_alpn(program):
    with serving(program, LISTEN, **TLS) as server:
        assert ask(server, version=ssl.TLSVersion.TLSv1_2, alpn=["http/1.1"]) == ("TLSv1.2", "http/1.1", b"abc")
        assert ask(server, version=ssl.TLSVersion.TLSv1_3, alpn=["http/1.1"]) == ("TLSv1.3", "http/1.1", b"abc")
        assert ask(server) == ("TLSv1.3", None, b"abc")
        assert ask(server, alpn=["unheard-of"]) == ("TLSv1.3", None, b"abc")
        body = bytes(range(256)) * 200  # several records, several buffers
        assert ask(server, body=body)[2] == body
        for version, expected in (("--http1.1", b"abc1.1"), ("--http2", b"abc2")):
            for tls in ("1.2", "1.3"):
                out = curl("--cacert", at("root.pem"), version, "--tlsv" + tls, "--tls-max", tls, "-w", "%{http_version}", "-H",
                           f"Content-Type: {CMP}", "-d", "abc", url(server))
                assert out == expected, (version, tls, out)
        old = context()
        old.set_ciphers("DEFAULT@SECLEVEL=0")
        old.minimum_version, old.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
        try:
            with old.wrap_socket(server.connect(), server_hostname="localhost"):
                raise AssertionError("TLS 1.1 was accepted")
        except ssl.SSLError:
            pass


@check
def resumption_and_keep_alive(program):
    with serving(program, LISTEN, threads=2, **TLS) as server:
        made = context(version=ssl.TLSVersion.TLSv1_2)
        session = None
        for _ in range(4):
            with made.wrap_socket(server.connect(), server_hostname="localhost", session=session) as sock:
                http = Http1(sock)
                for i in range(10):
                    assert http.ask(post(b"%d" % i)).body == b"%d" % i
                assert session is None or sock.session_reused
                session = sock.session


@check
def client_certificates(program):
    optional = dict(TLS, client_ca=at("root.pem"))
    with serving(program, LISTEN, **optional) as server:
        assert ask(server)[2] == b"abc"
        assert ask(server, cert="client")[2] == b"abc"
        assert not answered(server, "stranger")
    with serving(program, LISTEN, client_required=1, **optional) as server:
        assert answered(server, "client")
        assert not answered(server, None)
        assert not answered(server, "stranger")


def answered(server, cert):
    try:
        return ask(server, cert=cert)[2] == b"abc"
    except (ssl.SSLError, ConnectionError, EOFError):
        return False


@check
def plain_and_tls_together(program):
    with serving(program, "127.0.0.1:0", LISTEN, **TLS) as server:
        with server.connect(0) as sock:
            assert Http1(sock).ask(post(b"plain")).body == b"plain"
        made = context()
        with made.wrap_socket(server.connect(1), server_hostname="localhost") as sock:
            assert Http1(sock).ask(post(b"tls")).body == b"tls"


@check
def broken_handshakes(program):
    with serving(program, LISTEN, read_seconds=1, **TLS) as server:
        for junk in (b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\xff\xff" + bytes(100), b"\x00", b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00"):
            with server.connect() as sock:
                sock.sendall(junk)
                sock.shutdown(socket.SHUT_WR)
                while sock.recv(1000):
                    pass
        with server.connect() as sock:  # says nothing: closed after read_seconds
            assert sock.recv(1000) == b""
        assert ask(server)[2] == b"abc"


@check
def faults(program):
    for changed, expected in (({"key": at("client.key")}, "listeners[0].tls.key"),
                              ({"key": at("missing.key")}, "No such file"),
                              ({"certificate": at("server.key")}, "certificate"),
                              ({"client_ca": at("server.key")}, "client_ca")):
        settings = [f"{k}={v}" for k, v in dict(TLS, **changed).items()]
        done = subprocess.run([os.path.join(os.environ["CMPD_TESTS"], program), LISTEN, *settings], stderr=subprocess.PIPE,
                              check=False, timeout=WAIT)
        text = done.stderr.decode()
        assert done.returncode == 1 and "fault: " in text, text
        assert expected in text or os.path.basename(list(changed.values())[0]) in text, text
    os.chmod(at("client.key"), 0o644)
    done = subprocess.run([os.path.join(os.environ["CMPD_TESTS"], program), LISTEN, f"certificate={at('client.pem')}",
                           f"key={at('client.key')}"], stderr=subprocess.PIPE, check=False, timeout=WAIT)
    os.chmod(at("client.key"), 0o600)
    assert b"chmod 600" in done.stderr, done.stderr


main()
