using Jam.Server.Contracts;
using Jam.Server.Rooms;

namespace Jam.Server.Hosting;

/// <summary>What the loop does as one of several servers: rooms come to it and go from it while it runs.</summary>
internal sealed partial class RoomHub
{
    private const int MaxTries = 8;
    private const long LeaveWithinUs = 2_000_000;

    // Who was told to go elsewhere, and until when it may take its time. The loop alone changes it.
    private readonly List<(Room Room, long UntilUs)> _parting = [];

    /// <summary>The fleet that this server is one of; null: it stands alone. Set before anyone connects.</summary>
    public IFleet? Fleet { get; set; }

    /// <summary>Whether a room is kept here, for whoever asks from outside the loop.</summary>
    public bool IsHere(string room) => _rooms.TryGetValue(room, out var hosted) && !hosted.IsFrozen;

    /// <summary>Names of the rooms that are kept here.</summary>
    public IReadOnlyCollection<string> RoomNames => [.. _rooms.Keys];

    /// <summary>Takes up a room that the fleet has given to this server; one that is here already stays as it is.</summary>
    /// <returns>Whether it is here now.</returns>
    public async Task<bool> GiveAsync(string room, StoredRoom? stored, string secret, long epoch, CancellationToken cancellationToken)
    {
        var taken = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        await WriteAsync(new Given(room, stored, secret, epoch, taken), cancellationToken);
        return await taken.Task.WaitAsync(cancellationToken);
    }

    /// <summary>Has a room stand still from now on.</summary>
    /// <returns>What is to be kept of it; null where it is not here.</returns>
    public async Task<StoredRoom?> FreezeAsync(string room, CancellationToken cancellationToken)
    {
        var taken = new TaskCompletionSource<StoredRoom?>(TaskCreationOptions.RunContinuationsAsynchronously);
        await WriteAsync(new Freeze(room, taken), cancellationToken);
        return await taken.Task.WaitAsync(cancellationToken);
    }

    /// <summary>Lets go of a room that is another server's; its members are told where it is, and hung up on when they take too long.</summary>
    public ValueTask PartAsync(string room, Rendezvous? where) => WriteAsync(new Parted(room, where), CancellationToken.None);

    /// <summary>Hangs up on who was told to go and did not.</summary>
    /// <param name="all">Whether nobody has any more time.</param>
    public ValueTask UsherAsync(bool all) => WriteAsync(new Usher(all), CancellationToken.None);

    /// <summary>Has all rooms, or one, written anew.</summary>
    public ValueTask RewriteAsync(string? room) => WriteAsync(new Rewrite(room), CancellationToken.None);

    /// <summary>Tells all members where else they may look.</summary>
    public ValueTask AdvertiseAsync() => WriteAsync(new Advertise(), CancellationToken.None);

