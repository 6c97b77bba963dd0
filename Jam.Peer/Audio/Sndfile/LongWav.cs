using System.Buffers.Binary;
using Jam.Peer.Playback;

namespace Jam.Peer.Audio.Sndfile;

/// <summary>
/// A WAV of more than four gigabytes, which its own header cannot say: libsndfile would stop there. It is given the header that the file
/// should have had, that of an RF64 (EBU Tech 3306).
/// </summary>
internal static class LongWav
{
    private const int FormBytes = 12;
    private const int WideBytes = 36;
    private const int SizeBytes = 4;

    /// <summary>What opens such a file; the same as before for any other.</summary>
    public static OpenSoundFile By(ITrackReader reader, TrackFormat format, OpenSoundFile open, CancellationToken cancellationToken)
    {
        if (SoundOf(reader, format, cancellationToken) is not { } sound || HeadOf(reader, format, sound, cancellationToken) is not { } head)
            return open;
        return (TrackBytes bytes, out string? error) =>
        {
            bytes.Splice(head, sound.From, sound.Until, 0, []);
            return open(bytes, out error);
        };
    }

    /// <summary>The header that the file should have had; null where it has what it needs.</summary>
    public static byte[]? HeadOf(ITrackReader reader, TrackFormat format, CancellationToken cancellationToken) =>
        SoundOf(reader, format, cancellationToken) is { } sound ? HeadOf(reader, format, sound, cancellationToken) : null;

    private static (long From, long Until)? SoundOf(ITrackReader reader, TrackFormat format, CancellationToken cancellationToken) =>
        format.Container == Container.Wav && reader.LengthBytes > uint.MaxValue ? ContainerCheck.FindSound(reader, format, cancellationToken) : null;

    private static byte[]? HeadOf(ITrackReader reader, TrackFormat format, (long From, long Until) sound, CancellationToken cancellationToken)
    {
        if (sound.From - format.Start > SoundIndex.MaxHeadBytes - WideBytes)
            return null;
        var told = new ByteWindow(reader).Get(format.Start, (int)(sound.From - format.Start), cancellationToken);
        if (!told.StartsWith("RIFF"u8) || sound.Until - sound.From <= uint.MaxValue)
            return null;
        var head = new byte[told.Length + WideBytes];
        "RF64"u8.CopyTo(head);
        BinaryPrimitives.WriteUInt32LittleEndian(head.AsSpan(4), uint.MaxValue);
        "WAVEds64"u8.CopyTo(head.AsSpan(8));
        BinaryPrimitives.WriteInt32LittleEndian(head.AsSpan(16), WideBytes - 8);
        BinaryPrimitives.WriteInt64LittleEndian(head.AsSpan(20), head.Length - 8 + sound.Until - sound.From);
        BinaryPrimitives.WriteInt64LittleEndian(head.AsSpan(28), sound.Until - sound.From);
        told[FormBytes..].CopyTo(head.AsSpan(FormBytes + WideBytes));
        BinaryPrimitives.WriteUInt32LittleEndian(head.AsSpan(head.Length - SizeBytes), uint.MaxValue);
        return head;
    }
}
