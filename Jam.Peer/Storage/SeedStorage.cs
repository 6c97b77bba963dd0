using System.Security.Cryptography;
using Jam.Peer.Session;
using Jam.Peer.Swarm;
using Jam.Peer.Wire;
using Microsoft.Win32.SafeHandles;

namespace Jam.Peer.Storage;

/// <summary>
/// A file that is seeded from where it lies. A file that was changed meanwhile must not get its host banned: once its length or its time
/// of change is another, every chunk is checked again as it is read. A hash each time would be half of what a host spends on seeding.
/// </summary>
internal sealed class SeedStorage : TrackStorage
{
    private static readonly TimeSpan _settled = TimeSpan.FromSeconds(2);
    private readonly SafeFileHandle _file;
    private readonly string _path;
    private readonly DateTime? _hashedAsOf;

    private SeedStorage(Manifest manifest, SafeFileHandle file, string path, DateTime? hashedAsOf)
        : base(manifest, Bitfield.Full(manifest.ChunkCount))
    {
        _file = file;
        _path = path;
        _hashedAsOf = hashedAsOf;
    }

    /// <summary>Opens and hashes a file.</summary>
    /// <param name="path">Where it lies.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <param name="onHashed">Told how many bytes more were hashed.</param>
    /// <exception cref="JamException">It cannot be read, is empty or too large; the message says so.</exception>
    public static SeedStorage Open(string path, CancellationToken cancellationToken, Action<int>? onHashed = null)
    {
        RefuseWhatIsNoFile(path);
        SafeFileHandle file;
        try
        {
            file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.Read);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            throw new JamException($"cannot read {path}: {problem.Message}", problem);
        }

        try
        {
            // Before it is hashed, so that a change during that is a change.
            var asOf = File.GetLastWriteTimeUtc(file);
            // Two changes within a tick of the file system's clock bear the same time: a file that has just been written tells nothing by it.
            var isSettled = TimeProvider.System.GetUtcNow().UtcDateTime - asOf > _settled;
            return new SeedStorage(Hash(file, path, onHashed, cancellationToken), file, path, isSettled ? asOf : null);
        }
        catch (IOException problem)
        {
            file.Dispose();
            throw new JamException($"cannot read {path}: {problem.Message}", problem);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>
    /// A folder would otherwise be refused as one that may not be read, and a pipe would be waited for until someone writes into
    /// it. Pipes and devices have no length, as empty files.
    /// </summary>
    /// <exception cref="JamException">It is a folder, empty, or no ordinary file.</exception>
    public static void RefuseWhatIsNoFile(string path)
    {
        if (Directory.Exists(path))
            throw new JamException($"cannot seed {path}: it is a folder; name the files in it");
        if (new FileInfo(path) is { Exists: true, Length: 0 })
            throw new JamException($"cannot seed {path}: it is empty, or a pipe or a device rather than a file");
    }

    /// <inheritdoc/>
    public override int Read(int chunk, int offset, Span<byte> buffer)
    {
        var size = Manifest.SizeOf(chunk);
        if (offset != 0 || buffer.Length < size)
            return FileReads.ReadFully(_file, buffer[..Math.Min(buffer.Length, size - offset)], (long)chunk * Manifest.ChunkSizeBytes + offset);
        FileReads.ReadFully(_file, buffer[..size], (long)chunk * Manifest.ChunkSizeBytes);
        return IsAsHashed() || Manifest.IsGood(chunk, buffer[..size]) ? size : throw new IOException($"{_path} was changed while it was seeded; seed it again");
    }

    /// <inheritdoc/>
    protected override string? Store(int chunk, ReadOnlySpan<byte> payload) => null;

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        _file.Dispose();
        base.Dispose(disposing);
    }

    private bool IsAsHashed() => _hashedAsOf == File.GetLastWriteTimeUtc(_file) && RandomAccess.GetLength(_file) == Manifest.LengthBytes;

    private static Manifest Hash(SafeFileHandle file, string path, Action<int>? onHashed, CancellationToken cancellationToken)
    {
        var length = RandomAccess.GetLength(file);
        if (length == 0)
            throw new JamException($"cannot seed {path}: it is empty");
        var chunkSize = Manifest.ChunkSizeFor(length);
        if (length > (long)Manifest.MaxChunks * chunkSize)
            throw new JamException($"{path} is larger than {(long)Manifest.MaxChunks * chunkSize / (1 << 30)} GiB; split it");
        var hashes = new byte[Manifest.Count(length, chunkSize) * Manifest.HashSize];
        var buffer = new byte[chunkSize];
        for (long offset = 0; offset < length; offset += chunkSize)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var part = buffer.AsSpan(0, (int)Math.Min(chunkSize, length - offset));
            FileReads.ReadFully(file, part, offset);
            SHA256.HashData(part, hashes.AsSpan((int)(offset / chunkSize) * Manifest.HashSize));
            onHashed?.Invoke(part.Length);
        }

        return Manifest.Create(length, chunkSize, hashes);
    }
}