    /// <returns>False where the message is a HELLO for a room that is not here.</returns>
    private async ValueTask<bool> TakeHereAsync(ClientConnection connection, ClientMessage message, CancellationToken cancellationToken)
    {
        var room = message is Hello or SetDoor && _rooms.TryGetValue(connection.RoomName, out var there) ? there.Room : null;
        var (knock, refused) = await _doorbell.RingAsync(message, room, connection.ObservedAddress, cancellationToken);
        if (refused is not null)
        {
            connection.Send(refused);
            return true;
        }

        var answered = message is Hello ? new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously) : null;
        await WriteAsync(new Said(connection, message, answered, knock, _time.NowUs()), cancellationToken);
        return answered is null || await answered.Task.WaitAsync(cancellationToken);
    }

    private async ValueTask TakeOfFleetAsync(IFleet fleet, ClientConnection connection, ClientMessage message, CancellationToken cancellationToken)
    {
        if (message is not Hello hello)
        {
            // Whoever asks where a room is, or says so, does not bring one about.
            connection.Send(await fleet.WhereAsync(connection.RoomName, cancellationToken) ?? new Rendezvous(1, ClockId, []));
            return;
        }

        for (var tries = 0; tries < MaxTries; tries++)
        {
            switch (await fleet.PlaceAsync(connection.RoomName, hello.Resume?.Timeline.ClockId, cancellationToken))
            {
                case Elsewhere elsewhere:
                    connection.Send(elsewhere.Where);
                    connection.HangUp();
                    return;
                case NotNow wait:
                    connection.Send(wait.Why);
                    return;
                default:
                    // Between the claim and this, the room may have gone again.
                    if (await TakeHereAsync(connection, message, cancellationToken))
                        return;
                    break;
            }
        }

        connection.Send(Moving(true));
    }

    private static bool TurnAway(ClientConnection connection, ClientMessage message)
    {
        if (message is Hello)
            return false;
        if (message is Bye)
            connection.HangUp();
        else if (message is not TellRendezvous)
            connection.Send(Moving(false));
        return true;
    }

    private static Error Moving(bool close) => new(ErrorCodes.Moving, "the room is moving to another server; nothing was done, ask again in a moment", close);

    private static void Abandon(HubEvent hubEvent)
    {
        (hubEvent as Inherited)?.Taken.TrySetCanceled(CancellationToken.None);
        (hubEvent as Given)?.Taken.TrySetResult(false);
        (hubEvent as Freeze)?.Taken.TrySetResult(null);
    }

    private void HandleOfFleet(HubEvent hubEvent)
    {
        switch (hubEvent)
        {
            case Given given:
                given.Taken.TrySetResult(Take(given));
                break;
            case Freeze freeze:
                freeze.Taken.TrySetResult(StandStill(freeze.Name));
                break;
            case Parted parted:
                Part(parted);
                break;
            case Usher usher:
                HangUpOnParting(usher.All);
                break;
            case Rewrite rewrite:
                foreach (var hosted in _rooms.Values.Where(h => !h.IsFrozen && (rewrite.Name is null || h.Room.Name == rewrite.Name)))
                    _saver?.Save(hosted.Room, Now());
                break;
            case Advertise:
                foreach (var hosted in _rooms.Values.Where(h => !h.IsFrozen))
                {
                    if (Fleet?.Addresses(hosted.Room.Name, hosted.Room.Timeline.Epoch) is { } addresses)
                        _post.Deliver(hosted.Room, new ToAll(addresses));
                }

                break;
            default:
                throw new NotSupportedException(hubEvent.GetType().Name);
        }
    }

    private bool Take(Given given)
    {
        if (_rooms.TryGetValue(given.Name, out var hosted))
            return !hosted.IsFrozen;
        var now = Now();
        var room = given.Stored is { } stored ? RoomMemory.Restore(stored, ClockId, now) : Room.Open(given.Name, given.Secret, ClockId, now.Us);
        room = Succession.Raised(room, given.Epoch);
        Fleet?.Took(given.Name, given.Epoch);
        Add(room);
        _saver?.Save(room, now);
        return true;
    }

    private StoredRoom? StandStill(string name)
    {
        if (!_rooms.TryGetValue(name, out var hosted))
            return null;
        hosted.IsFrozen = true;
        return RoomMemory.Store(hosted.Room, Now());
    }

    private void Part(Parted parted)
    {
        Fleet?.Dropped(parted.Name);
        if (!_rooms.TryRemove(parted.Name, out var hosted))
            return;
        hosted.IsGone = true;
        _roomCount = _rooms.Count;
        _memberCount -= hosted.Room.Seats.Count;
        if (parted.Where is { } where)
            _post.Deliver(hosted.Room, new ToAll(where));
        // A member looks there beside its connection here, so that it is never without one.
        _parting.Add((hosted.Room, parted.Where is null ? long.MinValue : Now().Us + LeaveWithinUs));
        HangUpOnParting(false);
    }

    private void HangUpOnParting(bool all)
    {
        var nowUs = _time.NowUs();
        foreach (var (room, _) in _parting.Where(p => all || p.UntilUs <= nowUs))
        {
            foreach (var connection in room.Seats.Keys)
                _post.Deliver(room, new HangUp(connection));
        }

        _parting.RemoveAll(p => all || p.UntilUs <= nowUs);
    }
}
