using System.Net;
using Jam.Server.Contracts;
using Jam.Server.Observing;
using Jam.Server.Web;
using Microsoft.AspNetCore.Http;

namespace Jam.Server.Hosting;

/// <summary>HTTP in: routes, health, the page, and WebSockets for the reception.</summary>
internal sealed class ConnectionHost(
    RoomHub hub, Reception reception, JamServerOptions options, TimeProvider time, ServerHealth health, MetricsPage metrics, FleetAgent? fleet = null)
{
    /// <summary>What stands before a room's name in a path.</summary>
    public const string RoomPrefix = "/ws/";

    private static readonly DirectWebSocket.WebSocketOptions _beat = new(KestrelListener.PingEvery, KestrelListener.PongWithin);

    private readonly WebSite _site = new(options.Routes.Select(route => route.Name), () => RoomLister.List(hub.Rooms, options, time.NowUs()));

    public Task HandleAsync(HttpContext context)
    {
        if (options.IsOpen?.Invoke() == false)
            return AnswerAsync(context, StatusCodes.Status503ServiceUnavailable, "Not open yet; come again in a moment.\n");
        var path = context.Request.Path.Value ?? "/";
        if (!path.StartsWith(RoomPrefix, StringComparison.Ordinal) && !reception.MayAsk(AddressOf(context)))
            return AnswerAsync(context, StatusCodes.Status429TooManyRequests, "Too many requests from your address.\n");
        return path switch
        {
            "/healthz" => health.AnswerHealthAsync(context),
            "/readyz" => health.AnswerReadinessAsync(context),
            "/metrics" => metrics.AnswerAsync(context),
            _ when path.StartsWith(RoomPrefix, StringComparison.Ordinal) => ConnectAsync(context, path[RoomPrefix.Length..]),
            _ when options.Routes.FirstOrDefault(route => path.StartsWith(route.Prefix, StringComparison.Ordinal)) is { } route =>
                AskAsync(context, route),
            _ => _site.AnswerAsync(context, path),
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
            // A browser may connect to its page's own server only, so for one that server passes on what another keeps.
            var owner = fleet is not null && (origin.Count > 0 || options.Fleet!.IsProxy) ? await fleet.Desk.ElsewhereAsync(room, context.RequestAborted) : null;
            using var socket = owner is null ? await DirectWebSocket.AcceptAsync(context, _beat) : await context.WebSockets.AcceptWebSocketAsync();
            if (owner is null)
                await reception.ServeAsync(socket, room, address);
            else
                await FleetProxy.PassOnAsync(socket, owner, address, why => fleet!.Desk.Reached(owner, why), time, reception.Stopping);
        }
        finally
        {
            reception.Leave(address);
        }
    }

    private static Task AskAsync(HttpContext context, HttpRoute route)
    {
        if (!route.AllowsOtherOrigins && !SameOrigin.Allows(context.Request))
            return AnswerAsync(context, StatusCodes.Status403Forbidden, "Pages of other sites may not ask.\n");
        return route.HandleAsync(context);
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
