using Jam.Peer.Playback;

namespace Jam.Peer.Audio.Sndfile;

/// <summary>
/// A track as the bytes of a file with a place in it, for a library that reads files by callbacks. A read that lacks bytes waits for them;
/// no exception leaves it, since above may be native code: it is kept in <see cref="Failure"/>.
/// </summary>
internal sealed class TrackBytes
{
    /// <summary>Handed over at once; well under what the window holds.</summary>
    private const int Portion = 32 * 1024;

    private readonly ByteWindow _window;
    private readonly long _start;
    private CancellationToken _token;

    /// <param name="reader">The track.</param>
    /// <param name="start">Where in the track the file begins, bytes.</param>
    public TrackBytes(ITrackReader reader, long start)
    {
        _window = new ByteWindow(reader);
        _start = start;
        Length = Math.Max(0, reader.LengthBytes - start);
    }

    /// <summary>Bytes of the file.</summary>
    public long Length { get; }

    /// <summary>Where the next read begins.</summary>
    public long Position { get; private set; }

    /// <summary>What ended a read inside the library; null where nothing did.</summary>
    public Exception? Failure { get; private set; }

    /// <summary>Before each call of the library that may read.</summary>
    public void Begin(CancellationToken cancellationToken)
    {
        Failure = null;
        _token = cancellationToken;
    }

    /// <summary>Waits for the bytes that will be read next, outside the library, where a cancelled wait costs nothing.</summary>
    public void Await(long bytes, CancellationToken cancellationToken) =>
        _window.Get(_start + Position, (int)Math.Min(bytes, Portion), cancellationToken);

    /// <summary>Reads as much as was asked for, less only at the end; nothing after a failure.</summary>
    public int Read(Span<byte> target)
    {
        var done = 0;
        try
        {
            while (done < target.Length && Failure is null)
            {
                var bytes = _window.Get(_start + Position, Math.Min(target.Length - done, Portion), _token);
                if (bytes.IsEmpty)
                    break;
                bytes.CopyTo(target[done..]);
                Position += bytes.Length;
                done += bytes.Length;
            }
        }
#pragma warning disable CA1031 // It is thrown again by whoever called the library.
        catch (Exception e)
        {
            Failure = e;
        }
#pragma warning restore CA1031
        return Failure is null ? done : 0;
    }

    /// <summary>Goes to a place, at most to the end; -1 for one before the beginning.</summary>
    public long Seek(long offset, SeekOrigin origin)
    {
        var from = origin switch
        {
            SeekOrigin.Current => Position,
            SeekOrigin.End => Length,
            _ => 0,
        };
        var target = unchecked(from + offset);
        if (target < 0)
            return -1;
        Position = Math.Min(target, Length);
        return Position;
    }
}
