using Jam.Peer.Audio;
using Jam.Peer.Storage;
using Jam.Server.Contracts;

namespace Jam.Peer.Session;

/// <summary>Something to seed.</summary>
/// <param name="Info">As the room is told of it.</param>
/// <param name="Storage">Its chunks.</param>
/// <param name="Probe">What its file holds; null for a test pattern.</param>
internal sealed record Seed(TrackInfo Info, TrackStorage Storage, TrackProbe? Probe);

/// <summary>Makes something to seed out of a file or a test pattern.</summary>
internal static class SeedLoader
{
    /// <summary>Hashes a file and finds out how long it plays.</summary>
    /// <param name="path">Where it lies.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <param name="progress">Gives, for a name and a length, whom to tell how many bytes more were hashed.</param>
    /// <param name="decoder">What decodes.</param>
    /// <exception cref="JamException">It cannot be read, or is no audio; the message says so.</exception>
    public static Seed Load(
        string path, CancellationToken cancellationToken, Func<string, long, Action<int>>? progress = null, DecoderKind decoder = DecoderKind.Auto)
    {
        SeedStorage.RefuseWhatIsNoFile(path);
        var probe = DecoderFactory.Probe(path, decoder, cancellationToken);
        if (probe.Error is { } error)
            throw new JamException($"{path}: {error}; {probe.Advice}");
        var storage = SeedStorage.Open(path, cancellationToken, progress?.Invoke(path, new FileInfo(path).Length));
        var manifest = storage.Manifest;
        return new Seed(
            new TrackInfo(
                manifest.Id.ToString(), Path.GetFileName(path), manifest.LengthBytes, manifest.ChunkSizeBytes, TrackKind.Audio, probe.DurationUs),
            storage, probe);
    }

    /// <summary>All that the options name.</summary>
    public static List<Seed> LoadAll(SessionOptions options, Func<string, long, Action<int>> progress, CancellationToken cancellationToken)
    {
        var seeds = options.SeedFiles.Select(f => Load(f, cancellationToken, progress, options.Decoder)).ToList();
        if (options.TestPattern is { } pattern)
            seeds.Add(Load(pattern, cancellationToken, progress));
        return seeds;
    }

    /// <summary>Computes a test pattern.</summary>
    public static Seed Load(TestPattern pattern, CancellationToken cancellationToken, Func<string, long, Action<int>>? progress = null)
    {
        var storage = PatternStorage.Create(pattern, cancellationToken, progress?.Invoke("test data", (long)pattern.Chunks * pattern.ChunkSizeBytes));
        var manifest = storage.Manifest;
        return new Seed(
            new TrackInfo(
                manifest.Id.ToString(), $"test-{pattern.Chunks}x{pattern.ChunkSizeBytes}.bin", manifest.LengthBytes, manifest.ChunkSizeBytes,
                TrackKind.Data),
            storage, null);
    }
}
