using Jam.Server.Contracts;
using Jam.Server.Fleet;
using Jam.Server.Fleet.Postgres;

namespace Jam.Server.Hosting;

/// <summary>How a server ends whose rooms go on.</summary>
internal sealed partial class FleetAgent
{
    /// <summary>Hands all rooms over, each to the least loaded server, and waits a moment for the members to go there; before, a moment for a server to take them.</summary>
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
        var heirUntilUs = _time.NowUs() + (_options.DrainWithin.Ticks / TimeSpan.TicksPerMicrosecond);
        foreach (var room in _hub.RoomNames)
        {
            if (await HandOverAsync(room, given, heirUntilUs, cancellationToken))
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

    private async Task<bool> HandOverAsync(string room, Dictionary<Guid, int> given, long heirUntilUs, CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                // Before the room stands still: until there is somebody to take it, it goes on here.
                var heir = await HeirAsync(given, heirUntilUs, cancellationToken);
                if (!_store.Held.TryGetValue(room, out var held) || await _hub.FreezeAsync(room, cancellationToken) is not { } stored)
                    return false;
                var changed = _sight.Changed;
                var epoch = await _database.HandOverAsync(
                    room, _hub.ClockId, _store.Held.GetValueOrDefault(room, held), stored.Timeline.Epoch, FleetRoomStore.Write(stored), heir?.Id, cancellationToken);
                if (heir is not null && epoch is { } now)
                {
                    given[heir.Id] = given.GetValueOrDefault(heir.Id) + 1 + stored.Members.Count;
                    await PartAsync(room, now, heir);
                    return true;
                }

                if (heir is null || _time.NowUs() >= heirUntilUs || (await _database.LookAsync(room, cancellationToken))?.Owner != _hub.ClockId)
                {
                    await _hub.PartAsync(room, null);
                    return false;
                }

                // The heir's lease ended between the look and the word.
                await changed.WaitAsync(cancellationToken);
            }
        }
        catch (Exception e) when (FleetDatabase.IsAbsent(e))
        {
            FleetLog.NotAsked(_log, room, e.Message);
            return false;
        }
    }

    /// <summary>Who takes the next room; where the others are late with their renewals, that is waited for.</summary>
    private async Task<ServerEntry?> HeirAsync(Dictionary<Guid, int> given, long untilUs, CancellationToken cancellationToken)
    {
        while (true)
        {
            // Taken first: what changes after the look ends the wait.
            var changed = _sight.Changed;
            var (fleet, nowUs) = (_sight.Picture, _time.NowUs());
            if (FleetRules.Heir(fleet, given, nowUs) is { } heir)
                return heir;
            if (nowUs >= untilUs || !FleetRules.HasHeirs(fleet))
                return null;
            await changed.WaitAsync(cancellationToken);
        }
    }
}
