using System.Numerics;
using Jam.Peer.Wire;

namespace Jam.Peer.Swarm;

/// <summary>
/// Says that this uplink has nothing to do: OFFER without chunks. While a host stripes, it hears of that and gives the next chunk here;
/// afterwards one who lacks much of what is here does, since it may wait for it elsewhere and cannot know that there is room here; and so
/// it does before where the host is slow.
/// </summary>
internal sealed class SpareUplink(SwarmState state)
{
    private readonly SwarmState _state = state;
    private long _saidUs = long.MinValue / 2;

    /// <summary>When <see cref="Say"/> should be called again though nothing happens.</summary>
    public long DueUs { get; private set; } = long.MaxValue;

    /// <summary>There is nothing to send, and room for it.</summary>
    public void Say(long nowUs)
    {
        DueUs = long.MaxValue;
        if (_state.Links.Count <= _state.Settings.HaveAtOnceUpTo || _state.IsUplinkSpent)
            return;
        foreach (var track in _state.ByPriority)
        {
            if (track.Manifest is null || track.IsStriped || track.Have.Count == 0 || Neediest(track, nowUs) is not var (link, view))
                continue;
            if (nowUs < _saidUs + _state.Settings.SpareSayUs)
            {
                DueUs = _saidUs + _state.Settings.SpareSayUs;
                return;
            }

            _saidUs = view.SpareSaidUs = nowUs;
            _state.Send(link, new OfferFrame(track.Slot, []));
        }
    }

    /// <summary>The uplink is not poor, or no more: whoever was refused something for that learns that it relays again.</summary>
    public void Recant()
    {
        if (!_state.HasRefused)
            return;
        _state.HasRefused = false;
        foreach (var link in _state.Links.Values)
        {
            foreach (var view in link.Tracks.Values)
            {
                if (!view.WasRefused)
                    continue;
                view.WasRefused = false;
                _state.Send(link, new OfferFrame(view.Track.Slot, []));
            }
        }
    }

    private (Link, LinkTrack)? Neediest(Track track, long nowUs)
    {
        (Link, LinkTrack)? found = null;
        var most = 0;
        foreach (var link in _state.Links.Values)
        {
            if (link.ViewOf(track) is not { } view || !view.HasManifest)
                continue;
            // Its host comes before all others, and while there is one nobody else is told.
            // It would make nothing of that while music plays, and its system acknowledges each: a tenth of an uplink that is little more
            // than the music.
            if (view.IsReserved && track.IsRunning)
                return null;
            var lacks = view.IsReserved ? int.MaxValue : view.IsStriper ? 0 : Lacks(track, view);
            if (lacks <= most)
                continue;
            var wasTold = nowUs < view.SpareSaidUs + _state.Settings.SpareSayAgainUs;
            // It knows, and gives what it can: others wait for what is here at whoever had it first.
            if (view.IsReserved && wasTold && _state.IsRoomSlow(track))
                continue;
            most = lacks;
            found = wasTold || link.Pipe.Count > 0 ? null : (link, view);
        }

        return found;
    }

    private static int Lacks(Track track, LinkTrack view)
    {
        if (view.Remote is not { } remote)
            return track.Have.Count;
        var lacks = 0;
        var have = track.Have.Words;
        var theirs = remote.Words;
        for (var i = 0; i < have.Length; i++)
            lacks += BitOperations.PopCount(have[i] & ~theirs[i]);
        return lacks;
    }
}
