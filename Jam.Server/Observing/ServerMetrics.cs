using System.Diagnostics;
using System.Diagnostics.Metrics;
using Jam.Server.Contracts;

namespace Jam.Server.Observing;

/// <summary>
/// What a server counts and measures, by the names of OpenTelemetry: units are the instruments' own, seconds and bytes. What is hot is an
/// addition to a cell that is looked at when somebody asks; only what spreads goes into a histogram at once. Any thread.
/// </summary>
internal sealed class ServerMetrics : IDisposable
{
    /// <summary>Name of the meter and of the source of spans.</summary>
    public const string Name = "SwarmJam.Server";

    private static readonly InstrumentAdvice<double> s_delays = Buckets(
        0.00001, 0.00002, 0.00005, 0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5);

    private static readonly InstrumentAdvice<double> s_errors = Buckets(
        0.00001, 0.00002, 0.00005, 0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.03, 0.1, 1);

    private static readonly InstrumentAdvice<double> s_spans = Buckets(0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10);

    private readonly Meter _meter;
    private readonly Histogram<double> _stateDelay;
    private readonly Histogram<double> _syncError;
    private readonly Histogram<double> _syncUncertainty;
    private readonly Histogram<double> _clockError;
    private readonly Histogram<double> _rtt;
    private readonly Histogram<double> _buffer;
    private readonly MessageCounts _received = new();
    private readonly MessageCounts _sent = new();
    private readonly Counter<long> _dropped;
    private readonly Counter<long> _refused;
    private long _bytesIn;
    private long _bytesOut;
    private long _epochsRaised;

    public ServerMetrics(MetricsScope? scope = null)
    {
        Scope = scope ?? new MetricsScope();
        _meter = new Meter(new MeterOptions(Name) { Version = ProgramVersion.Number, Scope = Scope });
        Spans = new ActivitySource(Name, ProgramVersion.Number);
        _stateDelay = _meter.CreateHistogram("jam.server.state.delay", "s", "From a message's arrival to the STATE that it caused in everyone's outbox", null, s_delays);
        _syncError = _meter.CreateHistogram("jam.member.sync.error", "s", "Distance of what members hear from the timeline, by their reports", null, s_errors);
        _syncUncertainty = _meter.CreateHistogram("jam.member.sync.uncertainty", "s", "How far off members' own sync errors may be", null, s_errors);
        _clockError = _meter.CreateHistogram("jam.member.clock.error", "s", "How far off members' estimates of the room clock may be", null, s_errors);
        _rtt = _meter.CreateHistogram("jam.member.rtt", "s", "Members' round trips to the server", null, s_spans);
        _buffer = _meter.CreateHistogram("jam.member.buffer", "s", "Playable track time that members have ahead", null, Buckets(0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 300));
        _meter.CreateObservableCounter("jam.server.messages.received", _received.Read, "{message}", "Messages from clients, by type");
        _meter.CreateObservableCounter("jam.server.messages.sent", _sent.Read, "{message}", "Messages put into clients' outboxes, by type");
        _meter.CreateObservableCounter("jam.server.io", Io, "By", "Bytes of messages that came, and that sockets took");
        _meter.CreateObservableCounter("jam.server.epochs.raised", () => Interlocked.Read(ref _epochsRaised), "{epoch}", "How often this server became or stayed a room's authority by a higher epoch");
        _dropped = _meter.CreateCounter<long>("jam.server.connections.dropped", "{connection}", "Connections that the server ended, by why (slow_reader: its queue was full)");
        _refused = _meter.CreateCounter<long>("jam.server.connections.refused", "{connection}", "Connections that were not let in, by HTTP status");
        _meter.CreateObservableCounter("jam.member.stalls", () => Members.Stalls, "{stall}", "How often members ran dry");
        _meter.CreateObservableCounter("jam.swarm.received", () => Members.ReceivedBytes, "By", "Chunk bytes that arrived at members");
        _meter.CreateObservableCounter("jam.swarm.useful", () => Members.UsefulBytes, "By", "Of those, bytes that were new to their receiver and verified");
        _meter.CreateObservableCounter("jam.swarm.sent", Sent, "By", "Chunk bytes that members sent, by role");
        _meter.CreateObservableGauge("jam.swarm.efficiency", Efficiency, "1", "Useful bytes by received bytes, over all members' reports so far");
        _meter.CreateObservableGauge(
            "jam.build.info", () => new Measurement<long>(1, new KeyValuePair<string, object?>("version", ProgramVersion.Number), new("commit", ProgramVersion.Commit)), null,
            "The program's version and commit");
    }

    /// <summary>What this server's meter belongs to.</summary>
    public MetricsScope Scope { get; }

    /// <summary>Where spans come from.</summary>
    public ActivitySource Spans { get; }

    /// <summary>What members last reported.</summary>
    public MemberLedger Members { get; } = new();

