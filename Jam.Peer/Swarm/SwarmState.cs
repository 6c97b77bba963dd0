using Jam.Peer.Wire;

namespace Jam.Peer.Swarm;

/// <summary>What the parts of the core share: links, tracks, and the effects of the event at hand.</summary>
internal sealed class SwarmState(SwarmSettings settings)
{
    // A small frame with the headers of TCP, IP and Ethernet.
    private const int PacketBytes = 80;

    private List<Effect> _effects = [];

    public SwarmSettings Settings { get; } = settings;

    public Dictionary<LinkId, Link> Links { get; } = [];

    public Dictionary<TrackId, Track> Tracks { get; } = [];

    /// <summary>Tracks in the order in which they are wanted.</summary>
    public List<Track> ByPriority { get; } = [];

    /// <summary>One more track.</summary>
    public void Add(Track track)
    {
        Tracks.Add(track.Id, track);
        ByPriority.Add(track);
    }

    /// <summary>One track less.</summary>
    public void Remove(Track track)
    {
        Tracks.Remove(track.Id);
        ByPriority.Remove(track);
    }

    /// <summary>A priority has changed.</summary>
    public void SortTracks() => ByPriority.Sort((a, b) => (a.Priority, a.Slot).CompareTo((b.Priority, b.Slot)));

    /// <summary>The link's view of a track, made on first use.</summary>
    public static LinkTrack On(Link link, Track track)
    {
        if (link.ViewOf(track) is { } known)
            return known;
        var view = new LinkTrack(track);
        link.Tracks.Add(track.Id, view);
        return view;
    }

    public void Emit(Effect effect) => _effects.Add(effect);

    /// <summary>Queues a frame; what is held back for the link goes along.</summary>
    public void Send(Link link, Frame frame)
    {
        Release(link);
        _effects.Add(new SendFrame(link.Id, frame));
    }

    /// <summary>Whether somebody was refused something because this uplink was poor, and was not told since that it is no more.</summary>
    public bool HasRefused { get; set; }

    /// <summary>Refuses what was asked or offered: another is to send it.</summary>
    public void Refuse(Link link, LinkTrack of, int chunk)
    {
        if (IsUplinkPoor)
            HasRefused = of.WasRefused = true;
        Send(link, new RejectFrame(of.Track.Slot, chunk));
    }

    /// <summary>An answer has come: as long as nothing is known of the uplink, that tells what has left it.</summary>
    /// <returns>Whether it was news.</returns>
    public bool OnAnswer(long askedUs, long nowUs)
    {
        var isNews = false;
        if (Uplink.IsKnown)
            return isNews;
        foreach (var link in Links.Values)
        {
            foreach (var piped in link.Pipe)
                isNews |= piped.OnAnswer(askedUs, nowUs);
        }

        return isNews;
    }

    /// <summary>A round trip was measured on a link.</summary>
    /// <returns>Whether that says something of a first chunk.</returns>
    public bool SetRtt(Link link, long rttUs, long nowUs)
    {
        link.SetRtt(rttUs);
        Uplink.Doubt.OnRtt(link.RttUs - link.LeastRttUs, OwnQueueUs);
        return OnAnswer(nowUs - rttUs, nowUs);
    }

    /// <summary>
    /// The shortest round trip of the better quarter of links: one that was measured while its other side joined, with all that it asked for on
    /// the way, is no way's length, and may be longer than a chunk takes.
    /// </summary>
    public long UsualLeastRttUs()
    {
        long[] all = [.. Links.Values.Select(link => link.LeastRttUs)];
        Array.Sort(all);
        return all.Length == 0 ? 0 : all[all.Length / 4];
    }

    /// <summary>What the uplink carries.</summary>
    public UplinkMeter Uplink { get; } = new(settings);

    /// <summary>Over all links, microseconds per byte; 0 before the first chunk has arrived.</summary>
    public double UplinkUsPerByte => Uplink.UsPerByte;

    /// <summary>What this uplink takes for one chunk of a track whose manifest is known; 0: unknown yet.</summary>
    public long ChunkUs(Track track) => (long)(Uplink.UsPerByte * track.Manifest!.ChunkSizeBytes);

    /// <summary>When a chunk would be here if a link were asked now, microseconds; a host's uplink is what a room has least of, and counts for more.</summary>
    public double CostUs(Link link, LinkTrack view) =>
        link.EtaUs(view.Track.Manifest!.ChunkSizeBytes) * (view is { IsStriper: true, Track.IsRunning: false } ? Settings.HostDearness : 1);

