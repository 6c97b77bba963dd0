"""The attacks themselves. Each says what came of it: a line for people, and whether it was refused as it must be."""
import asyncio
import hashlib
import os
import resource
import socket
import ssl
import subprocess
import time

from wire import WebSocket, frame, hello, proof, read_frame, read_hello

SOURCE = "127.0.0.66"       # attackers come from an address of their own; 127.0.0.1 is the machine's own and has no limits
TRAVERSALS = ["/../../etc/passwd", "/assets/../../etc/passwd", "/assets/..%2f..%2fetc%2fpasswd", "/assets/%2e%2e/%2e%2e/etc/passwd", "/assets//etc/passwd",
              "/room/..%2f..", "/room/%00", "/api/link/..%2f..", "/api/qr/%2e%2e", "/track/../../../etc/passwd", "/track/..%2f..%2fetc%2fpasswd",
              "/track/" + "0" * 64 + "/../../etc/passwd", "/track/" + "g" * 64, "/beside/../../etc/passwd", "/beside/..%2f..%2fetc%2fpasswd",
              "/assets/C:/Windows/win.ini", "/assets/....//....//etc/passwd", "/ws/../../etc/passwd", "/seed/../../etc/passwd"]


async def http(port, path, headers=(), method="GET", source=SOURCE):
    """A request with the path as it is; status line and everything that came."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(source, 0))
    lines = [f"{method} {path} HTTP/1.1", f"Host: 127.0.0.1:{port}", "Connection: close", *headers]
    writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
    try:
        async with asyncio.timeout(10):
            data = await reader.read(1 << 20)
    except (ConnectionError, TimeoutError):
        data = b""
    writer.close()
    head = data.split(b"\r\n", 1)[0].decode("latin-1")
    return int(head.split(" ")[1]) if head.startswith("HTTP/") else 0, data


async def ends(reader, seconds):
    """Whether the other side closes within a time."""
    try:
        async with asyncio.timeout(seconds):
            while await reader.read(65536):
                pass
        return True
    except ConnectionError:
        return True
    except TimeoutError:
        return False


async def oversize(w):
    big = await WebSocket.connect(w.port, source=SOURCE)
    big.frame(b'{"type":"HELLO","name":"' + b"x" * 70_000 + b'"}')
    first = await big.last_error()
    huge = await WebSocket.connect(w.port, source=SOURCE)
    huge.raw(b"\x81\xff" + (1 << 40).to_bytes(8, "big") + b"abcd" + b"x" * 200_000)
    second = await huge.last_error()
    reader, writer = await asyncio.open_connection("127.0.0.1", w.peer_port, local_addr=(SOURCE, 0))
    writer.write(b"\x7f\xff\xff\xff\x03")
    cut = await ends(reader, 8)
    status, _ = await http(w.port, "/" + "a" * 100_000)
    return f"70 KB: {first}, a terabyte: {second}, a frame of 2 GB: {'cut off' if cut else 'BORNE'}, a path of 100 KB: {status}", (
        first == second == "too_large" and cut and status in (0, 400, 414, 431))


async def slowloris(w):
    """Headers, TLS hellos and frames that never end, a byte now and then."""
    async def drip(port, start):
        reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(SOURCE, 0))
        writer.write(start)
        closed = asyncio.create_task(ends(reader, 25))
        while not closed.done():
            try:
                writer.write(b"x")
                await writer.drain()
            except (ConnectionError, OSError):
                break
            await asyncio.wait([closed], timeout=1)
        return await closed
    began = time.monotonic()
    cut = await asyncio.gather(*(drip(w.port, b"GET /ws/jam HTTP/1.1\r\nHost: x\r\nX-A: ") for _ in range(150)),
                               *(drip(w.peer_port, b"\x00\x00\x02\x51\x03SWARMJAM") for _ in range(150)))
    return f"{sum(cut)} of {len(cut)} cut off within {time.monotonic() - began:.0f} s", all(cut)


async def half_open(w, count):
    """So many connections that say nothing, to the server and then to the peer port; honest newcomers come in meanwhile."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = count + 2000
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, wanted)), hard))
    if hard < wanted:
        return f"this machine lets a process have {hard} files: --half-open {hard - 2000} at most", False
    loop = asyncio.get_running_loop()
    # From two addresses: each has its share, and no more.
    async def one(port, i):
        s = socket.socket()
        s.setblocking(False)
        s.bind((f"127.0.0.{66 + i % 2}", 0))
        try:
            async with asyncio.timeout(20):
                await loop.sock_connect(s, ("127.0.0.1", port))
        except (OSError, TimeoutError):
            s.close()
            return None
        return s
    honest, opened, standing = [], 0, 0
    for port in (w.port, w.peer_port):
        held = []
        for at in range(0, count, 200):
            held += [s for s in await asyncio.gather(*(one(port, i) for i in range(at, min(at + 200, count)))) if s]
            if at % 2000 == 0:
                honest.append(await newcomer(w))
        honest.append(await newcomer(w))
        standing = max(standing, len(os.listdir(f"/proc/{w.host_pid}/fd")))
        opened += len(held)
        for s in held:
            s.close()
    slowest = max(seconds for _, seconds in honest)
    return (f"{opened} opened, the host held {standing} descriptors; honest newcomers let in meanwhile: {sum(ok for ok, _ in honest)} of {len(honest)}, "
            f"the slowest in {slowest * 1e3:.0f} ms"), all(ok for ok, _ in honest) and slowest < 5 and opened >= 1.9 * count and standing < 6000


