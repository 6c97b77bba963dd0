"""As much of a WebSocket client as a thousand members on one processor can afford."""
import asyncio
import struct
import urllib.parse

# A client's frames are masked; this mask leaves the bytes as they are.
MASK = b"\0\0\0\0"


class Closed(Exception):
    """The other side is gone, or was never there."""


class Wire(asyncio.Protocol):
    """One connection; `on_text` takes every message, and `answer` waits for one of them."""

    def __init__(self, url, on_text):
        self.url, self.on_text = url, on_text
        self.transport, self.buffer, self.is_open = None, bytearray(), False
        loop = asyncio.get_running_loop()
        self.opened, self.first, self.lost = loop.create_future(), loop.create_future(), loop.create_future()

    @classmethod
    async def connect(cls, url, on_text, timeout):
        parts = urllib.parse.urlsplit(url)
        wire = cls(parts, on_text)
        loop = asyncio.get_running_loop()
        try:
            await asyncio.wait_for(loop.create_connection(lambda: wire, parts.hostname, parts.port), timeout)
            await asyncio.wait_for(asyncio.shield(wire.opened), timeout)
        except (OSError, asyncio.TimeoutError) as e:
            wire.close()
            raise Closed(str(e)) from None
        return wire

    async def answer(self):
        """The next message, which `on_text` takes, too."""
        if self.lost.done():
            raise Closed
        self.first = asyncio.get_running_loop().create_future()
        return await self.first

    def connection_made(self, transport):
        self.transport = transport
        transport.write(f"GET {self.url.path} HTTP/1.1\r\nHost: {self.url.netloc}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: c3dhcm0gamFtIGxpZ2h0IQ==\r\n\r\n".encode())

    def data_received(self, data):
        self.buffer += data
        if not self.is_open:
            end = self.buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            if b" 101 " not in self.buffer[:20]:
                self.transport.abort()
                return
            del self.buffer[:end + 4]
            self.is_open = True
            self.opened.set_result(None)
        while (message := self.frame()) is not None:
            kind, payload = message
            if kind == 9:
                self.write(10, payload)
            elif kind == 8:
                self.transport.close()
            elif kind == 1:
                self.on_text(self, payload)
                if not self.first.done():
                    self.first.set_result(payload)

    def frame(self):
        """The next whole frame of the buffer; servers do not mask."""
        if len(self.buffer) < 2:
            return None
        length, at = self.buffer[1] & 127, 2
        if length > 125:
            at = 4 if length == 126 else 10
            if len(self.buffer) < at:
                return None
            length = int.from_bytes(self.buffer[2:at], "big")
        if len(self.buffer) < at + length:
            return None
        kind, payload = self.buffer[0] & 15, bytes(self.buffer[at:at + length])
        del self.buffer[:at + length]
        return kind, payload

    def write(self, kind, payload):
        size = len(payload)
        length = struct.pack("!B", 128 | size) if size < 126 else struct.pack("!BH", 254, size)
        if not self.transport.is_closing():
            self.transport.write(bytes([128 | kind]) + length + MASK + payload)

    def say(self, text):
        self.write(1, text.encode())

    def connection_lost(self, exc):
        for future in (self.opened, self.first, self.lost):
            if not future.done():
                future.set_exception(Closed()) if future is not self.lost else future.set_result(None)
                future.exception()

    def close(self):
        if self.transport:
            self.transport.abort()
        else:
            self.connection_lost(None)
