using Jam.Peer.Wire;

namespace Jam.Peer.Swarm.Blobs;

/// <summary>
/// Fetches blobs, each from one link at a time and piece after piece. A blob that nobody has is asked for again where someone says to
/// have it, or where a link is new; nothing is asked for twice on mere suspicion.
/// </summary>
internal sealed class BlobFetcher(BlobState state)
{
    private const int MaxPatientAsked = 2;

    /// <summary>After so long another link is asked where it is known to have the blob, or where nothing would be lost.</summary>
    private const long PatienceUs = 3_000_000;

    /// <summary>After so long any other is asked.</summary>
    private const long LastPatienceUs = 10_000_000;

    private readonly SortedDictionary<(int Rank, int Order), BlobFetch> _fetches = [];
    private readonly Dictionary<BlobId, (int Rank, int Order)> _places = [];
    private int _order;

    /// <summary>How many wishes wait until the music is here, or did.</summary>
    public int PatientWishes { get; private set; }

    /// <summary>All that is wanted now.</summary>
    public void Want(IReadOnlyList<BlobWish> wishes, HashSet<BlobId> wanted)
    {
        foreach (var wish in wishes)
        {
            if (wanted.Add(wish.Id) && state.Find(wish.Id) is null)
                Wish(wish);
        }

        foreach (var id in _places.Keys.Where(id => !wanted.Contains(id)).ToArray())
            Drop(id);
    }

    /// <summary>A blob is not wanted any more, or is here.</summary>
    public void Drop(BlobId id)
    {
        if (!_places.Remove(id, out var place))
            return;
        _fetches.Remove(place);
        PatientWishes -= place.Rank >= BlobCore.PatientFrom ? 1 : 0;
        foreach (var link in state.Links.Values)
        {
            link.Has.Remove(id);
            link.Lacks.Remove(id);
        }
    }

    /// <summary>A link is gone.</summary>
    public void OnLinkDown(LinkId id)
    {
        foreach (var fetch in _fetches.Values)
        {
            if (fetch.From == id)
                fetch.Reset();
        }
    }

    /// <summary>Takes a BLOB PIECE. Returns why the link must be closed, or null, and whether that is proof of a lie.</summary>
    public string? OnPiece(BlobLink link, BlobPieceFrame piece, long nowUs, out bool isLie)
    {
        isLie = false;
        if (!link.Asked.Remove(piece.Blob, out var offset) || offset != piece.Offset)
            return "a blob that was not asked for";
        // Another was quicker, or nobody wants it any more.
        if (!_places.TryGetValue(piece.Blob, out var place) || _fetches[place] is not { } fetch || fetch.From != link.Id)
            return null;
        if (piece.Total > fetch.Wish.MaxBytes || (fetch.Bytes is { } begun && begun.Length != piece.Total))
            return $"a blob of {piece.Total} bytes";
        // One who cuts pieces short would have this peer ask without end.
        if (piece.Bytes.Length != Math.Min(BlobFrame.MaxPiece, piece.Total - piece.Offset))
            return "a piece of a blob that is too short";
        fetch.Bytes ??= new byte[piece.Total];
        piece.Bytes.CopyTo(fetch.Bytes, piece.Offset);
        fetch.Got = piece.Offset + piece.Bytes.Length;
        if (fetch.Got < fetch.Bytes.Length)
        {
            Ask(link, fetch, nowUs);
            return null;
        }

        isLie = BlobId.Of(fetch.Bytes) != piece.Blob;
        if (isLie)
            return "a blob is not what its hash says";
        Complete(link, fetch);
        return null;
    }

    /// <summary>Takes a BLOB NONE.</summary>
    public string? OnNone(BlobLink link, BlobId id)
    {
        if (!link.Asked.Remove(id))
            return "an answer about a blob that was not asked for";
        if (!_places.TryGetValue(id, out var place))
            return null;
        link.Has.Remove(id);
        link.Lacks.Add(id);
        if (_fetches[place].From == link.Id)
            _fetches[place].Reset();
        return null;
    }

