using System.Diagnostics.Metrics;

namespace Jam.Server.Observing;

/// <summary>Rooms' own instruments, with the room as a label (bounded: <see cref="RoomFigures"/>), never a member.</summary>
internal sealed class RoomInstruments
{
    private const string RoomTag = "jam.room";

    // One look serves all instruments of one gathering.
    private static readonly TimeSpan s_fresh = TimeSpan.FromMilliseconds(500);
    private static readonly (string Name, double Quantile)[] s_statistics = [("median", 0.5), ("p95", 0.95), ("max", 1)];

    private readonly Func<IEnumerable<RoomSize>> _rooms;
    private readonly MemberLedger _members;
    private readonly TimeProvider _time;
    private readonly Lock _gate = new();
    private IReadOnlyList<RoomFigure>? _figures;
    private long _at;

    private RoomInstruments(Func<IEnumerable<RoomSize>> rooms, MemberLedger members, TimeProvider time) =>
        (_rooms, _members, _time) = (rooms, members, time);

    public static void Add(Meter meter, Func<IEnumerable<RoomSize>> rooms, MemberLedger members, TimeProvider time)
    {
        var all = new RoomInstruments(rooms, members, time);
        meter.CreateObservableUpDownCounter("jam.room.members", () => all.Each<long>(f => f.Members), "{member}", "Members of a room");
        meter.CreateObservableGauge("jam.room.sync.error", all.SyncErrors, "s", "Distance of what a room's members hear from the timeline, by their last reports, the median, the 95th percentile and the largest");
        meter.CreateObservableUpDownCounter("jam.room.stalls", () => all.Each<long>(f => f.Stalls), "{stall}", "How often those who are in a room ran dry since they started");
        meter.CreateObservableGauge("jam.room.swarm.efficiency", () => all.Each<double>(f => f.ReceivedBytes > 0 ? (double)f.UsefulBytes / f.ReceivedBytes : null), "1", "Useful bytes by received bytes of those who are in a room");
        meter.CreateObservableGauge("jam.room.host.copies", () => all.Each(f => f.HostCopies), "{copy}", "How often the host has sent the room's track out, as a whole");
    }

    private static KeyValuePair<string, object?> Tag(RoomFigure figure) => new(RoomTag, figure.Label);

    private IReadOnlyList<RoomFigure> Figures()
    {
        lock (_gate)
        {
            if (_figures is null || _time.GetElapsedTime(_at) > s_fresh)
                (_figures, _at) = (RoomFigures.Of(_rooms(), _members.Entries), _time.GetTimestamp());
            return _figures;
        }
    }

    private IEnumerable<Measurement<T>> Each<T>(Func<RoomFigure, T?> value)
        where T : struct => [.. Figures().Where(f => value(f) is not null).Select(f => new Measurement<T>(value(f)!.Value, Tag(f)))];

    private IEnumerable<Measurement<double>> SyncErrors() =>
    [
        .. from figure in Figures()
           from statistic in s_statistics
           let us = figure.SyncErrorUs(statistic.Quantile)
           where us is not null
           select new Measurement<double>(us.Value / 1e6, Tag(figure), new KeyValuePair<string, object?>("statistic", statistic.Name)),
    ];
}
