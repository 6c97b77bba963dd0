using System.Text.Json;
using Jam.Server.Contracts;
using Microsoft.AspNetCore.Http;

namespace Jam.Server.Web;

/// <summary>The page: its files, the list of rooms, links and their codes. Everything is a GET; nothing changes by asking.</summary>
/// <param name="offers">What else this server answers, by name, so that the page asks for nothing that is not there.</param>
/// <param name="rooms">The rooms that the lobby shows.</param>
internal sealed class WebSite(IEnumerable<string> offers, Func<IReadOnlyList<ListedRoom>> rooms)
{
    private const string Assets = "/assets/";
    private const string RoomPage = "/room/";
    private const string Api = "/api/";
    private const string InviteHeader = "X-Jam-Invite";

    // Scripts, styles and pictures from here alone, none inline. Sound may come from the gateway of a peer, which is another origin.
    private const string ContentSecurity =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self' ws: wss: http: https:; "
        + "media-src 'self' blob:; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    private readonly WebAssets _assets = new();
    private readonly string[] _offers = [.. offers];

    public Task AnswerAsync(HttpContext context, string path)
    {
        var (request, response) = (context.Request, context.Response);
        response.Headers.ContentSecurityPolicy = ContentSecurity;
        response.Headers.XContentTypeOptions = "nosniff";
        response.Headers["Referrer-Policy"] = "no-referrer";
        response.Headers["Cross-Origin-Resource-Policy"] = "same-origin";
        if (!HttpMethods.IsGet(request.Method) && !HttpMethods.IsHead(request.Method))
            return RefuseAsync(context, StatusCodes.Status405MethodNotAllowed, "Only GET.\n");
        if (path.StartsWith(Api, StringComparison.Ordinal))
        {
            return SameOrigin.Allows(request)
                ? AnswerApiAsync(context, path[Api.Length..])
                : RefuseAsync(context, StatusCodes.Status403Forbidden, "Pages of other sites may not ask.\n");
        }

        var asset = path switch
        {
            "/" => _assets.Find("lobby.html"),
            "/favicon.ico" => _assets.Find("icon.svg"),
            "/protocol" => _assets.Find("PROTOCOL.md"),
            _ when path.StartsWith(RoomPage, StringComparison.Ordinal) && Names.IsRoomName(path[RoomPage.Length..]) => _assets.Find("room.html"),
            _ when path.StartsWith(Assets, StringComparison.Ordinal) => _assets.Find(path[Assets.Length..]),
            _ => null,
        };
        return asset is null
            ? RefuseAsync(context, StatusCodes.Status404NotFound, "Nothing here. The page: /  Rooms: /ws/{room}\n")
            : SendAsync(context, asset);
    }

    private Task AnswerApiAsync(HttpContext context, string path)
    {
        context.Response.Headers.CacheControl = "no-store";
        if (path == "rooms")
            return JsonAsync(context, JsonSerializer.SerializeToUtf8Bytes(new Lobby(rooms(), _offers), WebJsonContext.Default.Lobby));
        var parts = path.Split('/');
        if (parts is not ["link" or "qr", var room] || !Names.IsRoomName(room))
            return RefuseAsync(context, StatusCodes.Status404NotFound, "No such question.\n");
        var links = RoomLinks.Of(context, room);
        if (parts[0] == "link")
            return JsonAsync(context, JsonSerializer.SerializeToUtf8Bytes(new Links(links), WebJsonContext.Default.Links));
        // An invite stands behind the #, and comes in a header: addresses are written down on their way, headers are not.
        var invite = context.Request.Headers[InviteHeader] is [{ } token] && Names.IsId(token) ? RoomLinks.InviteMark + token : "";
        context.Response.ContentType = "image/svg+xml";
        return context.Response.WriteAsync(RoomLinks.Code(links[0] + invite), context.RequestAborted);
    }

    private static Task JsonAsync(HttpContext context, byte[] json)
    {
        context.Response.ContentType = "application/json";
        context.Response.ContentLength = json.Length;
        return HttpMethods.IsHead(context.Request.Method) ? Task.CompletedTask : context.Response.Body.WriteAsync(json, context.RequestAborted).AsTask();
    }

    private static Task SendAsync(HttpContext context, WebAsset asset)
    {
        var (request, response) = (context.Request, context.Response);
        // Asked again each time and answered by 304: an update of the server is an update of the page.
        response.Headers.CacheControl = "no-cache";
        response.Headers.ETag = asset.ETag;
        response.Headers.Vary = "Accept-Encoding";
        if (request.Headers.IfNoneMatch.Any(tags => tags?.Contains(asset.ETag, StringComparison.Ordinal) == true))
        {
            response.StatusCode = StatusCodes.Status304NotModified;
            return Task.CompletedTask;
        }

        response.ContentType = asset.ContentType;
        var body = asset.Bytes;
        if (request.Headers.AcceptEncoding.Any(encodings => encodings?.Contains("gzip", StringComparison.OrdinalIgnoreCase) == true))
        {
            response.Headers.ContentEncoding = "gzip";
            body = asset.Gzip;
        }

        response.ContentLength = body.Length;
        return HttpMethods.IsHead(request.Method) ? Task.CompletedTask : response.Body.WriteAsync(body, context.RequestAborted).AsTask();
    }

    private static Task RefuseAsync(HttpContext context, int status, string text)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "text/plain; charset=utf-8";
        return context.Response.WriteAsync(text, context.RequestAborted);
    }
}
