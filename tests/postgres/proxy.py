#!/usr/bin/env python3
"""A proxy before PostgreSQL that breaks a connection at exactly one place.

    proxy.py LISTEN_PORT SERVER_PORT CONTROL

It reads the messages of both sides (protocol 3.0, without TLS), and takes those of the client together as far as a Sync.
What a node does by itself from time to time goes through and is not counted. The file CONTROL says what is to be done
next, once:

    statement N     the N-th Execute from now on, over all connections, is not delivered: its connection is cut
    answer N        it is delivered, with all that comes with it, and its connection is cut before any answer goes back
    hang N          it is delivered, and no answer ever goes back; the connection stays open

Several may follow each other in a line; each counts from when the one before was done. When all have been, the proxy writes
"done" into CONTROL, in place of the order. "count" there makes it write how many Executes it has seen since the last order,
"never" that no order stands.
"""
import asyncio
import os
import struct
import sys

# Statements that an enrollment never executes: a group with one of these is upkeep's, or of who makes CRLs, as is one of
# probes alone.
UPKEEP = (b"cmpd.nodes", b"cmpd.audit_seals", b"ORDER BY t.deadline", b"cmpd.leases", b"cmpd.crl", b"cmpd.deliveries", b"cmpd.renewals", b"ORDER BY issuer, position",
          b"ORDER BY issuer, serial")
PROBE = (b"SELECT seen_at FROM cmpd.service", b"UPDATE cmpd.service SET seen_at = seen_at")

listen_port, server_port, control = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
orders, seen = [], 0


def say(text):
    with open(control + ".new", "w") as file:
        file.write(text)
    os.rename(control + ".new", control)


def done():
    global seen
    orders.pop(0)
    seen = 0
    if not orders:
        say("done")


def read_order():
    global orders, seen
    try:
        words = open(control).read().split()
    except FileNotFoundError:
        return
    if not words or words[0] in ("done", "armed", "counted"):
        return
    if words[0] == "count":
        say(f"counted {seen}")
    else:
        orders = [] if words[0] == "never" else [(words[i], int(words[i + 1])) for i in range(0, len(words), 2)]
        seen = 0
        say("armed")


class Link:
    def __init__(self, client_writer, server_writer):
        self.client, self.server = client_writer, server_writer
        self.mute = self.cut_at_sync = False
        self.prepared = {}  # name: text

    def cut(self):
        for writer in (self.client, self.server):
            writer.transport.abort()

    def counts(self, group):
        texts = [self.prepared.get(body.split(b"\0")[1], b"") for kind, body in group if kind == b"B"]
        return not any(part in text for text in texts for part in UPKEEP) and not all(
            text.startswith(PROBE) for text in texts)

    def forward(self, group):
        """Returns 0 when the connection was cut."""
        global seen
        counts = self.counts(group)
        for kind, body in group:
            if kind == b"P":
                name, text = body.split(b"\0")[:2]
                self.prepared[name] = text
            if kind == b"E" and counts:
                seen += 1
                if orders and seen == orders[0][1]:
                    what = orders[0][0]
                    if what == "statement":
                        self.cut()
                        done()
                        return 0
                    self.mute, self.cut_at_sync = True, what == "answer"
            self.server.write(kind + struct.pack("!I", len(body) + 4) + body)
        if self.mute and not self.cut_at_sync:
            done()
        return 1

    async def from_client(self, reader):
        # The first message has no type: length, version, settings.
        head = await reader.readexactly(4)
        self.server.write(head + await reader.readexactly(struct.unpack("!I", head)[0] - 4))
        group = []
        while True:
            head = await reader.readexactly(5)
            group.append((head[:1], await reader.readexactly(struct.unpack("!I", head[1:])[0] - 4)))
            # A Sync ends a group; a simple query, a password and the end stand alone.
            if head[:1] in b"SQpX":
                if not self.forward(group):
                    return
                group = []
                await self.server.drain()

    async def from_server(self, reader):
        while True:
            head = await reader.readexactly(5)
            body = await reader.readexactly(struct.unpack("!I", head[1:])[0] - 4)
            if not self.mute:
                self.client.write(head + body)
                await self.client.drain()
            elif head[:1] == b"Z" and self.cut_at_sync:
                # All that was delivered has been done: now it can be seen that nobody was told.
                self.cut()
                done()
                return


async def serve(client_reader, client_writer):
    try:
        server_reader, server_writer = await asyncio.open_connection("127.0.0.1", server_port)
    except OSError:
        client_writer.transport.abort()
        return
    link = Link(client_writer, server_writer)
    tasks = [asyncio.create_task(link.from_client(client_reader)),
             asyncio.create_task(link.from_server(server_reader))]
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    link.cut()


async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", listen_port)
    async with server:
        while True:
            read_order()
            await asyncio.sleep(0.005)


asyncio.run(main())
