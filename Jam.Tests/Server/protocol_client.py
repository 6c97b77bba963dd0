"""A member of a room, by hand: what every_message.py says and hears with."""
import asyncio
import json

import websockets

SAID, HEARD, CODES = set(), set(), set()


class Wrong(Exception):
    pass


def check(condition, words, *what):
    if not condition:
        raise Wrong(f"{words}: {what}")


class Client:
    """A member of a room; messages that nobody asked for are kept until somebody looks for them."""

    def __init__(self, socket):
        self.socket, self.kept = socket, []

    async def say(self, kind, **fields):
        SAID.add(kind)
        await self.socket.send(json.dumps({"type": kind, "payload": fields}))

    async def flat(self, kind, **fields):
        SAID.add(kind)
        await self.socket.send(json.dumps({"type": kind, **fields}))

    async def take(self):
        message = json.loads(await asyncio.wait_for(self.socket.recv(), 10))
        HEARD.add(message["type"])
        if message["type"] == "ERROR":
            CODES.add(message["payload"]["code"])
        return message

    async def until(self, kind, where=lambda p: True):
        """The next message of a kind, and of a content; others stay for later."""
        for i, message in enumerate(self.kept):
            if message["type"] == kind and where(message["payload"]):
                return self.kept.pop(i)["payload"]
        while True:
            message = await self.take()
            if message["type"] == kind and where(message["payload"]):
                return message["payload"]
            self.kept.append(message)

    async def refused(self, code, kind, **fields):
        await self.say(kind, **fields)
        error = await self.until("ERROR")
        check(error["code"] == code, f"{kind} {fields} should be refused with {code}", error)
        check(isinstance(error["message"], str) and error["message"], "an error has words", error)
        return error

    async def quiet(self):
        """Everything that was sent to this client so far is here, and forgotten."""
        await self.say("PING", nonce=77)
        await self.until("PONG", lambda p: p["nonce"] == 77)
        kept, self.kept = self.kept, []
        return [m["type"] for m in kept]


async def join(base, room, role="viewer", **fields):
    client = Client(await websockets.connect(f"{base}/{room}", max_size=2 ** 20))
    await client.say("HELLO", role=role, **fields)
    kinds = [await client.take() for _ in range(3)]
    check([m["type"] for m in kinds] == ["STATE", "WELCOME", "SNAPSHOT"], "HELLO is answered by STATE, WELCOME, SNAPSHOT", kinds)
    client.state, client.me, client.snapshot = (m["payload"] for m in kinds)
    client.id = client.me["peer_id"]
    return client


async def ends(client):
    """The last error of a connection that the server ends, and the code that it ends with."""
    last = None
    try:
        while True:
            message = await client.take()
            last = message["payload"]["code"] if message["type"] == "ERROR" else last
    except websockets.ConnectionClosed as e:
        return last, e.rcvd.code if e.rcvd else None
