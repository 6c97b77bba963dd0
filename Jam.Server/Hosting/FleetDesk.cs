using System.Collections.Concurrent;
using System.Security.Cryptography;
using Jam.Server.Contracts;
using Jam.Server.Fleet;
using Jam.Server.Fleet.Postgres;
using Jam.Server.Rooms;
using Microsoft.Extensions.Logging;

namespace Jam.Server.Hosting;

/// <summary>Finds out who keeps a room, and claims for this server or another what nobody does.</summary>
internal sealed class FleetDesk(
    FleetDatabase database, FleetSight sight, FleetRoomStore store, RoomHub hub, JamServerOptions options, TimeProvider time, ILogger log) : IFleet
{
    private const int MaxKnown = 10_000;

    // A client waits about two seconds for an answer, less where it knows many servers; then it asks again.
    private const long PatienceUs = 900_000;
    private const long RetryUs = 50_000;

    private readonly long _leaseUs = options.Fleet!.Lease.Ticks / TimeSpan.TicksPerMicrosecond;
    private readonly ConcurrentDictionary<string, bool> _unreached = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, Rendezvous> _known = new(StringComparer.Ordinal);

    /// <summary>Frames are passed on to a server, or that one cannot be reached from here: said once, until it can.</summary>
    public void Reached(Uri owner, string? whyNot)
    {
        if (whyNot is null)
            _unreached.TryRemove(owner.Authority, out _);
        else if (_unreached.TryAdd(owner.Authority, true))
            FleetLog.Unreached(log, owner.GetLeftPart(UriPartial.Authority), whyNot);
    }

    public async ValueTask<Placement> PlaceAsync(string room, Guid? resumesFrom, CancellationToken cancellationToken)
    {
        var asker = new Asker(room, resumesFrom, time.NowUs());
        while (!hub.IsHere(room))
        {
            // Both before the look: what changes after it is not missed.
            var claimed = sight.ClaimOf(room);
            // Right after the start it is about to be asked for the first time.
            var begun = sight.Changed;
            if (!sight.IsBegun)
                await ChangedByAsync(begun, asker.AskedUs + PatienceUs, cancellationToken);
            if (!sight.IsReachable)
                return WithoutDatabase(room);
            try
            {
                var row = await database.LookAsync(room, cancellationToken);
                switch (Decide(row, asker))
                {
                    case TakeUp when await TakeUpAsync(room, cancellationToken):
                        return Placement.Here;
                    case ClaimFor claim when await ClaimAsync(room, claim.Server, cancellationToken):
                        continue;
                    case SendTo send:
                        return At(Addressed(row!.Epoch, send.Owner, room));
                    case NoPlace:
                        return new NotNow(new Error(ErrorCodes.ServerFull, "no server has a place for another room", true));
                    case WaitUntil:
                        break;
                    default:
                        // Lost to another by a moment, or this server's room on its way out.
                        await ChangedByAsync(claimed, time.NowUs() + RetryUs, cancellationToken);
                        break;
                }

                while (Decide(row, asker) is WaitUntil wait && !claimed.IsCompleted)
                {
                    var untilUs = Math.Min(wait.Us, asker.AskedUs + PatienceUs);
                    if (untilUs <= time.NowUs())
                        return new NotNow(new Error(ErrorCodes.Moving, "the room's server does not answer, and another is about to take the room over; ask again in a moment", false));
                    var changed = sight.Changed;
                    sight.Look?.Invoke();
                    await ChangedByAsync(Task.WhenAny(claimed, changed), untilUs, cancellationToken);
                }
            }
            catch (Exception e) when (FleetDatabase.IsAbsent(e))
            {
                FleetLog.NotAsked(log, room, e.Message);
                return WithoutDatabase(room);
            }
        }

        return Placement.Here;
    }

    public async ValueTask<Rendezvous?> WhereAsync(string room, CancellationToken cancellationToken)
    {
        try
        {
            if (sight.IsReachable && await database.LookAsync(room, cancellationToken) is { } row
                && sight.Picture.Find(row.Owner) is { } owner && owner.LeaseUntilUs > time.NowUs())
                return Addressed(row.Epoch, owner, room);
        }
        catch (Exception e) when (FleetDatabase.IsAbsent(e))
        {
            FleetLog.NotAsked(log, room, e.Message);
        }

        return _known.GetValueOrDefault(room);
    }

    /// <summary>The address of another server that keeps a room, for whoever passes frames on; null: nobody does, or this one.</summary>
    public async ValueTask<Uri?> ElsewhereAsync(string room, CancellationToken cancellationToken) =>
        !hub.IsHere(room) && await WhereAsync(room, cancellationToken) is { Urls: [var url, ..] } where && where.AuthorityId != hub.ClockId ? new Uri(url) : null;

    public Rendezvous? Addresses(string room, long epoch)
    {
        if (options.Fleet!.IsProxy || FleetRules.UrlsOf(sight.Picture, room, hub.ClockId, time.NowUs()) is not { Count: > 0 } urls)
            return null;
        return new Rendezvous(epoch, hub.ClockId, urls);
    }

    public void Took(string room, long epoch)
    {
        _known.TryRemove(room, out _);
        store.Hold(room, epoch);
        FleetLog.Took(log, room, epoch);
    }

    public void Dropped(string room) => store.Drop(room);

    /// <summary>Where a room is that another server keeps, as its members are told.</summary>
    public Rendezvous Addressed(long epoch, ServerEntry owner, string room) => Known(room, new Rendezvous(
        epoch, owner.Id, FleetRules.UrlsOf(sight.Picture, room, owner.Id, time.NowUs()) is { Count: > 0 } urls ? urls : [FleetUrl.OfRoom(owner.Url, room)]));

    private Ruling Decide(RoomEntry? row, Asker asker) =>
        FleetRules.Decide(sight.Picture, row, asker, options.MaxRooms, _leaseUs, time.NowUs());

    private async Task<bool> TakeUpAsync(string room, CancellationToken cancellationToken) =>
        await database.ReadAsync(room, hub.ClockId, cancellationToken) is { } row && await GiveAsync(room, row, cancellationToken);

    private async Task<bool> ClaimAsync(string room, Guid server, CancellationToken cancellationToken)
    {
        // Whoever keeps it first has its secret, and so has any that takes it over before it was ever written.
        var now = new Moment(time.NowUs(), 0);
        var state = FleetRoomStore.Write(RoomMemory.Store(Room.Open(room, Secret(), hub.ClockId, now.Us), now));
        return await database.ClaimAsync(room, server, state, cancellationToken) is { } row
            && (server != hub.ClockId || await GiveAsync(room, row, cancellationToken));
    }

    private async Task<bool> GiveAsync(string room, RoomRow row, CancellationToken cancellationToken)
    {
        var stored = FleetRoomStore.Read(row.State);
        if (stored is null)
            HostingLog.StoreDamaged(log, $"room {room} was stored in a way that cannot be read; it begins anew");
        var isUntouched = stored is null or { NextJoinSeq: 1 };
        return await hub.GiveAsync(room, isUntouched ? null : stored, stored?.Secret ?? Secret(), row.Epoch, cancellationToken);
    }

    private async Task ChangedByAsync(Task changed, long untilUs, CancellationToken cancellationToken)
    {
        try
        {
            var waitMs = Math.Max(1, (untilUs - time.NowUs() + 999) / 1000);
            await changed.WaitAsync(TimeSpan.FromMilliseconds(waitMs), time, cancellationToken);
        }
        catch (TimeoutException)
        {
            // Then it is looked at for want of news.
            return;
        }
    }

    // What was known last may still hold: the room's owner goes on without the database, too.
    private Placement WithoutDatabase(string room) => _known.TryGetValue(room, out var known) && known.AuthorityId != hub.ClockId
        ? At(known)
        : new NotNow(new Error(ErrorCodes.Unavailable, "the servers' database does not answer: rooms in progress go on, but no room can be opened or moved until it does; try again in a moment", true));

    // Who may know one name only comes again under it, and is passed on then.
    private Placement At(Rendezvous where) => options.Fleet!.IsProxy
        ? new NotNow(new Error(ErrorCodes.Moving, "the room has just moved; ask again", true))
        : new Elsewhere(where);

    private Rendezvous Known(string room, Rendezvous where)
    {
        if (_known.Count >= MaxKnown)
            _known.Clear();
        return _known[room] = where;
    }

    private static string Secret() => Convert.ToBase64String(RandomNumberGenerator.GetBytes(32));
}
