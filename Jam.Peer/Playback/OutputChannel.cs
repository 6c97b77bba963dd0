namespace Jam.Peer.Playback;

/// <summary>Which of the track's two channels an output gives to both of its loudspeakers.</summary>
public enum OutputChannel
{
    /// <summary>Each its own.</summary>
    Stereo,

    /// <summary>The left one, so that two machines make a pair.</summary>
    Left,

    /// <summary>The right one.</summary>
    Right,

    /// <summary>The mean of both.</summary>
    Mono,
}

/// <summary>Gives channels away.</summary>
internal static class ChannelPick
{
    /// <summary>Changes interleaved stereo in place.</summary>
    public static void Apply(OutputChannel channel, Span<float> stereo)
    {
        if (channel == OutputChannel.Stereo)
            return;
        for (var i = 0; i + 1 < stereo.Length; i += 2)
        {
            stereo[i] = stereo[i + 1] = channel switch
            {
                OutputChannel.Left => stereo[i],
                OutputChannel.Right => stereo[i + 1],
                _ => (stereo[i] + stereo[i + 1]) / 2,
            };
        }
    }
}
