using System.Globalization;
using System.Net;
using Jam.Server.Contracts;
using Microsoft.AspNetCore.Http;

namespace Jam.Server.Hosting;

/// <summary>HTTP in: routes, health, and WebSockets for the reception.</summary>
internal sealed class ConnectionHost(RoomHub hub, Reception reception, TimeProvider time)
{
    /// <summary>What stands before a room's name in a path.</summary>
    public const string RoomPrefix = "/ws/";

    private const string About = "SwarmJam rendezvous. Rooms: ws://this-host:port/ws/{room}. Health: /healthz\n";

    private readonly long _startedUs = time.NowUs();

    public Task HandleAsync(HttpContext context)
    {
        var path = context.Request.Path.Value ?? "/";
        return path switch
        {
            "/" => AnswerAsync(context, StatusCodes.Status200OK, About),
            "/healthz" => HealthAsync(context),
            _ when path.StartsWith(RoomPrefix, StringComparison.Ordinal) => ConnectAsync(context, path[RoomPrefix.Length..]),
            _ => AnswerAsync(context, StatusCodes.Status404NotFound, "Nothing here. Rooms: /ws/{room}\n"),
        };
    }

    private async Task ConnectAsync(HttpContext context, string room)
    {
        if (Names.IsRoomName(room) && !context.WebSockets.IsWebSocketRequest)
        {
            await AnswerAsync(context, StatusCodes.Status426UpgradeRequired, "This is a WebSocket address.\n");
            return;
        }

        var address = AddressOf(context);
        var origin = context.Request.Headers.Origin;
        if (reception.Enter(room, origin.Count == 0 ? null : origin.ToString(), context.Request.Host.Value, address) is var (status, reason))
        {
            await AnswerAsync(context, status, reason + "\n");
            return;
        }

        try
        {
            using var socket = await context.WebSockets.AcceptWebSocketAsync();
            await reception.ServeAsync(socket, room, address);
        }
        finally
        {
            reception.Leave();
        }
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
