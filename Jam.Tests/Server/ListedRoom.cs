using Jam.Server.Contracts;

namespace Jam.Tests.Server;

/// <summary>A room with a list.</summary>
internal static class ListedRoom
{
    public static TrackInfo Track(int n, long? durationUs = 10_000_000, TrackKind kind = TrackKind.Audio) =>
        new(n.ToString("x64"), $"{n}.mp3", 1000, 1024, kind, durationUs);

    /// <summary>A host on 1, a viewer on 2, tracks 1 to 3 of ten seconds; the first is the room's.</summary>
    public static RoomHarness WithList(int tracks = 3)
    {
        var room = RoomHarness.WithHostAndViewers();
        for (var n = 1; n <= tracks; n++)
            room.Say(1, new Queue("add", Track(n)));
        room.Say(1, new SetTrack(Track(1).TrackId));
        room.Advance(1_000_000);
        room.ClearInboxes();
        return room;
    }
}
