using System.Buffers.Binary;

namespace Jam.Peer.Audio.Sndfile;

/// <summary>
/// Where the last page of an Ogg file begins. An encoder ends its last page in the middle of a packet; libsndfile (1.2) reckons back from
/// that end as if it were whole, so that a seek into the last page of a Vorbis file lands up to a packet beside its goal.
/// </summary>
internal static class OggTail
{
    private const int GranuleAt = 6;
    private const int PageHeaderBytes = 27;

    /// <summary>Two pages of the longest kind fit.</summary>
    private const int TailBytes = 2 * 65_307;

    /// <summary>First frame of the last page; 0 where there is one page, or what cannot be told.</summary>
    public static long LastPageFrame(ByteWindow window, CancellationToken cancellationToken)
    {
        var last = FindBefore(window, window.LengthBytes, cancellationToken);
        for (var page = last; page > 0;)
        {
            page = FindBefore(window, page, cancellationToken);
            if (page < 0)
                break;
            var granule = BinaryPrimitives.ReadInt64LittleEndian(window.Get(page + GranuleAt, sizeof(long), cancellationToken));
            // Pages in which no packet ends say -1.
            if (granule >= 0)
                return granule;
        }
        return 0;
    }

    private static long FindBefore(ByteWindow window, long end, CancellationToken cancellationToken)
    {
        const int step = 8 * 1024;
        for (var to = end; to > Math.Max(0, end - TailBytes);)
        {
            var from = Math.Max(0, to - step);
            var bytes = window.Get(from, (int)(Math.Min(to + 3, end) - from), cancellationToken);
            var at = bytes.LastIndexOf("OggS"u8);
            if (at >= 0 && from + at + PageHeaderBytes <= window.LengthBytes)
                return from + at;
            to = from;
        }
        return -1;
    }
}