    /// <summary>Takes a BLOB HAVE.</summary>
    public void OnHave(BlobLink link, BlobId id, long nowUs)
    {
        if (!_places.TryGetValue(id, out var place))
            return;
        link.Lacks.Remove(id);
        link.Has.Add(id);
        // A host that has not answered yet may be waiting for just this.
        if (_fetches[place] is { Got: 0, From: { } from } fetch && !link.IsHost && !link.Asked.ContainsKey(id)
            && state.Links.TryGetValue(from, out var asked) && asked.IsHost)
        {
            fetch.From = link.Id;
            Ask(link, fetch, nowUs);
        }
    }

    /// <summary>Asks for what is wanted and may be asked for.</summary>
    public void Plan(bool isQuiet, long nowUs)
    {
        if (_fetches.Count == 0)
            return;
        var patient = _fetches.Values.Count(f => f.From is not null && f.IsPatient);
        foreach (var fetch in _fetches.Values)
        {
            if (fetch.From is null && fetch.IsPatient && (!isQuiet || patient >= MaxPatientAsked))
                continue;
            if (Choose(fetch, nowUs) is not { } link)
                continue;
            if (fetch.From is null && fetch.IsPatient)
                patient++;
            fetch.Reset();
            fetch.From = link.Id;
            Ask(link, fetch, nowUs);
        }
    }

    /// <summary>When <see cref="Plan"/> is to be called though nothing else happens.</summary>
    public long DueUs()
    {
        var due = long.MaxValue;
        if (_fetches.Count == 0)
            return due;
        foreach (var fetch in _fetches.Values)
        {
            // Where nobody else could be asked, time alone changes nothing.
            if (fetch.From is null)
                continue;
            if (Choose(fetch, fetch.AskedAtUs + PatienceUs) is not null)
                due = Math.Min(due, fetch.AskedAtUs + PatienceUs);
            else if (Choose(fetch, fetch.AskedAtUs + LastPatienceUs) is not null)
                due = Math.Min(due, fetch.AskedAtUs + LastPatienceUs);
        }

        return due;
    }

    // Who said to have it, viewers before a host, whose uplink the music needs; then the host, who made it; then anyone.
    private BlobLink? Choose(BlobFetch fetch, long nowUs)
    {
        var waitedUs = fetch.From is null ? long.MaxValue : nowUs - fetch.AskedAtUs;
        if (waitedUs < PatienceUs)
            return null;
        BlobLink? best = null;
        var bestScore = int.MaxValue;
        foreach (var link in state.Links.Values)
        {
            var id = fetch.Wish.Id;
            if (link.Id == fetch.From || link.Lacks.Contains(id) || link.Asked.ContainsKey(id))
                continue;
            var has = link.Has.Contains(id);
            if (!has && fetch.Got > 0 && waitedUs < LastPatienceUs)
                continue;
            var score = has ? link.IsHost ? 1 : 0 : link.IsHost ? 2 : 3;
            if (score < bestScore)
                (best, bestScore) = (link, score);
        }

        return best;
    }

    private void Ask(BlobLink link, BlobFetch fetch, long nowUs)
    {
        fetch.AskedAtUs = nowUs;
        link.Asked[fetch.Wish.Id] = fetch.Got;
        state.Send(link, new BlobWantFrame(fetch.Wish.Id, fetch.Got, fetch.IsPatient));
    }

    private void Complete(BlobLink from, BlobFetch fetch)
    {
        var (id, bytes) = (fetch.Wish.Id, fetch.Bytes!);
        Drop(id);
        state.Emit(new BlobArrived(id, bytes));
        if (!state.Keep(id, bytes, isOwn: false))
            return;
        foreach (var other in state.Links.Values)
        {
            if (other != from)
                state.Send(other, new BlobHaveFrame(id));
        }
    }

    private void Wish(BlobWish wish)
    {
        var fetch = new BlobFetch(wish);
        if (_places.TryGetValue(wish.Id, out var place))
        {
            fetch = _fetches[place];
            if (fetch.Wish == wish)
                return;
            fetch.Wish = wish;
            _fetches.Remove(place);
            PatientWishes -= place.Rank >= BlobCore.PatientFrom ? 1 : 0;
        }

        _fetches.Add(_places[wish.Id] = (wish.Rank, _order++), fetch);
        PatientWishes += fetch.IsPatient ? 1 : 0;
    }
}
