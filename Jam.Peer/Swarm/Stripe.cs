namespace Jam.Peer.Swarm;

/// <summary>What a striping host keeps of one track: what it offered, who was to relay it, and what comes next.</summary>
internal sealed class Stripe(Track track)
{
    private readonly int _last = track.Manifest!.ChunkCount - 1;
    private int _start;

    public Track Track { get; } = track;

    /// <summary>Offered, or had by someone.</summary>
    public Bitfield Covered { get; } = new(track.Manifest!.ChunkCount);

    /// <summary>Had by one only, who does not relay it.</summary>
    public Bitfield Again { get; } = new(track.Manifest!.ChunkCount);

    public LinkTrack?[] RelayOf { get; } = new LinkTrack?[track.Manifest!.ChunkCount];

    /// <summary>Had by one peer only.</summary>
    public Bitfield Unspread { get; } = new(track.Manifest!.ChunkCount);

    public int[] Missing { get; } = new int[track.Manifest!.ChunkCount];

    /// <summary>When each chunk last went out; 0: not yet.</summary>
    public long[] LastSentUs { get; } = new long[track.Manifest!.ChunkCount];

    /// <summary>Whether anything of it has gone out.</summary>
    public bool HasBegun { get; set; }

    /// <summary>Every chunk has been had by someone: from now on anyone may ask for any.</summary>
    public bool IsOpen { get; set; }

    /// <summary>How far the search from the start has come.</summary>
    public int Cursor { get; set; }

    /// <summary>
    /// The next chunk to offer, or -1: the last one early (some decoders read the tail on opening), then from the playhead on. What
    /// would come too late to be heard, if it takes so long, comes last: an uplink that is behind the music must not stay there.
    /// </summary>
    public int Next(long nowUs, long tripUs, bool tailEarly)
    {
        var heard = Track.IsRunning ? Track.PlayheadChunk(nowUs + tripUs) : 0;
        if (Cursor > 0 && _start + Cursor < heard)
            Cursor = 0;
        if (Cursor == 0)
            _start = Math.Max(heard, Track.PlayheadChunk(nowUs));
        if (tailEarly && Cursor > 0 && !Covered[_last] && Track.Availability[_last] == 0)
            return _last;
        for (; Cursor <= _last; Cursor++)
        {
            var chunk = (_start + Cursor) % (_last + 1);
            if (Covered[chunk])
                continue;
            // A second one who has it relays it, or all have it by now.
            if (Track.Availability[chunk] == 0 || (Again[chunk] && Track.Availability[chunk] == 1))
                return chunk;
            Cover(chunk);
        }

        return -1;
    }

    /// <summary>It is offered, or need not be.</summary>
    public void Cover(int chunk)
    {
        Covered.Set(chunk);
        Again.Clear(chunk);
    }

    public void Uncover(int chunk)
    {
        if (Covered.Clear(chunk))
            Cursor = 0;
    }
}
