using Jam.Peer.Audio;
using Jam.Peer.Network;
using Jam.Peer.Swarm;
using Jam.Peer.Wire;
using Jam.Server.Contracts;

namespace Jam.Peer.Session;

/// <summary>What this peer tells the room of itself: STATS always, SWARM while somebody watches. Belongs to the follower's loop.</summary>
internal sealed class SelfReports(SessionOptions options, Player player, Func<SwarmSnapshot> swarm)
{
    private const long FarUs = 200_000;
    private const int FarLooks = 5;
    private const int FarTells = 4;

    private int _farLooks;
    private (long Round, string? Track) _told = (-1, null);
    private Bitfield _toldChunks = new(0);
    private long _dueUs;

    /// <summary>What this peer measures of itself.</summary>
    private MemberStats Stats(RendezvousClient client)
    {
        var (clock, playback, quality) = (client.Clock, player.Report(), client.Quality);
        return new MemberStats(
            Math.Max(clock.RttUs, quality.RttUs), playback.OutputLeadUs, playback.BufferUs, playback.SyncErrorUs, playback.SyncUncertaintyUs, quality.JitterUs,
            quality.Loss, clock.IsReady ? clock.ErrorUs : null);
    }

    /// <summary>What this peer has counted of itself since it started.</summary>
    private MemberTotals Totals(RoomState room)
    {
        var snapshot = swarm();
        var track = room.Track;
        double? copies = track is { LengthBytes: > 0 } && TrackId.TryParse(track.TrackId, out var id)
            ? (double)(snapshot.Tracks.GetValueOrDefault(id)?.BytesUp ?? 0) / track.LengthBytes : null;
        var (received, useful, sent) = snapshot.Totals;
        return new MemberTotals(received, useful, sent, player.Report().Underruns, copies);
    }

    /// <summary>Tells the room what this peer measures of itself.</summary>
    public void SayStats(RendezvousClient client, RoomState room)
    {
        var isFar = client.Quality.RttUs > FarUs;
        // So long a way may be a full one, and what is told here is acknowledged on it.
        if (!isFar || _farLooks % FarTells == 0)
            client.TrySend(new Stats(Stats(client) with { Totals = Totals(room) }));
        // So long a way hides a change of it: measure more often than usual, but not so often that the answers make it long.
        if (isFar && _farLooks++ % FarLooks == 0)
            client.Resync();
    }

    /// <summary>What this peer has, whom it has it from and what its links carry, as far as that is new; null while nobody watches, or too soon.</summary>
    public SwarmTold? Swarm(RoomState room, RendezvousClient client, long nowUs)
    {
        if (room.Watch is not { IsOn: true } watch || nowUs < _dueUs)
            return null;
        // Pulses come every quarter of a second: whoever waits for the next one would tell too seldom.
        _dueUs = nowUs + (watch.EveryMs * 1000L) - 100_000;
        var snapshot = swarm();
        var (_, playing) = room.Now(client.Clock, nowUs);
        var sources = TrackId.TryParse(playing?.TrackId, out var id) ? snapshot.Tracks.GetValueOrDefault(id)?.Sources : null;
        var isFirst = _told != (watch.Round, playing?.TrackId) || _toldChunks.Length != (sources?.Length ?? 0);
        if (isFirst)
            (_told, _toldChunks) = ((watch.Round, playing?.TrackId), new Bitfield(sources?.Length ?? 0));
        var (peers, runs) = sources?.Tell(_toldChunks, SwarmReport.MaxRuns, SwarmReport.MaxSources) ?? ([], []);
        var links = snapshot.Links
            .Select(l => new SwarmLink(l.Connection.PeerId, (long)l.DownBytesPerSecond, (long)l.UpBytesPerSecond, l.RttUs))
            .Where(l => l.DownRate + l.UpRate > 0)
            .OrderByDescending(l => l.DownRate + l.UpRate).Take(SwarmReport.MaxLinks);
        return new SwarmTold(new SwarmReport(
            playing?.TrackId, sources?.Length ?? 0, watch.Round, isFirst, peers, runs, [.. links], Stats(client),
            sources is null ? 0 : nowUs - sources.OpenedUs, sources?.CompletedUs - sources?.OpenedUs, options.UpLimitBytesPerSecond,
            options.DownLimitBytesPerSecond));
    }
}
