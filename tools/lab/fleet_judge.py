"""What of that which a room's members were told is a jump of the music, or a command that was lost, and what a host asked for."""
from fleet_member import Room, key_of, start_of


def rank(state):
    """Which of two STATEs is the later one, whoever has the room."""
    return state["epoch"], state["revision"]


def jump(room, before, after):
    """By how much (us) the music moved for a member that came to a server, which nobody had asked for; None: there is nothing to compare.

    Before and after it was told two STATEs. In between others may have been told more, also by a server that this one never came to: so the
    music has to go on from what the member knew, or from a command that came after that. One that nobody was told of counts where its host
    did ask for it later: it was carried out and kept, and its server died before it could say so.
    """
    after_by = room.states[key_of(after)]["by"]
    if after_by is not None or not "PLAY" == before["status"] == after["status"]:
        return None
    starts = [start_of(before)] + [start_of(s) for s in room.states.values()
                                   if s["by"] is not None and s["status"] == "PLAY" and rank(before) < rank(s) < rank(after)]
    if after["position_us"] in untold(room, before):
        return None
    return min(abs(start_of(after) - start) for start in starts)


def untold(room, since):
    """Positions that the host asked for after it had asked for this one, and that no STATE told of under any command."""
    if since["position_us"] not in room.asked:
        return set()
    told = {s["position_us"] for s in room.states.values() if s["by"] is not None}
    return set(room.asked[room.asked.index(since["position_us"]) + 1:]) - told


def lost_commands(room):
    """Changes of authority after which the room went on from something older than what a member had been told."""
    by_clock = {}
    for (epoch, clock, revision), state in room.states.items():
        by_clock.setdefault(clock, []).append(((epoch, revision), state))
    eras = sorted(by_clock.values(), key=lambda states: min(s["seen_us"] for _, s in states))
    lost = []
    for before, after in zip(eras, eras[1:]):
        newest = max(before, key=lambda s: s[0])[1]
        # What the new authority said of itself, up to the first command that it was given.
        own = []
        for _, state in sorted(after, key=lambda s: s[0]):
            if state["by"] is not None and state["note"] is None:
                break
            own.append(state)
        # A command so soon after that nobody saw what it went on from proves nothing either way.
        if own and abs(start_of(own[-1]) - start_of(newest)) > 5000:
            lost.append((room.name, newest["revision"], abs(start_of(own[-1]) - start_of(newest)) / 1e6))
    return lost


def self_test():
    """Rooms that are made up; what is judged wrong, as lines."""
    second = 1_000_000

    def state(epoch, clock, revision, position, start, by=None):
        return {"epoch": epoch, "clock_id": clock, "revision": revision, "status": "PLAY", "position_us": position, "at_us": start + position,
                "by": by, "note": None if by else "restored"}

    def room(asked, *told):
        made = Room("room", [])
        made.asked = asked
        for at, s in enumerate(told):
            made.take(s)
            made.states[key_of(s)]["seen_us"] = at
        return made

    first = state(1, "a", 3, 5 * second, 0, "host")
    on = state(2, "b", 4, 5 * second, 800)
    sought = state(2, "b", 5, 900 * second, 1424 * second, "host")
    kept = state(3, "c", 6, 900 * second, 1424 * second + 700)
    back = state(3, "c", 6, 5 * second, 800)
    late = state(3, "c", 6, 5 * second, 9000)
    asked = [5 * second, 900 * second]
    cases = [
        ("the same music goes on", jump(room(asked[:1], first, on), first, on), 800),
        ("a seek between, on a server that the member never saw", jump(room(asked, first, on, sought, kept), first, kept), 700),
        ("as that, but the music is where neither has it", jump(room(asked[:1], first, on, sought, {**kept, "at_us": 0}), first, {**kept, "at_us": 0}), 900 * second),
        ("a seek that died with its server before anyone was told", jump(room(asked, first, kept), first, kept), None),
        ("the music is elsewhere, and nobody had asked", jump(room(asked[:1], first, kept), first, kept), 1424 * second + 700),
        ("an older seek comes back", jump(room(asked, first, sought, late), sought, late), 1424 * second - 9000),
        ("what was asked for is told as a command", jump(room(asked, first, sought), first, sought), None),
    ]
    wrong = [f"{what}: {found} in place of {wanted}" for what, found, wanted in cases if found != wanted]
    if lost_commands(room(asked, first, on, sought, kept)):
        wrong.append("a command that was kept is said to be lost")
    if len(lost_commands(room(asked, first, on, sought, back))) != 1:
        wrong.append("a command that was lost is not noticed")
    return wrong
