using Jam.Peer.Clock;

namespace Jam.Peer.Playback;

/// <summary>
/// Clicks at exact room times, for ears that compare two peers: in each bar of four beats the first peer clicks on the first beat, the
/// second one on the second, both on the third; the fourth is silent. One that sounds late is heard as an uneven step, and as two
/// clicks in the place of one. Stateless: any stretch can be rendered at any time.
/// </summary>
public sealed record ClickPattern
{
    /// <summary>From beat to beat, microseconds.</summary>
    public const long BeatUs = 500_000;

    private const int Beats = 4;
    private const double LengthUs = 12_000;
    private const double DecayUs = 1_500;

    private readonly int _ownBeat;
    private readonly double _hertz;

    private ClickPattern(int ownBeat, double hertz) => (_ownBeat, _hertz) = (ownBeat, hertz);

    /// <summary>The one to compare with; the lower click.</summary>
    public static ClickPattern First { get; } = new(0, 1_500);

    /// <summary>The one that is moved; the higher click.</summary>
    public static ClickPattern Second { get; } = new(1, 2_500);

    /// <summary>Adds the clicks of a stretch.</summary>
    /// <param name="stereo">Interleaved; changed in place.</param>
    /// <param name="room">The room clock.</param>
    /// <param name="heardUs">When its first frame is heard, local monotonic microseconds.</param>
    /// <param name="periodUs">Local time per frame.</param>
    /// <param name="gain">0 to 1.</param>
    internal void AddTo(Span<float> stereo, RoomClockSnapshot room, double heardUs, double periodUs, double gain)
    {
        var roomUs = room.ToRoomUs(heardUs);
        var perFrameUs = periodUs * (1 + room.Drift);
        var beat = (long)Math.Floor(roomUs / BeatUs);
        var intoBeatUs = roomUs - (double)beat * BeatUs;
        for (var i = 0; i + 1 < stereo.Length; i += 2)
        {
            var us = intoBeatUs + i / 2 * perFrameUs;
            var at = beat;
            if (us >= BeatUs)
                (us, at) = (us - BeatUs, beat + 1);
            if (us >= LengthUs || !IsOurs(at))
                continue;
            var sample = (float)(gain * 0.7 * Math.Exp(-us / DecayUs) * Math.Sin(2 * Math.PI * _hertz * us / 1e6));
            stereo[i] += sample;
            stereo[i + 1] += sample;
        }
    }

    private bool IsOurs(long beat)
    {
        var place = (int)(((beat % Beats) + Beats) % Beats);
        return place == _ownBeat || place == 2;
    }
}
