"""Both of SwarmJam's protocols by hand, for whoever means well or ill: a WebSocket (RFC 6455) and the peers' frames, on asyncio."""
import asyncio
import base64
import hashlib
import hmac
import json
import os
import struct


class WebSocket:
    """A client that sends what it is told, right or wrong."""

    def __init__(self, reader, writer):
        self.reader, self.writer = reader, writer

    @classmethod
    async def connect(cls, port, room="jam", source=None, headers=()):
        reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(source, 0) if source else None, limit=1 << 20)
        key = base64.b64encode(os.urandom(16)).decode()
        lines = [f"GET /ws/{room} HTTP/1.1", f"Host: 127.0.0.1:{port}", "Upgrade: websocket", "Connection: Upgrade",
                 f"Sec-WebSocket-Key: {key}", "Sec-WebSocket-Version: 13", *headers]
        writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
        head = await reader.readuntil(b"\r\n\r\n")
        if b" 101 " not in head.split(b"\r\n")[0]:
            writer.close()
            raise ConnectionError(head.split(b"\r\n")[0].decode())
        return cls(reader, writer)

    def raw(self, data):
        self.writer.write(data)

    def send(self, kind, **payload):
        self.frame(json.dumps({"type": kind, "payload": payload}).encode())

    def frame(self, data, code=1):
        size, mask = len(data), os.urandom(4)
        head = bytes([0x80 | code])
        head += bytes([0x80 | size]) if size < 126 else bytes([0xFE]) + struct.pack(">H", size) if size < 65536 else bytes([0xFF]) + struct.pack(">Q", size)
        whole = (size + 3) // 4
        keys = (mask * whole)[:size]
        self.writer.write(head + mask + (int.from_bytes(data, "big") ^ int.from_bytes(keys, "big")).to_bytes(size, "big"))

    async def receive(self):
        """The next message; None at the end. Pings are answered."""
        while True:
            try:
                first, second = await self.reader.readexactly(2)
                size = second & 0x7F
                if size >= 126:
                    size = int.from_bytes(await self.reader.readexactly(2 if size == 126 else 8), "big")
                data = await self.reader.readexactly(size)
            except (asyncio.IncompleteReadError, ConnectionError, OSError):
                return None
            if first & 0x0F == 9:
                self.frame(data, 10)
            elif first & 0x0F == 8:
                return None
            elif first & 0x0F in (1, 2):
                return json.loads(data)

    async def until(self, kind):
        """The next message of a kind; None at the end."""
        while (message := await self.receive()) is not None:
            if message["type"] == kind:
                return message["payload"]
        return None

    async def last_error(self, seconds=15):
        """Reads to the end; the code of the last ERROR."""
        code = None
        async with asyncio.timeout(seconds):
            while (message := await self.receive()) is not None:
                if message["type"] == "ERROR":
                    code = message["payload"]["code"]
        return code

    def close(self):
        self.writer.close()


def short(text):
    data = text.encode()
    return bytes([len(data)]) + data


def frame(kind, payload=b""):
    return struct.pack(">IB", len(payload) + 1, kind) + payload


def hello(peer_id, room="jam", nonce=None, fingerprint=bytes(32)):
    return frame(3, b"SWARMJAM" + struct.pack(">HI", 1, 7) + short(peer_id) + short(room) + struct.pack(">H", 0) + (nonce or os.urandom(32)) + fingerprint)


def proof(secret, dialer, listener, dialer_nonce, listener_nonce, room="jam"):
    """What AUTH of the dialling side holds."""
    return hmac.new(secret, b"\x01" + short(dialer) + short(listener) + b"\x20" + dialer_nonce + b"\x20" + listener_nonce + short(room), hashlib.sha256).digest()


async def read_frame(reader):
    """Type and payload; (None, b"") at the end."""
    try:
        size, kind = struct.unpack(">IB", await reader.readexactly(5))
        return kind, await reader.readexactly(size - 1)
    except (asyncio.IncompleteReadError, ConnectionError, OSError):
        return None, b""


def read_hello(payload):
    """Peer id and nonce of a HELLO."""
    at = 8 + 2 + 4
    n = payload[at]
    peer_id = payload[at + 1:at + 1 + n].decode()
    at += 1 + n
    at += 1 + payload[at] + 2
    return peer_id, payload[at:at + 32]
