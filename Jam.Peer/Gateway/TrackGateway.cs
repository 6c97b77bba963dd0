using System.Buffers;
using System.Net;
using Jam.Peer.Storage;
using Jam.Peer.Wire;
using Jam.Server.Contracts;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;

namespace Jam.Peer.Gateway;

/// <summary>
/// Serves what the room plays now and next to browsers, over HTTP: verified chunks only, waiting a moment for those that are about to come.
/// Other peers come first: what browsers take is counted as upload, is bounded for each and for all, and waits while a peer is about to run dry.
/// </summary>
/// <param name="source">What there is.</param>
/// <param name="options">What is borne.</param>
/// <param name="time">The clock.</param>
internal sealed class TrackGateway(IGatewaySource source, GatewayOptions options, TimeProvider time)
{
    /// <summary>Enough for a start, and for a whole track of most kinds that cannot be cut.</summary>
    private const double BurstBytes = 4 << 20;

    private const double LeastBytesPerSecond = 512 << 10;
    private const double TimesItsBitrate = 6;
    private const int PieceBytes = 32 << 10;
    private static readonly TimeSpan PressedStep = TimeSpan.FromMilliseconds(20);

    private readonly Audience _audience = new(
        options.Listeners, options.BytesPerSecond is { } total ? new Pace(total, Math.Max(total, 256 << 10)) : null);

    /// <summary>Answers one request whose path begins with <see cref="GatewayPath.Root"/>.</summary>
    public Task HandleAsync(HttpContext context)
    {
        var response = context.Response;
        // What a track holds is its seeder's: a browser must not take it for a page.
        response.Headers.XContentTypeOptions = "nosniff";
        response.Headers.ContentSecurityPolicy = "default-src 'none'; sandbox";
        if (!IsAllowed(context))
            return RefuseAsync(context, StatusCodes.Status403Forbidden, "Pages of other sites may not listen here.");
        var method = context.Request.Method;
        if (HttpMethods.IsOptions(method))
            return PreflightAsync(response);
        if (!HttpMethods.IsGet(method) && !HttpMethods.IsHead(method))
        {
            response.Headers.Allow = "GET, HEAD";
            return RefuseAsync(context, StatusCodes.Status405MethodNotAllowed, "A track can only be read.");
        }

        if (!source.Admits(context.Request.Query["pass"]))
            return RefuseAsync(context, StatusCodes.Status403Forbidden, "This room is locked.");
        var path = context.Request.Path.Value;
        if (path == GatewayPath.Root)
            return TellAsync(context);
        if (!GatewayPath.TryParse(path, out var asked))
            return RefuseAsync(context, StatusCodes.Status404NotFound, "No such track.");
        return ServeAsync(context, asked);
    }

    /// <summary>A page of the gateway's own address is always welcome; one of another only where it is the room's server's.</summary>
    private bool IsAllowed(HttpContext context)
    {
        var origins = context.Request.Headers.Origin;
        if (origins.Count == 0)
            return true;
        if (origins.Count > 1 || origins[0] is not { } origin)
            return false;
        var isOwn = string.Equals(origin, $"{context.Request.Scheme}://{context.Request.Host.Value}", StringComparison.OrdinalIgnoreCase);
        if (!isOwn && !source.Allows(origin))
            return false;
        var headers = context.Response.Headers;
        headers.AccessControlAllowOrigin = origin;
        headers.Vary = "Origin";
        headers.AccessControlExposeHeaders = "Content-Range, Content-Length, Retry-After, ETag";
        return true;
    }

    private static Task PreflightAsync(HttpResponse response)
    {
        response.StatusCode = StatusCodes.Status204NoContent;
        response.Headers.AccessControlAllowMethods = "GET, HEAD";
        response.Headers.AccessControlAllowHeaders = "Range";
        response.Headers.AccessControlMaxAge = "600";
        return Task.CompletedTask;
    }

    private Task TellAsync(HttpContext context)
    {
        context.Response.ContentType = "application/json";
        context.Response.Headers.CacheControl = "no-store";
        var tracks = string.Join(',', source.Tracks.Select(track => $"\"{track}\""));
        var server = source.Server is { } url ? $"\"{url}\"" : "null";
        return context.Response.WriteAsync(
            Invariant($$"""{"tracks":[{{tracks}}],"free":{{_audience.Free(time.NowUs())}},"server":{{server}}}"""), context.RequestAborted);
    }

