"""What a run's recording tells: offsets of every pair, what came after each change, what lies beyond the limits."""
import itertools
import statistics

import analysis

LIMIT_US = 1000                                     # what counts as in sync
SHIFT_US = 5000                                     # how far the end of host or server may move what is heard
DEVICE_BACK_S = 4                                   # a peer looks for its device every two seconds, and watches its clock before it sounds
MOST_SILENT_MS = 30                                 # at a change of track, beyond what the tracks hold themselves
RATE_OF_TRACKS = 44100
WINDOW, STEP = 0.2, 0.05                            # seconds; for what happens right after a change


def evaluate(run):
    a, rig = run.a, run.rig
    rate, sounds = rig.rate, rig.recording()
    end = min(run.ended, len(sounds[0]) / rate - 0.3)
    result = {"of": run.title, "rate": rate, "outputs": rig.outputs, "recorded_s": round(end, 3), "pairs": [], "silences": [], "joins": [],
              "events": [{"name": name, "at_s": round(at, 3)} for at, name in run.events]}
    first = [analysis.first_sound(sound, rate) for sound in sounds]
    # A change disturbs until two seconds after it; a pause until two seconds after what ends it. The end of the host, or of the server, disturbs no one.
    disturbed = [(at - 0.2, at + 2) for at, name in run.events if "host" not in name and "kill" not in name and "device" not in name]
    disturbed += [(at, following + 2) for (at, name), (following, _) in zip(run.events, run.events[1:]) if name == "pause"]
    lost = [(at, at + 6 + DEVICE_BACK_S) for at, name in run.events if name == "device lost"]
    for viewer, sound, start in zip(rig.outputs, sounds, first):
        own = lost if viewer != "host" and viewer == next(v for v in rig.outputs if v != "host") else []
        result["silences"].append({"output": viewer, "gaps": [
            {"at_s": round(at, 3), "ms": round(length * 1e3, 1)}
            for at, length in analysis.silences(sound, rate, start, end)
            if not any(low <= at <= high for low, high in disturbed + own)]})
    series = []
    for (i, one), (j, other) in itertools.combinations(enumerate(rig.outputs), 2):
        begin = max(first[i], first[j])
        # Of a long run a part of the seconds tells as much.
        line = analysis.offsets(sounds[i], sounds[j], rate, begin, end, step=max(1.0, round(a.seconds / 600)))
        steady = [v for at, v in line if at >= begin + 2 and not any(low - 1 < at < high for low, high in disturbed + lost)]
        pair = {"a": one, "b": other, "first_second": first_second(short_windows(sounds, i, j, rate, begin, end), begin),
                "steady": analysis.summary(steady), "seconds": [[round(at, 2), v and round(v, 1)] for at, v in line],
                "drift_of_median_us": drift(steady) if a.seconds >= 600 else None, "after": []}
        for at, name in run.events:
            if name in ("pause", "device lost"):
                continue
            points = short_windows(sounds, i, j, rate, at, end, follow=8 if "device" in name else 4)
            pair["after"].append({"name": name, "first_second": first_second(points, at), "in_sync_after_s": settled(points, at)})
        if "host" not in (one, other):
            pair["shown"] = shown_beside([run.shown(one), run.shown(other)],
                                         [(at, v) for at, v in line if not any(low - 1 < at < high for low, high in disturbed + lost)])
        result["pairs"].append(pair)
        series.append((f"{one} - {other}", line))
        if a.join_after and other == rig.outputs[-1]:
            since = run.started[other]
            points = analysis.offsets(sounds[i], sounds[j], rate, since, min(end, since + 8), WINDOW, STEP)
            result["joins"].append({"viewer": other, "against": one, "sounds_after_s": round(first[j] - since, 2),
                                    "in_sync_after_s": settled(points, since)})
    if a.next:
        result["changes"] = changes(run, rig, sounds)
    if a.kill_host or a.kill_server or a.kill_both or a.fleet:
        result["shifts"] = [shift(run, rig, viewer, sound, start) for viewer, sound, start in zip(rig.outputs, sounds, first)]
    result["misses"] = misses(a, result)
    result["began_at_unix_s"] = rig.began_at
    if a.plot:
        marks = run.events + ([(run.started[rig.outputs[-1]], "join")] if a.join_after else [])
        analysis.plot(a.plot, series, marks, "Offset of each pair of outputs, one point a second")
    return result


