using Jam.Peer.Session;
using Jam.Peer.Swarm;
using Jam.Peer.Wire;

namespace Jam.Peer.Storage;

/// <summary>
/// Tracks on disk, a folder each: <c>manifest</c>, <c>data</c>, <c>lock</c>. Nothing says which chunks are there: on opening,
/// each is hashed, and what matches is had. So nothing can go stale, whenever the process or the machine dies.
/// One process at a time holds a track's folder; who does not get it works in a private one, started from what is there.
/// </summary>
internal sealed class TrackCache
{
    private readonly string _tracks;
    private readonly string _private;
    private readonly long? _limitBytes;
    private readonly TimeProvider _time;

    /// <param name="folder">Made where it is missing.</param>
    /// <param name="limitBytes">What its tracks may come to; null: any amount.</param>
    /// <param name="time">For the time of last use; null: the system's.</param>
    /// <exception cref="JamException">It cannot be made or written.</exception>
    public TrackCache(string folder, long? limitBytes = null, TimeProvider? time = null)
    {
        (_limitBytes, _time) = (limitBytes, time ?? TimeProvider.System);
        _tracks = Path.Combine(folder, "tracks");
        _private = Path.Combine(folder, "private");
        try
        {
            Directory.CreateDirectory(_tracks);
            Directory.CreateDirectory(_private);
            var probe = Path.Combine(_private, $".probe-{Guid.NewGuid():N}");
            File.WriteAllBytes(probe, []);
            File.Delete(probe);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            throw new JamException($"cannot write the cache folder {folder} ({problem.Message}); choose another with --cache DIR", problem);
        }

        RemoveOrphans();
        Trim();
    }

    /// <summary>The user's own cache folder (XDG Base Directory).</summary>
    public static string DefaultFolder()
    {
        var xdg = Environment.GetEnvironmentVariable("XDG_CACHE_HOME");
        var root = Path.IsPathRooted(xdg) ? xdg : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache");
        return Path.Combine(root, "swarmjam");
    }

    /// <summary>The manifest of a track that was here before; null where there is none, or it is damaged.</summary>
    public Manifest? FindManifest(TrackId id) => ReadManifest(FolderOf(id), id);

    private static Manifest? ReadManifest(string folder, TrackId id)
    {
        var path = Path.Combine(folder, "manifest");
        try
        {
            return File.Exists(path) && new FileInfo(path).Length <= Manifest.MaxEncodedSize
                && Manifest.TryParse(File.ReadAllBytes(path)) is { } manifest && manifest.Id == id ? manifest : null;
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Opens a track's folder and verifies what it holds; hashes a good gigabyte a second.</summary>
    /// <exception cref="JamException">Neither the track's folder nor a private one can be used.</exception>
    public TrackStorage Open(Manifest manifest, CancellationToken cancellationToken)
    {
        var folder = FolderOf(manifest.Id);
        try
        {
            Directory.CreateDirectory(folder);
            if (TryLock(folder) is { } held)
            {
                var opened = OpenFolder(manifest, folder, held, null, null, cancellationToken);
                CacheTrimmer.Touch(folder, _time);
                Trim();
                return opened;
            }

            var own = Path.Combine(_private, $"{manifest.Id}-{Guid.NewGuid():N}");
            Directory.CreateDirectory(own);
            held = TryLock(own) ?? throw new IOException($"{own} is locked");
            return OpenFolder(manifest, own, held, own, Path.Combine(folder, "data"), cancellationToken);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            throw new JamException($"cannot use the cache folder {folder} ({problem.Message}); choose another with --cache DIR", problem);
        }
    }

    private void Trim()
    {
        if (_limitBytes is { } limit)
            CacheTrimmer.Trim(_tracks, limit);
    }

    private string FolderOf(TrackId id) => Path.Combine(_tracks, id.ToString());

    private static FileStream? TryLock(string folder)
    {
        try
        {
            return new FileStream(Path.Combine(folder, "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException)
        {
            return null;
        }
    }

    private static CacheStorage OpenFolder(
        Manifest manifest, string folder, FileStream held, string? privateFolder, string? copyFrom, CancellationToken cancellationToken)
    {
        try
        {
            // One that a crash left half-written is replaced, or every run would fetch it anew.
            if (ReadManifest(folder, manifest.Id) is null)
                File.WriteAllBytes(Path.Combine(folder, "manifest"), manifest.Encoded);
            var data = File.OpenHandle(Path.Combine(folder, "data"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.ReadWrite);
            var have = new Bitfield(manifest.ChunkCount);
            Verify(manifest, data, have, null, cancellationToken);
            if (copyFrom is not null && File.Exists(copyFrom))
            {
                using var shared = File.OpenHandle(copyFrom, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
                Verify(manifest, shared, have, data, cancellationToken);
            }

            if (RandomAccess.GetLength(data) != manifest.LengthBytes)
                RandomAccess.SetLength(data, manifest.LengthBytes);
            return new CacheStorage(manifest, have, data, held, privateFolder);
        }
        catch
        {
            held.Dispose();
            throw;
        }
    }

    private static void Verify(
        Manifest manifest, Microsoft.Win32.SafeHandles.SafeFileHandle file, Bitfield have, Microsoft.Win32.SafeHandles.SafeFileHandle? copyTo,
        CancellationToken cancellationToken)
    {
        var length = RandomAccess.GetLength(file);
        var buffer = new byte[manifest.ChunkSizeBytes];
        for (var chunk = 0; chunk < manifest.ChunkCount; chunk++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var offset = (long)chunk * manifest.ChunkSizeBytes;
            var part = buffer.AsSpan(0, manifest.SizeOf(chunk));
            if (offset + part.Length > length)
                return;
            FileReads.ReadFully(file, part, offset);
            if (!manifest.IsGood(chunk, part))
                continue;
            if (copyTo is not null)
                RandomAccess.Write(copyTo, part, offset);
            have.Set(chunk);
        }
    }

    // Private folders of processes that were killed: their locks are free.
    private void RemoveOrphans()
    {
        foreach (var folder in Directory.EnumerateDirectories(_private))
        {
            try
            {
                if (TryLock(folder) is not { } held)
                    continue;
                held.Dispose();
                Directory.Delete(folder, recursive: true);
            }
            catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
            {
                // Another process is just as busy removing it, or it is another user's: either way not ours to insist on.
                continue;
            }
        }
    }
}
