"""Servers that speak no sound HTTP, on loopback."""

import socket
import threading
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Talk = Callable[[socket.socket], None]
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


@contextmanager
def raw_server(talk: Talk) -> Iterator[int]:
    """A port where `talk` gets every connection, and it is closed after."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        serving = threading.Thread(target=_serve, args=(listening, talk), daemon=True)
        serving.start()
        yield listening.getsockname()[1]


def _serve(listening: socket.socket, talk: Talk) -> None:
    while True:
        try:
            connection, _ = listening.accept()
        except OSError:
            return
        threading.Thread(target=_talk, args=(connection, talk), daemon=True).start()


def _talk(connection: socket.socket, talk: Talk) -> None:
    with connection:
        try:
            talk(connection)
        except OSError:
            return


def close_at_once(connection: socket.socket) -> None:
    """End the stream after what is said first."""
    connection.recv(65536)
    connection.shutdown(socket.SHUT_WR)
    connection.recv(65536)


def send_for_ever(connection: socket.socket) -> None:
    """Send a body of 10 GB."""
    connection.recv(65536)
    connection.sendall(HEAD + b"Content-Length: 10000000000\r\n\r\n")
    while True:
        connection.sendall(b"x" * 65536)


def send_a_bomb(connection: socket.socket) -> None:
    """Send 3 MB that unpack to 3 GB."""
    connection.recv(65536)
    connection.sendall(HEAD + b"Content-Encoding: gzip\r\nConnection: close\r\n\r\n")
    packing = zlib.compressobj(9, zlib.DEFLATED, 31)
    for _ in range(3000):
        connection.sendall(packing.compress(b"\0" * 1_000_000))
    connection.sendall(packing.flush())


def send_nested(connection: socket.socket) -> None:
    """Send JSON of 200,000 levels."""
    connection.recv(65536)
    body = b"[" * 200_000 + b"]" * 200_000
    connection.sendall(HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body)


def redirect_with_credentials(connection: socket.socket) -> None:
    connection.recv(65536)
    target = b"http://user:hunter2secret@127.0.0.1:1/x?api_key=abcdef123456"
    head = b"HTTP/1.1 302 Found\r\nLocation: " + target
    connection.sendall(head + b"\r\nContent-Length: 0\r\n\r\n")


def echo_headers(connection: socket.socket) -> None:
    """Refuse with every header that came in the message."""
    came = connection.recv(65536).decode("latin-1")
    authorization = next(line for line in came.splitlines() if line.startswith("Authorization"))
    said = authorization.partition(": ")[2].replace("Bearer ", "").replace("Basic ", "")
    body = b'{"error": {"message": "bad key ' + said.encode() + b'"}}'
    head = b"HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\n"
    connection.sendall(head + b"Content-Length: %d\r\n\r\n" % len(body) + body)
