"""Opens many sockets whose frames the kernel stamps on arrival, and reads them while the server is idle.

Reads requests from standard input, one JSON object a line, and answers each with one. Between two reads no socket is
waited for, so an arrival wakes nothing: the server and the kernel have all cores while a message goes out.
"""

import json
import re
import select
import socket
import struct
import sys
import time

# Not in Python's module. With it a read returns the time at which the last bytes it read arrived.
SO_TIMESTAMPNS = 35
LONGEST_DELAY_MS = 10_000
TEXT, PING = 0x81, 0x89


class StampedSockets:
    def __init__(self):
        self.open_sockets = {}
        self.rests = {}
        self.refused = 0
        self.reset()

    def reset(self):
        self.messages = {}
        self.delays = [0] * (LONGEST_DELAY_MS + 1)

    def open(self, port, path, cookie, count, local_address):
        head = (
            f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n"
            f"Cookie: {cookie}\r\n\r\n"
        ).encode()
        read_at = time.monotonic()
        while count > 0:
            # The server closes sockets that do not answer its pings for a minute.
            if time.monotonic() - read_at > 10:
                self.read_all()
                read_at = time.monotonic()
            if self.open_one(port, head, local_address):
                count -= 1
            else:
                self.refused += 1
                time.sleep(0.5)

    def open_one(self, port, head, local_address):
        """Returns false for a temporary refusal, which an overloaded machine can cause."""
        one = socket.create_connection(("127.0.0.1", port), source_address=(local_address, 0))
        one.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        # A reset instead of TIME_WAIT, which would keep the ports from the sockets of the next round.
        one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        one.sendall(head)
        received = b""
        while b"\r\n\r\n" not in received:
            more = one.recv(4096)
            if more == b"":
                raise OSError("the server closed the connection during the handshake")
            received += more
        if received[9:12] == b"503":
            one.close()
            return False
        if received[9:12] != b"101":
            raise OSError(f"the handshake was refused with {received[9:12].decode()}")
        one.setblocking(False)
        self.open_sockets[one.fileno()] = one
        self.rests[one.fileno()] = received[received.index(b"\r\n\r\n") + 4 :]
        return True

    def read_all(self):
        for fd, one in list(self.open_sockets.items()):
            try:
                received, stamps, _, _ = one.recvmsg(65536, 64)
            except BlockingIOError:
                continue
            except OSError:
                received = b""
            if received == b"":
                del self.open_sockets[fd]
                one.close()
                continue
            [(_, _, stamp)] = stamps
            seconds, nanoseconds = struct.unpack("qq", stamp)
            self.count(fd, one, received, seconds * 1_000 + nanoseconds / 1_000_000)

    def count(self, fd, one, received, now_ms):
        """Frames that are read together get the stamp of the last one, which is never too early."""
        if self.rests[fd] != b"":
            received = self.rests[fd] + received
        at = 0
        while at + 2 <= len(received):
            length, start = received[at + 1], at + 2
            if length == 127:
                raise OSError("a frame of more than 64 KiB")
            if length == 126:
                start = at + 4
                length = int.from_bytes(received[at + 2 : start], "big")
            if start + length > len(received):
                break
            payload = received[start : start + length]
            if received[at] == TEXT:
                self.add(payload, now_ms)
            elif received[at] == PING:
                one.send(bytes([0x8A, 0x80 | length, 0, 0, 0, 0]) + payload)
            at = start + length
        self.rests[fd] = received[at:]

    def add(self, payload, now_ms):
        message = self.messages.get(payload)
        if message is None:
            found = re.search(rb'"at": ?(\d+)', payload)
            if found is None:
                return
            message = self.messages[payload] = {"at": int(found[1]), "sockets": 0, "lastMs": 0}
        message["sockets"] += 1
        message["lastMs"] = max(message["lastMs"], now_ms)
        self.delays[min(LONGEST_DELAY_MS, max(0, round(now_ms - message["at"])))] += 1


def answer(sockets, request):
    try:
        if request["name"] == "open":
            sockets.open(**request["target"])
        elif request["name"] == "reset":
            sockets.reset()
        return {
            "size": len(sockets.open_sockets),
            "refused": sockets.refused,
            "arrivals": {"messages": list(sockets.messages.values()), "delays": sockets.delays},
        }
    except OSError as error:
        return {"error": str(error)}


def seconds_to_read(interval_ms):
    """Until the next instant that is half an interval after a message."""
    now_ms = time.time_ns() / 1_000_000
    return (interval_ms - (now_ms - interval_ms / 2) % interval_ms) / 1_000


def main(interval_ms):
    sockets = StampedSockets()
    while True:
        ready, _, _ = select.select([sys.stdin], [], [], seconds_to_read(interval_ms))
        if not ready:
            sockets.read_all()
            continue
        line = sys.stdin.readline()
        if line == "":
            return
        print(json.dumps(answer(sockets, json.loads(line))), flush=True)


main(int(sys.argv[1]))
