using System.Net.WebSockets;
using Jam.Server.Contracts;
using Jam.Server.Doors;
using Jam.Server.Observing;
using Jam.Server.Web;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Jam.Server.Hosting;

/// <summary>What all listeners share: who may come in, how many are there, and the way from a socket to its room and back.</summary>
internal sealed class Reception(RoomHub hub, JamServerOptions options, TimeProvider time, ILogger log, ServerMetrics? metrics = null) : IDisposable
{
    private readonly CancellationTokenSource _stopping = new();
    private readonly AddressBook _addresses = new(options.PerAddress, time);
    private long _lastId;
    private int _open;

    /// <summary>Connections that are open.</summary>
    public int OpenConnections => Volatile.Read(ref _open);

    /// <summary>Whether it lets nobody in any more.</summary>
    public bool IsStopping => _stopping.IsCancellationRequested;

    /// <summary>Ends when every connection is asked to end.</summary>
    public CancellationToken Stopping => _stopping.Token;

    /// <summary>The port of the pages where a listener that knows none has the rooms; null: they are on one.</summary>
    public int? WebPort { get; set; }

    /// <summary>Where the clock can be probed by datagrams; null: nowhere.</summary>
    public ClockResponder? Clock { get; set; }

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
        var account = _addresses.Of(address);
        if (refusal is null && !account.TryConnect())
        {
            refusal = (StatusCodes.Status429TooManyRequests, "Too many connections from your address.");
        }
        else if (refusal is null && Interlocked.Increment(ref _open) > options.MaxConnections)
        {
            Leave(address);
            refusal = (StatusCodes.Status503ServiceUnavailable, "This server is full.");
        }

        if (refusal is { } refused)
            metrics?.Refused(refused.Status);
        if (refusal is { } said && account.TryLog(out var unsaid))
        {
            var more = HostingLog.Unsaid(unsaid);
            HostingLog.Refused(log, address, said.Reason, more);
        }

        return refusal;
    }

    /// <summary>Gives a place back.</summary>
    public void Leave(string? address)
    {
        Interlocked.Decrement(ref _open);
        _addresses.Of(address).Disconnect();
    }

    /// <summary>Whether one more request for a page or a file may come from an address.</summary>
    public bool MayAsk(string? address) => _addresses.Of(address).TryRequest();

    /// <summary>Joins a socket to a room until either side ends it.</summary>
    public async Task ServeAsync(WebSocket socket, string room, string? address)
    {
        var account = _addresses.Of(address);
        using var connection = new ClientConnection(Interlocked.Increment(ref _lastId), room, address, socket, hub, options, time, log, metrics, account)
        {
            WebPort = WebPort, Clock = Clock,
        };
        var reason = "lost";
        try
        {
            reason = await connection.RunAsync(_stopping.Token);
        }
        finally
        {
            Clock?.Forget(connection);
            // However it ended, no member of a room may stay behind without a connection.
            await hub.EndAsync(connection, reason);
            if (connection.View is not null)
                HostingLog.Disconnected(log, connection.Id, reason);
            else if (account.TryLog(out var unsaid))
                LogTurnedAway(connection, reason, HostingLog.Unsaid(unsaid));
        }
    }

    private void LogTurnedAway(ClientConnection connection, string reason, string unsaid)
    {
        var (why, code) = connection.LastWord is { } last ? (last.Message, last.Code) : (reason, "no HELLO");
        HostingLog.TurnedAway(log, connection.Id, connection.ObservedAddress, connection.RoomName, why, code, unsaid);
    }

    private (int Status, string Reason)? Refusal(string room, string? origin, string? host)
    {
        if (!Names.IsRoomName(room))
            return (StatusCodes.Status400BadRequest, "A room's name is 1 to 64 letters, digits, dots, - or _.");
        if (!SameOrigin.Allows(origin, host) && options.AllowsOrigin?.Invoke(origin!) != true)
            return (StatusCodes.Status403Forbidden, "Pages of other sites may not connect.");
        return _stopping.IsCancellationRequested ? (StatusCodes.Status503ServiceUnavailable, "This server is closing.") : null;
    }
}
