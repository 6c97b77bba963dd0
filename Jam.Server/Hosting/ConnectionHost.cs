using System.Globalization;
using System.Net;
using Jam.Server.Contracts;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Jam.Server.Hosting;

/// <summary>HTTP in, connections out: routes, refusals, health, and the count of what is open.</summary>
internal sealed class ConnectionHost(RoomHub hub, JamServerOptions options, TimeProvider time, ILogger log) : IDisposable
{
    private const string RoomPrefix = "/ws/";
    private const string TrackRoot = "/track/";

    private const string About = "SwarmJam rendezvous. Rooms: ws://this-host:port/ws/{room}. Health: /healthz\n";

    private readonly CancellationTokenSource _stopping = new();
    private readonly long _startedUs = time.NowUs();
    private long _lastId;
    private int _open;

    public Task HandleAsync(HttpContext context)
    {
        var path = context.Request.Path.Value ?? "/";
        return path switch
        {
            "/" => AnswerAsync(context, StatusCodes.Status200OK, About),
            "/healthz" => HealthAsync(context),
            _ when options.ServeTrack is { } serve && path.StartsWith(TrackRoot, StringComparison.Ordinal) => serve(context),
            _ when path.StartsWith(RoomPrefix, StringComparison.Ordinal) => ConnectAsync(context, path[RoomPrefix.Length..]),
            _ => AnswerAsync(context, StatusCodes.Status404NotFound, "Nothing here. Rooms: /ws/{room}\n"),
        };
    }

    /// <summary>Asks every connection to end. They end on their own requests, which the server waits for.</summary>
    public Task StopAsync() => _stopping.CancelAsync();

    public void Dispose() => _stopping.Dispose();

    private async Task ConnectAsync(HttpContext context, string room)
    {
        if (Refusal(context, room) is var (status, reason))
        {
            HostingLog.Refused(log, AddressOf(context), reason);
            await AnswerAsync(context, status, reason + "\n");
            return;
        }

        try
        {
            if (Interlocked.Increment(ref _open) > options.MaxConnections)
                await AnswerAsync(context, StatusCodes.Status503ServiceUnavailable, "This server is full.\n");
            else
                await ServeAsync(context, room);
        }
        finally
        {
            Interlocked.Decrement(ref _open);
        }
    }

    private async Task ServeAsync(HttpContext context, string room)
    {
        using var socket = await context.WebSockets.AcceptWebSocketAsync();
        using var connection = new ClientConnection(
            Interlocked.Increment(ref _lastId), room, AddressOf(context), socket, hub, options, time);
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

    private (int Status, string Reason)? Refusal(HttpContext context, string room)
    {
        if (!Names.IsRoomName(room))
            return (StatusCodes.Status400BadRequest, "A room's name is 1 to 64 letters, digits, dots, - or _.");
        if (!context.WebSockets.IsWebSocketRequest)
            return (StatusCodes.Status426UpgradeRequired, "This is a WebSocket address.");
        if (!IsSameOrigin(context.Request))
            return (StatusCodes.Status403Forbidden, "Pages of other sites may not connect.");
        if (_stopping.IsCancellationRequested)
            return (StatusCodes.Status503ServiceUnavailable, "This server is closing.");
        return null;
    }

    /// <summary>Browsers always send Origin; programs need not. A page may talk only to the server that it came from.</summary>
    private static bool IsSameOrigin(HttpRequest request)
    {
        var origin = request.Headers.Origin;
        if (origin.Count == 0)
            return true;
        return origin.Count == 1 && Uri.TryCreate(origin[0], UriKind.Absolute, out var from) && from.Scheme is "http" or "https"
            && request.Host.HasValue && Uri.TryCreate($"{from.Scheme}://{request.Host.Value}", UriKind.Absolute, out var here)
            && string.Equals(from.Authority, here.Authority, StringComparison.OrdinalIgnoreCase);
    }

    private Task HealthAsync(HttpContext context)
    {
        var uptime = ((time.NowUs() - _startedUs) / 1e6).ToString("0.0", CultureInfo.InvariantCulture);
        context.Response.ContentType = "application/json";
        return context.Response.WriteAsync(
            $$"""{"status":"ok","rooms":{{hub.RoomCount}},"members":{{hub.MemberCount}},"uptime_sec":{{uptime}}}""",
            context.RequestAborted);
    }

    private static Task AnswerAsync(HttpContext context, int status, string text)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "text/plain; charset=utf-8";
        return context.Response.WriteAsync(text, context.RequestAborted);
    }

    private static string? AddressOf(HttpContext context) => context.Connection.RemoteIpAddress switch
    {
        null => null,
        { IsIPv4MappedToIPv6: true } mapped => mapped.MapToIPv4().ToString(),
        var address => new IPAddress(address.GetAddressBytes()).ToString(),
    };
}
