using Jam.Peer.Swarm;
using Jam.Peer.Swarm.Blobs;
using Jam.Peer.Wire;

namespace Jam.Peer.Network;

/// <summary>The swarm loop's part that deals in blobs: hands their events to the core and carries its effects out.</summary>
internal sealed class BlobDesk(SwarmCore swarm, Dictionary<LinkId, PeerConnection> connections, ISwarmOwner owner, Func<SwarmEvent, bool> post)
{
    private readonly BlobCore _core = new();

    /// <summary>When <see cref="Timer"/> is to be called though nothing else happens.</summary>
    public long DueUs() => _core.DueUs();

    /// <summary>The time of <see cref="DueUs"/> has come.</summary>
    public void Timer(long nowUs)
    {
        _core.Timer(nowUs);
        CarryOut();
    }

    /// <summary>Takes an event where it is about blobs alone.</summary>
    /// <returns>Whether it was.</returns>
    public bool Take(SwarmEvent what, long nowUs)
    {
        switch (what)
        {
            case FrameEvent { Frame: BlobFrame frame } e:
                SetQuiet(nowUs);
                _core.Receive(e.Link, frame, nowUs);
                break;
            case WantBlobsEvent e:
                SetQuiet(nowUs);
                _core.Want(e.Wishes, nowUs);
                break;
            case AddBlobEvent e:
                _core.Add(e.Id, e.Bytes, nowUs);
                break;
            case BlobSentEvent e:
                SetQuiet(nowUs);
                _core.PieceSent(e.Link, nowUs);
                break;
            default:
                return false;
        }

        CarryOut();
        return true;
    }

    /// <summary>Something else has happened in the swarm.</summary>
    public void OnTaken(SwarmEvent what, long nowUs)
    {
        if (what is LinkUpEvent { Connection: { KnowsBlobs: true } connection, IsHost: var isHost })
            _core.LinkUp(connection.Id, isHost, nowUs);
        else if (what is LinkDownEvent down)
            _core.LinkDown(down.Link, nowUs);
        if (_core.WaitsForQuiet)
            SetQuiet(nowUs);
        CarryOut();
    }

    private void SetQuiet(long nowUs) => _core.SetQuiet(
        swarm.Tracks.Values.All(t => t.Priority > 0 || t.IsComplete), swarm.Links.Values.All(l => l.Wishes.Count == 0 && l.Sending == 0), nowUs);

    private void CarryOut()
    {
        foreach (var effect in _core.TakeEffects())
        {
            switch (effect)
            {
                case SendFrame e when connections.TryGetValue(e.Link, out var connection):
                    connection.Send(e.Frame);
                    break;
                case SendLastFrame e when connections.TryGetValue(e.Link, out var connection):
                    connection.SendLast(() =>
                    {
                        // Where the loop is too far behind to be told, time tells it.
                        _ = post(new BlobSentEvent(e.Link));
                        return e.Frame;
                    });
                    break;
                case BlobArrived e:
                    owner.OnBlob(e.Id, e.Bytes);
                    break;
                case DropLink e when connections.TryGetValue(e.Link, out var connection):
                    owner.OnDropped(connection, e.Why, e.Ban);
                    connection.Close(e.Why);
                    break;
                default:
                    // What was meant for a link that is gone.
                    break;
            }
        }
    }
}
