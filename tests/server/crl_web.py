# A vendor's web server, as good and as bad as they come: crl_web.py PORT FOLDER. Prints each request.
import http.server, os, sys, time

folder = sys.argv[2]


class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, form, *args):
        print(self.path, flush=True)

    def answer(self, status, body=b"", **fields):
        self.send_response(status)
        for name, value in fields.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def without_end(self, chunk, seconds):
        self.send_response(200)
        self.end_headers()
        try:
            while True:
                self.wfile.write(chunk)
                time.sleep(seconds)
        except OSError:
            pass

    def do_GET(self):
        path = os.path.join(folder, os.path.basename(self.path))
        if self.path.startswith("/crl/") and os.path.exists(path):
            self.answer(200, open(path, "rb").read())
        elif self.path == "/round":
            self.answer(302, Location="/round")
        elif self.path == "/long":
            self.without_end(bytes(1 << 20), 0)
        elif self.path == "/slow":
            self.without_end(b"0", 1)
        elif self.path == "/empty":
            self.answer(200)
        else:
            self.answer(404, b"not here\n")


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True


Server(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