    private async Task ServeAsync(HttpContext context, GatewayPath asked)
    {
        if (source.Find(asked.Track) is not { } track)
        {
            await RefuseAsync(context, StatusCodes.Status404NotFound, "The room plays no such track now or next.");
            return;
        }

        if (_audience.Enter(WhoAsks(context), () => PaceOf(track), time.NowUs()) is not { } listener)
        {
            context.Response.Headers.RetryAfter = "5";
            await RefuseAsync(context, StatusCodes.Status503ServiceUnavailable, "As many listen through this peer as may.");
            return;
        }

        try
        {
            if (context.Features.Get<IHttpMinResponseDataRateFeature>() is { } slowest)
                slowest.MinDataRate = new MinDataRate(options.SlowestReader, options.SlowGrace);
            if (asked.Part == GatewayPart.Bytes)
                await SendTrackAsync(context, asked.Track, track, listener);
            else
                await SendBlobAsync(context, asked, listener);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // Whoever asked has gone, or reads too slowly.
        }
        finally
        {
            _audience.Leave(listener, time.NowUs());
        }
    }

    private async Task SendBlobAsync(HttpContext context, GatewayPath asked, Audience.Listener listener)
    {
        if (source.Find(asked.Track, asked.Part) is not { } blob)
        {
            await RefuseAsync(context, StatusCodes.Status404NotFound, "There is none, or it is not here yet.");
            return;
        }

        // Not for ever: the same track may be described anew.
        context.Response.Headers.CacheControl = "private, max-age=60";
        context.Response.ContentType = blob.ContentType;
        context.Response.ContentLength = blob.Bytes.Length;
        if (HttpMethods.IsHead(context.Request.Method))
            return;
        await MakeWayAsync(listener, blob.Bytes.Length, context.RequestAborted);
        await context.Response.Body.WriteAsync(blob.Bytes, context.RequestAborted);
    }

    private async Task SendTrackAsync(HttpContext context, TrackId id, GatewayTrack track, Audience.Listener listener)
    {
        var (request, response) = (context.Request, context.Response);
        if (track.Storage is not { } storage)
        {
            response.Headers.RetryAfter = "1";
            await RefuseAsync(context, StatusCodes.Status503ServiceUnavailable, "This peer is about to learn what the track is made of.");
            return;
        }

        var (total, tag) = (storage.Manifest.LengthBytes, $"\"{id}\"");
        response.Headers.ETag = tag;
        response.Headers.AcceptRanges = "bytes";
        // Its name is its hash: what lies in a browser's cache stays true.
        response.Headers.CacheControl = "private, max-age=31536000, immutable";
        if (request.Headers.IfNoneMatch.Any(known => known is not null && (known.Trim() == "*" || known.Contains(tag, StringComparison.OrdinalIgnoreCase))))
        {
            response.StatusCode = StatusCodes.Status304NotModified;
            return;
        }

        var ifRange = request.Headers.IfRange.ToString();
        var header = ifRange.Length == 0 || ifRange == tag ? request.Headers.Range.ToString() : null;
        if (ByteRange.Read(header, total) is not { } range)
        {
            response.Headers.ContentRange = Invariant($"bytes */{total}");
            await RefuseAsync(context, StatusCodes.Status416RangeNotSatisfiable, "The track is shorter.");
            return;
        }

        var isHead = HttpMethods.IsHead(request.Method);
        if (!isHead && !await PrepareAsync(storage, id, range, listener, context.RequestAborted))
        {
            response.Headers.RetryAfter = "1";
            response.Headers.CacheControl = "no-store";
            await RefuseAsync(context, StatusCodes.Status503ServiceUnavailable, "Those bytes have not come to this peer yet.");
            return;
        }

        response.StatusCode = range.IsPartial ? StatusCodes.Status206PartialContent : StatusCodes.Status200OK;
        if (range.IsPartial)
            response.Headers.ContentRange = Invariant($"bytes {range.First}-{range.First + range.Length - 1}/{total}");
        response.ContentType = track.ContentType;
        response.ContentLength = range.Length;
        if (!isHead)
            await SendRangeAsync(context, storage, id, range, listener);
    }

