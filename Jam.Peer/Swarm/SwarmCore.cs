using Jam.Peer.Wire;

namespace Jam.Peer.Swarm;

/// <summary>
/// Who has what, what to ask for, what to offer: events in, effects out. Knows no socket, no file and no clock; the same
/// code runs in a peer and in a simulation. Every event takes <c>nowUs</c>, local monotonic microseconds, which never go
/// back. After each event the caller carries out <see cref="TakeEffects"/> and arms one timer for <see cref="DueUs"/>.
/// </summary>
internal sealed class SwarmCore
{
    private const int MostUndecided = 8;

    private readonly SwarmState _state;
    private readonly UploadScheduler _uploads;
    private readonly OfferPlanner _offers;
    private readonly RequestPlanner _requests;
    private readonly ManifestDesk _manifests;
    private readonly FrameRules _rules;
    private readonly Slots _slots;
    private long _wants;
    private bool _isUndecided;
    private int _undecided;

    public SwarmCore(SwarmSettings settings)
    {
        _state = new SwarmState(settings);
        _offers = new OfferPlanner(_state);
        _uploads = new UploadScheduler(_state, _offers);
        _requests = new RequestPlanner(_state);
        _manifests = new ManifestDesk(_state);
        _slots = new Slots(_state, _offers, _manifests);
        _rules = new FrameRules(_state, _uploads, _offers, _slots, _manifests);
    }

    /// <summary>Links, for reports.</summary>
    public IReadOnlyDictionary<LinkId, Link> Links => _state.Links;

    /// <summary>What the uplink carries as far as it is known, microseconds per byte; 0: unknown.</summary>
    public double UplinkUsPerByte => _state.UplinkUsPerByte;

    /// <summary>Whether this uplink is spent on what goes with fetching; see <see cref="SwarmState.IsUplinkPoor"/>.</summary>
    public bool IsUplinkPoor => _state.IsUplinkPoor;

    /// <summary>Tracks, for reports.</summary>
    public IReadOnlyDictionary<TrackId, Track> Tracks => _state.Tracks;

    /// <summary>What is to be done now, in order.</summary>
    public List<Effect> TakeEffects() => _state.TakeEffects();

    /// <summary>When <see cref="Timer"/> is to be called though nothing else happens; <see cref="long.MaxValue"/>: never.</summary>
    public long DueUs(long nowUs) => _isUndecided ? nowUs : Math.Min(Math.Min(Math.Min(_uploads.DueUs, _offers.DueUs), _manifests.DueUs), Math.Min(_state.HeldUntilUs(), _requests.DueUs(nowUs)));

    /// <summary>The time of <see cref="DueUs"/> has come.</summary>
    public void Timer(long nowUs) => Settle(nowUs);

    /// <summary>This peer wants a track; its manifest is fetched where it is not opened at once.</summary>
    public void WantTrack(TrackId id, int priority, long nowUs)
    {
        if (!_state.Tracks.TryGetValue(id, out var track))
        {
            if (_slots.Take() is not { } slot)
                return;
            _state.Add(track = new Track(id, slot));
            foreach (var link in _state.Links.Values)
            {
                link.Adopt(track);
                Announce(link, track);
            }
        }

        track.LastWanted = ++_wants;
        track.Priority = priority;
        _state.SortTracks();
        Settle(nowUs);
    }

    /// <summary>Storage of a track is open.</summary>
    /// <param name="manifest">The track's manifest.</param>
    /// <param name="have">What storage holds, verified.</param>
    /// <param name="striped">Whether this peer is the host that stripes it; only for a complete track.</param>
    /// <param name="nowUs">Now.</param>
    public void OpenTrack(Manifest manifest, Bitfield have, bool striped, long nowUs)
    {
        if (!_state.Tracks.TryGetValue(manifest.Id, out var track) || track.Manifest is not null)
            return;
        track.Open(manifest, have);
        track.IsStriped = striped;
        foreach (var link in _state.Links.Values)
        {
            Announce(link, track);
            _rules.ReadEarly(link, SwarmState.On(link, track), nowUs);
        }

        if (striped)
            _offers.Begin(track);
        Settle(nowUs);
    }