async def newcomer(w):
    """Somebody honest, from the machine's own address: is let into the room, and is told by the peer where it is; and how long that took."""
    began = time.monotonic()
    guest = await WebSocket.connect(w.port)
    guest.send("HELLO", name="honest", password=w.password)
    is_in = await guest.until("WELCOME") is not None
    guest.send("BYE")
    reader, writer = await asyncio.open_connection("127.0.0.1", w.peer_port)
    writer.write(frame(1))
    async with asyncio.timeout(10):
        kind, _ = await read_frame(reader)
    writer.close()
    return is_in and kind == 2, time.monotonic() - began


async def forged(w):
    """Tokens that are made up, or public: of a member, of the host, of an invite."""
    codes = []
    for claim in ({"peer_id": w.host_id, "resume_token": "0" * 48}, {"peer_id": w.host_id, "resume_token": w.host_token_hash}, {"invite": "f" * 48},
                  {"role": "host", "host_token": "e" * 48}, {"password": w.password_hash}):
        s = await WebSocket.connect(w.port, source=SOURCE)
        s.send("HELLO", name="mallory", **claim)
        codes.append(await s.last_error())
    member = await WebSocket.connect(w.port, source=SOURCE)
    member.send("HELLO", name="mallory", password=w.password)
    await member.until("SNAPSHOT")
    for kind, payload in (("SET_ROLE", {"role": "host", "host_token": "e" * 48}), ("INVITE", {}), ("DOOR", {"is_locked": False})):
        member.send(kind, **payload)
        codes.append((await member.until("ERROR"))["code"])
    member.send("BYE")
    return ", ".join(codes), codes == ["password_needed", "password_needed", "bad_invite", "password_needed", "wrong_password", "host_taken", "not_host", "not_host"]


async def replayed(w):
    """What an honest member has said to a peer is said again, byte for byte."""
    nonce = os.urandom(32)
    reader, writer = await asyncio.open_connection("127.0.0.1", w.peer_port, local_addr=(SOURCE, 0))
    first = hello(w.member_id, nonce=nonce)
    writer.write(first)
    _, theirs = await read_frame(reader)
    listener, their_nonce = read_hello(theirs)
    second = frame(4, proof(w.secret, w.member_id, listener, nonce, their_nonce))
    writer.write(second)
    kind, _ = await read_frame(reader)
    writer.close()
    reader, writer = await asyncio.open_connection("127.0.0.1", w.peer_port, local_addr=(SOURCE, 0))
    writer.write(first + second)
    await read_frame(reader)
    again, why = await read_frame(reader)
    writer.close()
    twice = await WebSocket.connect(w.port, source=SOURCE)
    for _ in range(2):
        twice.send("HELLO", name="twice", password=w.password)
    code = (await twice.until("ERROR"))["code"]
    twice.send("BYE")
    return f"the original: {'let in' if kind == 4 else 'REFUSED'}; again: {why[1:].decode() if again == 21 else f'frame {again}'}; HELLO twice: {code}", (
        kind == 4 and again == 21 and code == "hello_again")


async def paths(w):
    told = [(path, *await http(w.port, path)) for path in TRAVERSALS]
    open_ = [path for path, status, data in told if status == 200 or b"root:" in data]
    _, page = await http(w.port, "/room/jam")
    is_guarded = b"content-security-policy: default-src 'none'" in page.lower()
    locked, _ = await http(w.port, "/track/")
    return f"{len(told)} paths, {len(open_)} answered; the page's policy {'stands' if is_guarded else 'IS MISSING'}; tracks without the pass: {locked}", (
        not open_ and is_guarded and locked == 403)


