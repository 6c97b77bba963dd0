using Jam.Server.Contracts;

namespace Jam.Server.Hosting;

/// <summary>What a connection needs of the loop that owns the rooms.</summary>
internal interface IRoomHub
{
    /// <summary>The clock that this server's rooms are on.</summary>
    Guid ClockId { get; }

    /// <summary>Hands a message over; ends once it is in the loop's queue, or, for HELLO, once the room has answered it.</summary>
    ValueTask TakeAsync(ClientConnection connection, ClientMessage message, CancellationToken cancellationToken);
}