    /// <summary>Where the room is in a track; see <see cref="Track.SetPlayhead"/>.</summary>
    public void SetPlayhead(TrackId id, double positionByte, double bytesPerUs, bool isRunning, long atUs, long nowUs)
    {
        if (!_state.Tracks.TryGetValue(id, out var track))
            return;
        track.SetPlayhead(positionByte, bytesPerUs, isRunning, atUs);
        _offers.Rewind(track);
        Settle(nowUs);
    }

    /// <summary>A decoder waits for a chunk.</summary>
    public void Await(TrackId id, int chunk, long nowUs)
    {
        if (!_state.Tracks.TryGetValue(id, out var track) || track.Manifest is null || (uint)chunk >= (uint)track.Have.Length || track.Have[chunk])
            return;
        track.Waits.TryAdd(chunk, WaitUs(track, chunk, nowUs));
        Settle(nowUs);
    }

    // A decoder reads ahead of what is heard: what it waits for then is not urgent yet. What lies far from the playhead it needs in order to decode at all.
    private long WaitUs(Track track, int chunk, long nowUs)
    {
        if (!track.IsRunning)
            return nowUs + _state.Settings.IdleWaitUs;
        var leftUs = track.DeadlineUs(chunk, nowUs) - nowUs;
        return leftUs > _state.Settings.WindowUs ? nowUs
            : nowUs + Math.Clamp(leftUs - _state.Settings.UrgentThoughSoonUs, 0, _state.Settings.IdleWaitUs);
    }

    /// <summary>A link is up: both sides have proved that they belong to the room.</summary>
    public void LinkUp(LinkId id, string peerId, bool isHost, long nowUs)
    {
        var link = new Link(id, peerId, _state.Settings, _state.Usual) { IsHost = isHost };
        _state.Links.Add(id, link);
        foreach (var track in _state.Tracks.Values)
            Announce(link, track);
        Settle(nowUs);
    }

    /// <summary>A link is gone; does nothing for one that was dropped.</summary>
    public void LinkDown(LinkId id, long nowUs)
    {
        if (!_state.Links.TryGetValue(id, out var link))
            return;
        Forget(link);
        Settle(nowUs);
    }

    /// <summary>The room says who is host.</summary>
    public void SetHost(LinkId id, bool isHost)
    {
        if (_state.Links.TryGetValue(id, out var link))
            link.IsHost = isHost;
    }

    /// <summary>A round trip was measured.</summary>
    public void SetRtt(LinkId id, long rttUs, long nowUs)
    {
        if (_state.Links.TryGetValue(id, out var link) && _state.SetRtt(link, Math.Max(1, rttUs), nowUs))
            Settle(nowUs);
    }

    /// <summary>Whether a peer waits for a chunk from here that it is about to play.</summary>
    public bool HasUrgentUploads(long nowUs) => _uploads.HasUrgent(nowUs);

    /// <summary>Bytes that are no chunk went out under the same upload cap.</summary>
    public void SpendUpload(int bytes, long nowUs) => _uploads.Spend(bytes, nowUs);

    /// <summary>The socket has taken a chunk of <see cref="SendChunk"/>, or storage could not read it (0 bytes).</summary>
    public void ChunkSent(LinkId id, int bytes, long nowUs, bool isMoreComing = false)
    {
        if (!_state.Links.TryGetValue(id, out var link))
            return;
        UploadScheduler.OnSent(link, bytes, nowUs);
        Decide(nowUs, isMoreComing);
    }

    /// <summary>A chunk has arrived: the other side's system has acknowledged it. Where no one tells, its HAVE does.</summary>
    /// <returns>Whether that was news.</returns>
    public bool ChunkArrived(LinkId id, TrackId track, int chunk, long nowUs)
    {
        if (!_state.Links.TryGetValue(id, out var link) || !link.Tracks.TryGetValue(track, out var of) || !_uploads.OnTold(link, of, chunk, nowUs))
            return false;
        Settle(nowUs);
        return true;
    }

    /// <summary>A manifest has arrived: the other side's system has acknowledged it. Where no one tells, its TRACK does.</summary>
    /// <param name="id">On which link.</param>
    /// <param name="slot">Of which track, in this side's numbering.</param>
    /// <param name="nowUs">Now.</param>
    /// <returns>Whether that was news.</returns>
    public bool ManifestArrived(LinkId id, ushort slot, long nowUs)
    {
        if (!_state.Links.TryGetValue(id, out var link) || link.Tracks.Values.FirstOrDefault(view => view.Track.Slot == slot) is not { } of || !_manifests.OnArrived(of, nowUs))
            return false;
        Settle(nowUs);
        return true;
    }