    /// <summary>Whether the first byte is here in time. Paid before it is waited for: what waits is fetched before other things.</summary>
    private async Task<bool> PrepareAsync(
        TrackStorage storage, TrackId id, ByteRange range, Audience.Listener listener, CancellationToken cancellationToken)
    {
        await MakeWayAsync(listener, (int)Math.Min(PieceBytes, range.Length), cancellationToken);
        return await IsHereAsync(storage, id, (int)(range.First / storage.Manifest.ChunkSizeBytes), cancellationToken);
    }

    private async Task SendRangeAsync(HttpContext context, TrackStorage storage, TrackId id, ByteRange range, Audience.Listener listener)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(PieceBytes);
        try
        {
            var (at, end) = (range.First, range.First + range.Length);
            // The first piece is paid for already.
            for (var paid = Math.Min(PieceBytes, range.Length); at < end;)
            {
                var chunkSize = storage.Manifest.ChunkSizeBytes;
                var (chunk, offset) = ((int)(at / chunkSize), (int)(at % chunkSize));
                var wanted = (int)Math.Min(Math.Min(PieceBytes, end - at), chunkSize - offset);
                if (paid < wanted)
                {
                    await MakeWayAsync(listener, PieceBytes, context.RequestAborted);
                    paid += PieceBytes;
                }

                if (!await IsHereAsync(storage, id, chunk, context.RequestAborted))
                {
                    // The length was promised: only a broken connection says that less came.
                    context.Abort();
                    return;
                }

                var read = storage.Read(chunk, offset, buffer.AsSpan(0, wanted));
                if (read <= 0)
                    throw new IOException("a verified chunk is shorter than its manifest says");
                await context.Response.Body.WriteAsync(buffer.AsMemory(0, read), context.RequestAborted);
                at += read;
                paid -= read;
            }
        }
        catch (IOException)
        {
            // The disk does not give what it had; whoever plays this chunk here says so.
            context.Abort();
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private async Task<bool> IsHereAsync(TrackStorage storage, TrackId id, int chunk, CancellationToken cancellationToken)
    {
        if (storage.Has(chunk))
            return true;
        source.Await(id, chunk);
        try
        {
            await storage.WaitForAsync(chunk, cancellationToken).WaitAsync(options.ChunkPatience, time, cancellationToken);
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    /// <summary>Waits until bytes may go out: for the listener's own pace, and for peers that are about to run dry.</summary>
    private async Task MakeWayAsync(Audience.Listener listener, int bytes, CancellationToken cancellationToken)
    {
        var waitUs = _audience.TakeUs(listener, bytes, time.NowUs());
        if (waitUs > 0)
            await Task.Delay(TimeSpan.FromMicroseconds(waitUs), time, cancellationToken);
        for (var waited = TimeSpan.Zero; source.IsPressed && waited < options.PressedPatience; waited += PressedStep)
            await Task.Delay(PressedStep, time, cancellationToken);
        source.Spend(bytes);
    }

    private static Pace PaceOf(GatewayTrack track) => new(Math.Max(LeastBytesPerSecond, TimesItsBitrate * track.BytesPerSecond), BurstBytes);

    /// <summary>A member counts by itself, anyone else by the address, so that one address cannot take every place.</summary>
    private string WhoAsks(HttpContext context)
    {
        var peer = context.Request.Query["peer"].ToString();
        var address = context.Connection.RemoteIpAddress ?? IPAddress.None;
        return Names.IsId(peer) && source.IsMember(peer) ? $"{address} {peer}" : address.ToString();
    }

    private static Task RefuseAsync(HttpContext context, int status, string words)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "text/plain; charset=utf-8";
        return HttpMethods.IsHead(context.Request.Method) ? Task.CompletedTask : context.Response.WriteAsync(words + "\n", context.RequestAborted);
    }

    private static string Invariant(FormattableString text) => FormattableString.Invariant(text);
}
