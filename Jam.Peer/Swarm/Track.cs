using Jam.Peer.Wire;

namespace Jam.Peer.Swarm;

/// <summary>A track that this peer has or wants. Owned by the core's loop.</summary>
internal sealed class Track(TrackId id, ushort slot)
{
    /// <summary>Its id.</summary>
    public TrackId Id { get; } = id;

    /// <summary>Its number in the frames that this peer sends.</summary>
    public ushort Slot { get; } = slot;

    /// <summary>Null until it is known and storage is open.</summary>
    public Manifest? Manifest { get; private set; }

    /// <summary>What is here and verified.</summary>
    public Bitfield Have { get; private set; } = new(0);

    /// <summary>How many links say they have each chunk.</summary>
    public ushort[] Availability { get; private set; } = [];

    /// <summary>Chunks that have been asked for and are not yet late.</summary>
    public Bitfield InFlight { get; private set; } = new(0);

    // How many links each was asked of; the bit says whether any.
    private byte[] _inFlightCount = [];

    /// <summary>Whether this peer is the host that stripes it.</summary>
    public bool IsStriped { get; set; }

    /// <summary>Lower is fetched first.</summary>
    public int Priority { get; set; }

    /// <summary>Of two tracks the one that was wanted later has more.</summary>
    public long LastWanted { get; set; }

    /// <summary>When a manifest was last asked for; null: not in flight.</summary>
    public long? ManifestAskedUs { get; set; }

    /// <summary>Who was asked for it.</summary>
    public LinkId ManifestAskedOf { get; set; }

    /// <summary>The manifest has come, and storage is being opened.</summary>
    public bool IsManifestHere { get; set; }

    /// <summary>Decoders that wait: chunk to the local instant by which it should be here.</summary>
    public Dictionary<int, long> Waits { get; } = [];

    /// <summary>Bytes of the track that pass per microsecond of playing; 0 where it does not play by time.</summary>
    public double BytesPerUs { get; private set; }

    /// <summary>Whether the playhead runs.</summary>
    public bool IsRunning { get; private set; }

    private double _playheadByte;
    private long _playheadAtUs;

    /// <summary>Whether every chunk is here.</summary>
    public bool IsComplete => Manifest is not null && Have.IsFull;

    /// <summary>Whether every chunk is here, or asked for and not late.</summary>
    public bool IsAllAsked => Have.Count + InFlight.Count >= Have.Length;

    /// <summary>Storage is open: <paramref name="have"/> is what it holds.</summary>
    public void Open(Manifest manifest, Bitfield have)
    {
        Manifest = manifest;
        Have = have;
        Availability = new ushort[manifest.ChunkCount];
        InFlight = new Bitfield(manifest.ChunkCount);
        _inFlightCount = new byte[manifest.ChunkCount];
    }

    /// <summary>Of how many links a chunk was asked that are not late.</summary>
    public int InFlightCount(int chunk) => _inFlightCount[chunk];

    /// <summary>A chunk was asked of one more link.</summary>
    public void AddInFlight(int chunk)
    {
        _inFlightCount[chunk]++;
        InFlight.Set(chunk);
    }

    /// <summary>One of the links that a chunk was asked of does not count any more.</summary>
    public void RemoveInFlight(int chunk)
    {
        if (--_inFlightCount[chunk] == 0)
            InFlight.Clear(chunk);
    }

    /// <summary>Where the room is in it. The local instant may lie ahead.</summary>
    public void SetPlayhead(double positionByte, double bytesPerUs, bool isRunning, long atUs)
    {
        _playheadByte = positionByte;
        _playheadAtUs = atUs;
        BytesPerUs = bytesPerUs;
        IsRunning = isRunning;
    }

    /// <summary>The chunk that plays now, or would if the room played.</summary>
    public int PlayheadChunk(long nowUs)
    {
        if (Manifest is null)
            return 0;
        var at = IsRunning ? _playheadByte + Math.Max(0, nowUs - _playheadAtUs) * BytesPerUs : _playheadByte;
        return (int)Math.Clamp(at / Manifest.ChunkSizeBytes, 0, Manifest.ChunkCount - 1);
    }

    /// <summary>
    /// The local instant by which a chunk should be here; <see cref="long.MaxValue"/> where nothing plays by time, or the
    /// playhead is past it.
    /// </summary>
    public long DeadlineUs(int chunk, long nowUs)
    {
        var deadline = long.MaxValue;
        if (Manifest is not null && BytesPerUs > 0)
        {
            var ahead = (double)chunk * Manifest.ChunkSizeBytes - _playheadByte;
            var at = (IsRunning ? _playheadAtUs : nowUs) + (long)(ahead / BytesPerUs);
            if (chunk >= PlayheadChunk(nowUs))
                deadline = Math.Max(at, nowUs);
        }

        return Waits.TryGetValue(chunk, out var wait) ? Math.Min(wait, deadline) : deadline;
    }
}
