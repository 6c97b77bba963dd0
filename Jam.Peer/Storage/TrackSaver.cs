namespace Jam.Peer.Storage;

/// <summary>Puts finished tracks into a folder, under their own names.</summary>
internal static class TrackSaver
{
    /// <summary>Writes a complete track beside its final name, then renames it: a file under its own name is always whole.</summary>
    /// <param name="storage">Complete.</param>
    /// <param name="folder">Made where it is missing.</param>
    /// <param name="name">From the room: not trusted.</param>
    /// <param name="cancellationToken">Ends it; nothing is left behind.</param>
    /// <returns>The path of the file; one with the same content is left as it is, one with another is not overwritten.</returns>
    public static string Save(TrackStorage storage, string folder, string name, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(folder);
        var safe = SafeName(name);
        for (var attempt = 1; ; attempt++)
        {
            var path = Path.Combine(folder, attempt == 1
                ? safe
                : $"{Path.GetFileNameWithoutExtension(safe)} ({attempt}){Path.GetExtension(safe)}");
            if (File.Exists(path))
            {
                if (IsSame(storage, path, cancellationToken))
                    return path;
                continue;
            }

            var part = Path.Combine(folder, $".{Guid.NewGuid():N}.part");
            try
            {
                Copy(storage, part, cancellationToken);
                File.Move(part, path, overwrite: false);
                return path;
            }
            catch
            {
                File.Delete(part);
                throw;
            }
        }
    }

    /// <summary>A name that stays in its folder, whatever the other side sent.</summary>
    public static string SafeName(string name)
    {
        var bare = name[(name.LastIndexOfAny(['/', '\\']) + 1)..];
        var clean = new string([.. bare.Select(c => char.IsControl(c) || c is ':' or '*' or '?' or '"' or '<' or '>' or '|' ? '_' : c)]).Trim().TrimStart('.');
        return clean.Length switch
        {
            0 => "track",
            > 200 => clean[..200],
            _ => clean,
        };
    }

    private static void Copy(TrackStorage storage, string path, CancellationToken cancellationToken)
    {
        using var file = File.OpenHandle(path, FileMode.CreateNew, FileAccess.Write, FileShare.None, preallocationSize: storage.Manifest.LengthBytes);
        var buffer = new byte[storage.Manifest.ChunkSizeBytes];
        for (var chunk = 0; chunk < storage.Manifest.ChunkCount; chunk++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var read = storage.Read(chunk, 0, buffer);
            RandomAccess.Write(file, buffer.AsSpan(0, read), (long)chunk * storage.Manifest.ChunkSizeBytes);
        }
    }

    private static bool IsSame(TrackStorage storage, string path, CancellationToken cancellationToken)
    {
        if (new FileInfo(path).Length != storage.Manifest.LengthBytes)
            return false;
        using var file = File.OpenHandle(path);
        var buffer = new byte[storage.Manifest.ChunkSizeBytes];
        for (var chunk = 0; chunk < storage.Manifest.ChunkCount; chunk++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var part = buffer.AsSpan(0, storage.Manifest.SizeOf(chunk));
            FileReads.ReadFully(file, part, (long)chunk * storage.Manifest.ChunkSizeBytes);
            if (!storage.Manifest.IsGood(chunk, part))
                return false;
        }

        return true;
    }
}
