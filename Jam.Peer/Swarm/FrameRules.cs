using Jam.Peer.Wire;

namespace Jam.Peer.Swarm;

/// <summary>What each frame of another peer changes. A string that comes back is why the link must be closed.</summary>
internal sealed class FrameRules(SwarmState state, UploadScheduler uploads, OfferPlanner offers, Slots slots, ManifestDesk manifests)
{
    private readonly SwarmState _state = state;
    private readonly int _most = state.Settings.MaxAnnounced;

    /// <summary>Takes one frame; CHUNK is not among them.</summary>
    public string? Receive(Link link, Frame frame, long nowUs) => frame switch
    {
        TrackFrame f => OnTrack(link, f, nowUs),
        WantManifestFrame f => OnWantManifest(link, f, nowUs),
        ManifestFrame f => OnManifest(link, f),
        BitfieldFrame f => View(link, f, f.Slot, out var why) is { } view ? OnBitfield(link, view, f.Bits, nowUs) : why,
        HaveFrame f => View(link, f, f.Slot, out var why) is { } view ? OnHave(link, view, f.Chunks, nowUs) : why,
        SoonFrame f => View(link, f, f.Slot, out var why) is { } view ? OnSoon(view, f.Chunks) : why,
        OfferFrame f => View(link, f, f.Slot, out var why) is { } view ? OnOffer(view, f.Chunks) : why,
        RequestFrame f => View(link, f, f.Slot, out var why) is { } view ? OnRequest(link, view, f, nowUs) : why,
        CancelFrame f => View(link, f, f.Slot, out var why) is { } view ? OnCancel(link, view, f.Chunk) : why,
        RejectFrame f => View(link, f, f.Slot, out var why) is { } view ? OnReject(link, view, f.Chunk) : why,
        _ => $"unexpected {frame.GetType().Name}",
    };

    private string? OnTrack(Link link, TrackFrame frame, long nowUs)
    {
        if (frame.Slot >= FrameCaps.MaxSlots)
            return $"slot {frame.Slot}";
        var isGiven = link.RemoteSlots.TryGetValue(frame.Slot, out var known);
        if (!isGiven || known != frame.Track)
        {
            if (link.RemoteSlots.ContainsValue(frame.Track))
                return "a track in two slots";
            // A slot that is given to another track: its sender has let the one before go.
            if (isGiven)
                slots.OnGivenUp(link, known);
            link.RemoteSlots[frame.Slot] = frame.Track;
        }

        if (!_state.Tracks.TryGetValue(frame.Track, out var track))
        {
            // A track that is not wanted here is remembered by its slot only: it may become the room's later.
            if (link.Unwanted.TryGetValue(frame.Track, out var said))
                said.Flags = frame.Flags;
            else
                link.Unwanted.Add(frame.Track, new Hearsay(frame.Flags));
            return null;
        }

        var view = SwarmState.On(link, track);
        // HAVE goes to those who take part; what was gained before the other side said so it has not heard of.
        if (view.RemoteFlags is null && track.Have.Count > view.Told)
            _state.Send(link, new BitfieldFrame(track.Slot, track.Have.ToBytes()));
        view.RemoteFlags = frame.Flags;
        if (frame.Flags.HasFlag(TrackFlags.HasManifest))
        {
            if (view.ManifestGivenUs is not null)
                OfferPlanner.OnTakeable(view, nowUs);
            manifests.OnHolder(view, nowUs);
        }

        return null;
    }

    // Slots are in the sender's numbering, and it must have announced them.
    private LinkTrack? View(Link link, Frame frame, ushort slot, out string? why)
    {
        why = null;
        if (!link.RemoteSlots.TryGetValue(slot, out var id))
            why = $"slot {slot} was not announced";
        else if (_state.Tracks.TryGetValue(id, out var track))
            return SwarmState.On(link, track);
        else
            why = OnUnwanted(link, link.Unwanted[id], frame);
        return null;
    }

    // Of a track that is not wanted here only what may matter later is kept, and no more of it than a link may have.
    private static string? OnUnwanted(Link link, Hearsay said, Frame frame)
    {
        switch (frame)
        {
            case HaveFrame f:
                return Early(said.Early ??= new EarlyHaves(link.EarlyBudget), f.Chunks);
            case BitfieldFrame f:
                return Early(said.Early ??= new EarlyHaves(link.EarlyBudget), Chunks(f.Bits));
            case OfferFrame { Chunks: [] }:
                said.IsOpen = true;
                return null;
            case ManifestFrame when !said.ManifestAsked:
                return "a manifest that was not asked for";
            default:
                return null;
        }
    }

    private static string? Early(EarlyHaves early, IEnumerable<int> chunks) =>
        chunks.All(early.TrySet) ? null : "it claims too much of tracks that are not known here";

    // The highest first: room is made once.
    private static IEnumerable<int> Chunks(byte[] bits)
    {
        for (var chunk = bits.Length * 8 - 1; chunk >= 0; chunk--)
        {
            if ((bits[chunk >> 3] & (0x80 >> (chunk & 7))) != 0)
                yield return chunk;
        }
    }

    private string? OnWantManifest(Link link, WantManifestFrame frame, long nowUs)
    {
        if (View(link, frame, frame.Slot, out var why) is { Track.Manifest: not null } view)
            manifests.Want(link, view, nowUs);
        return why;
    }

