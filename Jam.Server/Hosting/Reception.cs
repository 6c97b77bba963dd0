using System.Net.WebSockets;
using Jam.Server.Contracts;
using Jam.Server.Web;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Jam.Server.Hosting;

/// <summary>What all listeners share: who may come in, how many are there, and the way from a socket to its room and back.</summary>
internal sealed class Reception(RoomHub hub, JamServerOptions options, TimeProvider time, ILogger log) : IDisposable
{
    private readonly CancellationTokenSource _stopping = new();
    private long _lastId;
    private int _open;

    /// <summary>How many are here.</summary>
    public int Open => Volatile.Read(ref _open);

    /// <summary>Ends when every connection is asked to end.</summary>
    public CancellationToken Stopping => _stopping.Token;

    /// <summary>Asks every connection to end. Each ends within <see cref="ServeAsync"/>.</summary>
    public Task StopAsync() => _stopping.CancelAsync();

    public void Dispose() => _stopping.Dispose();

    /// <summary>Takes a place for one who asks for a room; who gets one gives it back with <see cref="Leave"/>.</summary>
    /// <param name="room">The room's name as it was asked for.</param>
    /// <param name="origin">The page that asks; null for a program. More than one makes it foreign.</param>
    /// <param name="host">The host and port that it believes to talk to.</param>
    /// <param name="address">Its own, for the log.</param>
    /// <returns>Null, or why not: an HTTP status and a sentence.</returns>
    public (int Status, string Reason)? Enter(string room, string? origin, string? host, string? address)
    {
        var refusal = Refusal(room, origin, host);
        if (refusal is null && Interlocked.Increment(ref _open) > options.MaxConnections)
        {
            Leave();
            refusal = (StatusCodes.Status503ServiceUnavailable, "This server is full.");
        }

        if (refusal is { } refused)
            HostingLog.Refused(log, address, refused.Reason);
        return refusal;
    }

    /// <summary>Gives a place back.</summary>
    public void Leave() => Interlocked.Decrement(ref _open);

    /// <summary>Joins a socket to a room until either side ends it.</summary>
    public async Task ServeAsync(WebSocket socket, string room, string? address)
    {
        using var connection = new ClientConnection(Interlocked.Increment(ref _lastId), room, address, socket, hub, options, time, log);
        HostingLog.Connected(log, connection.Id, connection.ObservedAddress, room);
        var reason = "lost";
        try
        {
            reason = await connection.RunAsync(_stopping.Token);
        }
        finally
        {
            // However it ended, no member of a room may stay behind without a connection.
            await hub.EndAsync(connection, reason);
            HostingLog.Disconnected(log, connection.Id, reason);
        }
    }

    private (int Status, string Reason)? Refusal(string room, string? origin, string? host)
    {
        if (!Names.IsRoomName(room))
            return (StatusCodes.Status400BadRequest, "A room's name is 1 to 64 letters, digits, dots, - or _.");
        if (!SameOrigin.Allows(origin, host))
            return (StatusCodes.Status403Forbidden, "Pages of other sites may not connect.");
        return _stopping.IsCancellationRequested ? (StatusCodes.Status503ServiceUnavailable, "This server is closing.") : null;
    }
}
