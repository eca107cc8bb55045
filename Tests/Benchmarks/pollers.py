"""Clients that ask over HTTP and wait, many at once in one thread: enough to see whether each gets all there is, and not fast
enough to measure a server by."""

import resource
import select
import socket
import time


class Crowd:
    """Connections that stay, each with a request under way or none. `answered(number, status, head, body)` is called for
    each answer, and may ask again."""

    def __init__(self, port, count, answered):
        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
        self.answered = answered
        self.closed = 0
        self.poller = select.epoll()
        self.sockets, self.places, self.kept = [], {}, {}
        for number in range(count):
            link = socket.create_connection(("127.0.0.1", port), 10)
            link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.sockets.append(link)
            self.places[link.fileno()] = number
            self.poller.register(link, select.EPOLLIN)

    def ask(self, number, method, path, fields=None, body=b""):
        lines = [f"{method} {path} HTTP/1.1", "Host: localhost", *(f"{name}: {value}" for name, value in (fields or {}).items())]
        if body:
            lines.append(f"Content-Length: {len(body)}")
        self.sockets[number].sendall("\r\n".join([*lines, "", ""]).encode() + body)

    def turn(self, seconds):
        """Handles what has come, or comes within so long."""
        for descriptor, _ in self.poller.poll(seconds, 1024):
            number = self.places[descriptor]
            came = self.sockets[number].recv(1 << 20)
            if not came:
                self.closed += 1
                self.poller.unregister(descriptor)
                continue
            self.kept[number] = self.kept.get(number, b"") + came
            while self.take(number):
                pass

    def take(self, number):
        """One whole answer, if there is one."""
        bytes = self.kept.get(number, b"")
        head, blank, rest = bytes.partition(b"\r\n\r\n")
        length = next((int(line[15:]) for line in head.split(b"\r\n") if line[:15].lower() == b"content-length:"), 0)
        if not blank or len(rest) < length:
            return False
        self.kept[number] = rest[length:]
        self.answered(number, int(head[9:12]), head, rest[:length])
        return True

    def turn_until(self, is_done, seconds):
        """Whether it was done within so long."""
        end = time.monotonic() + seconds
        while not is_done():
            if time.monotonic() >= end:
                return False
            self.turn(0.05)
        return True

    def close(self):
        for link in self.sockets:
            link.close()
        self.poller.close()
