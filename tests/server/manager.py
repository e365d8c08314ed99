"""A datagram socket in the place of a service manager's: each notification (sd_notify(3)) becomes a line, its own lines parted by
blanks."""
import socket
import sys

manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
manager.bind(sys.argv[1])
while True:
    print(manager.recv(4096).decode().replace("\n", " "), flush=True)
