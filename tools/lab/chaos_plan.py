"""What happens in a seed: a schedule that depends on the seed, the length and who is there, and on nothing else."""
import dataclasses
import random

# Kind, how often as against the others, and for how long, s. `part` cuts two machines off from each other, `cut` one from all.
SERVER = [("kill", 4, 0.2, 4.0), ("drain", 2, 0.2, 2.0), ("freeze", 3, 0.5, 5.0), ("cut", 3, 0.5, 5.0), ("part", 3, 0.5, 6.0)]
DATABASE = [("kill", 3, 0.3, 5.0), ("freeze", 2, 0.5, 4.0), ("cut", 2, 0.5, 4.0)]
PEER = [("kill", 4, 0.2, 4.0), ("freeze", 2, 0.3, 3.0), ("cut", 3, 0.5, 5.0), ("part", 2, 0.5, 6.0)]
COMMANDS = ["seek 0:{:02d}", "seek 0:{:02d}", "pause"]


@dataclasses.dataclass(frozen=True)
class Event:
    at: float           # s after the start of the chaos
    kind: str
    target: str
    seconds: float      # how long it lasts
    detail: object = None

    def __str__(self):
        what = f" ({self.detail})" if self.detail else ""
        return f"{self.at:5.1f} s  {self.kind} {self.target}{what}" + (f" for {self.seconds:.1f} s" if self.seconds else "")


def draw(dice, kinds):
    return dice.choices(kinds, [weight for _, weight, _, _ in kinds])[0]


def plan(seed, seconds, servers, database, viewers, has_machines):
    """The events, in order; every one is over by the end. `owner` is whichever server has the room then. The first viewer is never killed and never frozen: somebody stays."""
    dice = random.Random(f"{seed} {seconds} {servers} {viewers}")
    groups = [(servers, SERVER, 4), (["host"], PEER, 2), (viewers, PEER, 4)] + ([(["database"], DATABASE, 2)] if database else [])
    events, busy, at = [], {}, 0.3
    everyone = [*servers, *(["database"] if database else []), "host", *viewers]
    while at < seconds - 1:
        if dice.random() < 0.08:
            events.append(Event(at, "type", "host", 0, dice.choice(COMMANDS).format(dice.randrange(50))))
        else:
            names, kinds, _ = dice.choices(groups, [weight for *_, weight in groups])[0]
            target = dice.choice([*names, "owner", "owner"] if names is servers and len(servers) > 1 else names)
            kind, _, least, most = draw(dice, kinds)
            length = dice.uniform(least, most)
            other = dice.choice([n for n in everyone if n != target])
            spoils = dice.random() < 0.6
            if not has_machines and kind in ("cut", "part"):
                kind = "freeze"
            if target == viewers[0] and kind in ("kill", "freeze"):
                kind = "cut" if has_machines else None
            length = min(length, seconds - at)
            if kind and busy.get(target, 0) <= at:
                busy[target] = at + length + 0.5
                detail = other if kind == "part" else "spoil its chunks" if kind == "kill" and target in viewers and spoils else None
                events.append(Event(at, kind, target, length, detail))
        at += 0.15 + dice.expovariate(1 / 0.45)
    # Sizes of small disks: who has one, and how many bytes.
    small = {viewers[-1]: dice.randrange(300_000, 3_000_000)} if has_machines and len(viewers) > 1 and dice.random() < 0.5 else {}
    return events, small