async def foreign_pages(w):
    """A page of another site, or of another name for this machine, tries to speak for its visitor."""
    told = []
    for origin in ("https://evil.example", "http://127.0.0.1:1", "null", f"http://127.0.0.1:{w.port}.evil.example"):
        try:
            (await WebSocket.connect(w.port, source=SOURCE, headers=[f"Origin: {origin}"])).close()
            told.append("LET IN")
        except ConnectionError as refused:
            told.append(str(refused).split(" ")[1])
    told.append(str((await http(w.port, "/api/rooms", ["Sec-Fetch-Site: cross-site"]))[0]))
    return ", ".join(told), set(told) == {"403"}


async def names(w):
    """Markup, control characters and turned text in names: they travel as text, cleaned, and the lobby tells nothing of a locked room."""
    name = "<img src=x onerror=alert(1)>\u202e\x07</script>"
    s = await WebSocket.connect(w.port, source=SOURCE)
    s.send("HELLO", name=name, password=w.password)
    welcome = await s.until("WELCOME")
    s.send("PEERS")
    peers = await s.until("PEERS")
    shown = next(m["name"] for m in peers["members"] if m["peer_id"] == welcome["peer_id"])
    s.send("BYE")
    _, lobby = await http(w.port, "/api/rooms")
    bad_room, _ = await http(w.port, "/ws/%3Cscript%3E")
    return f"shown as {shown!r}; in the lobby: {'IT IS' if b'onerror' in lobby else 'not'}; such a room: {bad_room}", (
        "\u202e" not in shown and "\x07" not in shown and b"onerror" not in lobby and b"application/json" in lobby and bad_room == 400)


async def guesses(w):
    codes = []
    for i in range(100):
        s = await WebSocket.connect(w.port, source="127.0.0.77")
        s.send("HELLO", name="guess", password=f"password{i}")
        codes.append(await s.last_error())
    wrong = codes.count("wrong_password")
    return f"{wrong} looked at, {codes.count('too_many_attempts')} not even that", wrong <= 40 and wrong + codes.count("too_many_attempts") == 100


async def flood(w):
    """A member that says too much, and one that does not read."""
    loud = await WebSocket.connect(w.port, source=SOURCE)
    loud.send("HELLO", name="loud", password=w.password)
    await loud.until("SNAPSHOT")
    for _ in range(3000):
        loud.send("STATS", rtt_us=1)
    code = await loud.last_error()
    return f"3000 messages at once: {code}", code == "rate"


async def wrong_key(w):
    """The room is encrypted by now. A member speaks plainly; another speaks TLS with a key of its own making, as somebody that the room knows."""
    reader, writer = await asyncio.open_connection("127.0.0.1", w.peer_port, local_addr=(SOURCE, 0))
    writer.write(hello(w.member_id))
    kind, why = await read_frame(reader)
    plain = why[1:].decode() if kind == 21 else f"frame {kind}"
    writer.close()
    cert = os.path.join(w.folder, "mallory.pem")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=mallory", "-days", "2",
                    "-keyout", cert + ".key", "-out", cert], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode, context.minimum_version = False, ssl.CERT_NONE, ssl.TLSVersion.TLSv1_3
    context.load_cert_chain(cert, cert + ".key")
    with open(cert, encoding="ascii") as file:
        der = ssl.PEM_cert_to_DER_cert(file.read())
    reader, writer = await asyncio.open_connection("127.0.0.1", w.peer_port, local_addr=(SOURCE, 0), ssl=context)
    writer.write(hello(w.viewer_id, fingerprint=hashlib.sha256(der).digest()))
    kind, why = await read_frame(reader)
    tls = why[1:].decode() if kind == 21 else f"frame {kind}"
    writer.close()
    return f"plainly: {plain}; with a key of its own: {tls}", "encrypted" in plain and "its key is not the one" in tls


TOUR = [("oversize", oversize), ("slowloris", slowloris), ("half-open", half_open), ("forged tokens", forged), ("replayed HELLOs", replayed),
        ("path tricks", paths), ("foreign pages", foreign_pages), ("HTML in names", names), ("wrong passwords", guesses), ("flood", flood),
        ("a wrong key", wrong_key)]


def attack(name, world, count):
    """One of them, in a process of its own: what measures the room must not wait for what attacks it."""
    one = dict(TOUR)[name]
    try:
        return asyncio.run(one(world, count) if one is half_open else one(world))
    except (ConnectionError, TimeoutError, OSError, asyncio.IncompleteReadError, TypeError) as problem:
        return f"it went wrong: {problem!r}", False
