"""What a recording of tools/lab/listen tells: how far the browser was from the native viewer, steadily and after each change."""
import analysis

WINDOW, STEP = 0.2, 0.05                            # seconds; for what happens right after a change
FOLLOW = 12.0
SETTLED_AFTER = 10.0                                # "within 10 ms after 10 s"
CHANGES = ("play", "resume", "seek 72.5", "join")


def evaluate(run):
    a, rig = run.a, run.rig
    rate, sounds = rig.rate, rig.recording()
    native, browser = sounds
    end = min(run.ended, len(native) / rate - 0.3)
    limit_us = a.limit_p95_ms * 1e3
    result = {"of": run.title, "origin": run.origin, "is_secure_context": run.is_secure, "gateway": run.gateway,
              "page_says_error_us": run.shown_us, "page_figures": run.figures, "page_errors": run.browser.said, "recorded_s": round(end, 3), "events": [], "silences": []}
    steady, everything = [], []
    for number, (at, name) in enumerate(run.events):
        event = {"name": name, "at_s": round(at, 2)}
        result["events"].append(event)
        if name not in CHANGES:
            continue
        following = min([t for t, _ in run.events[number + 1:]] + [end])
        points = analysis.offsets(native, browser, rate, at, min(following, at + FOLLOW), WINDOW, STEP)
        sounds_at = analysis.first_sound(browser, rate, at)
        settled = analysis.settled(points, limit_us, hold=min(3.0, following - at - 1))
        event["sounds_after_s"] = sounds_at and round(sounds_at - at, 2)
        event["in_sync_after_s"] = None if settled is None else round(settled + WINDOW - at, 2)
        first = [(t, v) for t, v in points if v is not None][:20]
        event["first_second"] = analysis.summary([v for _, v in first])
        line = analysis.offsets(native, browser, rate, at + 2, following - 0.2, 1.0, 0.5)
        everything += line
        event["from_10_s"] = analysis.summary([v for t, v in line if t >= at + SETTLED_AFTER])
        steady += [v for t, v in line if t >= at + SETTLED_AFTER]
        # What nobody asked for: from when it has settled to the next change.
        result["silences"] += [{"at_s": round(t, 2), "ms": round(length * 1e3, 1)} for t, length in
                               analysis.silences(browser, rate, max(sounds_at or at, at + 1), following - 0.2)]
    result["steady"] = analysis.summary(steady)
    result["steady_and_settling"] = analysis.summary([v for _, v in everything])
    result["misses"] = misses(a, result)
    if a.plot:
        analysis.plot(a.plot, [("browser", everything)], run.events, "The browser against a native viewer")
    return result


def misses(a, result):
    out = []
    steady = result["steady"]
    if steady is None or steady["unmatched"]:
        out.append("nothing matched" if steady is None else f"{steady['unmatched']} windows do not match")
    elif steady["p95_us"] > a.limit_p95_ms * 1e3:
        out.append(f"p95 {steady['p95_us'] / 1e3:.2f} ms > {a.limit_p95_ms:g}")
    for event in result["events"]:
        if event["name"] not in CHANGES:
            continue
        settle = event["in_sync_after_s"]
        if settle is None or settle > a.limit_settle_s:
            out.append(f"in sync after {event['name']}: {'never' if settle is None else f'{settle} s'} > {a.limit_settle_s:g}")
        if event["name"] == "join" and (event["sounds_after_s"] is None or event["sounds_after_s"] > a.limit_start_s):
            out.append(f"sound after the click: {event['sounds_after_s']} s > {a.limit_start_s:g}")
    if result["silences"]:
        out.append(f"{len(result['silences'])} unexpected silences")
    if result["is_secure_context"]:
        out.append("the page was a secure context")
    return out


def words(summary):
    if summary is None:
        return "nothing matched"
    unmatched = f", {summary['unmatched']} unmatched" if summary["unmatched"] else ""
    return (f"median {summary['median_us'] / 1e3:.2f}, p95 {summary['p95_us'] / 1e3:.2f}, max {summary['max_us'] / 1e3:.2f} ms, "
            f"mean {summary['mean_signed_us'] / 1e3:+.2f} ({summary['windows']} windows{unmatched})")


def tell(result):
    print(f"page from {result['origin']}, isSecureContext {str(result['is_secure_context']).lower()}, track from {result['gateway']}")
    print(f"browser against native viewer, from 10 s after each change: {words(result['steady'])}")
    print(f"                               from 2 s after each change:  {words(result['steady_and_settling'])}")
    for event in result["events"]:
        if event["name"] not in CHANGES:
            print(f"  {event['name']:<10} at {event['at_s']} s")
            continue
        settle = "never" if event["in_sync_after_s"] is None else f"after {event['in_sync_after_s']} s"
        print(f"  {event['name']:<10} sounds after {event['sounds_after_s']} s; in sync {settle}; first second {words(event['first_second'])}")
    gaps = ", ".join(f"{gap['ms']:g} ms at {gap['at_s']:g} s" for gap in result["silences"][:8]) or "none"
    print(f"unexpected silences: {gaps}; the page's own figure at the end: {result['page_says_error_us']} us")
    if result["page_errors"]:
        print("the page's errors: " + "; ".join(result["page_errors"][:5]))
    print("within the limits" if not result["misses"] else "beyond the limits:\n  " + "\n  ".join(result["misses"]))
