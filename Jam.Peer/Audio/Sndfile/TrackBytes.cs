using System.Diagnostics.CodeAnalysis;
using Jam.Peer.Playback;

namespace Jam.Peer.Audio.Sndfile;

/// <summary>
/// A track as the bytes of a file with a place in it, for a library that reads files by callbacks. A read that lacks bytes waits for them;
/// no exception leaves it, since above may be native code: it is kept in <see cref="Failure"/>. Of a track whose index is known it can show
/// a part as if that were the file.
/// </summary>
internal sealed class TrackBytes
{
    /// <summary>Handed over at once; well under what the window holds.</summary>
    private const int Portion = 32 * 1024;

    private static readonly byte[] s_blank = new byte[4096];

    private readonly ITrackReader _reader;
    private ByteWindow _window;
    private byte[] _head = [];
    private byte[] _tail = [];
    private long _from;
    private long _soundBytes;
    private CancellationToken _token;

    /// <param name="reader">The track.</param>
    public TrackBytes(ITrackReader reader)
    {
        _reader = reader;
        ShowAll(0);
    }

    /// <summary>Bytes of the file.</summary>
    public long Length { get; private set; }

    /// <summary>Where the next read begins.</summary>
    public long Position { get; private set; }

    /// <summary>Whether the part between head and tail reads as zeros, which need not be waited for.</summary>
    public bool IsBlank { get; set; }

    /// <summary>What ended a read inside the library; null where nothing did.</summary>
    public Exception? Failure { get; private set; }

    /// <summary>Before each call of the library that may read.</summary>
    public void Begin(CancellationToken cancellationToken)
    {
        Failure = null;
        _token = cancellationToken;
    }

    /// <summary>Waits for the bytes that will be read next, outside the library, where a cancelled wait costs nothing.</summary>
    public void Await(long bytes, CancellationToken cancellationToken)
    {
        var at = Math.Max(0, Position - _head.Length);
        _window.Get(_from + at, (int)Math.Clamp(_soundBytes - at, 0, Math.Min(bytes, Portion)), cancellationToken);
    }

    /// <summary>From now on the file is a head, a part of the track, some nothing, and a tail; the place is at its beginning.</summary>
    /// <param name="head">Read first.</param>
    /// <param name="from">The part's first byte, from the start of the track.</param>
    /// <param name="end">Behind the part's last byte.</param>
    /// <param name="gap">Zeros before the tail.</param>
    /// <param name="tail">Read last.</param>
    public void Splice(byte[] head, long from, long end, int gap, byte[] tail)
    {
        (_head, _from, _soundBytes) = (head, from, Math.Max(0, end - from));
        _tail = new byte[gap + tail.Length];
        tail.CopyTo(_tail, gap);
        Length = _head.Length + _soundBytes + _tail.Length;
        Position = 0;
    }

    /// <summary>From now on the file is the track from some byte on, and nothing is kept of what was read of it.</summary>
    [MemberNotNull(nameof(_window))]
    public void ShowAll(long start)
    {
        _window = new ByteWindow(_reader);
        (_head, _tail, _from, Position) = ([], [], start, 0);
        Length = _soundBytes = Math.Max(0, _reader.LengthBytes - start);
    }

    /// <summary>Reads as much as was asked for, less only at the end; nothing after a failure.</summary>
    public int Read(Span<byte> target)
    {
        var done = 0;
        try
        {
            while (done < target.Length && Failure is null)
            {
                var bytes = Next(Math.Min(target.Length - done, Portion));
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

    private ReadOnlySpan<byte> Next(int count)
    {
        if (Position < _head.Length)
            return _head.AsSpan((int)Position, (int)Math.Min(count, _head.Length - Position));
        var at = Position - _head.Length;
        if (at < _soundBytes && IsBlank)
            return s_blank.AsSpan(0, (int)Math.Min(Math.Min(count, s_blank.Length), _soundBytes - at));
        if (at < _soundBytes)
            return _window.Get(_from + at, (int)Math.Min(count, _soundBytes - at), _token);
        at = Math.Min(at - _soundBytes, _tail.Length);
        return _tail.AsSpan((int)at, (int)Math.Min(count, _tail.Length - at));
    }
}
