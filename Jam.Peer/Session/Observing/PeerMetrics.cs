using System.Diagnostics;
using System.Diagnostics.Metrics;
using Jam.Peer.Network;
using Jam.Server.Observing;

namespace Jam.Peer.Session.Observing;

/// <summary>
/// What a peer measures, by the names of OpenTelemetry. Everything is looked at when somebody asks, from the picture that the live view
/// shows too; nothing is counted on the way of a chunk or a sample. No id of a peer is a label.
/// </summary>
internal sealed class PeerMetrics : IDisposable
{
    /// <summary>Name of the meter and of the source of spans.</summary>
    public const string Name = "SwarmJam.Peer";

    // One picture serves all instruments of one gathering.
    private static readonly TimeSpan s_fresh = TimeSpan.FromMilliseconds(200);

    private readonly Meter _meter;
    private readonly Func<PeerReport> _report;
    private readonly TimeProvider _time;
    private readonly Lock _gate = new();
    private PeerReport? _last;
    private long _at;

    /// <param name="report">The peer as it is now.</param>
    /// <param name="totals">What its chunks came to.</param>
    /// <param name="time">The clock.</param>
    public PeerMetrics(Func<PeerReport> report, Func<SwarmTotals> totals, TimeProvider time)
    {
        (_report, _time) = (report, time);
        _meter = new Meter(new MeterOptions(Name) { Version = ProgramVersion.Number, Scope = Scope });
        Spans = new ActivitySource(Name, ProgramVersion.Number);
        AddPlayback();
        AddSwarm(totals);
        AddRoom();
    }

    /// <summary>What this peer's meter belongs to, and that of a server in it.</summary>
    public MetricsScope Scope { get; } = new();

    /// <summary>Where spans come from.</summary>
    public ActivitySource Spans { get; }

    /// <inheritdoc/>
    public void Dispose()
    {
        _meter.Dispose();
        Spans.Dispose();
    }

    private void AddPlayback()
    {
        Seconds("jam.peer.sync.error", "What is heard minus what should be; absent while silent", r => r.Playback.SyncErrorUs);
        Seconds("jam.peer.sync.uncertainty", "How far off that figure may be", r => r.Playback.SyncUncertaintyUs);
        Seconds("jam.peer.buffer", "Playable track time ahead of the playhead", r => r.Playback.BufferUs);
        Seconds("jam.peer.output.lead", "How soon a change can be heard", r => r.Playback.OutputLeadUs);
        _meter.CreateObservableCounter("jam.peer.stalls", () => (long)Report().Playback.Underruns, "{stall}", "How often the sound ran dry");
        _meter.CreateObservableGauge("jam.peer.sounding", () => Report().Playback.Sounding ? 1 : 0, null, "Whether sound of the track leaves the output now");
    }

    private void AddSwarm(Func<SwarmTotals> totals)
    {
        _meter.CreateObservableCounter("jam.peer.chunks", Chunks, "{chunk}", "Verified chunks of the room's tracks, by whom they came from");
        _meter.CreateObservableCounter("jam.peer.chunks.bad", () => Report().Playlist.Sum(t => (long)t.BadChunks), "{chunk}", "Chunks that were not what their hash says");
        _meter.CreateObservableCounter("jam.peer.swarm.received", () => totals().ReceivedBytes, "By", "Chunk bytes that arrived");
        _meter.CreateObservableCounter("jam.peer.swarm.useful", () => totals().UsefulBytes, "By", "Of those, bytes that were new and verified");
        _meter.CreateObservableCounter("jam.peer.swarm.sent", () => totals().SentBytes, "By", "Chunk bytes that were sent");
        Some("jam.peer.swarm.efficiency", "1", "Useful bytes by received bytes so far", _ =>
            totals() is { ReceivedBytes: > 0 } t ? (double)t.UsefulBytes / t.ReceivedBytes : null);
        Some("jam.peer.copies", "{copy}", "How often this peer has sent the room's track out, as a whole", r =>
            r.Track is { LengthBytes: > 0 } track ? (double)track.BytesUp / track.LengthBytes : null);
        _meter.CreateObservableGauge("jam.peer.rate", Rates, "By/s", "Recent rates of all links together");
        _meter.CreateObservableUpDownCounter("jam.peer.links", () => Report().Links.Count, "{link}", "Connections to other peers");
    }

    private void AddRoom()
    {
        Seconds("jam.peer.clock.error", "How far off the estimate of the room clock may be: one standard deviation", r => r.Clock.ErrorUs);
        Some("jam.peer.clock.drift", "1", "Room clock against this machine's", r => r.Clock.IsReady ? r.Clock.DriftPpm / 1e6 : null);
        Seconds("jam.peer.rtt", "Round trip to the server", r => r.Clock.IsReady ? r.Clock.RttUs : null);
        _meter.CreateObservableGauge("jam.peer.connected", () => Report().ServerConnected ? 1 : 0, null, "Whether the server answers");
        _meter.CreateObservableUpDownCounter("jam.peer.room.members", () => Report().MembersInRoom, "{member}", "Members of the room, this peer included");
    }

    private void Seconds(string name, string what, Func<PeerReport, double?> us) => Some(name, "s", what, report => us(report) / 1e6);

    private void Some(string name, string unit, string what, Func<PeerReport, double?> value) => _meter.CreateObservableGauge(
        name, () => value(Report()) is { } known && double.IsFinite(known) ? [new Measurement<double>(known)] : Array.Empty<Measurement<double>>(), unit, what);

    private IEnumerable<Measurement<long>> Chunks()
    {
        var tracks = Report().Playlist;
        return
        [
            From("host", tracks.Sum(t => (long)t.ChunksFromHost)), From("peer", tracks.Sum(t => (long)t.ChunksFromPeers)),
            From("cache", tracks.Sum(t => (long)t.ChunksFromCache)),
        ];

        static Measurement<long> From(string source, long count) => new(count, new KeyValuePair<string, object?>("jam.chunk.source", source));
    }

    private IEnumerable<Measurement<double>> Rates()
    {
        var links = Report().Links;
        return
        [
            new(links.Sum(l => l.DownBytesPerSecond), new KeyValuePair<string, object?>("network.io.direction", "receive")),
            new(links.Sum(l => l.UpBytesPerSecond), new KeyValuePair<string, object?>("network.io.direction", "transmit")),
        ];
    }

    private PeerReport Report()
    {
        lock (_gate)
        {
            if (_last is null || _time.GetElapsedTime(_at) > s_fresh)
                (_last, _at) = (_report(), _time.GetTimestamp());
            return _last;
        }
    }
}
