using Jam.Peer.Audio.Tags;
using Jam.Peer.Wire;
using Jam.Server.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Jam.Peer.Session.Page;

/// <summary>
/// What a host's own server answers for the page beside the rooms: what travels beside the tracks (tags, pictures), and files to seed.
/// </summary>
/// <param name="beside">What is here under a hash; null: nothing.</param>
/// <param name="seed">Checks a file and seeds it; the result is for people.</param>
/// <param name="cache">Folder in which dropped files lie meanwhile.</param>
internal sealed class PageRoutes(Func<BlobId, byte[]?> beside, Func<string, CancellationToken, Task<string>> seed, string cache) : IDisposable
{
    private const string Beside = "/beside/";
    private const string Seed = "/seed/";
    private const string Header = "X-Jam-Seed";

    private readonly DropFolder _folder = new(cache);
    private readonly SemaphoreSlim _one = new(1);

    /// <summary>Lets a page on another machine drop files here.</summary>
    public PageKey Key { get; } = PageKey.Fresh();

    /// <summary>For <see cref="JamServerOptions.Routes"/>.</summary>
    public IReadOnlyList<HttpRoute> All => [new(Beside, AnswerBesideAsync, "beside"), new(Seed, AnswerSeedAsync, "seed")];

    /// <inheritdoc/>
    public void Dispose()
    {
        _folder.Dispose();
        _one.Dispose();
    }

    private Task AnswerBesideAsync(HttpContext context)
    {
        var (request, response) = (context.Request, context.Response);
        if (!HttpMethods.IsGet(request.Method))
            return SayAsync(context, StatusCodes.Status405MethodNotAllowed, "Only GET.");
        // Nothing but a hash names anything here, so no path leads elsewhere.
        if (!BlobId.TryParse(request.Path.Value?[Beside.Length..], out var id) || beside(id) is not { } bytes || TypeOf(bytes) is not { } type)
            return SayAsync(context, StatusCodes.Status404NotFound, "That is not here.");
        response.ContentType = type;
        response.ContentLength = bytes.Length;
        response.Headers.XContentTypeOptions = "nosniff";
        response.Headers.ContentSecurityPolicy = "default-src 'none'; sandbox";
        response.Headers.CacheControl = "public, max-age=31536000, immutable";
        return response.Body.WriteAsync(bytes, context.RequestAborted).AsTask();
    }

    private static string? TypeOf(byte[] bytes) => Picture.TypeOf(bytes) is { } picture
        ? $"image/{picture.ToLowerInvariant()}"
        : bytes is [(byte)'{', ..] ? "application/json" : null;

    private async Task AnswerSeedAsync(HttpContext context)
    {
        var request = context.Request;
        if (!Key.Allows(request, context.Connection.RemoteIpAddress))
            await SayAsync(context, StatusCodes.Status403Forbidden, "Only from the host's own machine, or with the key that its terminal shows.");
        else if (HttpMethods.IsGet(request.Method))
            await SayAsync(context, StatusCodes.Status200OK, $"{{\"max_bytes\":{DropFolder.MaxFileBytes}}}", "application/json");
        else if (!HttpMethods.IsPost(request.Method) || request.Headers[Header] != "1")
            await SayAsync(context, StatusCodes.Status400BadRequest, $"POST a file with the header {Header}: 1.");
        else if (request.ContentLength > DropFolder.MaxFileBytes)
            await SayAsync(context, StatusCodes.Status413PayloadTooLarge, $"A file may have {Describe.Bytes(DropFolder.MaxFileBytes)}.");
        else
            await TakeAsync(context);
    }

    private async Task TakeAsync(HttpContext context)
    {
        var cancellationToken = context.RequestAborted;
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } cap)
            cap.MaxRequestBodySize = DropFolder.MaxFileBytes;
        // One at a time: a disk that hashes two files is slower than one that hashes them in turn.
        await _one.WaitAsync(cancellationToken);
        string? path = null;
        try
        {
            path = await _folder.KeepAsync(context.Request.Query["name"], context.Request.Body, cancellationToken);
            var words = await seed(path, cancellationToken);
            path = null;
            await SayAsync(context, StatusCodes.Status200OK, words);
        }
        catch (JamException problem)
        {
            // Where it lay for a moment is nobody's business.
            var words = path is null ? problem.Message : problem.Message.Replace(path, Path.GetFileName(path), StringComparison.Ordinal);
            await SayAsync(context, StatusCodes.Status400BadRequest, words);
        }
        catch (BadHttpRequestException problem)
        {
            await SayAsync(context, problem.StatusCode, "The file did not come whole.");
        }
        finally
        {
            if (path is not null)
                DropFolder.Drop(path);
            _one.Release();
        }
    }

    private static Task SayAsync(HttpContext context, int status, string text, string type = "text/plain")
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = $"{type}; charset=utf-8";
        context.Response.Headers.XContentTypeOptions = "nosniff";
        return context.Response.WriteAsync(text + "\n", context.RequestAborted);
    }
}
