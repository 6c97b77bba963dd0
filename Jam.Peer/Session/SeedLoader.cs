using Jam.Peer.Audio;
using Jam.Peer.Storage;
using Jam.Server.Contracts;

namespace Jam.Peer.Session;

/// <summary>Makes something to seed out of a file or a test pattern.</summary>
internal static class SeedLoader
{
    /// <summary>Hashes a file and finds out how long it plays.</summary>
    /// <param name="path">Where it lies.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <param name="progress">Gives, for a name and a length, whom to tell how many bytes more were hashed.</param>
    /// <exception cref="JamException">It cannot be read, or is no audio; the message says so.</exception>
    public static (TrackInfo Info, TrackStorage Storage) Load(string path, CancellationToken cancellationToken, Func<string, long, Action<int>>? progress = null)
    {
        SeedStorage.RefuseWhatIsNoFile(path);
        var probe = DecoderFactory.Probe(path, cancellationToken);
        if (probe.Error is { } error)
            throw new JamException($"{path}: {error}");
        var storage = SeedStorage.Open(path, cancellationToken, progress?.Invoke(path, new FileInfo(path).Length));
        var manifest = storage.Manifest;
        return (
            new TrackInfo(
                manifest.Id.ToString(), Path.GetFileName(path), manifest.LengthBytes, manifest.ChunkSizeBytes, TrackKind.Audio, probe.DurationUs),
            storage);
    }

    /// <summary>Computes a test pattern.</summary>
    public static (TrackInfo Info, TrackStorage Storage) Load(
        TestPattern pattern, CancellationToken cancellationToken, Func<string, long, Action<int>>? progress = null)
    {
        var storage = PatternStorage.Create(pattern, cancellationToken, progress?.Invoke("test data", (long)pattern.Chunks * pattern.ChunkSizeBytes));
        var manifest = storage.Manifest;
        return (
            new TrackInfo(
                manifest.Id.ToString(), $"test-{pattern.Chunks}x{pattern.ChunkSizeBytes}.bin", manifest.LengthBytes, manifest.ChunkSizeBytes,
                TrackKind.Data),
            storage);
    }
}
