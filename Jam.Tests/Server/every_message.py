#!/usr/bin/python3
"""Goes through every message of the control protocol by hand, with Debian's python3-websockets, and checks the answers.

  every_message.py ws://HOST:PORT/ws      uses rooms of its own there; ends with exit code 1 and a line where an answer is not what
                                          PROTOCOL.md says
"""
import asyncio
import json
import os
import sys

import websockets

from protocol_client import CODES, HEARD, SAID, Client, Wrong, check, ends, join

A, B = "aa" * 32, "bb" * 32
ROOM = f"by-hand-{os.getpid()}"


async def membership(base):
    host = await join(base, ROOM, "host", name="ana")
    check(set(host.state) >= {"track_id", "status", "offset_sec", "timestamp", "epoch", "revision", "clock_id", "at_us", "position_us"}, "STATE", host.state)
    check(list(host.state)[:4] == ["track_id", "status", "offset_sec", "timestamp"] and host.state["status"] == "PAUSE", "STATE begins so", host.state)
    check(host.me["role"] == "host" and host.me["policy"] == {"control": "host", "queue": "host", "on_host_loss": "promote", "is_listed": True}, "WELCOME", host.me)
    check(set(host.snapshot["room"]) == {"state", "policy", "policy_revision", "repeat", "is_shuffled", "next_track_id", "queue_revision", "tempo", "loop"},
          "SNAPSHOT", host.snapshot)
    bo = await join(base, ROOM, "host", name="ana", peer_id="brought-along", listen=["192.0.2.7:9003"])
    check((await bo.until("ERROR"))["code"] == "host_taken" and bo.me["role"] == "viewer", "a second host is a viewer")
    joined = (await host.until("PEER_JOINED"))["member"]
    check((joined["name"], joined["peer_id"], joined["addresses"]) == ("ana (2)", "brought-along", ["192.0.2.7:9003"]), "PEER_JOINED", joined)
    stats = await host.until("ROOM_STATS", lambda p: p["members"] == 2)
    check((stats["hosts"], stats["viewers"]) == (1, 1), "ROOM_STATS", stats)
    copy = await join(base, ROOM, peer_id="brought-along")
    check(copy.id != "brought-along", "an id of another needs its token", copy.id)
    await copy.say("BYE")
    left = await host.until("PEER_LEFT")
    check((left["peer_id"], left["reason"]) == (copy.id, "bye"), "PEER_LEFT", left)
    await bo.refused("host_taken", "SET_ROLE", role="host")
    await bo.refused("not_host", "SET_ROLE", role="host", peer_id=host.id)
    await host.refused("unknown_peer", "SET_ROLE", role="host", peer_id="nobody")
    await host.say("SET_ROLE", role="host", peer_id=bo.id)
    await bo.until("PEER_JOINED", lambda p: p["member"]["peer_id"] == bo.id and p["member"]["role"] == "host")
    await host.refused("not_host", "PAUSE")
    await bo.say("SET_ROLE", role="viewer")
    await host.until("PEER_JOINED", lambda p: p["member"]["peer_id"] == bo.id and p["member"]["role"] == "viewer")
    await host.say("SET_ROLE", role="host")
    await bo.until("PEER_JOINED", lambda p: p["member"]["peer_id"] == host.id and p["member"]["role"] == "host")
    await host.flat("PEERS")
    peers = await host.until("PEERS")
    check([m["peer_id"] for m in peers["members"]] == [host.id, bo.id] and peers["pages"] == 1, "PEERS", peers)
    back = await join(base, ROOM, peer_id=bo.id, resume_token=bo.me["resume_token"])
    check((back.id, back.me["join_seq"]) == (bo.id, bo.me["join_seq"]), "who brings the token is itself again", back.me)
    check((await bo.until("ERROR"))["code"] == "replaced", "and the old connection ends")
    return host, back


