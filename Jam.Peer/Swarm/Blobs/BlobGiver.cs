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

    private const int MaxWaiting = 8;
    private const long SendingUs = 5_000_000;

    private (LinkId Link, long SinceUs)? _sending;

    /// <summary>Whether someone waits for a quiet moment of the uplink.</summary>
    public bool HasWaiting { get; private set; }

    /// <summary>When <see cref="Pump"/> is to be called though nothing else happens.</summary>
    public long DueUs => _sending is { } sending && HasWaiting ? sending.SinceUs + SendingUs : long.MaxValue;

    /// <summary>Takes a BLOB WANT. Returns why the link must be closed, or null.</summary>
    public string? OnWant(BlobLink link, BlobWantFrame want)
    {
        var bytes = state.Find(want.Blob);
        var size = PieceSize(want, bytes);
        var given = link.Given.GetValueOrDefault(want.Blob) + size;
        if (bytes is null || size == 0 || given > (long)MaxTimesGiven * bytes.Length)
        {
            state.Send(link, new BlobNoneFrame(want.Blob));
            return null;
        }

        if (link.Waiting.Count >= MaxWaiting)
            return "it asks for too many blobs at once";
        link.Given[want.Blob] = given;
        if (want.IsPatient || bytes.Length > MaxUrgentBytes)
            link.Waiting.Add(want);
        else
            state.Send(link, Piece(want, bytes));
        return null;
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
        var want = next.Waiting[0];
        next.Waiting.RemoveAt(0);
        _sending = (next.Id, nowUs);
        state.Emit(new SendLastFrame(next.Id, state.Find(want.Blob) is { } bytes ? Piece(want, bytes) : new BlobNoneFrame(want.Blob)));
    }

    private static int PieceSize(BlobWantFrame want, byte[]? bytes) =>
        Math.Clamp((bytes?.Length ?? 0) - want.Offset, 0, BlobFrame.MaxPiece);

    private static BlobPieceFrame Piece(BlobWantFrame want, byte[] bytes) => new(
        want.Blob, bytes.Length, want.Offset, bytes.AsSpan(want.Offset, PieceSize(want, bytes)).ToArray());
}
