using System.Collections.Concurrent;
using Jam.Server.Contracts;
using Jam.Server.Fleet;
using Jam.Server.Fleet.Postgres;

namespace Jam.Server.Hosting;

/// <summary>What this server knows of the fleet at the moment, and the news that it has changed. One thread writes it, any may read.</summary>
internal sealed class FleetSight(Guid self, long leaseUs, TimeProvider time)
{
    private const long Never = long.MinValue;
    private const int MostClaims = 20_000;

    private volatile FleetPicture _picture = new(self, [], long.MaxValue);
    private readonly ConcurrentDictionary<string, TaskCompletionSource> _claims = new(StringComparer.Ordinal);
    private volatile TaskCompletionSource _changed = New();
    private long _absentSinceUs = Never;
    private volatile bool _isReachable;

    public FleetPicture Picture => _picture;

    /// <summary>Looks at the fleet before it would do so by itself, since somebody doubts what was seen last. Any thread may call it.</summary>
    public Action? Look { get; set; }

    /// <summary>Whether the database was asked, with or without an answer.</summary>
    public bool IsBegun => _isReachable || Interlocked.Read(ref _absentSinceUs) != Never;

    /// <summary>Whether this server may take rooms: its own lease runs.</summary>
    public bool HasLease => _picture.Find(self) is { } own && own.LeaseUntilUs > time.NowUs();

    /// <summary>Whether the database answered when it was last asked.</summary>
    public bool IsReachable => _isReachable;

    /// <summary>For how long it has not, seconds; null while it does.</summary>
    public double? AbsentForSec => Interlocked.Read(ref _absentSinceUs) is var since and not Never ? (time.NowUs() - since) / 1e6 : null;

    /// <summary>Ends with the next change. Taken before one looks, it misses none.</summary>
    public Task Changed => _changed.Task;

    /// <summary>Ends when somebody is said to have claimed a room: of many who wait, only those for that room look again.</summary>
    public Task ClaimOf(string room) => _claims.GetOrAdd(room, _ => New()).Task;

    /// <summary>Somebody has claimed a room.</summary>
    public void Claimed(string room)
    {
        if (_claims.TryRemove(room, out var waiting))
            waiting.TrySetResult();
    }

    /// <summary>The database has answered a renewal that was sent at an instant.</summary>
    /// <returns>Whether the servers that members may turn to are others than before.</returns>
    public bool Answered(IReadOnlyList<ServerRow> rows, TimeSpan up, long askedUs)
    {
        var before = _picture;
        // From when the question was sent: the answer is no younger than that.
        ServerEntry[] servers =
        [
            .. rows.Select(row => new ServerEntry(
                row.Id, row.Url, row.Rooms, row.Members, row.IsDraining, askedUs - Us(row.SeenAgo), askedUs + Us(row.LeaseLeft))),
        ];
        // Who had no database for a while cannot say that others have let theirs lapse of their own accord.
        var trusted = before.TrustedFromUs;
        var absent = Interlocked.Exchange(ref _absentSinceUs, Never);
        if (trusted == long.MaxValue)
            trusted = askedUs;
        else if (absent != Never && askedUs - absent > leaseUs / 2)
            trusted = time.NowUs() + leaseUs;
        trusted = Math.Max(trusted, askedUs - Us(up) + leaseUs);
        _isReachable = true;
        _picture = new FleetPicture(self, servers, trusted);
        if (_claims.Count > MostClaims)
            ForgetClaims();
        var nowUs = time.NowUs();
        var isNews = !Live(before, nowUs).SequenceEqual(Live(_picture, nowUs));
        Pulse();
        return isNews;
    }

    /// <summary>The database has not.</summary>
    /// <returns>Whether it had before.</returns>
    public bool NotAnswered()
    {
        var isNews = Interlocked.CompareExchange(ref _absentSinceUs, time.NowUs(), Never) == Never;
        _isReachable = false;
        ForgetClaims();
        Pulse();
        return isNews;
    }

    /// <summary>Whoever waits considers anew what it knows.</summary>
    public void Pulse() => Interlocked.Exchange(ref _changed, New()).TrySetResult();

    // Names come from outside, and must not pile up; who waited looks again.
    private void ForgetClaims()
    {
        foreach (var room in _claims.Keys)
            Claimed(room);
    }

    private static IEnumerable<Guid> Live(FleetPicture picture, long nowUs) => picture.LiveAt(nowUs).Where(s => !s.IsDraining).Select(s => s.Id).Order();

    private static long Us(TimeSpan span) => span.Ticks / TimeSpan.TicksPerMicrosecond;

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
