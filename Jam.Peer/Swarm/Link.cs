using Jam.Peer.Wire;

namespace Jam.Peer.Swarm;

/// <summary>What a link says of one track, and what went over it.</summary>
internal sealed class LinkTrack(Track track)
{
    public Track Track { get; } = track;

    /// <summary>Flags of the other side's TRACK; null until it announces the track.</summary>
    public TrackFlags? RemoteFlags { get; set; }

    /// <summary>What the other side has; null until it said so and the manifest is known here.</summary>
    public Bitfield? Remote { get; set; }

    /// <summary>What the other side said it has before the manifest was known here; null: nothing.</summary>
    public EarlyHaves? Early { get; set; }

    /// <summary>Whether the other side was asked for the manifest.</summary>
    public bool ManifestAsked { get; set; }

    /// <summary>When the other side was given the manifest; null: it was not, or has said that it has it.</summary>
    public long? ManifestGivenUs { get; set; }

    /// <summary>How many chunks were here when the track was last announced to the other side.</summary>
    public int Told { get; set; }

    /// <summary>How many chunks the other side has that are missing here.</summary>
    public int Wanted { get; set; }

    /// <summary>Whether a striping host has said that anything may be asked for.</summary>
    public bool IsOpen { get; set; }

    /// <summary>OFFERed to this peer and not asked for yet.</summary>
    public SortedSet<int> OfferedToUs { get; } = [];

    /// <summary>Said to be on their way to the other side.</summary>
    public HashSet<int> Soon { get; } = [];

    /// <summary>OFFERed by this peer, not yet had by the other side: chunk to when it was offered, or sent, whichever is later.</summary>
    public Dictionary<int, (long AtUs, bool IsSent)> OfferedByUs { get; } = [];

    /// <summary>Had here and not told yet.</summary>
    public List<int> HeldHaves { get; } = [];

    /// <summary>Asked of a striping host and not told yet.</summary>
    public List<int> HeldSoon { get; } = [];

    /// <summary>What the other side relays for a striping host.</summary>
    public RelayLoad Relay { get; } = new();

    /// <summary>Whether OFFER without chunks was sent.</summary>
    public bool OpenSent { get; set; }

    /// <summary>When the other side was last told that this uplink has nothing to do.</summary>
    public long SpareSaidUs { get; set; } = long.MinValue / 2;

    /// <summary>The other side has said that its uplink has nothing to do.</summary>
    public bool IsSpare { get; set; }

    /// <summary>The other side has refused a request: its uplink is spent, and what it hears costs it, too.</summary>
    public bool Declines { get; set; }

    /// <summary>It has refused while music played: its uplink is no relay at all, whatever else is.</summary>
    public bool DeclinesMusic { get; set; }

    /// <summary>What a striping host was told to have relayed by another; a poor uplink holds a few such chunks.</summary>
    public HashSet<int> Disowned { get; } = [];

    /// <summary>Whether the other side was refused something because this uplink was poor.</summary>
    public bool WasRefused { get; set; }

    /// <summary>How many of its offers were refused.</summary>
    public int Declined { get; set; }

    public int ChunksFrom { get; set; }

    public int ChunksTo { get; set; }

    /// <summary>Whether the other side has the manifest.</summary>
    public bool HasManifest => RemoteFlags is { } flags && flags.HasFlag(TrackFlags.HasManifest);

    /// <summary>Whether an offer would find it with the manifest: what goes over one link comes in order.</summary>
    /// <param name="givenByUs">A manifest that was given after that does not count: who has it in a moment says so.</param>
    public bool CanTakeOffers(long givenByUs) => HasManifest || ManifestGivenUs <= givenByUs;

    /// <summary>Whether the other side stripes the track.</summary>
    public bool IsStriper => RemoteFlags is { } flags && flags.HasFlag(TrackFlags.Stripes);

    /// <summary>A striping host that is asked only for what it offers.</summary>
    public bool IsReserved => IsStriper && !IsOpen;
}

/// <summary>What a link says of a track that is not wanted here.</summary>
internal sealed class Hearsay(TrackFlags flags)
{
    public TrackFlags Flags { get; set; } = flags;

    public EarlyHaves? Early { get; set; }