def shown_beside(shown, line):
    """What two screens showed, error and uncertainty of both together, beside what was measured second by second; None without any."""
    rows = []
    for at, measured in line:
        nearest = [min((abs(t - at - 0.5), abs(error) + uncertainty) for t, error, uncertainty in of) for of in shown if of]
        if measured is not None and len(nearest) == 2 and max(gap for gap, _ in nearest) < 1.5:
            rows.append((sum(us for _, us in nearest), abs(measured)))
    if not rows:
        return None
    return {"median_us": round(statistics.median(us for us, _ in rows), 1), "least_us": round(min(us for us, _ in rows), 1),
            "measured_median_us": round(statistics.median(us for _, us in rows), 1),
            "enough": round(sum(us >= measured for us, measured in rows) / len(rows), 3), "seconds": len(rows)}


def shift(run, rig, viewer, sound, start):
    """How far an output moves against the track itself, from before the end of host or server until the next change."""
    killed = next(at for at, name in run.events if "kill" in name)
    until = next((at for at, name in run.events if at > killed and "host" not in name), run.ended) - 0.3
    track = analysis.decoded(run.tracks[0], rig.folder)
    aligned = analysis.aligned(sound, track, rig.rate, start + 2)
    line = [] if aligned is None else analysis.offsets(sound, aligned, rig.rate, start + 2, until)
    before = sorted(v for at, v in line if v is not None and at < killed - 1)
    known = [v for at, v in line if v is not None and at >= killed - 1]
    moved = max(abs(v - before[len(before) // 2]) for v in known) if before and known else None
    return {"output": viewer, "moved_us": moved and round(moved, 1), "windows": len(line), "unmatched": sum(v is None for _, v in line)}


def changes(run, rig, sounds):
    """The longest silence at each change of track, and what of it is the tracks' own: the end of the one, the beginning of the other."""
    tracks = [analysis.decoded(track, rig.folder, f"decoded{number}.wav") for number, track in enumerate(run.tracks)]
    lead = [analysis.first_sound(track, RATE_OF_TRACKS) or 0 for track in tracks]
    trail = [analysis.first_sound(track[::-1], RATE_OF_TRACKS) or 0 for track in tracks[:1]]
    own = {"the track ends": trail[0] + lead[1], "previous": lead[0], "next": lead[1]}
    return [{"name": name, "output": output, "own_ms": round(own[name] * 1e3, 1), "silent_ms": round(1e3 * max(
        (length for _, length in analysis.silences(sound, rig.rate, at, at + 4)), default=0), 1)}
        for at, name in run.events if name in own for output, sound in zip(rig.outputs, sounds)]


def settled(points, since):
    """Seconds from an instant to the end of the first window from which on all are in sync."""
    at = analysis.settled(points, LIMIT_US)
    return None if at is None else round(at + WINDOW - since, 2)


def short_windows(sounds, i, j, rate, at, end, follow=1):
    """Offsets from an instant on, in steps of 50 ms (windows of 0.2 s)."""
    return analysis.offsets(sounds[i], sounds[j], rate, at, min(end, at + follow), WINDOW, STEP)


def first_second(points, at):
    """The first second after an instant in which both sound, from the end of the last gap within its first second and a half."""
    gaps = [t for t, v in points if v is None and t <= at + 1.5]
    since = max(gaps) + STEP / 2 if gaps else at
    return analysis.summary([v for t, v in points if since <= t and t + WINDOW <= since + 1 + STEP])


def drift(values):
    """How far apart the medians of the tenths of a run lie, us."""
    known = [v for v in values if v is not None]
    size = len(known) // 10
    medians = [statistics.median(known[k * size:(k + 1) * size]) for k in range(10)] if size else [0]
    return round(max(medians) - min(medians), 1)


def misses(a, result):
    """What lies beyond the limits, in words."""
    out = []

    def most(what, value, limit, unit="us"):
        if value is None or value > limit:
            out.append(f"{what} {'never' if value is None else f'{value:g} {unit}'} > {limit:g}")

    for pair in result["pairs"]:
        name, steady, first = f"{pair['a']} - {pair['b']}", pair["steady"], pair["first_second"]
        if steady is None or steady["unmatched"] > a.limit_silences:
            out.append(f"{name}: {'all' if steady is None else steady['unmatched']} windows do not match")
        if steady:
            most(f"{name}: p95", steady["p95_us"], a.limit_p95_us)
            most(f"{name}: maximum", steady["max_us"], a.limit_max_us)
        if pair["drift_of_median_us"] is not None:
            most(f"{name}: drift of the median", pair["drift_of_median_us"], a.limit_drift_us)
        if not a.join_after:
            most(f"{name}: first second", first and first["max_us"], a.limit_first_us)
        shown = pair.get("shown")
        if shown and (shown["enough"] < a.limit_shown or shown["least_us"] <= 0):
            out.append(f"{name}: the screens show less than was measured in {100 * (1 - shown['enough']):.0f} % of the seconds")
        for after in pair["after"]:
            if "device" in after["name"]:
                most(f"{name}: in sync after {after['name']}", after["in_sync_after_s"], DEVICE_BACK_S, "s")
                continue
            if "host" not in after["name"] and "kill" not in after["name"]:
                most(f"{name}: first second after {after['name']}", after["first_second"] and after["first_second"]["max_us"], a.limit_after_us)
            most(f"{name}: in sync after {after['name']}", after["in_sync_after_s"], a.limit_settle_s, "s")
    for join in result["joins"]:
        most(f"{join['viewer']}: in sync with {join['against']} after its start", join["in_sync_after_s"], a.limit_settle_s, "s")
    for moved in result.get("shifts", []):
        most(f"{moved['output']}: moved against the track", moved["moved_us"], SHIFT_US)
    for change in result.get("changes", []):
        most(f"{change['output']}: silent at {change['name']}", round(change["silent_ms"] - change["own_ms"], 1), MOST_SILENT_MS, "ms")
    for silent in result["silences"]:
        if len(silent["gaps"]) > a.limit_silences:
            out.append(f"{silent['output']}: {len(silent['gaps'])} unexpected silences")
    return out


def words(summary):
    if summary is None:
        return "nothing matched"
    unmatched = f", {summary['unmatched']} unmatched" if summary["unmatched"] else ""
    return (f"median {summary['median_us']:.0f}, p95 {summary['p95_us']:.0f}, max {summary['max_us']:.0f} us, "
            f"mean {summary['mean_signed_us']:+.0f} ({summary['windows']} windows{unmatched})")


def tell(result):
    for pair in result["pairs"]:
        print(f"{pair['a']} - {pair['b']}")
        print(f"  first second   {words(pair['first_second'])}")
        print(f"  from then on   {words(pair['steady'])}")
        if pair.get("shown"):
            print("  on the screens {median_us:.0f} us at the median (least {least_us:.0f}) where {measured_median_us:.0f} were measured; "
                  "not less than measured in {0:.0f} % of {seconds} seconds".format(100 * pair["shown"]["enough"], **pair["shown"]))
        if pair["drift_of_median_us"] is not None:
            print(f"  medians of tenths of the run lie {pair['drift_of_median_us']} us apart")
        for after in pair["after"]:
            settle = "never" if after["in_sync_after_s"] is None else f"after {after['in_sync_after_s']} s"
            print(f"  {after['name']:<14} {words(after['first_second'])}; in sync {settle}")
    for join in result["joins"]:
        settle = "never" if join["in_sync_after_s"] is None else f"{join['in_sync_after_s']} s"
        print(f"{join['viewer']} joined: sound {join['sounds_after_s']} s after its start, in sync with {join['against']} {settle} after it")
    for moved in result.get("shifts", []):
        print(f"{moved['output']} against the track itself: moved by {moved['moved_us']} us at most when host or server went "
              f"({moved['windows']} windows, {moved['unmatched']} unmatched)")
    for change in result.get("changes", []):
        print(f"{change['output']} at {change['name']}: silent for {change['silent_ms']:g} ms ({change['own_ms']:g} of them the tracks' own)")
    for silent in result["silences"]:
        gaps = ", ".join(f"{gap['ms']:g} ms at {gap['at_s']:g} s" for gap in silent["gaps"][:8]) or "none"
        print(f"unexpected silences of {silent['output']}: {gaps}")
    print("within the limits" if not result["misses"] else "beyond the limits:\n  " + "\n  ".join(result["misses"]))


def tell_beside(results):
    """Two results, figure beside figure."""
    print("".join(f"{name:<34}" for name in ["", *(r["of"] for r in results)]))
    for number, pair in enumerate(results[0]["pairs"]):
        for what in ("first_second", "steady"):
            row = [r["pairs"][number][what] for r in results]
            print(f"{pair['a']} - {pair['b']}, {what.replace('_', ' '):<24}"
                  + "".join(f"{'nothing matched' if s is None else '{median_us:.0f} / {p95_us:.0f} / {max_us:.0f} us'.format(**s):<34}" for s in row))
    print(f"{'unexpected silences':<34}" + "".join(f"{sum(len(s['gaps']) for s in r['silences']):<34}" for r in results))
    print("(median / 95th percentile / maximum)")
