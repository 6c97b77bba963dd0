using Jam.Server.Contracts;
using Jam.Server.Doors;
using Jam.Server.Rooms;

namespace Jam.Server.Hosting;

/// <summary>What was found out of a message's password before the rooms' loop sees it.</summary>
/// <param name="Proven">The seal that it opens.</param>
/// <param name="Sealed">Itself, sealed anew.</param>
internal readonly record struct Knock(string? Proven = null, string? Sealed = null);

/// <summary>
/// Passwords take a tenth of a second, so they are looked at on the connection's own time, with the room as it is then; the room's rule
/// decides by what it keeps when its turn comes.
/// </summary>
internal sealed class Doorbell(PasswordDesk desk) : IDisposable
{
    /// <summary>Looks at the password of a message, where it has one that matters.</summary>
    /// <returns>What was found, or the refusal.</returns>
    public async ValueTask<(Knock Knock, Error? Refused)> RingAsync(
        ClientMessage message, Room? room, string? address, CancellationToken cancellationToken)
    {
        switch (message)
        {
            case Hello { Password: { } password } hello when room?.Door is { IsLocked: true, Password: { } seal }:
                if (Door.IsKnown(room, hello) || Door.IsOwner(room.Door, hello.HostToken))
                    return default;
                return await desk.LookAsync(seal, password, address, cancellationToken) switch
                {
                    PasswordAnswer.Right => (new Knock(Proven: seal), null),
                    PasswordAnswer.Wrong => default,
                    _ => (default, new Error(ErrorCodes.TooManyAttempts, "too many wrong passwords came from your address; try again in a minute", true)),
                };
            // Only a host that opens a room brings a password along; anyone else's means nothing there.
            case Hello { Password.Length: > 0, Role: Role.Host } opener when room is null || Door.IsAwaitingHost(room.Door):
                return (new Knock(Sealed: await desk.SealAsync(opener.Password!, cancellationToken)), null);
            case SetDoor { Password: { Length: > 0 } chosen }:
                return (new Knock(Sealed: await desk.SealAsync(chosen, cancellationToken)), null);
            default:
                return default;
        }
    }

    public void Dispose() => desk.Dispose();
}