    public bool IsOpen { get; set; }

    /// <summary>It was wanted once, and the other side was asked for its manifest.</summary>
    public bool ManifestAsked { get; init; }
}

/// <summary>One request that this peer has sent.</summary>
internal sealed class Asked(LinkTrack of, int chunk, long atUs, bool isLoose)
{
    public LinkTrack Of { get; } = of;

    public int Chunk { get; } = chunk;

    public long AtUs { get; } = atUs;

    /// <summary>Late, or asked of a striping host that did not offer it: it may come, but another may be asked.</summary>
    public bool IsLoose { get; set; } = isLoose;
}

/// <summary>One request that the other side has sent.</summary>
internal sealed record Wish(LinkTrack Of, int Chunk, long DeadlineUs, long Order, long AtUs);

/// <summary>A connection as the core sees it. Owned by the core's loop.</summary>
internal sealed class Link(LinkId id, string peerId, SwarmSettings settings, UsualLink usual)
{
    public LinkId Id { get; } = id;

    public string PeerId { get; } = peerId;

    /// <summary>Whether the room says that its peer is a host.</summary>
    public bool IsHost { get; set; }

    /// <summary>The other side's slot numbers.</summary>
    public Dictionary<ushort, TrackId> RemoteSlots { get; } = [];

    public Dictionary<TrackId, LinkTrack> Tracks { get; } = [];

    private LinkTrack? _latest;

    /// <summary>What it says of a track; null: nothing yet. Asked of all links many times at each event, mostly of the same track.</summary>
    public LinkTrack? ViewOf(Track track)
    {
        if (_latest?.Track == track)
            return _latest;
        return Tracks.TryGetValue(track.Id, out var view) ? _latest = view : null;
    }

    /// <summary>It takes part in a track no longer; null where it did not.</summary>
    public LinkTrack? Forget(TrackId track)
    {
        _latest = null;
        return Tracks.Remove(track, out var view) ? view : null;
    }

    /// <summary>What the other side says of tracks that are not wanted here: they may become the room's later.</summary>
    public Dictionary<TrackId, Hearsay> Unwanted { get; } = [];

    /// <summary>How much it may say of tracks whose manifest is not known.</summary>
    public EarlyBudget EarlyBudget { get; } = new();

    /// <summary>A track is wanted from now on: what was said of it before counts.</summary>
    public void Adopt(Track track)
    {
        if (!Unwanted.Remove(track.Id, out var said))
            return;
        var view = SwarmState.On(this, track);
        view.RemoteFlags = said.Flags;
        view.Early = said.Early;
        view.IsOpen = said.IsOpen;
        view.ManifestAsked = said.ManifestAsked;
    }

    /// <summary>Sent and not answered, oldest first.</summary>
    public List<Asked> Asked { get; } = [];

    /// <summary>Where a request stands in <see cref="Asked"/>; -1 where there is none.</summary>
    public int IndexOfAsked(LinkTrack of, int chunk)
    {
        for (var i = 0; i < Asked.Count; i++)
        {
            if (Asked[i].Chunk == chunk && Asked[i].Of == of)
                return i;
        }

        return -1;
    }

    /// <summary>Cancelled, but may still come; bounded.</summary>
    public Queue<(TrackId Track, int Chunk)> Cancelled { get; } = [];

    /// <summary>Asked by the other side and not sent yet.</summary>
    public List<Wish> Wishes { get; } = [];

    /// <summary>Chunks handed to the socket that the other side has not said to have yet, oldest first.</summary>
    public List<Piped> Pipe { get; } = [];

    /// <summary>The shortest time from handing a chunk over to hearing that it arrived; <see cref="long.MaxValue"/>: not heard yet.</summary>
    public long FastestUs { get; private set; } = long.MaxValue;

    /// <summary>How much longer than that it takes usually; <see cref="long.MaxValue"/>: not heard yet.</summary>
    public long SlowerUs { get; private set; } = long.MaxValue;

    /// <summary>A chunk has arrived, so long after it was handed over.</summary>
    public void Answered(long tookUs)
    {
        FastestUs = Math.Min(FastestUs, tookUs);
        var slowerUs = tookUs - FastestUs;
        SlowerUs = SlowerUs == long.MaxValue ? slowerUs : SlowerUs + (slowerUs - SlowerUs) / 8;
    }

