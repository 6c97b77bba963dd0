using Jam.Peer.Session;
using Jam.Server.Contracts;
using Jam.Server.Rooms;

namespace Jam.Tests.Server;

/// <summary>What a member of the model may say, whether it has the right to or not.</summary>
internal static class RoomModelCommands
{
    private static readonly string[] TrackIds = [RoomHarness.TrackId, RoomHarness.OtherTrackId];

    /// <summary>A random command; half of them name the STATE that their sender knows.</summary>
    public static ClientMessage Next(Random random, Room room, RoomState known, long nowUs)
    {
        var basis = random.Next(2) == 0 ? known.Timeline?.Current : null;
        var track = new TrackInfo(TrackIds[random.Next(2)], "t.mp3", 5, 1024, TrackKind.Audio, 3_000_000 + random.Next(9_000_000));
        var other = room.Seats.Values.Select(s => s.Member.PeerId).OrderBy(_ => random.Next()).FirstOrDefault() ?? "nobody";
        ClientMessage message = random.Next(24) switch
        {
            0 or 1 => new Play(random.Next(2) == 0 ? null : random.Next(9_000_000)),
            2 => new Pause(),
            3 => new Stop(),
            4 => new Seek(random.Next(9_000_000)),
            5 => new SetTrack(track.TrackId, track.Name, track.LengthBytes, track.ChunkSizeBytes, track.Kind, track.DurationUs),
            6 => new Queue("add", track),
            7 => new Queue(random.Next(2) == 0 ? "next" : "previous"),
            8 => new Queue("shuffle", IsOn: random.Next(2) == 0),
            9 => new Queue("repeat", Repeat: (Repeat)random.Next(3)),
            10 => new SetTempo(20 + random.Next(380), 1 + random.Next(8), null, random.Next(2) == 0 ? null : random.Next(9_000_000)),
            11 => new Metronome(random.Next(2) == 0, random.Next(3)),
            12 => new SetLoop(random.Next(2) == 0, null, 1 + random.Next(8)),
            13 => new LoopUpdate(
                Enumerable.Range(0, 16).Select(_ => random.Next(3) == 0 ? new LoopStep(random.Next(128)) : null).ToArray(), random.Next(4) == 0 ? other : null),
            14 => new SetPolicy((Control)random.Next(2), (Control)random.Next(2), (HostLoss)random.Next(3)),
            15 => new SetRole((Role)random.Next(2), random.Next(3) == 0 ? other : null),
            16 => new Mute(other, random.Next(2) == 0),
            17 => new Queue(random.Next(2) == 0 ? "remove" : "move", track, random.Next(2)),
            18 => new Tap(nowUs),
            19 => new Blob("1", random.Next(2) == 0 ? other : null),
            20 => new Stats(new MemberStats(random.Next(300_000), random.Next(100_000))),
            21 => new Queue("add", track, random.Next(2)),
            22 when random.Next(10) == 0 => new Kick(other),
            _ => new Ready(track.TrackId, random.Next(2) == 0),
        };
        return message is RoomCommand command ? command with { Epoch = basis?.Epoch, Revision = basis?.Revision } : message;
    }
}
