using Jam.Peer.Audio;
using Jam.Peer.Network;
using Jam.Peer.Session.Extras;
using Jam.Peer.Wire;
using Jam.Server.Contracts;

namespace Jam.Peer.Session;

/// <summary>Puts a report together from what the parts have published.</summary>
internal static class ReportBuilder
{
    public static PeerReport Build(
        SessionOptions options, RoomState room, string? roomName, RendezvousClient? rendezvous, Mesh mesh, SwarmSnapshot swarm, TrackShelf shelf,
        ExtrasShelf extras, Player player, long nowUs, long startedUs)
    {
        var clock = rendezvous?.Clock ?? Clock.RoomClockSnapshot.None;
        var (holding, playing) = room.Now(clock, nowUs);
        var tracks = room.Queue.Select(t => t.TrackId).Append(playing?.TrackId).Append(room.Track?.TrackId).OfType<string>().Distinct()
            .Concat(shelf.All.Select(e => e.Info.TrackId)).Distinct()
            .ToDictionary(id => id, id => Track(id, room, swarm, shelf, extras));
        var currentId = TrackId.TryParse(playing?.TrackId, out var current) ? current : (TrackId?)null;
        return new PeerReport(
            room.PeerId,
            options.Name,
            room.PeerId is null ? options.Role : room.Role,
            roomName,
            (rendezvous?.Current ?? mesh.Location?.Urls[0])?.ToString(),
            rendezvous?.IsConnected ?? false,
            mesh.Port,
            room.PeerId is null ? 0 : room.Others.Count + 1,
            playing is { } now ? tracks.GetValueOrDefault(now.TrackId) : null,
            [.. tracks.Values.OfType<TrackReport>()],
            [.. swarm.Links.Select(l => Link(l, mesh, currentId))],
            player.Report(nowUs) with { Status = holding?.Status ?? PlaybackStatus.Pause },
            new ClockReport(clock.IsReady, double.IsFinite(clock.ErrorUs) ? clock.ErrorUs : null, clock.RttUs, clock.Drift * 1e6, rendezvous?.Quality.ByDatagrams ?? false),
            nowUs - startedUs)
        {
            AtUs = nowUs,
            Members = Members(options, room, mesh, rendezvous),
        };
    }

    private static Member[] Members(SessionOptions options, RoomState room, Mesh mesh, RendezvousClient? rendezvous)
    {
        if (room.PeerId is not { } id)
            return [];
        var mine = rendezvous is { Clock: { IsReady: true } clock, Quality: var way }
            ? new MemberStats(Math.Max(clock.RttUs, way.RttUs), JitterUs: way.JitterUs, Loss: way.Loss, ClockErrorUs: clock.ErrorUs) : null;
        var self = new Member(id, options.Name, room.Role, 0, [$"port {mesh.Port}, this peer"], mine, room.IsMuted);
        return [self, .. room.Others.Values.OrderBy(m => m.JoinSeq).Take(99)];
    }

    private static TrackReport? Track(string id, RoomState room, SwarmSnapshot swarm, TrackShelf shelf, ExtrasShelf extras)
    {
        var entry = shelf.Find(id);
        var info = entry?.Info ?? room.Queue.FirstOrDefault(t => t.TrackId == id) ?? new[] { room.Track, room.TrackBefore }.FirstOrDefault(t => t?.TrackId == id);
        if (info is null || !TrackId.TryParse(id, out var key))
            return null;
        var counts = swarm.Tracks.GetValueOrDefault(key);
        var beside = extras.Of(room.Track?.TrackId == id ? room.Track : info);
        var chunks = counts?.Chunks ?? (info.ChunkSizeBytes > 0 ? Manifest.Count(info.LengthBytes, info.ChunkSizeBytes) : 0);
        return new TrackReport(
            id, info.Name, info.Kind, info.LengthBytes, info.DurationUs, chunks, counts?.ChunksHave ?? 0, counts?.FromCache ?? 0,
            counts?.FromHost ?? 0, counts?.FromPeers ?? 0, counts?.BytesUp ?? 0, counts?.BytesDown ?? 0, counts?.BadChunks ?? 0, entry?.SavedAs)
        {
            Title = beside.Tags?.Title,
            Artist = beside.Tags?.Artist,
            Album = beside.Tags?.Album,
            GainDb = beside.Tags?.GainDb,
            Cover = beside.CoverText,
        };
    }

    private static LinkReport Link(LinkSnapshot link, Mesh mesh, TrackId? current)
    {
        var member = mesh.FindMember(link.Connection.PeerId);
        var counts = current is { } id ? link.Tracks.GetValueOrDefault(id) : default;
        return new LinkReport(
            link.Connection.PeerId, member?.Name ?? link.Connection.PeerId, member?.Role ?? Role.Viewer, link.Connection.RemoteEndPoint.Plain().ToString(),
            link.Connection.Outgoing, link.RttUs, counts.Have, counts.From, counts.To, link.DownBytesPerSecond, link.UpBytesPerSecond);
    }
}
