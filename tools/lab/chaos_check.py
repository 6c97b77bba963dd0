"""The invariants. Pure: what was gathered goes in, what is broken comes out, as sentences."""
DRY_US = 1_500_000          # below that much track ahead, silence may come of want
JUMP_US = 20_000            # how far a position may be from where it was going
TOGETHER_US = 30_000        # how far apart two may say that they are
SILENT_S = 1.5              # a peer that reports four times a second and says nothing for so long stood still
SETTLE_S = 3.0              # how long a peer's clock is only rough
OBEYED_S = 4                # how long a command has a hand in the playing


def rank(state):
    """Orders records as members do: the higher epoch, of equal ones the clock that is lower as text, then the revision."""
    return state["epoch"], tuple(-ord(c) for c in state["clock_id"]), state["revision"]


def monotone(seen):
    """What an observer was sent, in the order in which it came."""
    broken, by_key, last = [], {}, None
    for at, state in seen:
        key = rank(state)
        what = state["status"], state["track_id"], state["at_us"], state["position_us"]
        if last is not None and key < rank(last):
            broken.append(f"monotone: epoch {state['epoch']} revision {state['revision']} of {state['clock_id'][:8]} came after "
                          f"epoch {last['epoch']} revision {last['revision']} of {last['clock_id'][:8]} (at {at:.1f} s)")
        elif by_key.setdefault(key, what) != what:
            broken.append(f"monotone: two records are epoch {state['epoch']} revision {state['revision']} of {state['clock_id'][:8]} (at {at:.1f} s)")
        last = state
    return broken


def owners(seen, of_fleet):
    """Two servers of a fleet never have a room under one epoch: the database counts it."""
    by_epoch = {}
    for _, state in seen:
        if state["clock_id"] in of_fleet:
            by_epoch.setdefault(state["epoch"], set()).add(state["clock_id"][:8])
    return [f"one owner: epoch {epoch} was had by {' and '.join(sorted(clocks))}" for epoch, clocks in by_epoch.items() if len(clocks) > 1]


def one_owner(words, row, lives, state, ids):
    """`words`: server -> (epoch, authority); `ids`: server -> its own id; `row`: owner and epoch by the database; `lives`: ids of servers with a lease; `state`: the observer's."""
    # A fleet sends whoever asks to its owner, and only that one knows of a peer that has the room since.
    by_owner = {ids.get(name): word for name, word in words.items()}
    words = {name: word and (by_owner.get(word[1]) or word) for name, word in words.items()}
    broken = [f"one owner: server {name} does not say where the room is" for name, word in words.items() if word is None]
    said = {word for word in words.values() if word}
    if len(said) > 1:
        broken.append("one owner: " + ", ".join(f"{name} says {w[1][:8]} with epoch {w[0]}" for name, w in words.items() if w))
    if state is None:
        return [*broken, "one state: the observer is nowhere"]
    mine = state["epoch"], state["clock_id"]
    if said and said != {mine}:
        broken.append(f"one owner: the observer is told epoch {mine[0]} by {mine[1][:8]}, the servers say {sorted(said)[0][1][:8]} with epoch {sorted(said)[0][0]}")
    if row is not None and mine[1] in lives and (row[1], row[0]) != mine:
        broken.append(f"one owner: the database says {row[0][:8]} with epoch {row[1]}, the observer {mine[1][:8]} with {mine[0]}")
    return broken