    /// <summary>A frame of the swarm arrived; CHUNK comes by <see cref="ReceiveChunk"/>.</summary>
    /// <param name="id">On which link.</param>
    /// <param name="frame">Not CHUNK.</param>
    /// <param name="nowUs">Now.</param>
    /// <param name="isMoreComing">
    /// Whether another event follows at once: what is to be done about news alone is decided after that. Deciding costs several times
    /// what taking the news does, and where a processor is short many wait.
    /// </param>
    public void Receive(LinkId id, Frame frame, long nowUs, bool isMoreComing = false)
    {
        if (!_state.Links.TryGetValue(id, out var link))
            return;
        if (_rules.Receive(link, frame, nowUs) is { } problem)
            _state.Drop(link, problem);
        Decide(nowUs, isMoreComing && frame is (HaveFrame or SoonFrame or RequestFrame or OfferFrame));
    }

    /// <summary>A CHUNK arrived and was checked against the manifest.</summary>
    /// <returns>Whether it is to be stored; the effect <see cref="StoreChunk"/> says so too.</returns>
    public bool ReceiveChunk(LinkId id, ushort slot, int chunk, int bytes, bool isGood, long nowUs, bool isMoreComing = false)
    {
        if (!_state.Links.TryGetValue(id, out var link))
            return false;
        var stored = false;
        if (link.RemoteSlots.TryGetValue(slot, out var trackId) && !_state.Tracks.ContainsKey(trackId) && link.Cancelled.Contains((trackId, chunk)))
        {
            // Its track was let go while it was on its way.
        }
        else if (!link.RemoteSlots.TryGetValue(slot, out trackId) || !link.Tracks.TryGetValue(trackId, out var view)
            || view.Track.Manifest is null || (uint)chunk >= (uint)view.Track.Have.Length)
        {
            _state.Drop(link, "a chunk of a track that was not asked for");
        }
        else if (RequestPlanner.Settle(link, view, chunk) is not { } asked)
        {
            if (!link.Cancelled.Contains((trackId, chunk)))
                _state.Drop(link, "a chunk that was not asked for");
            else if (!isGood)
                _state.Drop(link, $"chunk {chunk} is not what its hash says", ban: true);
            else
                stored = Gains.Take(_state, link, view, chunk, nowUs);
        }
        else if (!isGood)
        {
            _state.Drop(link, $"chunk {chunk} is not what its hash says", ban: true);
        }
        else
        {
            link.Delivered(bytes, asked.AtUs, nowUs);
            _state.OnAnswer(asked.AtUs, nowUs);
            stored = Gains.Take(_state, link, view, chunk, nowUs);
        }

        Decide(nowUs, isMoreComing);
        return stored;
    }

    // What several events at once lead to is decided once; not for ever later, however many come.
    private void Decide(long nowUs, bool isMoreComing)
    {
        _isUndecided = isMoreComing && _state.Dropped.Count == 0 && ++_undecided < MostUndecided;
        if (!_isUndecided)
            Settle(nowUs);
    }

    private void Settle(long nowUs)
    {
        (_isUndecided, _undecided) = (false, 0);
        // A liar must not be asked again while its connection is still being closed.
        foreach (var link in _state.Dropped)
            Forget(link);
        _state.Dropped.Clear();
        _manifests.Plan(nowUs);
        _offers.Plan(nowUs);
        _requests.Plan(nowUs);
        _uploads.Pump(nowUs);
        _state.ReleaseDue(nowUs);
    }

    private void Forget(Link link)
    {
        _state.Links.Remove(link.Id);
        foreach (var view in link.Tracks.Values)
            _slots.OnGone(link, view);
    }

    private void Announce(Link link, Track track)
    {
        var flags = (track.Manifest is null ? TrackFlags.None : TrackFlags.HasManifest) | (track.IsStriped ? TrackFlags.Stripes : TrackFlags.None);
        _state.Send(link, new TrackFrame(track.Slot, track.Id, flags));
        if (track.Have.Count > 0)
            _state.Send(link, new BitfieldFrame(track.Slot, track.Have.ToBytes()));
        SwarmState.On(link, track).Told = track.Have.Count;
    }
}
