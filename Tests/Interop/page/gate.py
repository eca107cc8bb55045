"""A gate on 127.0.0.1 through which connections go to a port there, and which can be shut: a network that fails.

    gate = Gate(8000)
    gate.shut()      # every connection is reset, and every new one
    gate.swallow()   # connections stay and carry nothing; new ones are taken and carry nothing
    gate.open()      # as before; what was swallowed is gone, with its connections
"""

import selectors
import socket
import struct
import threading

RESET = struct.pack("ii", 1, 0)  # SO_LINGER: close sends a reset


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Gate:
    def __init__(self, to):
        self._to = to
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._selector = selectors.DefaultSelector()
        self._peers = {}  # either end -> the other; None until it has said what it wants
        self._mode = "open"
        self._sockets = True
        self.upgraded = threading.Event()  # a request to become a WebSocket was let through since the last order
        self._orders = []
        self._wake, woken = socket.socketpair()
        self._lock = threading.Lock()
        for end in (self._listener, woken):
            self._selector.register(end, selectors.EVENT_READ)
        self._woken = woken
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    # From the test's thread

    def open(self, sockets=True):
        """`sockets`: whether requests to become a WebSocket are let through."""
        self._order("open", sockets, drop=self._mode == "swallow")

    def shut(self):
        self._order("shut", drop=True)

    def swallow(self):
        self._order("swallow")

    def drop(self):
        """Resets what there is; what comes is treated as before."""
        self._order(self._mode, self._sockets, drop=True)

    def close(self):
        self._order("close", drop=True)
        self._thread.join()

    def _order(self, mode, sockets=True, drop=False):
        done = threading.Event()
        with self._lock:
            self._orders.append((mode, sockets, drop, done))
        self._wake.send(b"!")
        assert done.wait(10), "the gate's thread is gone"

    # On its own thread

    def _run(self):
        while self._mode != "close":
            for key, _ in self._selector.select():
                end = key.fileobj
                if end is self._woken:
                    self._obey()
                elif end is self._listener:
                    self._accept()
                elif end in self._peers:  # or it went with another in this round
                    self._carry(end)
        self._listener.close()
        self._selector.close()

    def _obey(self):
        self._woken.recv(100)
        with self._lock:
            orders, self._orders = self._orders, []
        for mode, sockets, drop, done in orders:
            self._mode, self._sockets = mode, sockets
            self.upgraded.clear()
            while drop and self._peers:
                self._end(next(iter(self._peers)))
            done.set()

    def _accept(self):
        end, _ = self._listener.accept()
        if self._mode == "shut":
            end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            return end.close()
        self._add(end, None)

    def _add(self, end, peer):
        self._peers[end] = peer
        self._selector.register(end, selectors.EVENT_READ)

    def _carry(self, end):
        try:
            piece = end.recv(1 << 16)
            if not piece:
                return self._end(end)
            if self._mode == "swallow":
                return None
            if self._peers[end] is None:
                is_upgrade = b"upgrade: websocket" in piece.lower()
                if is_upgrade and not self._sockets:
                    return self._end(end)
                beyond = socket.create_connection(("127.0.0.1", self._to), timeout=5)
                self._peers[end] = beyond
                self._add(beyond, end)
                if is_upgrade:
                    self.upgraded.set()
            return self._peers[end].sendall(piece)
        except OSError:
            return self._end(end)

    def _end(self, end):
        for each in (end, self._peers.pop(end, None)):
            if each is None:
                continue
            self._peers.pop(each, None)
            self._selector.unregister(each)
            each.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            each.close()
