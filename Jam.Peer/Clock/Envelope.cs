namespace Jam.Peer.Clock;

/// <summary>
/// The lower convex hull of points that come in the order of their x: whatever line is sought, the lowest point seen along it is one of
/// the hull's, of which there are few (monotone chain, after A. Andrew, 1979).
/// </summary>
internal sealed class Envelope
{
    private readonly List<(double X, double Y)> _hull = [];

    public void Clear() => _hull.Clear();

    /// <summary>Adds a point whose x is none of the known ones' or between them.</summary>
    public void Add(double x, double y)
    {
        while (_hull.Count > 0 && _hull[^1].X == x)
        {
            if (_hull[^1].Y <= y)
                return;
            _hull.RemoveAt(_hull.Count - 1);
        }

        while (_hull.Count > 1 && IsAbove(_hull[^2], _hull[^1], (x, y)))
            _hull.RemoveAt(_hull.Count - 1);
        _hull.Add((x, y));
    }

    /// <summary>The least y + slope x of all points.</summary>
    public double Least(double slope)
    {
        var least = double.MaxValue;
        foreach (var (x, y) in _hull)
            least = Math.Min(least, y + slope * x);
        return least;
    }

    private static bool IsAbove((double X, double Y) a, (double X, double Y) b, (double X, double Y) c)
    {
        // Whether b lies on or above the line from a to c, whichever way x runs.
        var share = (b.X - a.X) / (c.X - a.X);
        return b.Y >= a.Y + share * (c.Y - a.Y);
    }
}
