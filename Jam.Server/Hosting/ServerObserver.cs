using System.Text.Json.Nodes;
using Jam.Server.Contracts;
using Jam.Server.Observing;

namespace Jam.Server.Hosting;

/// <summary>What a server lets its operator see: metrics, whether it lives, whether it may be given rooms.</summary>
internal sealed class ServerObserver : IDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(2);

    private readonly ServerMetrics _metrics;
    private readonly MetricCollector? _collector;
    private readonly RoomHub _hub;
    private readonly Reception _reception;
    private readonly JamServerOptions _options;
    private readonly TimeProvider _time;
    private readonly Func<JsonObject?> _fleet;
    private readonly long _startedUs;
    private volatile bool _isListening;

    public ServerObserver(ServerMetrics metrics, RoomHub hub, Reception reception, JamServerOptions options, TimeProvider time, Func<JsonObject?> fleet,
        Func<HealthCheck>? readiness = null)
    {
        _fleet = fleet;
        (_metrics, _hub, _reception, _options, _time, _startedUs) = (metrics, hub, reception, options, time, time.NowUs());
        metrics.Observe(new ServerGauges(
            time, () => hub.RoomCount, () => hub.MemberCount, () => reception.OpenConnections, () => hub.QueueLength,
            () => hub.Saver?.LagSeconds ?? 0, () => hub.Saver?.Failures ?? 0,
            () => hub.Rooms.Select(room => new RoomSize(room.Name, room.Seats.Count, room.Policy.IsListed))));
        _collector = options.Metrics == MetricsAccess.Off ? null : MetricCollector.Of(metrics.Scope);
        Page = new MetricsPage(options.Metrics, _collector);
        Health = new ServerHealth(token => hub.AnswersAsync(s_patience, token), Now);
        Health.Add(() => new HealthCheck("listeners", IsListening, IsListening ? "bound" : "not all are bound yet"));
        Health.Add(Store);
        Health.Add(() => new HealthCheck("draining", !reception.IsStopping, reception.IsStopping ? "this server is closing" : "no"));
        Health.Add(Places);
        if (readiness is not null)
            Health.Add(readiness);
    }

    /// <summary>Whether everything that should listen does.</summary>
    public bool IsListening
    {
        get => _isListening;
        set => _isListening = value;
    }

    public ServerHealth Health { get; }

    public MetricsPage Page { get; }

    /// <inheritdoc/>
    public void Dispose()
    {
        _collector?.Dispose();
        _metrics.Dispose();
    }

    private Health Now() => new(
        "ok", _hub.RoomCount, _hub.MemberCount, _reception.OpenConnections, Math.Round((_time.NowUs() - _startedUs) / 1e6, 1), ProgramVersion.Number,
        ProgramVersion.Commit, _hub.Saver is { IsWell: true }, Store().Detail, _fleet());

    /// <summary>A server that keeps nothing is ready, too; one that should keep its rooms and cannot is not.</summary>
    private HealthCheck Store() => _hub.Saver switch
    {
        null => new("store", true, "memory: rooms end with the server"),
        { IsWell: true } => new("store", true, "kept"),
        var saver => new("store", false, FormattableString.Invariant($"changes of the last {saver.LagSeconds:0} s are not kept")),
    };

    private HealthCheck Places()
    {
        var (rooms, connections) = (_hub.RoomCount, _reception.OpenConnections);
        return new HealthCheck(
            "places", rooms < _options.MaxRooms && connections < _options.MaxConnections,
            $"{rooms} of {_options.MaxRooms} rooms, {connections} of {_options.MaxConnections} connections");
    }
}