    /// <summary>
    /// News that may wait a moment for something else that goes the same way: in a room of many, HAVE in packets of their own
    /// would take a tenth of every uplink.
    /// </summary>
    public static void Hold(Link link, List<int> news, int chunk, long untilUs)
    {
        news.Add(chunk);
        link.HeldUntilUs = Math.Min(link.HeldUntilUs, untilUs);
    }

    /// <summary>
    /// How long a small frame waits on this side before it goes out, at the worst: acknowledgements of what is fetched fill a slow
    /// uplink, and a router holds about a hundred packets of them.
    /// </summary>
    public long OwnQueueUs => (long)Math.Min(1_000_000, 100 * PacketBytes * Uplink.LeastUsPerByte);

    public UsualLink Usual { get; } = new();

    /// <summary>How fast chunks arrive.</summary>
    public ArrivalMeter Arrivals { get; } = new();

    /// <summary>
    /// Whether what goes with fetching (acknowledgements, requests, HAVE) takes half of the uplink and more: then every packet counts,
    /// and a chunk that is given away costs several that do not come.
    /// </summary>
    public bool IsUplinkSpent => IsUplinkPoor || ControlLoad > Settings.SpentLoad;

    /// <summary>How fast the others say that chunks come to them, all of them together.</summary>
    public ArrivalMeter Heard { get; } = new();

    // What goes with fetching, as a part of the uplink: at the pace at which chunks come here, or usually come to the others. By what comes
    // here alone, whoever has fallen behind because its uplink is spent would take it for idle.
    private double ControlLoad =>
        IsUplinkNarrow ? Settings.ControlShare * PaceBytesPerUs * Uplink.LeastUsPerByte : 0;

    private double PaceBytesPerUs => Math.Max(Arrivals.BytesPerUs, Heard.BytesPerUs / Math.Max(1, Links.Count - 1));

    /// <summary>Whether a track comes hardly faster than it plays: a host's uplink is all that there is then, and those of others have time to spare.</summary>
    public bool IsRoomSlow(Track track) => PaceBytesPerUs is > 0 and var pace && pace < Settings.ScarceTimes * track.BytesPerUs;

    /// <summary>Whether this uplink carries a track hardly faster than it plays.</summary>
    public bool IsUplinkScarce(Track track) => Settings.ScarceTimes * track.BytesPerUs * MostUsPerByte > 1;

    /// <summary>As <see cref="UplinkUsPerByte"/>, where a track needs much of it: with the way there and back until a second chunk has arrived. How long that is may have been measured while all joined.</summary>
    public double CarefulUsPerByte(Track track) => IsUplinkScarce(track) ? MostUsPerByte : UplinkUsPerByte;

    private double MostUsPerByte => Math.Max(UplinkUsPerByte, Uplink.FirstUsPerByte);

    // By one chunk nobody can tell a wide uplink from a wider one: a thread that was late, and it seems to be a tenth of what it is.
    private bool IsUplinkNarrow => Uplink.LeastUsPerByte > Settings.NarrowUsPerByte;

    /// <summary>
    /// Whether all of this uplink carries less than what one other peer sends here beside what it sends to the rest: it is worth
    /// more to the room where it is left to what goes with fetching.
    /// </summary>
    public bool IsUplinkPoor =>
        Links.Count >= Settings.PoorFromLinks && Usual.UsPerByte > 0 && IsUplinkNarrow
        && (Uplink.LeastUsPerByte > Settings.PoorRatio * Usual.UsPerByte || ControlLoad > Settings.PoorLoad);

    /// <summary>Whether under the cap a chunk takes so long that whoever waited for one from here would hear it late: music or not, others relay.</summary>
    public bool IsCappedOut(Track track) =>
        Settings.UpBytesPerSecond is { } cap && Links.Count >= Settings.PoorFromLinks && track.Manifest is { } manifest
        && manifest.ChunkSizeBytes * 1e6 / cap > Settings.CappedOutUs;