async def house_rules(host, bo):
    for kind, fields in (("POLICY", {"control": "everyone"}), ("KICK", {"peer_id": host.id}), ("MUTE", {"peer_id": host.id})):
        await bo.refused("not_host", kind, **fields)
    await host.say("MUTE", peer_id=bo.id)
    await bo.until("PEER_JOINED", lambda p: p["member"]["is_muted"])
    await host.say("POLICY", control="everyone", on_host_loss="free")
    policy = await bo.until("POLICY")
    check(policy["policy"] == {"control": "everyone", "queue": "host", "on_host_loss": "free", "is_listed": True} and policy["by"] == host.id, "POLICY", policy)
    for kind, fields in (("PAUSE", {}), ("BLOB", {"data": 1}), ("LOOP_UPDATE", {"steps": [None] * 16}), ("TAP", {})):
        await bo.refused("muted", kind, **fields)
    await host.say("MUTE", peer_id=bo.id, is_muted=False)
    await bo.until("PEER_JOINED", lambda p: not p["member"]["is_muted"])
    await host.refused("unknown_peer", "MUTE", peer_id="nobody")
    await host.refused("bad_field", "MUTE", peer_id=host.id)


def at(state):
    return {k: state[k] for k in ("epoch", "revision")}


async def playback(host, bo):
    await host.say("SET_TRACK", track_id=A, name="a.mp3", length_bytes=100, chunk_size_bytes=10, duration_us=60_000_000)
    state = await bo.until("STATE")
    check((state["track_id"], state["status"], state["position_us"], state["by"]) == (A, "PAUSE", 0, host.id), "SET_TRACK", state)
    await bo.say("PLAY", offset_sec=12.5)
    played = await host.until("STATE", lambda p: p["status"] == "PLAY")
    check((played["offset_sec"], played["position_us"], played["by"]) == (12.5, 12_500_000, bo.id), "PLAY", played)
    check(played["revision"] == state["revision"] + 1, "each change is one more", played)
    for kind, fields in (("SEEK", {"position_us": 1}), ("PLAY", {"position_us": 1}), ("STOP", {}), ("PLAY", {"offset_sec": 20.0})):
        await host.say(kind, **fields)
        played = await bo.until("STATE", lambda p: p["revision"] == played["revision"] + 1)
    await bo.quiet()
    error = await bo.refused("stale", "SEEK", position_us=5, **at(state))
    check(not error["close"], "stale does not close", error)
    check((await bo.until("STATE"))["revision"] == played["revision"], "STATE follows stale")
    await host.quiet()
    await bo.say("PAUSE", **at(state))
    paused = await host.until("STATE", lambda p: p["status"] == "PAUSE")
    check(paused["revision"] == played["revision"] + 1, "PAUSE makes sense whatever came before", paused)
    await bo.quiet()
    await bo.say("PAUSE")
    check((await bo.until("STATE"))["revision"] == paused["revision"], "PAUSE again changes nothing")
    await bo.say("READY", track_id=A, is_ready=False)
    await host.quiet()
    await host.say("PLAY")
    stats = await host.until("ROOM_STATS", lambda p: p["waiting_for"])
    check(stats["waiting_for"] == [bo.id], "ROOM_STATS names whom PLAY waits for", stats)
    await bo.say("READY", track_id=A, is_ready=True)
    await bo.until("STATE", lambda p: p["status"] == "PLAY")
    await host.say("STOP")
    stopped = await bo.until("STATE", lambda p: p["status"] == "STOP")
    check(stopped["position_us"] == 0, "STOP", stopped)


async def playlist(host, bo):
    for track, name in ((A, "a.mp3"), (B, "b.mp3")):
        await host.say("QUEUE", action="add", track={"track_id": track, "name": name, "length_bytes": 100, "chunk_size_bytes": 10, "duration_us": 60_000_000})
        queue = await bo.until("QUEUE")
    check([t["track_id"] for t in queue["tracks"]] == [A, B] and queue["next_track_id"] == B, "QUEUE add", queue)
    for fields, test in (({"action": "repeat", "repeat": "all"}, lambda q: q["repeat"] == "all"),
                         ({"action": "shuffle", "is_on": True}, lambda q: q["is_shuffled"]),
                         ({"action": "shuffle", "is_on": False}, lambda q: not q["is_shuffled"]),
                         ({"action": "move", "track_id": B, "place": 0}, lambda q: q["tracks"][0]["track_id"] == B),
                         ({"action": "move", "track_id": B, "place": 1}, lambda q: q["tracks"][1]["track_id"] == B)):
        await host.say("QUEUE", **fields)
        now = await bo.until("QUEUE")
        check(test(now) and now["revision"] > queue["revision"], f"QUEUE {fields}", now)
        queue = now
    await host.say("QUEUE", action="next")
    await bo.until("STATE", lambda p: p["track_id"] == B and p["position_us"] == 0)
    await host.say("QUEUE", action="previous")
    await bo.until("STATE", lambda p: p["track_id"] == A)
    await host.say("QUEUE", action="repeat", repeat="off")
    await host.say("QUEUE", action="remove", track_id=B)
    await host.refused("no_next", "QUEUE", action="next")
    await host.refused("unknown_track", "QUEUE", action="remove", track_id=B)
    await host.refused("unknown_track", "QUEUE", action="move", track_id=B, place=0)
    await host.refused("bad_field", "QUEUE", action="dance")


