namespace Jam.Peer.Audio;

/// <summary>What the playout can bring to a device.</summary>
internal static class TrackLimits
{
    private const int MinRate = 4_000;

    /// <summary>Eight times 44.1 kHz: the widest step down that the resampler makes.</summary>
    private const int MaxRate = 352_800;

    /// <summary>Null where such a track can be played, or why not.</summary>
    public static string? WhyNot(int sampleRate, int channels, int maxChannels)
    {
        if (sampleRate is < MinRate or > MaxRate)
            return $"a sample rate of {sampleRate} Hz cannot be played, only {MinRate} to {MaxRate}";
        return channels < 1 || channels > maxChannels ? $"{channels} channels cannot be played, only 1 to {maxChannels}" : null;
    }
}
