using Jam.Server.Contracts;

namespace Jam.Peer.Session.Page;

/// <summary>Files that were dropped on the page, on disk for as long as this peer seeds them.</summary>
internal sealed class DropFolder(string cache) : IDisposable
{
    /// <summary>Most bytes of one file.</summary>
    public const long MaxFileBytes = 1L << 30;

    /// <summary>Most bytes of all files of a run.</summary>
    public const long MaxTotalBytes = 8L << 30;

    private const int BlockBytes = 128 * 1024;
    private const int MaxStem = 70;
    private const int MaxEnding = 10;

    private readonly string _folder = Path.Combine(cache, "dropped", Guid.NewGuid().ToString("N"));
    private int _count;
    private long _total;

    /// <summary>Keeps a file under its own name in a folder of its own, so that two of one name do not meet.</summary>
    /// <returns>Where it is.</returns>
    /// <exception cref="JamException">It is too long, or the disk does not take it; nothing of it stays.</exception>
    public async Task<string> KeepAsync(string? name, Stream content, CancellationToken cancellationToken)
    {
        var folder = Path.Combine(_folder, $"{Interlocked.Increment(ref _count)}");
        try
        {
            Directory.CreateDirectory(folder);
            var path = Path.Combine(folder, FileName(name));
            await using var file = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.Read, BlockBytes, FileOptions.Asynchronous);
            await CopyAsync(content, file, cancellationToken);
            return path;
        }
        catch (Exception problem)
        {
            Forget(folder);
            if (problem is IOException or UnauthorizedAccessException)
                throw new JamException($"the file could not be kept: {problem.Message}", problem);
            throw;
        }
    }

    /// <summary>A file turned out to be of no use.</summary>
    public static void Drop(string path) => Forget(Path.GetDirectoryName(path)!);

    /// <inheritdoc/>
    public void Dispose() => Forget(_folder);

    /// <summary>A name that is one file's name on every disk; never a path.</summary>
    internal static string FileName(string? name)
    {
        var clean = Names.CleanFileName(name, Limits.MaxTrackNameLength) ?? "dropped";
        var invalid = Path.GetInvalidFileNameChars();
        clean = new string([.. clean.Select(c => invalid.Contains(c) ? '_' : c)]);
        var ending = Path.GetExtension(clean);
        if (ending.Length > MaxEnding)
            ending = "";
        var stem = Names.Clean(clean[..^ending.Length].TrimStart('.'), MaxStem) ?? "dropped";
        return stem + ending;
    }

    private async Task CopyAsync(Stream content, FileStream file, CancellationToken cancellationToken)
    {
        var block = new byte[BlockBytes];
        long length = 0;
        for (int count; (count = await content.ReadAsync(block, cancellationToken)) > 0;)
        {
            length += count;
            if (length > MaxFileBytes)
                throw new JamException($"a file may have {Describe.Bytes(MaxFileBytes)}");
            if (Interlocked.Add(ref _total, count) > MaxTotalBytes)
                throw new JamException("too much was dropped here already; start the host with --seed FILE instead");
            await file.WriteAsync(block.AsMemory(0, count), cancellationToken);
        }

        if (length == 0)
            throw new JamException("the file is empty");
    }

    private static void Forget(string folder)
    {
        try
        {
            if (Directory.Exists(folder))
                Directory.Delete(folder, recursive: true);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            // It stays until someone clears the cache: a pity, not a fault.
            return;
        }
    }
}