async def beat_and_loop(host, bo):
    await host.say("SET_TEMPO", bpm=90.5, beats_per_bar=3)
    tempo = (await bo.until("TEMPO"))["tempo"]
    check((tempo["bpm"], tempo["beats_per_bar"], tempo["is_clicking"]) == (90.5, 3, False), "SET_TEMPO", tempo)
    await host.say("SET_TEMPO", bpm=120, origin_us=tempo["at_us"])
    laid = (await bo.until("TEMPO"))["tempo"]
    check((laid["revision"], laid["bpm"]) == (tempo["revision"] + 1, 120), "SET_TEMPO with an origin", laid)
    for bpm in (19.9, 401, "fast"):
        await host.refused("bad_field", "SET_TEMPO", bpm=bpm)
    await host.say("METRONOME", is_on=True, count_in_bars=1)
    clicking = (await bo.until("TEMPO"))["tempo"]
    check(clicking["is_clicking"] and clicking["count_in_bars"] == 1, "METRONOME", clicking)
    await host.say("SYNC_REQUEST", t1_us=5)
    sync = await host.until("SYNC_RESPONSE")
    check(sync["t1_us"] == 5 and sync["t2_us"] <= sync["t3_us"] and sync["tempo"]["bpm"] == 120 and sync["status"] in ("PAUSE", "STOP"), "SYNC_RESPONSE", sync)
    check(set(sync["revisions"]) == {"epoch", "state", "policy", "queue", "tempo", "loop"}, "SYNC_RESPONSE tells what is newest", sync)
    await host.say("CLOCK_PORT")
    port = await host.until("CLOCK_PORT")
    check(set(port) in ({"port", "ticket", "key"}, set()), "CLOCK_PORT", port)
    await host.say("SYNC_REQUEST", t1_us=6, is_brief=True)
    brief = await host.until("SYNC_RESPONSE")
    check(set(brief) == {"t1_us", "t2_us", "t3_us", "clock_id"}, "a brief SYNC_RESPONSE", brief)
    for tap in range(4):
        await host.say("TAP", at_us=sync["t3_us"] - 1_500_000 + tap * 400_000)
    tapped = (await bo.until("TEMPO"))["tempo"]
    check(abs(tapped["bpm"] - 150) < 0.01, "four taps 0.4 s apart are 150 bpm", tapped)
    await host.say("PLAY", offset_sec=0)
    counted = await bo.until("STATE", lambda p: p["status"] == "PLAY")
    check(abs(counted["count_in_us"] - 1_200_000) < 10, "a bar of three beats is counted in", counted)
    await host.say("STOP")
    await host.say("LOOP", is_on=True, steps=8, beats=2)
    shape = (await bo.until("LOOP_STATE"))["loop"]
    check((shape["is_on"], shape["steps"], shape["beats"]) == (True, 8, 2), "LOOP", shape)
    await bo.quiet()
    await bo.say("LOOP_UPDATE", steps=[{"pitch": 60, "velocity": 90}, {"sample": "kick"}] + [None] * 6)
    ack = await bo.until("LOOP_ACK")
    told = await host.until("LOOP_STATE", lambda p: p["lane"] is not None)
    check(ack["revision"] == told["loop"]["revision"] == shape["revision"] + 1, "one revision for all", ack, told)
    check(ack["effective_cycle"] == told["lane"]["effective_cycle"] and told["lane"]["peer_id"] == bo.id, "one cycle for all", ack, told)
    check("LOOP_STATE" not in await bo.quiet(), "the sender gets the acknowledgement alone")
    await host.refused("not_your_lane", "LOOP_UPDATE", steps=[None] * 8, peer_id=bo.id)
    await bo.refused("bad_field", "LOOP_UPDATE", steps=[None] * 7)
    await bo.refused("bad_field", "LOOP_UPDATE", steps=[{"pitch": 128}] + [None] * 7)
    await bo.say("SNAPSHOT")
    pages = [await bo.until("SNAPSHOT")]
    while len(pages) < pages[0]["pages"]:
        pages.append(await bo.until("SNAPSHOT"))
    check([lane["peer_id"] for page in pages for lane in page["lanes"] or []] == [bo.id], "SNAPSHOT has the lanes", pages)


