using Jam.Peer.Network;
using Jam.Peer.Takeover;
using Jam.Peer.Wire;
using Jam.Server.Contracts;

namespace Jam.Peer.Session;

/// <summary>What this peer knows of a room, for who takes it over.</summary>
internal static class Legacy
{
    /// <summary>Longest a list may be that HELLO carries.</summary>
    private const int MaxQueue = 40;
    private const long GraceUs = 10_000_000;
    private const long LeastGraceUs = 2_000_000;

    /// <summary>For HELLO: it has to fit into a message, so a longer list is the host's to bring.</summary>
    public static Resume? ForHello(RoomState room, RendezvousClient? client) => Of(room, client) is { } resume
        ? resume with { Queue = [.. room.Queue.Take(MaxQueue)], QueueRevision = room.Queue.Count <= MaxQueue ? resume.QueueRevision : null }
        : null;

    /// <summary>For a server of this process.</summary>
    /// <param name="room">The room as it was known last.</param>
    /// <param name="roomName">Its name.</param>
    /// <param name="client">Keeps its clock.</param>
    /// <param name="epoch">Least epoch of the new authority.</param>
    /// <param name="lostForUs">How long ago the last one was lost.</param>
    /// <param name="isLinked">Whether a member is connected with this peer.</param>
    /// <param name="nowUs">The time, on the clock that the new server uses.</param>
    public static Inheritance ForOwnServer(
        RoomState room, string roomName, RendezvousClient? client, long epoch, long lostForUs, Func<string, bool> isLinked, long nowUs)
    {
        var others = room.Others.Values.Where(m => m.TokenHash is not null)
            .Select(m => new Inheritor(m.PeerId, m.Name, m.JoinSeq, m.TokenHash!, m.IsMuted));
        Inheritor[] self = room is { PeerId: { } id, ResumeToken: { } token } ? [new Inheritor(id, "guest", room.JoinSeq, Tokens.HashOf(token), room.IsMuted)] : [];
        var host = HostOf(room);
        // A host that went with its server has had a part of its time to return already.
        var graceUs = host is not null && host != room.PeerId && !isLinked(host) ? Math.Max(LeastGraceUs, GraceUs - lostForUs) : GraceUs;
        var known = Of(room, client) is { } resume ? resume with { SuccessorUs = resume.RoomTimeUs is { } us ? LocalUs(client!, us) : nowUs } : null;
        return new Inheritance(
            roomName, Convert.ToBase64String(room.Secret ?? []), epoch, known, [.. self, .. others], host, graceUs,
            [.. room.Loop.Parts.Where(p => p.Value.Steps.Count > 0).Select(p => new LoopLane(p.Key, p.Value.Steps, p.Value.FromBeat / room.Loop.Shape.Beats))],
            [.. room.Kicked], room.Door?.Seal);
    }

    /// <summary>Everyone who could take the room over, this peer among them.</summary>
    public static IReadOnlyList<Candidate> Candidates(RoomState room, SwarmSnapshot swarm)
    {
        if (room.PeerId is not { } self)
            return [];
        var track = room.Timeline?.Current.TrackId is { } id && TrackId.TryParse(id, out var parsed) ? parsed : (TrackId?)null;
        var chunks = track is { } known && swarm.Tracks.TryGetValue(known, out var mine) ? mine.Chunks : 0;
        var holders = track is not { } wanted || chunks == 0 ? [] : swarm.Links
            .Where(l => l.Tracks.TryGetValue(wanted, out var t) && t.Have == chunks).Select(l => l.Connection.PeerId).ToHashSet();
        if (track is { } own && chunks > 0 && swarm.Tracks[own].ChunksHave == chunks)
            holders.Add(self);
        return
        [
            new Candidate(self, room.Role == Role.Host, room.IsMuted, holders.Contains(self), room.JoinSeq),
            .. room.Others.Values.Select(m => new Candidate(m.PeerId, m.Role == Role.Host, m.IsMuted, holders.Contains(m.PeerId), m.JoinSeq)),
        ];
    }

    private static string? HostOf(RoomState room) =>
        room.Role == Role.Host ? room.PeerId : room.Others.Values.FirstOrDefault(m => m.Role == Role.Host)?.PeerId;

    private static long LocalUs(RendezvousClient client, long roomUs) => (long)client.Clock.ToLocalUs(roomUs);

    private static Resume? Of(RoomState room, RendezvousClient? client) => client?.Remember(room.Timeline?.Current, room.Track) is { } resume
        ? resume with
        {
            Tempo = room.Tempo?.Current, Policy = room.Policy, Queue = room.Queue, Repeat = room.Repeat, Loop = room.Loop.Shape,
            PolicyRevision = room.PolicyStamp.Revision, QueueRevision = room.QueueStamp.Revision, Door = room.Door?.Seal,
        }
        : null;
}
