namespace Jam.Peer.Playback;

/// <summary>
/// Where the sound of a chained Ogg stands in its bytes: several streams, one behind the other (chapters, or what a radio recorded), each
/// with an index of its own.
/// </summary>
/// <remarks>
/// Layout: "JIX", version 3, then integers (see <see cref="IndexBytes"/>): links; for each its distance to the end of the one before and its
/// length in bytes, the length of its index, and that index, as if the link were the whole file.
/// </remarks>
internal sealed class ChainIndex : TrackIndex
{
    /// <summary>More are no music.</summary>
    public const int MaxLinks = 200;

    private static readonly byte[] s_magic = [(byte)'J', (byte)'I', (byte)'X', 3];

    private ChainIndex(ChainLink[] links) => Links = links;

    /// <summary>The streams in their order.</summary>
    public IReadOnlyList<ChainLink> Links { get; }

    /// <summary>Frames per second, the same in all.</summary>
    public int SampleRate => Links[0].Index.Layout.SampleRate;

    /// <summary>Sound frames in all.</summary>
    public long LengthFrames => Links.Sum(link => link.Index.Layout.LengthFrames);

    /// <summary>Makes an index.</summary>
    /// <returns>The index; null where links have different rates, or it would be too long.</returns>
    public static ChainIndex? Create(params IReadOnlyList<ChainLink> links)
    {
        if (links.Count is 0 or > MaxLinks || links.Any(link => link.Index.Layout.SampleRate != links[0].Index.Layout.SampleRate))
            return null;
        // Each has its share of what a blob may hold.
        var share = (MaxBytes - 16) / links.Count - 32;
        var thinned = links.Select(link => link.Index.Within(share) is { } index ? link with { Index = index } : null).ToArray();
        return thinned.Contains(null) ? null : new ChainIndex(thinned!);
    }

    /// <summary>Whether a blob says that it is one of these.</summary>
    public static bool IsOne(ReadOnlySpan<byte> blob) => blob.Length > s_magic.Length && blob.StartsWith(s_magic);

    /// <summary>Reads a blob that <see cref="IsOne"/>.</summary>
    public static ChainIndex? Parse(ReadOnlySpan<byte> blob, long trackBytes, out string? error)
    {
        error = "the track index is damaged";
        var rest = blob[s_magic.Length..];
        if (!IndexBytes.TryTake(ref rest, out var count) || count is < 1 or > MaxLinks)
            return null;
        var links = new ChainLink[count];
        var end = 0L;
        foreach (ref var link in links.AsSpan())
        {
            if (!IndexBytes.TryTake(ref rest, out var gap) || !IndexBytes.TryTake(ref rest, out var length) || !IndexBytes.TryTake(ref rest, out var bytes)
                || gap > trackBytes - end || length == 0 || length > trackBytes - end - gap || bytes > rest.Length
                || !SoundIndex.IsOne(rest[..(int)bytes]) || SoundIndex.Parse(rest[..(int)bytes], length, out _) is not { } index
                || index.Layout.SampleRate != (links[0]?.Index ?? index).Layout.SampleRate)
                return null;
            link = new ChainLink(end + gap, end + gap + length, index);
            end = link.Until;
            rest = rest[(int)bytes..];
        }
        if (!rest.IsEmpty)
            return null;
        error = null;
        return new ChainIndex(links);
    }

    /// <inheritdoc/>
    public override byte[] ToBytes()
    {
        var bytes = new List<byte>(s_magic);
        IndexBytes.Put(bytes, Links.Count);
        var end = 0L;
        foreach (var link in Links)
        {
            var index = link.Index.ToBytes();
            IndexBytes.Put(bytes, link.From - end);
            IndexBytes.Put(bytes, link.Until - link.From);
            IndexBytes.Put(bytes, index.Length);
            bytes.AddRange(index);
            end = link.Until;
        }
        return [.. bytes];
    }

    /// <summary>Which byte holds an instant of the track.</summary>
    /// <param name="positionUs">Position in the track, microseconds; beyond the end is the end.</param>
    public double ByteAt(long positionUs)
    {
        foreach (var link in Links)
        {
            var lengthUs = (long)((Int128)link.Index.Layout.LengthFrames * 1_000_000 / SampleRate);
            if (positionUs < lengthUs || link == Links[^1])
                return link.From + link.Index.ByteAt(positionUs);
            positionUs -= lengthUs;
        }
        return 0;
    }
}

/// <summary>One stream of a chain.</summary>
/// <param name="From">Its first byte in the track.</param>
/// <param name="Until">Behind its last byte.</param>
/// <param name="Index">Where its sound stands, from its own first byte.</param>
internal sealed record ChainLink(long From, long Until, SoundIndex Index);