async def the_rest(host, bo):
    await bo.say("SCROLL", every_ms=50)
    ticks = [await bo.until("SCROLL_TICK") for _ in range(5)]
    slots = [t["at_us"] // 50_000 for t in ticks]
    check(slots == sorted(set(slots)) and ticks[-1]["status"] == "STOP", "SCROLL_TICK", ticks)
    await bo.say("SCROLL", every_ms=0)
    await bo.refused("bad_field", "SCROLL", every_ms=70)
    await bo.say("BLOB", data={"port": 9003}, to=host.id)
    blob = await host.until("BLOB")
    check(blob == {"from": bo.id, "data": {"port": 9003}, "is_private": True}, "BLOB", blob)
    await bo.refused("unknown_peer", "BLOB", data=1, to="nobody")
    await bo.refused("bad_field", "BLOB", data="x" * 5000)
    for _ in range(30):
        await bo.say("BLOB", data=1)
    check((await bo.until("ERROR"))["code"] == "blob_rate", "too many BLOBs")
    await bo.say("STATS", rtt_us=2500, output_lead_us=40_000, jitter_us=300, loss=0.01, clock_error_us=12.5)
    stats = await host.until("ROOM_STATS", lambda p: p["quality"])
    check(stats["worst_rtt_us"] == 2500 and stats["quality"][0]["stats"]["clock_error_us"] == 12.5, "STATS are shown to everyone", stats)
    await bo.say("PING", nonce=-3)
    check((await bo.until("PONG"))["nonce"] == -3, "PONG")


async def swarm_picture(base, host):
    trader = await join(base, ROOM, name="cy", listen=["192.0.2.8:9003"])
    await host.say("WATCH")
    watched = await trader.until("WATCHED", lambda p: p["is_on"])
    check(set(watched) == {"is_on", "every_ms", "round"} and watched["every_ms"] >= 500, "WATCHED", watched)
    report = {"track_id": A, "chunks": 10, "round": watched["round"], "is_first": True, "sources": [host.id], "runs": [0, 3, 0, 2, 1, 1],
              "links": [{"peer_id": host.id, "down_rate": 1000, "up_rate": 0, "rtt_us": 900}], "stats": {"rtt_us": 2500}, "age_us": 7}
    await trader.say("SWARM", **report)
    told = await host.until("SWARM")
    check(told["peer_id"] == trader.id and told["report"]["runs"] == report["runs"] and told["report"]["sources"] == [host.id], "SWARM", told)
    await host.say("WATCH", is_on=False)
    await trader.until("WATCHED", lambda p: not p["is_on"])
    await trader.say("BYE")


async def door(base):
    room = f"{ROOM}-locked"
    host = await join(base, room, "host", password="open sesame")
    check(len(host.me["host_token"]) == 48 and host.me["door"]["is_locked"] and host.me["door"]["has_password"], "WELCOME of a locked room", host.me)

    async def knock(**fields):
        stranger = Client(await websockets.connect(f"{base}/{room}"))
        await stranger.say("HELLO", **fields)
        return await ends(stranger)
    check(await knock() == ("password_needed", 1008), "who knows nothing stays out")
    check(await knock(password="open") == ("wrong_password", 1008), "a wrong password")
    check(await knock(invite="f" * 48) == ("bad_invite", 1008), "an invite that is none")
    bo = await join(base, room, password="open sesame")
    check("host_token" not in bo.me and "seal" not in bo.me["door"], "a page is told no hashes", bo.me)
    await bo.refused("not_host", "INVITE")
    await host.say("INVITE", uses=1, seconds=60)
    invite = await host.until("INVITED")
    check(set(invite) == {"id", "token", "until_unix_sec", "uses"}, "INVITED", invite)
    guest = await join(base, room, invite=invite["token"], listen=["192.0.2.9:9003"])
    check(guest.me["door"]["seal"]["invites"][0]["uses_left"] == 0, "who may take the room over is told the hashes", guest.me)
    check(await knock(invite=invite["token"]) == ("bad_invite", 1008), "an invite that is used up")
    await host.say("DOOR", is_locked=False)
    opened = await bo.until("DOOR", lambda p: not p["is_locked"])
    check(not opened["has_password"], "DOOR", opened)
    back = await join(base, room, "host", host_token=host.me["host_token"])
    check(back.me["role"] == "host", "the host's token takes the place", back.me)
    await bo.quiet()
    await back.say("DOOR", password="another")
    await bo.until("DOOR", lambda p: p["is_locked"])
    codes = [(await knock(password=f"guess {i}"))[0] for i in range(24)]
    check(codes[0] == "wrong_password" and codes[-1] == "too_many_attempts", "guesses in a row", codes)


async def wrong_words(base, host, bo):
    stranger = Client(await websockets.connect(f"{base}/{ROOM}"))
    await stranger.refused("hello_first", "PLAY")
    await stranger.say("SYNC_REQUEST", t1_us=1)
    check((await stranger.until("SYNC_RESPONSE"))["tempo"] is None, "before HELLO the clock alone")
    await stranger.say("RENDEZVOUS", epoch=1, authority_id="ffffffff-ffff-ffff-ffff-ffffffffffff", urls=[])
    here = await stranger.until("RENDEZVOUS")
    check((here["authority_id"], here["urls"]) == (bo.state["clock_id"], []) and here["members"] >= 2, "RENDEZVOUS: the room is here", here)
    for text, code in (("{", "bad_json"), ("[]", "bad_json"), ('{"type":5}', "bad_field"), ('{"type":"DANCE"}', "unknown_type"),
                       ('{"type":"PLAY","payload":7}', "bad_field"), ("[" * 40 + "]" * 40, "bad_json"), ('{"type":"HELLO","role":"king"}', "bad_field")):
        await stranger.socket.send(text)
        error = await stranger.until("ERROR")
        check(error["code"] == code, f"{text} is {code}", error)
    await stranger.socket.send(b"\xff\xfe")
    check((await stranger.until("ERROR"))["code"] == "bad_json", "bytes that are no text")
    await bo.quiet()
    await bo.refused("hello_again", "HELLO")
    for _ in range(12):
        await stranger.socket.send(os.urandom(20))
    check(await ends(stranger) == ("too_many_errors", 1008), "who talks nonsense is cut off")
    large = await join(base, ROOM)
    await large.socket.send(json.dumps({"type": "PING", "pad": "x" * 70_000}))
    check(await ends(large) == ("too_large", 1008), "who sends too large a message is cut off")
    many = await join(base, ROOM)
    for _ in range(1200):
        # Without an answer: else whoever reads none is too slow a reader first.
        await many.socket.send(json.dumps({"type": "READY", "track_id": A, "is_ready": True}))
    end = await ends(many)
    check(end == ("rate", 1008), "who sends too many messages is cut off", end)
    await host.say("KICK", peer_id=bo.id)
    check(await ends(bo) == ("kicked", 1008), "KICK")
    again = Client(await websockets.connect(f"{base}/{ROOM}"))
    await again.say("HELLO", peer_id=bo.id, resume_token=bo.me["resume_token"])
    check(await ends(again) == ("kicked", 1008), "who was kicked stays out")
    await host.refused("unknown_peer", "KICK", peer_id=bo.id)
    await host.say("BYE")
    check((await ends(host))[1] == 1000, "BYE ends in good order")


async def main(base):
    host, bo = await membership(base)
    await house_rules(host, bo)
    await playback(host, bo)
    await playlist(host, bo)
    await beat_and_loop(host, bo)
    await the_rest(host, bo)
    await swarm_picture(base, host)
    await door(base)
    await wrong_words(base, host, bo)
    print(json.dumps({"said": sorted(SAID), "heard": sorted(HEARD), "codes": sorted(CODES)}))


try:
    asyncio.run(main(sys.argv[1].rstrip("/")))
except Wrong as wrong:
    sys.exit(f"not as PROTOCOL.md says: {wrong}")
