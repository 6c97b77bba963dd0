using Jam.Peer.Wire;

namespace Jam.Peer.Swarm.Blobs;

/// <summary>
/// Gives blobs to whoever asks. What is short and needed to play goes out at once; the rest one piece at a time over all links, while no
/// chunk waits. Of several askers the one that is furthest goes on: it can pass the blob on the sooner.
/// </summary>
internal sealed class BlobGiver(BlobState state)
{
    /// <summary>A longer blob never goes out before chunks, whatever the asker says.</summary>
    private const int MaxUrgentBytes = 64 * 1024;

    /// <summary>Nobody gets more of a blob than this many times its length.</summary>
    private const int MaxTimesGiven = 4;

    /// <summary>What is no longer than this everyone gets at once.</summary>
    private const int ForAllBytes = 512;

    /// <summary>Who made a blob gives it to one, and to the others so long after that one has it, unless they have it from there by then.</summary>
    private const long SpreadUs = 450_000;

    /// <summary>As <see cref="SpreadUs"/>, from when it was given: on a slow uplink it waits behind the manifest.</summary>
    private const long SpreadAtMostUs = 1_000_000;

    private const int MaxWaiting = 8;
    private const long SendingUs = 5_000_000;

    private readonly Dictionary<BlobId, (LinkId To, long UntilUs)> _firstCopies = [];
    private readonly List<(BlobLink To, BlobWantFrame Want, long DueUs)> _spreading = [];
    private (LinkId Link, long SinceUs)? _sending;

    /// <summary>Whether someone waits for a quiet moment of the uplink.</summary>
    public bool HasWaiting { get; private set; }

    /// <summary>When <see cref="Pump"/> is to be called though nothing else happens.</summary>
    public long DueUs => Math.Min(
        _sending is { } sending && HasWaiting ? sending.SinceUs + SendingUs : long.MaxValue, _spreading.Count > 0 ? _spreading.Min(s => s.DueUs) : long.MaxValue);

    /// <summary>Takes a BLOB WANT. Returns why the link must be closed, or null.</summary>
    public string? OnWant(BlobLink link, BlobWantFrame want, long nowUs)
    {
        var bytes = state.Find(want.Blob);
        var size = PieceSize(want, bytes);
        var given = link.Given.GetValueOrDefault(want.Blob) + size;
        if (bytes is null || size == 0 || given > (long)MaxTimesGiven * bytes.Length)
        {
            state.Send(link, new BlobNoneFrame(want.Blob));
            return null;
        }

        if (link.Waiting.Count + _spreading.Count(s => s.To == link) >= MaxWaiting)
            return "it asks for too many blobs at once";
        link.Given[want.Blob] = given;
        // Of a track that is only in the list yet the index is asked for patiently, and a moment later it is what plays.
        if (SpreadsUntilUs(link, want, bytes, nowUs) is > 0 and var dueUs)
            _spreading.Add((link, want, dueUs));
        else if (want.IsPatient || bytes.Length > MaxUrgentBytes)
            link.Waiting.Add(want);
        else
            state.Send(link, Piece(want, bytes));
        return null;
    }

    /// <summary>A link has a blob: what it asked for here it needs no more.</summary>
    public void OnHave(BlobLink link, BlobId id, long nowUs)
    {
        _spreading.RemoveAll(s => s.To == link && s.Want.Blob == id);
        if (!_firstCopies.TryGetValue(id, out var copy) || copy.To != link.Id || nowUs + SpreadUs >= copy.UntilUs)
            return;
        _firstCopies[id] = copy with { UntilUs = nowUs + SpreadUs };
        for (var i = 0; i < _spreading.Count; i++)
        {
            if (_spreading[i].Want.Blob == id)
                _spreading[i] = _spreading[i] with { DueUs = nowUs + SpreadUs };
        }
    }

    /// <summary>A link is gone.</summary>
    public void OnLinkDown(LinkId link)
    {
        _spreading.RemoveAll(s => s.To.Id == link);
        OnSent(link);
    }

    /// <summary>What was being sent has gone out, or never will.</summary>
    public void OnSent(LinkId link)
    {
        if (_sending?.Link == link)
            _sending = null;
    }

    /// <summary>Gives the next piece of those that wait, where it may.</summary>
    public void Pump(bool isQuiet, long nowUs)
    {
        if (_spreading.Count > 0)
            GiveSpread(nowUs);
        if (_sending is { } sending && nowUs - sending.SinceUs >= SendingUs)
            _sending = null;
        BlobLink? next = null;
        foreach (var link in state.Links.Values)
        {
            if (link.Waiting.Count > 0 && (next is null || link.Waiting[0].Offset > next.Waiting[0].Offset))
                next = link;
        }

        HasWaiting = next is not null;
        if (next is null || _sending is not null || !isQuiet)
            return;
        var first = next.Waiting[0];
        next.Waiting.RemoveAt(0);
        _sending = (next.Id, nowUs);
        state.Emit(new SendLastFrame(next.Id, Answer(first)));
    }

    // Apart, since this is asked after every event of the swarm, and what is not entered allocates nothing.
    private void GiveSpread(long nowUs)
    {
        foreach (var (to, want, dueUs) in _spreading)
        {
            if (dueUs <= nowUs)
                state.Send(to, Answer(want));
        }

        _spreading.RemoveAll(s => s.DueUs <= nowUs);
    }

    private BlobFrame Answer(BlobWantFrame want) => state.Find(want.Blob) is { } bytes ? Piece(want, bytes) : new BlobNoneFrame(want.Blob);

    // The whole room asks its maker at the same moment, and eight copies of an index are a quarter of a second of a slow uplink. 0: it gets it now.
    private long SpreadsUntilUs(BlobLink link, BlobWantFrame want, byte[] bytes, long nowUs)
    {
        if (bytes.Length is <= ForAllBytes or > BlobFrame.MaxPiece || !state.IsOwn(want.Blob))
            return 0;
        if (_firstCopies.TryGetValue(want.Blob, out var copy) && copy.To != link.Id && nowUs < copy.UntilUs && state.Links.ContainsKey(copy.To))
            return copy.UntilUs;
        _firstCopies[want.Blob] = (link.Id, nowUs + SpreadAtMostUs);
        return 0;
    }

    private static int PieceSize(BlobWantFrame want, byte[]? bytes) =>
        Math.Clamp((bytes?.Length ?? 0) - want.Offset, 0, BlobFrame.MaxPiece);

    private static BlobPieceFrame Piece(BlobWantFrame want, byte[] bytes) => new(
        want.Blob, bytes.Length, want.Offset, bytes.AsSpan(want.Offset, PieceSize(want, bytes)).ToArray());
}
