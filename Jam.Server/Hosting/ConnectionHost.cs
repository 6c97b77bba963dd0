using System.Globalization;
using System.Net;
using Jam.Server.Contracts;
using Jam.Server.Web;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Jam.Server.Hosting;

/// <summary>HTTP in, connections out: routes, refusals, health, the page, and the count of what is open.</summary>
internal sealed class ConnectionHost(RoomHub hub, JamServerOptions options, TimeProvider time, ILogger log) : IDisposable
{
    private const string RoomPrefix = "/ws/";

    private readonly WebSite _site = new(options.Routes.Select(route => route.Name), () => RoomLister.List(hub.Rooms, options, time.NowUs()));

    private readonly CancellationTokenSource _stopping = new();
    private readonly long _startedUs = time.NowUs();
    private long _lastId;
    private int _open;

    public Task HandleAsync(HttpContext context)
    {
        var path = context.Request.Path.Value ?? "/";
        return path switch
        {
            "/healthz" => HealthAsync(context),
            _ when path.StartsWith(RoomPrefix, StringComparison.Ordinal) => ConnectAsync(context, path[RoomPrefix.Length..]),
            _ when options.Routes.FirstOrDefault(route => path.StartsWith(route.Prefix, StringComparison.Ordinal)) is { } route =>
                AskAsync(context, route),
            _ => _site.AnswerAsync(context, path),
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
        if (!SameOrigin.Allows(context.Request))
            return (StatusCodes.Status403Forbidden, "Pages of other sites may not connect.");
        if (_stopping.IsCancellationRequested)
            return (StatusCodes.Status503ServiceUnavailable, "This server is closing.");
        return null;
    }

    private static Task AskAsync(HttpContext context, HttpRoute route)
    {
        if (!route.AllowsOtherOrigins && !SameOrigin.Allows(context.Request))
            return AnswerAsync(context, StatusCodes.Status403Forbidden, "Pages of other sites may not ask.\n");
        return route.HandleAsync(context);
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
