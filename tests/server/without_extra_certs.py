"""without_extra_certs.py PORT TARGET: a proxy on PORT of this machine that takes extraCerts out of every PKIMessage and
hands it on to the server at port TARGET. extraCerts is not protected: so OpenSSL stands in for clients that send none."""
import http.client
import http.server
import sys


def element(octets, at):
    """Where the content of the element at |at| begins, and where it ends."""
    length, begin = octets[at + 1], at + 2
    if length & 0x80:
        begin += length & 0x7F
        length = int.from_bytes(octets[at + 2 : begin], "big")
    return begin, begin + length


def without(message):
    """Header, body and protection come before it, and no body stands first."""
    at, end = element(message, 0)
    parts = []
    while at < end:
        following = element(message, at)[1]
        parts.append(message[at:following])
        at = following
    return der(b"".join(parts[:3]))


def der(content):
    size = len(content).to_bytes((len(content).bit_length() + 7) // 8, "big")
    return b"\x30" + (size if len(content) < 0x80 else bytes([0x80 | len(size)]) + size) + content


class Proxy(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_POST(self):
        message = self.rfile.read(int(self.headers["Content-Length"]))
        server = http.client.HTTPConnection("127.0.0.1", int(sys.argv[2]))
        server.request("POST", self.path, without(message), {"Content-Type": "application/pkixcmp"})
        answer = server.getresponse()
        body = answer.read()
        self.send_response(answer.status)
        self.send_header("Content-Type", "application/pkixcmp")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Proxy).serve_forever()
