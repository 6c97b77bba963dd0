using Jam.Server.Contracts;

namespace Jam.Peer.Session;

/// <summary>The room as its authority has described it. Immutable; <see cref="Apply"/> gives the next one.</summary>
internal sealed record RoomState
{
    /// <summary>This peer's id; null before WELCOME.</summary>
    public string? PeerId { get; init; }

    /// <summary>This peer's role.</summary>
    public Role Role { get; init; }

    /// <summary>Proves <see cref="PeerId"/> after a reconnect. Secret.</summary>
    public string? ResumeToken { get; init; }

    /// <summary>Proves membership to other peers. Secret.</summary>
    public byte[]? Secret { get; init; }

    /// <summary>What is played; null before the first STATE.</summary>
    public TimelinePair? Timeline { get; init; }

    /// <summary>The track that the timeline names.</summary>
    public TrackInfo? Track { get; init; }

    /// <summary>The room's list of tracks.</summary>
    public IReadOnlyList<TrackInfo> Queue { get; init; } = [];

    /// <summary>Everyone but this peer.</summary>
    public IReadOnlyDictionary<string, Member> Others { get; init; } = new Dictionary<string, Member>();

    /// <summary>The room after one message of its authority. A timeline that is not newer is refused, whoever sends it.</summary>
    public RoomState Apply(ServerMessage message) => message switch
    {
        State state => Accept(state),
        Welcome welcome => this with
        {
            PeerId = welcome.PeerId,
            Role = welcome.Role,
            ResumeToken = welcome.ResumeToken,
            Secret = ParseSecret(welcome.RoomSecret),
        },
        Snapshot { Page: 0 } first => this with { Queue = first.Queue, Others = Merge(new Dictionary<string, Member>(), first.Members) },
        Snapshot more => this with { Others = Merge(Others, more.Members) },
        QueueState queue => this with { Queue = queue.Tracks },
        PeerJoined { Member: var member } when member.PeerId == PeerId => this with { Role = member.Role },
        PeerJoined joined => this with { Others = Merge(Others, [joined.Member]) },
        PeerLeft left => this with { Others = Others.Where(o => o.Key != left.PeerId).ToDictionary() },
        _ => this,
    };

    private RoomState Accept(State state)
    {
        var next = state.ToTimeline();
        var pair = Timeline is null ? new TimelinePair(next, null) : Timeline.Accept(next);
        return pair == Timeline ? this : this with { Timeline = pair, Track = state.Track };
    }

    private Dictionary<string, Member> Merge(IReadOnlyDictionary<string, Member> known, IEnumerable<Member> more)
    {
        var all = known.ToDictionary();
        foreach (var member in more)
        {
            if (member.PeerId != PeerId)
                all[member.PeerId] = member;
        }

        return all;
    }

    private static byte[]? ParseSecret(string text)
    {
        Span<byte> bytes = stackalloc byte[64];
        return Convert.TryFromBase64String(text, bytes, out var length) && length >= 16 ? bytes[..length].ToArray() : null;
    }
}
