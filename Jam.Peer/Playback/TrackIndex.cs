namespace Jam.Peer.Playback;

/// <summary>
/// Where the sound of a track stands in its bytes, made by who has the whole file, so that others can seek, or join in the middle, with
/// no bytes but those around the playhead. A blob under its hash: it is as trustworthy as who named the hash, and a wrong one gives
/// wrong sound, never a crash.
/// </summary>
public abstract class TrackIndex
{
    /// <summary>No blob is longer.</summary>
    public const int MaxBytes = 64 * 1024;

    /// <summary>Entries at most; a longer track has fewer per time.</summary>
    internal const int MaxEntries = 16 * 1024;

    private protected TrackIndex()
    {
    }

    /// <summary>The blob, at most <see cref="MaxBytes"/>; the same index gives the same bytes.</summary>
    public abstract byte[] ToBytes();

    /// <summary>Reads a blob.</summary>
    /// <param name="blob">From anyone.</param>
    /// <param name="trackBytes">Length of the track that it should fit.</param>
    /// <param name="error">One clause; null where it is good.</param>
    /// <returns>The index, or null.</returns>
    public static TrackIndex? TryParse(ReadOnlySpan<byte> blob, long trackBytes, out string? error)
    {
        error = "it is no track index that is known";
        if (blob.Length > MaxBytes)
            return null;
        if (Mp3Index.IsOne(blob))
            return Mp3Index.Parse(blob, trackBytes, out error);
        if (ChainIndex.IsOne(blob))
            return ChainIndex.Parse(blob, trackBytes, out error);
        return SoundIndex.IsOne(blob) ? SoundIndex.Parse(blob, trackBytes, out error) : null;
    }
}
