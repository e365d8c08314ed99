#!/usr/bin/env python3
"""A proxy before PostgreSQL that breaks a connection at exactly one place.

    proxy.py LISTEN_PORT SERVER_PORT CONTROL

It reads the messages of both sides (protocol 3.0, without TLS). The file CONTROL says what is to be done next, once:

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

    def cut(self):
        for writer in (self.client, self.server):
            writer.transport.abort()

    async def from_client(self, reader):
        global seen
        # The first message has no type: length, version, settings.
        head = await reader.readexactly(4)
        self.server.write(head + await reader.readexactly(struct.unpack("!I", head)[0] - 4))
        while True:
            head = await reader.readexactly(5)
            body = await reader.readexactly(struct.unpack("!I", head[1:])[0] - 4)
            if head[:1] == b"E":
                seen += 1
                if orders and seen == orders[0][1]:
                    what = orders[0][0]
                    if what == "statement":
                        self.cut()
                        done()
                        return
                    self.mute, self.cut_at_sync = True, what == "answer"
            self.server.write(head + body)
            if head[:1] == b"S" and self.mute and not self.cut_at_sync:
                done()
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
