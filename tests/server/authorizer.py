"""A server that is asked before certificates are issued: authorizer.py FOLDER tls|plain|unix

It answers as FOLDER/answer says when a question comes: "sleep N", "close", "half", "status N", "long", or else the text itself. Each
question goes into FOLDER/questions, a line of JSON, with what its headers were worth. FOLDER/port tells where it listens."""
import hashlib, hmac, http.server, json, os, socketserver, ssl, sys, time

folder, kind = sys.argv[1:]
key = bytes.fromhex(open(f"{folder}/key").read().strip())


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def address_string(self):
        return "somebody"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        question = json.loads(body)
        signed = "hmac-sha256=" + hmac.new(key, body, hashlib.sha256).hexdigest()
        question["signature_is_right"] = hmac.compare_digest(self.headers["Cmpd-Signature"], signed)
        question["idempotency_key"] = self.headers["Idempotency-Key"]
        with open(f"{folder}/questions", "a") as out:
            out.write(json.dumps(question) + "\n")
        answer = open(f"{folder}/answer").read().strip()
        word, _, value = answer.partition(" ")
        if word == "sleep":
            time.sleep(float(value))
            answer = '{"decision":"allow"}'
        elif word == "close":
            self.close_connection = True
            self.connection.shutdown(2)
            return
        elif word == "half":
            self.send_response(200)
            self.send_header("Content-Length", "100")
            self.end_headers()
            self.wfile.write(b'{"decision":')
            self.close_connection = True
            return
        elif word == "long":
            answer = '{"decision":"allow"}' + " " * 20000
        octets = answer.encode()
        self.send_response(int(value) if word == "status" else 200)
        if word == "status":
            self.send_header("Location", "http://127.0.0.1:1/")
        self.send_header("Content-Length", str(len(octets)))
        self.end_headers()
        self.wfile.write(octets)


class Unix(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True

    def get_request(self):
        request, _ = super().get_request()
        return request, ("local", 0)


if kind == "unix":
    server = Unix(f"{folder}/socket", Handler)
else:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if kind == "tls":
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(f"{folder}/server.pem", f"{folder}/server.key")
        server.socket = context.wrap_socket(server.socket, server_side=True)
with open(f"{folder}/port.new", "w") as out:
    out.write("0" if kind == "unix" else str(server.server_port))
os.rename(f"{folder}/port.new", f"{folder}/port")
server.serve_forever()