    private string? OnManifest(Link link, ManifestFrame frame)
    {
        if (View(link, frame, frame.Slot, out var why) is not { } view)
            return why;
        // An answer may be late: another was asked meanwhile, or has answered already.
        if (view.Track.Manifest is not null || view.Track.IsManifestHere)
            return null;
        if (!view.ManifestAsked)
            return "a manifest that was not asked for";
        if (TrackId.Of(frame.Encoded) != view.Track.Id || Manifest.TryParse(frame.Encoded) is not { } manifest)
        {
            _state.Drop(link, "a manifest that is not the track's", ban: true);
            return null;
        }

        // Storage takes a moment to open; asking again meanwhile would be waste.
        view.Track.IsManifestHere = true;
        _state.Emit(new ManifestArrived(manifest));
        return null;
    }

    /// <summary>The manifest is known now: what the other side said before counts from here on.</summary>
    public void ReadEarly(Link link, LinkTrack view, long nowUs)
    {
        if (view.Early is { } early)
        {
            view.Early = null;
            view.Remote ??= new Bitfield(view.Track.Have.Length);
            for (var chunk = 0; chunk < early.Length; chunk++)
            {
                if (!early[chunk])
                    continue;
                if (chunk >= view.Remote.Length)
                {
                    _state.Drop(link, $"HAVE of chunk {chunk} of {view.Remote.Length}");
                    break;
                }

                Learn(link, view, chunk, nowUs);
            }

            early.Clear();
        }

        view.OfferedToUs.RemoveWhere(chunk => chunk >= view.Track.Have.Length || view.Track.Have[chunk]);
    }

    private string? OnBitfield(Link link, LinkTrack view, byte[] bits, long nowUs)
    {
        var track = view.Track;
        if (track.Manifest is null)
            return Early(view.Early ??= new EarlyHaves(link.EarlyBudget), Chunks(bits));
        if (Bitfield.TryParse(bits, track.Have.Length) is not { } field)
            return "a bitfield of the wrong size";
        // Sent again it may only add: what someone had, it has.
        view.Remote ??= new Bitfield(field.Length);
        for (var chunk = 0; chunk < field.Length; chunk++)
        {
            if (field[chunk])
                Learn(link, view, chunk, nowUs);
        }

        return null;
    }

    private string? OnHave(Link link, LinkTrack view, int[] chunks, long nowUs)
    {
        if (view.Track.Manifest is null)
            return Early(view.Early ??= new EarlyHaves(link.EarlyBudget), chunks);
        view.Remote ??= new Bitfield(view.Track.Have.Length);
        var had = view.Remote.Count;
        foreach (var chunk in chunks)
        {
            if (chunk >= view.Remote.Length)
                return $"HAVE of chunk {chunk} of {view.Remote.Length}";
            Learn(link, view, chunk, nowUs);
        }

        _state.Heard.Add((view.Remote.Count - had) * view.Track.Manifest.ChunkSizeBytes, nowUs);
        return null;
    }

    private void Learn(Link link, LinkTrack view, int chunk, long nowUs)
    {
        if (!view.Remote!.Set(chunk))
            return;
        view.Track.Availability[chunk]++;
        view.Soon.Remove(chunk);
        if (!view.Track.Have[chunk])
            view.Wanted++;
        uploads.OnHave(link, view, chunk, nowUs);
        offers.OnHave(view, chunk, nowUs);
    }

    private string? OnSoon(LinkTrack view, int[] chunks)
    {
        foreach (var chunk in chunks)
        {
            if (view.Track.Manifest is not null && chunk >= view.Track.Have.Length)
                return $"SOON of chunk {chunk} of {view.Track.Have.Length}";
            // It promises nothing, so what is too much is not kept.
            if (view.Track.Manifest is not null && !view.Track.Have[chunk] && view.Soon.Count < _most)
                view.Soon.Add(chunk);
        }

        return null;
    }

    private string? OnOffer(LinkTrack view, int[] chunks)
    {
        if (chunks.Length == 0)
        {
            view.IsOpen = true;
            view.IsSpare = !view.IsStriper;
            // What has room relays again.
            view.Declines &= view.IsStriper;
        }

        foreach (var chunk in chunks)
        {
            if (view.Track.Manifest is not null && chunk >= view.Track.Have.Length)
                return $"OFFER of chunk {chunk} of {view.Track.Have.Length}";
            // An offer need not be taken, so what is too much is not kept.
            if (view.OfferedToUs.Count < _most && (view.Track.Manifest is null || !view.Track.Have[chunk]))
                view.OfferedToUs.Add(chunk);
        }

        return null;
    }

    private string? OnRequest(Link link, LinkTrack view, RequestFrame frame, long nowUs)
    {
        if (view.Track.Manifest is not null && frame.Chunk >= view.Track.Have.Length)
            return $"REQUEST for chunk {frame.Chunk} of {view.Track.Have.Length}";
        uploads.Request(link, view, frame, nowUs);
        return null;
    }

    private static string? OnCancel(Link link, LinkTrack view, int chunk)
    {
        UploadScheduler.Cancel(link, view, chunk);
        return null;
    }

    private string? OnReject(Link link, LinkTrack view, int chunk)
    {
        if (offers.OnDeclined(view, chunk))
            (view.Declines, view.DeclinesMusic) = (true, view.DeclinesMusic || view.Track.IsRunning);
        if (RequestPlanner.Settle(link, view, chunk) is not null && view.Remote?.Clear(chunk) == true)
        {
            view.Declines = true;
            view.Track.Availability[chunk]--;
            view.Wanted--;
        }

        return null;
    }
}
