using Jam.Server.Contracts;
using Jam.Server.Fleet;
using Jam.Server.Fleet.Postgres;

namespace Jam.Server.Hosting;

/// <summary>How a server ends whose rooms go on.</summary>
internal sealed partial class FleetAgent
{
    /// <summary>Hands all rooms over, each to the least loaded server, and waits a moment for the members to go there.</summary>
    /// <param name="connected">How many are connected.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task DrainAsync(Func<int> connected, CancellationToken cancellationToken)
    {
        _isDraining = true;
        FleetLog.Draining(_log, _hub.RoomCount);
        // Before anything goes: nobody sends new rooms here any more.
        await Task.Run(Renew, cancellationToken);
        var given = new Dictionary<Guid, int>();
        var (handed, left) = (0, 0);
        foreach (var room in _hub.RoomNames)
        {
            if (await HandOverAsync(room, given, cancellationToken))
                handed++;
            else
                left++;
        }

        var since = _time.GetTimestamp();
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(50), _time);
        while (handed > 0 && connected() > 0 && _time.GetElapsedTime(since) < _options.DrainWithin && await timer.WaitForNextTickAsync(cancellationToken))
            await _hub.UsherAsync(false);
        FleetLog.Drained(_log, handed, left);
    }

    private async Task<bool> HandOverAsync(string room, Dictionary<Guid, int> given, CancellationToken cancellationToken)
    {
        try
        {
            if (!_store.Held.TryGetValue(room, out var held) || await _hub.FreezeAsync(room, cancellationToken) is not { } stored)
                return false;
            var heir = FleetRules.Heir(_sight.Picture, given, _time.NowUs());
            var epoch = await _database.HandOverAsync(
                room, _hub.ClockId, _store.Held.GetValueOrDefault(room, held), stored.Timeline.Epoch, FleetRoomStore.Write(stored), heir?.Id, cancellationToken);
            if (heir is null || epoch is not { } now)
            {
                await _hub.PartAsync(room, null);
                return false;
            }

            given[heir.Id] = given.GetValueOrDefault(heir.Id) + 1 + stored.Members.Count;
            await PartAsync(room, now, heir);
            return true;
        }
        catch (Exception e) when (FleetDatabase.IsAbsent(e))
        {
            FleetLog.NotAsked(_log, room, e.Message);
            return false;
        }
    }
}