    /// <summary>Adds what is looked at only when somebody asks. Once, before the server listens.</summary>
    public void Observe(ServerGauges gauges)
    {
        _meter.CreateObservableUpDownCounter("jam.server.rooms", gauges.Rooms, "{room}", "Rooms that this server keeps");
        _meter.CreateObservableUpDownCounter("jam.server.members", gauges.Members, "{member}", "Members of those");
        _meter.CreateObservableUpDownCounter("jam.server.connections", gauges.Connections, "{connection}", "Connections that are open");
        _meter.CreateObservableUpDownCounter("jam.server.queue.length", gauges.QueueLength, "{event}", "Events that wait for the rooms' loop");
        _meter.CreateObservableGauge("jam.server.store.lag", gauges.StoreLagSeconds, "s", "How long the oldest change of a room has waited to be kept");
        _meter.CreateObservableCounter("jam.server.store.failures", gauges.StoreFailures, "{failure}", "Changes that could not be kept");
        RoomInstruments.Add(_meter, gauges.RoomSizes, Members, gauges.Time);
    }

    /// <summary>A client's message came, with its size in bytes; null: one that could not be read.</summary>
    public void Received(ClientMessage? message, int bytes)
    {
        Interlocked.Add(ref _bytesIn, bytes);
        if (message is null)
            _received.Add("invalid");
        else
            _received.Add(message, 1, ControlCodec.Serialize);
    }

    /// <summary>A message was put into so many outboxes.</summary>
    public void Sent(ServerMessage message, int count = 1) => _sent.Add(message, count, ControlCodec.Serialize);

    /// <summary>A socket took so many bytes.</summary>
    public void Wrote(int bytes) => Interlocked.Add(ref _bytesOut, bytes);

    /// <summary>The server ended a connection; <paramref name="code"/> is one of <see cref="ErrorCodes"/>.</summary>
    public void Dropped(string code) => _dropped.Add(1, new KeyValuePair<string, object?>("error.type", code));

    /// <summary>A connection was not let in.</summary>
    public void Refused(int status) => _refused.Add(1, new KeyValuePair<string, object?>("http.response.status_code", status));

    /// <summary>STATE went out, so long after what caused it.</summary>
    public void StateHandedOut(double seconds) => _stateDelay.Record(seconds);

    /// <summary>A room's epoch went up here.</summary>
    public void EpochRaised() => Interlocked.Increment(ref _epochsRaised);

    /// <summary>A member reported.</summary>
    public void Reported(long connection, MemberEntry entry)
    {
        Members.Note(connection, entry);
        var stats = entry.Stats;
        Record(_syncError, stats.SyncErrorUs);
        Record(_syncUncertainty, stats.SyncUncertaintyUs);
        Record(_clockError, stats.ClockErrorUs);
        Record(_rtt, stats.RttUs > 0 ? stats.RttUs : null);
        Record(_buffer, stats.SyncErrorUs is null ? null : stats.BufferUs);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _meter.Dispose();
        Spans.Dispose();
    }

    private static void Record(Histogram<double> histogram, double? us)
    {
        if (us is { } value)
            histogram.Record(Math.Abs(value) / 1e6);
    }

    private static InstrumentAdvice<double> Buckets(params double[] bounds) => new() { HistogramBucketBoundaries = bounds };

    private IEnumerable<Measurement<long>> Io() =>
    [
        new(Interlocked.Read(ref _bytesIn), new KeyValuePair<string, object?>("network.io.direction", "receive")),
        new(Interlocked.Read(ref _bytesOut), new KeyValuePair<string, object?>("network.io.direction", "transmit")),
    ];

    private IEnumerable<Measurement<long>> Sent() =>
    [
        new(Members.HostSentBytes, new KeyValuePair<string, object?>("jam.role", "host")),
        new(Members.ViewerSentBytes, new KeyValuePair<string, object?>("jam.role", "viewer")),
    ];

    private IEnumerable<Measurement<double>> Efficiency() =>
        Members.ReceivedBytes is > 0 and var received ? [new((double)Members.UsefulBytes / received)] : [];
}

/// <summary>What a server's metrics look at when somebody asks. Each may be called from any thread.</summary>
/// <param name="Time">The clock.</param>
/// <param name="Rooms">Rooms that are kept.</param>
/// <param name="Members">Members of all of them.</param>
/// <param name="Connections">Connections that are open.</param>
/// <param name="QueueLength">Events that wait for the rooms' loop.</param>
/// <param name="StoreLagSeconds">How long the oldest change has waited to be kept, seconds.</param>
/// <param name="StoreFailures">Changes that could not be kept.</param>
/// <param name="RoomSizes">Each room and how many are in it.</param>
internal sealed record ServerGauges(
    TimeProvider Time, Func<int> Rooms, Func<int> Members, Func<int> Connections, Func<int> QueueLength, Func<double> StoreLagSeconds,
    Func<long> StoreFailures, Func<IEnumerable<RoomSize>> RoomSizes);
