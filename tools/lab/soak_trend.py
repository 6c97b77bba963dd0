"""Whether a series of samples grows: its slope, how sure that is, and what that means."""
import math
import random
import statistics

BLOCKS = 12
# Student's t, two-sided 95 %, for BLOCKS - 2 degrees of freedom.
T = 2.228
# Until then, seconds from the start, everything grows: code that is compiled, caches, a history of some minutes, a collector that finds its measure.
WARM_UP = 600
# What has warmed up has to be watched for so long, seconds, before anything is said of it.
AT_LEAST = 240


def trend(points, floor=False):
    """Slope per hour and the half width of its 95 % interval, of [(seconds, value)]; None where there is too little.

    Neighbouring samples say much the same, since memory goes up and down with every collection: so what counts is a dozen blocks of time,
    each with its median, or with its lowest value (`floor`) where what is left after a collection is of interest.
    """
    found = _blocks(points, floor)
    if found is None:
        return None
    slope, left, sxx = _fit(*found)
    return slope, T * math.sqrt(left / (BLOCKS - 2) / sxx)


def levels_off(points, floor=False):
    """Whether it grew less than half as fast in the second half of the time as in the first, as what warms up does."""
    found = _blocks(points, floor)
    if found is None:
        return False
    half = BLOCKS // 2
    (early, *_), (late, *_) = (_fit(*(part[at:at + half] for part in found)) for at in (0, half))
    return late < early / 2


def _blocks(points, floor):
    points = [(at, value) for at, value in points if value is not None]
    if len(points) < 3 * BLOCKS:
        return None
    start, end = points[0][0], points[-1][0]
    blocks = [[] for _ in range(BLOCKS)]
    for at, value in points:
        blocks[min(BLOCKS - 1, int(BLOCKS * (at - start) / (end - start)))].append((at, value))
    if not all(blocks):
        return None
    return [statistics.mean(at for at, _ in block) / 3600 for block in blocks], [(min if floor else statistics.median)(value for _, value in block) for block in blocks]


def _fit(x, y):
    """Least squares: slope, sum of squares that is left, sum of squares of x."""
    mx, my = statistics.mean(x), statistics.mean(y)
    sxx = sum((a - mx) ** 2 for a in x)
    slope = sum((a - mx) * (b - my) for a, b in zip(x, y)) / sxx
    return slope, sum((b - my - slope * (a - mx)) ** 2 for a, b in zip(x, y)), sxx


def judge(points, tolerated, floor=False):
    """Slope, half width and verdict of [(seconds since the start, value)]; None where there is too little.

    Something grows that does so beyond the warm-up, and not less and less; what would be said to grow sooner, nobody can tell."""
    found = trend(points, floor)
    if found is None:
        return None
    said = verdict(*found, tolerated)
    if said == "grows" and (points[-1][0] < WARM_UP + AT_LEAST or levels_off(points, floor)):
        said = "cannot tell"
    return (*found, said)


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

        def series(per_hour, hours, warm=0.0):
            level = 0.0
            for i in range(int(hours * 720)):
                level = 0.0 if level > 12 else level + dice.uniform(0, 1)
                yield 5.0 * i, 90 + per_hour * i / 720 + level + dice.gauss(0, 0.3) + warm * (1 - math.exp(-5.0 * i / 180))

        for per_hour, hours, warm, wanted in ((0, 2, 0, ("steady",)), (5, 2, 0, ("grows",)), (0, 0.25, 0, ("steady", "cannot tell")), (60, 0.25, 0, ("grows",)),
                                              (0, 0.07, 20, ("cannot tell",)), (0, 0.17, 20, ("cannot tell",)), (0, 0.5, 20, ("cannot tell", "steady")), (300, 0.1, 0, ("cannot tell",))):
            found = judge(list(series(per_hour, hours, warm)), 1, floor=True)[2]
            if found not in wanted:
                wrong.append(f"seed {seed}: {per_hour} MB/h and {warm} MB of warming up over {hours} h is said to be: {found}")
    if trend([(i, 1.0) for i in range(10)]) is not None:
        wrong.append("ten samples are no trend")
    return wrong
