using Jam.Peer.Wire;

namespace Jam.Peer.Swarm.Blobs;

/// <summary>
/// What travels beside tracks: small, named by its hash, fetched from whoever has it, passed on by everyone who does. Events in,
/// effects out, as in <see cref="SwarmCore"/>, and it knows as little of sockets and clocks.
/// </summary>
/// <remarks>
/// Music goes first. What is needed to play (an index) is asked for at once and given at once where it is short; the rest is asked for
/// when this peer lacks nothing of what plays, and given when no chunk waits to go out.
/// </remarks>
internal sealed class BlobCore
{
    /// <summary>Wishes of this rank or a higher one wait until the music is here.</summary>
    public const int PatientFrom = 2;

    /// <summary>All blobs that are kept, bytes.</summary>
    public const int MaxHeldBytes = 8 * 1024 * 1024;

    private readonly BlobState _state = new();
    private readonly BlobGiver _giver;
    private readonly BlobFetcher _fetcher;
    private bool _mayAskMore;
    private bool _mayGiveMore;

    public BlobCore()
    {
        _giver = new BlobGiver(_state);
        _fetcher = new BlobFetcher(_state);
    }

    /// <summary>Whether anything depends on <see cref="SetQuiet"/>.</summary>
    public bool WaitsForQuiet => _giver.HasWaiting || _fetcher.PatientWishes > 0;

    /// <summary>What is to be done now, in order; the list is the caller's.</summary>
    public List<Effect> TakeEffects() => _state.TakeEffects();

    /// <summary>When <see cref="Timer"/> is to be called though nothing else happens; <see cref="long.MaxValue"/>: never.</summary>
    public long DueUs() => Math.Min(_giver.DueUs, _fetcher.DueUs());

    /// <summary>The time of <see cref="DueUs"/> has come.</summary>
    public void Timer(long nowUs) => Settle(nowUs);

    /// <summary>This peer made a blob, and serves it from now on, as far as there is room for it.</summary>
    public void Add(BlobId id, byte[] bytes, long nowUs)
    {
        _state.Keep(id, bytes, isOwn: true);
        _fetcher.Drop(id);
        Settle(nowUs);
    }

    /// <summary>All that is wanted now. What is here and neither wanted nor made here is let go.</summary>
    public void Want(IReadOnlyList<BlobWish> wishes, long nowUs)
    {
        var wanted = new HashSet<BlobId>();
        _fetcher.Want(wishes, wanted);
        _state.KeepOnly(wanted);
        Settle(nowUs);
    }

    /// <summary>How busy the swarm is.</summary>
    /// <param name="mayAskMore">Whether this peer lacks nothing of what plays.</param>
    /// <param name="mayGiveMore">Whether no chunk waits to go out.</param>
    /// <param name="nowUs">Now.</param>
    public void SetQuiet(bool mayAskMore, bool mayGiveMore, long nowUs)
    {
        if ((mayAskMore, mayGiveMore) == (_mayAskMore, _mayGiveMore))
            return;
        (_mayAskMore, _mayGiveMore) = (mayAskMore, mayGiveMore);
        Settle(nowUs);
    }

    /// <summary>A link is up whose other side knows blobs.</summary>
    public void LinkUp(LinkId id, bool isHost, long nowUs)
    {
        _state.Links[id] = new BlobLink(id, isHost);
        Settle(nowUs);
    }

    /// <summary>A link is gone.</summary>
    public void LinkDown(LinkId id, long nowUs)
    {
        Forget(id);
        Settle(nowUs);
    }

    /// <summary>A piece of <see cref="SendLastFrame"/> went out.</summary>
    public void PieceSent(LinkId id, long nowUs)
    {
        _giver.OnSent(id);
        Settle(nowUs);
    }

    /// <summary>A BLOB arrived.</summary>
    public void Receive(LinkId id, BlobFrame frame, long nowUs)
    {
        if (!_state.Links.TryGetValue(id, out var link))
            return;
        var (problem, isLie) = ((string?)null, false);
        switch (frame)
        {
            case BlobWantFrame want:
                problem = _giver.OnWant(link, want, nowUs);
                break;
            case BlobPieceFrame piece:
                problem = _fetcher.OnPiece(link, piece, nowUs, out isLie);
                break;
            case BlobNoneFrame none:
                problem = _fetcher.OnNone(link, none.Blob);
                break;
            default:
                _giver.OnHave(link, frame.Blob, nowUs);
                _fetcher.OnHave(link, frame.Blob, nowUs);
                break;
        }

        if (problem is not null)
        {
            Forget(id);
            _state.Emit(new DropLink(id, problem, isLie));
        }

        Settle(nowUs);
    }

    private void Forget(LinkId id)
    {
        if (!_state.Links.Remove(id))
            return;
        _fetcher.OnLinkDown(id);
        _giver.OnLinkDown(id);
    }

    private void Settle(long nowUs)
    {
        _fetcher.Plan(_mayAskMore, nowUs);
        _giver.Pump(_mayGiveMore, nowUs);
    }
}