    /// <summary>How long a HAVE may wait for something that goes the same way; <paramref name="queueUs"/> is <see cref="QueueUs"/>.</summary>
    public long HaveDelayUs(Link link, LinkTrack view, int chunk, bool isGiver, long queueUs)
    {
        if (Links.Count <= Settings.HaveAtOnceUpTo)
            return 0;
        if (isGiver && !IsUplinkSpent)
            return 0;
        var least = view.IsStriper ? view.Track.IsRunning && IsSlow(link, view.Track) ? Settings.SlowHostHaveDelayUs : Settings.HostHaveDelayUs
            : view is { Declines: true, Track.IsRunning: false } ? Settings.DeclinesHaveDelayUs : view.Remote?[chunk] == true ? Settings.IdleHaveDelayUs : Settings.HaveDelayUs;
        var packetsUs = Links.Count * PacketBytes * UplinkUsPerByte;
        // A host that does not hear of a chunk offers it again.
        var isHurried = !IsUplinkPoor || view.IsStriper;
        var share = isHurried ? Settings.HaveShare : Settings.PoorHaveShare;
        var delayUs = (long)Math.Clamp(packetsUs / share, least, Math.Max(least, isHurried ? 1_000_000 : 3_000_000));
        return view.IsStriper || view.Track.IsRunning ? delayUs : Math.Max(delayUs, Math.Min(Settings.BusyHaveDelayUs, (long)(queueUs * Settings.BusyHavePart)));
    }

    /// <summary>
    /// How long what others have asked for takes from here: what they would ask for besides comes after that, so a small part of it is lost
    /// on nobody, and in a room of many the HAVEs of several chunks share a packet.
    /// </summary>
    public long QueueUs(Track track)
    {
        var wishes = 0;
        foreach (var link in Links.Values)
            wishes += link.Wishes.Count;
        return (long)(wishes * track.Manifest!.ChunkSizeBytes * UplinkUsPerByte);
    }

    /// <summary>Whether what comes over a link takes long for a chunk.</summary>
    public bool IsSlow(Link link, Track track) => track.Manifest!.ChunkSizeBytes > link.Rate * (Settings.SlowChunkUs / 1e6);

    /// <summary>Sends what is held back for a link.</summary>
    public void Release(Link link)
    {
        if (link.HeldUntilUs == long.MaxValue)
            return;
        link.HeldUntilUs = long.MaxValue;
        foreach (var view in link.Tracks.Values)
        {
            if (view.HeldHaves.Count > 0)
                Tell(link, view.HeldHaves, chunks => new HaveFrame(view.Track.Slot, chunks));
            if (view.HeldSoon.Count > 0)
                ReleaseSoon(link, view);
        }
    }

    private void ReleaseSoon(Link link, LinkTrack view)
    {
        view.HeldSoon.RemoveAll(chunk => view.Track.Have[chunk] || view.Remote?[chunk] == true);
        Tell(link, view.HeldSoon, chunks => new SoonFrame(view.Track.Slot, chunks));
    }

    private void Tell(Link link, List<int> news, Func<int[], Frame> frame)
    {
        foreach (var chunks in news.Chunk(FrameCaps.MaxIndexes))
            _effects.Add(new SendFrame(link.Id, frame(chunks)));
        news.Clear();
    }

    /// <summary>Sends what has been held back for long enough.</summary>
    public void ReleaseDue(long nowUs)
    {
        foreach (var link in Links.Values)
        {
            if (link.HeldUntilUs <= nowUs)
                Release(link);
        }
    }

    /// <summary>When <see cref="ReleaseDue"/> has something to do.</summary>
    public long HeldUntilUs()
    {
        var due = long.MaxValue;
        foreach (var link in Links.Values)
            due = Math.Min(due, link.HeldUntilUs);
        return due;
    }

    /// <summary>Links that are to be forgotten before anything is planned.</summary>
    public List<Link> Dropped { get; } = [];

    /// <summary>Closes a link. One reason is enough: what else it has said has no effect any more.</summary>
    public void Drop(Link link, string why, bool ban = false)
    {
        if (Dropped.Contains(link))
            return;
        Dropped.Add(link);
        _effects.Add(new DropLink(link.Id, why, ban));
    }

    /// <summary>Takes a request back; what comes all the same is welcome. False where there was none.</summary>
    public bool Cancel(Link link, LinkTrack view, int chunk)
    {
        if (RequestPlanner.Settle(link, view, chunk) is null)
            return false;
        link.Cancelled.Enqueue((view.Track.Id, chunk));
        if (link.Cancelled.Count > Settings.MaxCancelled)
            link.Cancelled.Dequeue();
        Send(link, new CancelFrame(view.Track.Slot, chunk));
        return true;
    }

    /// <summary>The effects so far, in order; the list is the caller's.</summary>
    public List<Effect> TakeEffects()
    {
        var taken = _effects;
        _effects = [];
        return taken;
    }
}
