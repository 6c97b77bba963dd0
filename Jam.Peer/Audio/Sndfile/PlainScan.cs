using Jam.Peer.Playback;

namespace Jam.Peer.Audio.Sndfile;

/// <summary>The index of a WAV, an AIFF or another file of plain samples: its head, and where its samples begin and end; every place follows from that.</summary>
internal static class PlainScan
{
    /// <summary>What stands between an AIFF chunk's header and its samples.</summary>
    private const int AiffOffsetBytes = 8;

    /// <summary>Null where no sound is found, or too much stands before it.</summary>
    public static SoundIndex? IndexOf(
        ITrackReader reader, TrackFormat format, int sampleRate, int channels, long lengthFrames, CancellationToken cancellationToken)
    {
        if (ContainerCheck.FindSound(reader, format, cancellationToken) is not { } sound)
            return null;
        var from = sound.From + (format.Container == Container.Aiff ? AiffOffsetBytes : 0);
        var until = Math.Min(sound.Until, reader.LengthBytes);
        if (from - format.Start is <= 0 or > SoundIndex.MaxHeadBytes || until <= from)
            return null;
        var head = LongWav.HeadOf(reader, format, cancellationToken)
            ?? new ByteWindow(reader).Get(format.Start, (int)(from - format.Start), cancellationToken).ToArray();
        return SoundIndex.Create(
            new SoundLayout(SoundKind.Plain, sampleRate, channels, lengthFrames, until, head, []), [from], [0]);
    }
}
