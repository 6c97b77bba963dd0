using System.Text.Json.Nodes;
using System.Threading.Channels;
using Jam.Server.Contracts;
using Jam.Server.Fleet;
using Jam.Server.Fleet.Postgres;
using Jam.Server.Observing;
using Microsoft.Extensions.Logging;

namespace Jam.Server.Hosting;

/// <summary>
/// Keeps a server one of its fleet: renews its lease, hears what the others do, lets go of rooms that are another's by now, and hands
/// its own over when it ends. Without the database everything goes on as it is: nobody else can claim a room then, either.
/// </summary>
internal sealed partial class FleetAgent : IAsyncDisposable
{
    private const int SettleEvery = 10;
    private const int SweepEvery = 240;

    private readonly FleetOptions _options;
    private readonly PostgresAddress _address;
    private readonly FleetDatabase _database;
    private readonly FleetRoomStore _store;
    private readonly FleetSight _sight;
    private readonly RoomHub _hub;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly CancellationTokenSource _ending = new();

    // Set whenever something is to be looked at before its time; once is enough.
    private readonly Channel<bool> _hurry = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { SingleReader = true, FullMode = BoundedChannelFullMode.DropWrite });

    // Set where somebody doubts what the last renewal said of the others.
    private readonly AutoResetEvent _look = new(false);

    private volatile bool _isDraining;
    private volatile bool _settlesNext;
    private string _url = "";
    private readonly Lock _renewing = new();
    private bool _advertisesNext;
    private double? _absentSec;
    private long _sessionsCountFromUs;
    private Task _beginning = Task.CompletedTask;
    private Task _loop = Task.CompletedTask;
    private Task _renewal = Task.CompletedTask;
    private Task _listening = Task.CompletedTask;

    public FleetAgent(JamServerOptions options, PostgresAddress address, FleetDatabase database, FleetRoomStore store, RoomHub hub, TimeProvider time, ILogger log)
    {
        _options = options.Fleet!;
        (_address, _database, _store, _hub, _time, _log) = (address, database, store, hub, time, log);
        _sight = new FleetSight(hub.ClockId, _options.Lease.Ticks / TimeSpan.TicksPerMicrosecond, time);
        Desk = new FleetDesk(database, _sight, store, hub, options, time, log);
        store.OnRefused = _ => Settle();
        _sight.Look = () => _look.Set();
        hub.Fleet = Desk;
    }

    /// <summary>Answers who keeps which room.</summary>
    public FleetDesk Desk { get; }

    /// <summary>Where this server is reached.</summary>
    public string Url => _url;

    /// <summary>Why the database was not there at the start; null: it was.</summary>
    public string? Absence { get; init; }

    /// <summary>How the fleet is, for <c>/healthz</c>.</summary>
    public JsonObject Health()
    {
        var nowUs = _time.NowUs();
        return new JsonObject
        {
            ["server"] = _hub.ClockId.ToString(), ["url"] = _url, ["servers"] = _sight.Picture.LiveAt(nowUs).Count(),
            ["database"] = _sight.IsReachable ? "ok" : "unreachable", ["unreachable_sec"] = _sight.AbsentForSec is { } sec ? Math.Round(sec, 1) : null,
            ["unsaved_rooms"] = _store.Unsaved, ["is_draining"] = _isDraining,
        };
    }

    /// <summary>Whether this server should be given rooms, for <c>/readyz</c>.</summary>
    public HealthCheck Readiness() =>
        _isDraining ? new HealthCheck("fleet", false, "this server hands its rooms to the others")
        : !_sight.IsReachable ? new HealthCheck("fleet", false, "the database does not answer")
        : !_sight.HasLease ? new HealthCheck("fleet", false, "this server has no lease")
        : new HealthCheck("fleet", true, "one of it");

    /// <summary>Ends the lease, if the database can be told, and everything that runs here.</summary>
    public async ValueTask DisposeAsync()
    {
        await _ending.CancelAsync();
        await _beginning;
        await Task.WhenAll(_loop, _listening, _renewal);
        try
        {
            if (_sight.IsReachable)
                await _database.LeaveAsync(_hub.ClockId, CancellationToken.None);
        }
        catch (Exception e) when (FleetDatabase.IsAbsent(e))
        {
            FleetLog.Absent(_log, e.Message);
        }

        _ending.Dispose();
        _look.Dispose();
    }

    private async Task PartAsync(string room, long epoch, ServerEntry owner)
    {
        FleetLog.Parted(_log, room, owner.Url, epoch);
        await _hub.PartAsync(room, _options.IsProxy ? null : Desk.Addressed(epoch, owner, room));
    }

    private async Task RunAsync()
    {
        using var timer = new PeriodicTimer(_options.RenewEvery, _time);
        var tick = timer.WaitForNextTickAsync(_ending.Token).AsTask();
        var hurry = _hurry.Reader.ReadAsync(_ending.Token).AsTask();
        for (var count = 1L; ;)
        {
            await Task.WhenAny(tick, hurry);
            if (_ending.IsCancellationRequested)
                return;
            if (tick.IsCompleted)
            {
                count++;
                tick = timer.WaitForNextTickAsync(_ending.Token).AsTask();
            }

            if (hurry.IsCompleted)
                hurry = _hurry.Reader.ReadAsync(_ending.Token).AsTask();
            try
            {
                await TickAsync(count, _ending.Token);
            }
            catch (OperationCanceledException) when (_ending.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                // The root of this loop: without it the lease would lapse.
                FleetLog.Failed(_log, e);
            }
        }
    }

    private async Task TickAsync(long count, CancellationToken cancellationToken)
    {
        bool advertises;
        double? absentSec;
        lock (_renewing)
        {
            (advertises, absentSec) = (_advertisesNext, _absentSec);
            (_advertisesNext, _absentSec) = (false, null);
        }

        // What was passed over while the database was taken for gone is written now.
        var writesAll = absentSec is not null || (_sight.IsReachable && _store.Unsaved > 0);
        if (advertises)
        {
            var urls = string.Join(", ", _sight.Picture.LiveAt(_time.NowUs()).Select(s => s.Url));
            FleetLog.Servers(_log, urls);
            await _hub.AdvertiseAsync();
        }

        try
        {
            if (_sight.IsReachable && (writesAll || _settlesNext || count % SettleEvery == 0))
            {
                _settlesNext = false;
                _store.Resume();
                var (kept, lost) = await SettleAsync(writesAll, cancellationToken);
                if (absentSec is { } seconds)
                    FleetLog.Answers(_log, seconds, kept, lost);
            }

            if (_sight.IsReachable && count > 0 && count % SweepEvery == 0)
                await _database.SweepAsync(cancellationToken);
        }
        catch (Exception e) when (FleetDatabase.IsAbsent(e))
        {
            // With the next round, then; where the database is gone altogether, the renewal says so.
            (_settlesNext, _absentSec) = (true, absentSec ?? _absentSec);
            FleetLog.Deaf(_log, e.Message);
        }

        await _hub.UsherAsync(false);
    }

    /// <summary>Compares the rooms that are kept here with their rows, which decide.</summary>
    private async Task<(int Kept, int Lost)> SettleAsync(bool writesAll, CancellationToken cancellationToken)
    {
        var held = _store.Held.ToArray();
        var rows = (await _database.LookAsync([.. held.Select(h => h.Key)], cancellationToken)).ToDictionary(row => row.Name, StringComparer.Ordinal);
        var (kept, lost) = (0, 0);
        foreach (var (room, epoch) in held)
        {
            if (!rows.TryGetValue(room, out var row))
            {
                // Unless it was forgotten here at this very moment, the database has been set back.
                if (!_hub.IsHere(room))
                    continue;
                await _database.ReinsertAsync(room, _hub.ClockId, epoch, cancellationToken);
                await _hub.RewriteAsync(room);
                kept++;
            }
            else if (row.Owner != _hub.ClockId)
            {
                lost++;
                if (_sight.Picture.Find(row.Owner) is { } owner)
                    await PartAsync(room, row.Epoch, owner);
                else
                    await _hub.PartAsync(room, null);
            }
            else
            {
                kept++;
                // A write whose answer was lost on the way has raised it.
                if (row.Epoch > epoch && _store.Held.GetValueOrDefault(room) == epoch)
                    _store.Hold(room, row.Epoch);
                if (writesAll || row.Epoch > epoch)
                    await _hub.RewriteAsync(room);
            }
        }

        return (kept, lost);
    }

    private void Hear(string told)
    {
        var words = told.Split(' ');
        if (words is ["claim", var room, var owner, ..] && owner != _hub.ClockId.ToString() && _store.Held.ContainsKey(room))
            _settlesNext = true;
        if (words is ["claim", var claimed, ..])
            _sight.Claimed(claimed);
        if (words is ["here" or "gone", ..] || _settlesNext)
            _hurry.Writer.TryWrite(true);
    }

    private void Settle()
    {
        _settlesNext = true;
        _hurry.Writer.TryWrite(true);
    }

    private static string Version { get; } = typeof(FleetAgent).Assembly.GetName().Version?.ToString(3) ?? "";
}