def one_state(reports, state, members, now):
    """`reports`: peer -> (s, its report) or None; `state`: what the observer was told last; `now`: s on the machine's monotonic clock."""
    broken = []
    for name, found in reports.items():
        if found is None or now - found[0] > SILENT_S:
            broken.append(f"one state: {name} says nothing")
            continue
        at, report = found
        playback = report["playback"]
        if not report["server_connected"]:
            broken.append(f"one state: {name} has no server")
            continue
        if report["members_in_room"] != members:
            broken.append(f"one state: {name} sees {report['members_in_room']} members, and there are {members}")
        track = report["track"] and report["track"]["track_id"]
        if (playback["status"], track) != (state["status"], state["track_id"]):
            broken.append(f"one state: {name} is at {playback['status']} of {track and track[:8]}, the room at {state['status']} of {state['track_id'] and state['track_id'][:8]}")
        elif state["status"] == "PLAY" and not playback["sounding"]:
            broken.append(f"one state: {name} is silent, its track {report['track']['chunks_have']}/{report['track']['chunks']}")
    # All clocks are this machine's, so where the track began is the same number for all who agree.
    told = {name: (r["playback"]["status"], r["playback"]["position_us"] - (r["at_us"] if r["playback"]["status"] == "PLAY" else 0))
            for name, (_, r) in ((n, f) for n, f in reports.items() if f)}
    for name, (status, start) in told.items():
        first, (_, reference) = next((n, t) for n, t in told.items() if t[0] == status)
        if abs(start - reference) > TOGETHER_US:
            broken.append(f"one state: {name} is {(start - reference) / 1e3:+.0f} ms from {first}")
    return broken


def incomplete(reports):
    return [f"complete: {name} has {found[1]['track']['chunks_have']} of {found[1]['track']['chunks']} chunks"
            for name, found in reports.items() if found and found[1]["track"] and found[1]["track"]["chunks_have"] < found[1]["track"]["chunks"]]


def identical(hashes, right):
    """`hashes`: file -> SHA-256."""
    return [f"bit-identical: {path} is {found[:8]} and not {right[:8]}" for path, found in hashes.items() if found != right]


def within(windows, since, until, before=0.0, after=0.0):
    return any(begin - before <= until and since <= end + after for begin, end in windows)


def learnt_late(told, life, cuts, at, report):
    """Whether a peer is now where a command put the room while it was out of touch: it learns that when it is back, however late."""
    start = report["at_us"] - report["playback"]["position_us"]
    return any(when < at and abs(start - line) <= JUMP_US
               and (within(cuts, when, at) or any(when <= t < at and not r["server_connected"] for t, r in life)) for when, line in told)


def gaps(name, lives, own, cuts, sources, commands, starved, told, waited):
    """What a peer's reports tell of its playing. Times in s, windows as (from, to): `own`: it was stopped; `cuts`: it was cut off; `sources`: someone
    who has chunks was away; `commands`: the room may have been told to do something else; `starved`: this machine did not keep up; `told`: when the
    room was commanded to play, and since when the track would have been playing so, us; `waited`: its sound thread waited for a processor."""
    broken = []
    for life in lives:
        last, learnt = None, []
        for at, report in life:
            before, last = last, (at, report)
            if before is None:
                continue
            since, old, new = before[0], before[1]["playback"], report["playback"]
            if within(own, since, at, 0.3, 4) or within(starved, since, at, 0.5, 2):
                continue
            # One that only just begins may be busy with that.
            if at - since > SILENT_S and old["sounding"] and since - life[0][0] > SETTLE_S:
                broken.append(f"no gap: {name} stood still for {at - since:.1f} s")
            if not (old["status"] == new["status"] == "PLAY") or not old["sounding"] or within(commands + learnt, since, at, 0.5, 0):
                continue
            jump = new["position_us"] - old["position_us"] - (report["at_us"] - before[1]["at_us"])
            if abs(jump) > JUMP_US and learnt_late(told, life, cuts, at, report):
                learnt.append((at, at + OBEYED_S))
                continue
            if not new["sounding"] and new["output_lead_us"] <= 0 and within(waited, since, at):
                # Nothing was ready to be heard, whatever there was of the track: the thread that gets it ready did not run.
                continue
            if not new["sounding"] or new["underruns"] > old["underruns"]:
                if old["buffer_us"] >= DRY_US or not within(cuts + sources, since, at, 0, 8):
                    broken.append(f"no gap: {name} fell silent at {at:.1f} s with {old['buffer_us'] / 1e6:.1f} s of the track ahead")
                continue
            if abs(jump) > JUMP_US and at - life[0][0] > SETTLE_S:
                broken.append(f"no gap: {name} jumped by {jump / 1e3:+.0f} ms at {at:.1f} s")
    return broken
