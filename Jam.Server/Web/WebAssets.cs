using System.IO.Compression;
using System.Security.Cryptography;

namespace Jam.Server.Web;

/// <summary>One file of the page, as it is and compressed.</summary>
/// <param name="ContentType">With its character set.</param>
/// <param name="Bytes">As it stands in the assembly.</param>
/// <param name="Gzip">Compressed.</param>
/// <param name="ETag">Of the content; weak, since it stands for both forms.</param>
internal sealed record WebAsset(string ContentType, byte[] Bytes, byte[] Gzip, string ETag);

/// <summary>The files of the page, embedded in the assembly. What is not asked for is neither read nor compressed.</summary>
internal sealed class WebAssets
{
    private const string Prefix = "web/";

    private readonly Dictionary<string, Lazy<WebAsset>> _files;

    public WebAssets()
    {
        var assembly = typeof(WebAssets).Assembly;
        _files = assembly.GetManifestResourceNames().Where(name => name.StartsWith(Prefix, StringComparison.Ordinal)).ToDictionary(
            name => name[Prefix.Length..].Replace('\\', '/'), name => new Lazy<WebAsset>(() => Load(assembly.GetManifestResourceStream(name)!, name)),
            StringComparer.Ordinal);
    }

    /// <summary>A file by its path below the page's folder; null where there is none. Nothing but what was embedded can be named.</summary>
    public WebAsset? Find(string path) => _files.GetValueOrDefault(path)?.Value;

    private static WebAsset Load(Stream stream, string name)
    {
        using var whole = new MemoryStream();
        using (stream)
            stream.CopyTo(whole);
        var bytes = whole.ToArray();
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.SmallestSize))
            gzip.Write(bytes);
        return new WebAsset(TypeOf(name), bytes, packed.ToArray(), $"W/\"{Convert.ToHexStringLower(SHA256.HashData(bytes).AsSpan(0, 8))}\"");
    }

    private static string TypeOf(string name) => Path.GetExtension(name) switch
    {
        ".html" => "text/html; charset=utf-8",
        ".css" => "text/css; charset=utf-8",
        ".js" => "text/javascript; charset=utf-8",
        ".svg" => "image/svg+xml",
        ".json" or ".webmanifest" => "application/json",
        ".png" => "image/png",
        _ => "text/plain; charset=utf-8",
    };
}
