namespace Jam.Peer.Playback;

/// <summary>Where a channel's loudspeaker stands, as far as two loudspeakers can tell.</summary>
internal enum Speaker
{
    /// <summary>Unheard: low-frequency effects, which small loudspeakers distort.</summary>
    None,

    /// <summary>In the middle: half the power to either side.</summary>
    Center,

    /// <summary>In front, left.</summary>
    Left,

    /// <summary>In front, right.</summary>
    Right,

    /// <summary>Beside or behind, left: 3 dB down.</summary>
    LeftAround,

    /// <summary>Beside or behind, right: 3 dB down.</summary>
    RightAround,
}

/// <summary>
/// Any number of channels to two: weights after ITU-R BS.775, scaled so that what did not clip does not clip. One channel goes to both at
/// full level. What is no number becomes silence.
/// </summary>
internal sealed class StereoMix
{
    private const float MinusThreeDb = 0.70710677f;

    private readonly float[] _left;
    private readonly float[] _right;

    /// <param name="speakers">One per channel, at least one.</param>
    public StereoMix(ReadOnlySpan<Speaker> speakers)
    {
        ArgumentOutOfRangeException.ThrowIfZero(speakers.Length, nameof(speakers));
        _left = new float[speakers.Length];
        _right = new float[speakers.Length];
        if (speakers.Length == 1)
        {
            _left[0] = _right[0] = 1;
            return;
        }
        for (var i = 0; i < speakers.Length; i++)
            (_left[i], _right[i]) = Weights(speakers[i]);
        var scale = 1 / Math.Max(1, Math.Max(_left.Sum(), _right.Sum()));
        for (var i = 0; i < speakers.Length; i++)
            (_left[i], _right[i]) = (_left[i] * scale, _right[i] * scale);
    }

    /// <summary>Channels that go in.</summary>
    public int Channels => _left.Length;

    /// <summary>The usual layout for a number of channels, in the order of WAV files.</summary>
    public static Speaker[] Usual(int channels) => channels switch
    {
        1 => [Speaker.Center],
        2 => [Speaker.Left, Speaker.Right],
        3 => [Speaker.Left, Speaker.Right, Speaker.Center],
        4 => [Speaker.Left, Speaker.Right, Speaker.LeftAround, Speaker.RightAround],
        5 => [Speaker.Left, Speaker.Right, Speaker.Center, Speaker.LeftAround, Speaker.RightAround],
        6 => [Speaker.Left, Speaker.Right, Speaker.Center, Speaker.None, Speaker.LeftAround, Speaker.RightAround],
        7 => [Speaker.Left, Speaker.Right, Speaker.Center, Speaker.None, Speaker.Center, Speaker.LeftAround, Speaker.RightAround],
        8 =>
        [
            Speaker.Left, Speaker.Right, Speaker.Center, Speaker.None, Speaker.LeftAround, Speaker.RightAround, Speaker.LeftAround,
            Speaker.RightAround,
        ],
        _ => [.. Enumerable.Range(0, channels).Select(i => i % 2 == 0 ? Speaker.Left : Speaker.Right)],
    };

    /// <summary>Mixes interleaved frames into interleaved stereo; both hold the same number of frames.</summary>
    public void Mix(ReadOnlySpan<float> frames, Span<float> stereo)
    {
        var channels = Channels;
        for (var (i, from) = (0, 0); i + 1 < stereo.Length; i += 2, from += channels)
        {
            float left = 0, right = 0;
            for (var channel = 0; channel < channels; channel++)
            {
                left += frames[from + channel] * _left[channel];
                right += frames[from + channel] * _right[channel];
            }
            stereo[i] = float.IsFinite(left) ? left : 0;
            stereo[i + 1] = float.IsFinite(right) ? right : 0;
        }
    }

    private static (float Left, float Right) Weights(Speaker speaker) => speaker switch
    {
        Speaker.None => (0, 0),
        Speaker.Center => (MinusThreeDb, MinusThreeDb),
        Speaker.Left => (1, 0),
        Speaker.Right => (0, 1),
        Speaker.LeftAround => (MinusThreeDb, 0),
        Speaker.RightAround => (0, MinusThreeDb),
        _ => throw new ArgumentOutOfRangeException(nameof(speaker), speaker, "Not a speaker."),
    };
}
