"""Whether a series of samples grows: its slope, how sure that is, and what that means."""
import math
import random
import statistics

BLOCKS = 12
# Student's t, two-sided 95 %, for BLOCKS - 2 degrees of freedom.
T = 2.228


def trend(points, floor=False):
    """Slope per hour and the half width of its 95 % interval, of [(seconds, value)]; None where there is too little.

    Neighbouring samples say much the same, since memory goes up and down with every collection: so what counts is a dozen blocks of time,
    each with its median, or with its lowest value (`floor`) where what is left after a collection is of interest.
    """
    points = [(at, value) for at, value in points if value is not None]
    if len(points) < 3 * BLOCKS:
        return None
    start, end = points[0][0], points[-1][0]
    blocks = [[] for _ in range(BLOCKS)]
    for at, value in points:
        blocks[min(BLOCKS - 1, int(BLOCKS * (at - start) / (end - start)))].append((at, value))
    if not all(blocks):
        return None
    x = [statistics.mean(at for at, _ in block) / 3600 for block in blocks]
    y = [(min if floor else statistics.median)(value for _, value in block) for block in blocks]
    mx, my = statistics.mean(x), statistics.mean(y)
    sxx = sum((a - mx) ** 2 for a in x)
    slope = sum((a - mx) * (b - my) for a, b in zip(x, y)) / sxx
    left = sum((b - my - slope * (a - mx)) ** 2 for a, b in zip(x, y))
    return slope, T * math.sqrt(left / (BLOCKS - 2) / sxx)


def verdict(slope, error, tolerated):
    """`grows` where even the least slope is beyond what is tolerated, `steady` where even the steepest is not, else `cannot tell`."""
    if slope - error > tolerated:
        return "grows"
    return "steady" if slope + error <= tolerated else "cannot tell"


def self_test():
    """Leaks that are there are found and none where there is none, under the sawtooth of a collector; what is wrong, as lines."""
    wrong = []
    for seed in range(20):
        dice = random.Random(seed)

        def series(per_hour, hours):
            level = 0.0
            for i in range(int(hours * 720)):
                level = 0.0 if level > 12 else level + dice.uniform(0, 1)
                yield 5.0 * i, 90 + per_hour * i / 720 + level + dice.gauss(0, 0.3)

        for per_hour, hours, wanted in ((0, 2, ("steady",)), (5, 2, ("grows",)), (0, 0.25, ("steady", "cannot tell")), (60, 0.25, ("grows",))):
            found = verdict(*trend(list(series(per_hour, hours)), floor=True), 1)
            if found not in wanted:
                wrong.append(f"seed {seed}: {per_hour} MB/h over {hours} h is said to be: {found}")
    if trend([(i, 1.0) for i in range(10)]) is not None:
        wrong.append("ten samples are no trend")
    return wrong
