using Jam.Peer.Playback;

namespace Jam.Peer.Audio.Sndfile;

/// <summary>Which loudspeaker each channel of a file is for.</summary>
internal static unsafe class SndfileLayout
{
    /// <summary>By the file's own map where it has one, else as is usual for so many.</summary>
    public static Speaker[] Of(nint handle, int channels)
    {
        Span<int> map = stackalloc int[SndfileDecoder.MaxChannels];
        map = map[..channels];
        int known;
        fixed (int* data = map)
            known = SndfileNative.Command(handle, SndfileNative.GetChannelMap, data, channels * sizeof(int));
        if (known == 0 || channels <= 2)
            return StereoMix.Usual(channels);
        var layout = new Speaker[channels];
        for (var i = 0; i < channels; i++)
            layout[i] = SpeakerOf(map[i]);
        return layout.All(speaker => speaker == Speaker.None) ? StereoMix.Usual(channels) : layout;
    }

    /// <summary>By the numbers of SF_CHANNEL_MAP.</summary>
    private static Speaker SpeakerOf(int place) => place switch
    {
        2 or 5 or 12 or 17 => Speaker.Left,
        3 or 6 or 13 or 18 => Speaker.Right,
        1 or 4 or 7 or 8 or 16 or 19 or 22 => Speaker.Center,
        9 or 14 or 20 => Speaker.LeftAround,
        10 or 15 or 21 => Speaker.RightAround,
        _ => Speaker.None,
    };
}