    /// <summary>How many of those the kernel has not taken yet.</summary>
    public int Sending { get; set; }

    /// <summary>Until when news is held back for this link; <see cref="long.MaxValue"/>: there is none.</summary>
    public long HeldUntilUs { get; set; } = long.MaxValue;

    /// <summary>As last measured, with all that waited on the way.</summary>
    public long RttUs { get; private set; } = 1_000;

    /// <summary>The way alone: what a queue adds that this peer fills itself is no reason to fill it more.</summary>
    public long LeastRttUs { get; private set; } = 1_000;

    /// <summary>A round trip was measured.</summary>
    public void SetRtt(long us)
    {
        LeastRttUs = _isMeasured ? Math.Min(LeastRttUs, us) : us;
        (RttUs, _isMeasured) = (us, true);
    }

    private bool _isMeasured;

    /// <summary>Smoothed time per byte received, microseconds; 0 before the first chunk.</summary>
    public double UsPerByte { get; private set; }

    public long LastArrivalUs { get; private set; }

    /// <summary>Nothing came for too long: one request at a time until something does.</summary>
    public bool IsStalled { get; set; }

    public long BytesDown { get; private set; }

    public long BytesUp { get; set; }

    /// <summary>When the kernel last took a chunk for this link.</summary>
    public long LastSentUs { get; set; }

    /// <summary>Bytes per second: measured, or as the others, or assumed.</summary>
    public double Rate => UsPerByte > 0 ? 1e6 / UsPerByte : usual.UsPerByte > 0 ? 1e6 / usual.UsPerByte : settings.AssumedBytesPerSecond;

    /// <summary>Requests are being sent until the window is full.</summary>
    public bool IsRefilling { get; set; }

    /// <summary>How many requests may be in flight for chunks of a size.</summary>
    public int Window(int chunkSize, long ownQueueUs)
    {
        if (IsStalled)
            return 1;
        if (UsPerByte == 0)
            return settings.FirstInFlight;
        var chunks = Rate * (RttUs + ownQueueUs + settings.InFlightSlackUs) / 1e6 / chunkSize;
        return (int)Math.Clamp(Math.Ceiling(chunks) + 1, settings.MinInFlight, settings.MaxInFlight);
    }

    /// <summary>When a chunk would be here if it were asked for now: (outstanding + chunk) / rate + RTT.</summary>
    public double EtaUs(int chunkSize) => (Asked.Count + 1.0) * chunkSize / Rate * 1e6 + RttUs;

    /// <summary>How long a request waits for its chunk, smoothed; 0 before the first.</summary>
    public long AnswerUs { get; private set; }

    /// <summary>Takes a delivery into the rate.</summary>
    public void Delivered(int bytes, long askedAtUs, long nowUs)
    {
        AnswerUs = AnswerUs == 0 ? nowUs - askedAtUs : AnswerUs + (nowUs - askedAtUs - AnswerUs) / 4;
        var sample = Math.Max(1.0, nowUs - Math.Max(LastArrivalUs, askedAtUs)) / bytes;
        UsPerByte = UsPerByte == 0 ? sample : UsPerByte + (sample - UsPerByte) / 8;
        usual.Add(sample);
        LastArrivalUs = nowUs;
        BytesDown += bytes;
        IsStalled = false;
    }

    /// <summary>When the oldest request becomes late; <see cref="long.MaxValue"/> where none can.</summary>
    public long LateAtUs()
    {
        Asked? oldest = null;
        for (var i = 0; i < Asked.Count && oldest is null; i++)
            oldest = Asked[i].IsLoose ? null : Asked[i];
        if (oldest is null)
            return long.MaxValue;
        var size = oldest.Of.Track.Manifest!.ChunkSizeBytes;
        var patience = UsPerByte == 0
            ? settings.FirstTimeoutUs
            : Math.Max(oldest.Of.Track.IsRunning ? settings.MinPlayingTimeoutUs : settings.MinTimeoutUs, (long)(4 * size * UsPerByte) + RttUs);
        return Math.Max(oldest.AtUs, LastArrivalUs) + patience;
    }
}
