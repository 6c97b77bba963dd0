using System.Text;

namespace Jam.Peer.Storage;

/// <summary>Puts finished tracks into a folder, under their own names.</summary>
internal static class TrackSaver
{
    // File systems take 255 bytes, and " (12)" may follow.
    private const int MaxNameBytes = 240;
    private const int MaxExtensionBytes = 16;

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
        for (var attempt = 1; ;)
        {
            var path = Path.Combine(folder, attempt == 1
                ? safe
                : $"{Path.GetFileNameWithoutExtension(safe)} ({attempt}){Path.GetExtension(safe)}");
            if (Path.Exists(path))
            {
                if (File.Exists(path) && IsSame(storage, path, cancellationToken))
                    return path;
                attempt++;
                continue;
            }

            var part = Path.Combine(folder, $".{Guid.NewGuid():N}.part");
            try
            {
                Copy(storage, part, cancellationToken);
                File.Move(part, path, overwrite: false);
                return path;
            }
            catch (IOException) when (Path.Exists(path))
            {
                // Someone else was quicker: perhaps it is the same file.
                continue;
            }
            finally
            {
                File.Delete(part);
            }
        }
    }

    /// <summary>A name that stays in its folder, whatever the other side sent.</summary>
    public static string SafeName(string name)
    {
        var bare = name[(name.LastIndexOfAny(['/', '\\']) + 1)..];
        var clean = Trim(new string([.. bare.Select(c => char.IsControl(c) || c is ':' or '*' or '?' or '"' or '<' or '>' or '|' ? '_' : c)]));
        if (clean.Length == 0)
            return "track";
        if (Encoding.UTF8.GetByteCount(clean) <= MaxNameBytes)
            return clean;
        var extension = Path.GetExtension(clean);
        if (Encoding.UTF8.GetByteCount(extension) > MaxExtensionBytes)
            extension = "";
        return Cut(clean[..^extension.Length], MaxNameBytes - Encoding.UTF8.GetByteCount(extension)) + extension;
    }

    // Leading dots hide a file, trailing ones and blanks are lost on some systems.
    private static string Trim(string text)
    {
        var (start, end) = (0, text.Length);
        while (start < end && IsLost(text[start]))
            start++;
        while (end > start && IsLost(text[end - 1]))
            end--;
        return text[start..end];

        static bool IsLost(char c) => c == '.' || char.IsWhiteSpace(c);
    }

    // At a whole character.
    private static string Cut(string text, int maxBytes)
    {
        var length = 0;
        foreach (var rune in text.EnumerateRunes())
        {
            maxBytes -= rune.Utf8SequenceLength;
            if (maxBytes < 0)
                break;
            length += rune.Utf16SequenceLength;
        }

        return text[..length];
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
