using System.Globalization;
using FsCheck;
using FsCheck.Fluent;
using Jam.Server.Contracts;
using NUnit.Framework;

namespace Jam.Tests.Server;

[TestFixture]
internal sealed class RoomPropertyTests
{
    private static readonly string?[] _tracks = [RoomHarness.TrackId, RoomHarness.OtherTrackId, null];

    /// <summary>More: <c>JAM_CASES=20000</c>.</summary>
    private static int Cases =>
        int.TryParse(Environment.GetEnvironmentVariable("JAM_CASES"), NumberStyles.None, CultureInfo.InvariantCulture, out var n) ? n : 500;

    private sealed record Event(int Connection, int Kind, long Number, long AfterUs);

    [Test]
    public void Whatever_members_say_the_room_keeps_its_promises()
    {
        var events =
            from connection in Gen.Choose(1, 5)
            from kind in Gen.Choose(0, 15)
            from number in Gen.Choose(0, 300_000_000)
            from after in Gen.Choose(0, 4_000_000)
            select new Event(connection, kind, number, after);
        Prop.ForAll(Arb.From(Gen.ListOf(events)), KeepsItsPromises).Check(Config.QuickThrowOnFailure.WithMaxTest(Cases).WithEndSize(120));
    }

    private static bool KeepsItsPromises(IEnumerable<Event> events)
    {
        var room = new RoomHarness();
        foreach (var e in events)
        {
            room.Advance(e.AfterUs);
            var (before, pairBefore) = (room.Timeline, room.Room.Pair);
            var queue = room.Room.Queue;
            var isHost = room.Room.HostConnection == e.Connection;
            Apply(room, e);
            var after = room.Timeline;
            var isCommand = e.Kind is >= 4 and <= 9;
            if (after != before && after.CompareTo(before) <= 0)
                return Fail(e, "a record changed without a higher (epoch, revision)");
            if (isCommand && !isHost && (after != before || room.Room.Queue != queue))
                return Fail(e, "a member that is not the host changed the room");
            if (isCommand && !IsSameMusic(pairBefore, room.Room.Pair, room.NowUs, room.NowUs + Limits.MinLeadUs - 1))
                return Fail(e, "a command took effect too soon");
            if (after.AtUs > room.NowUs + Limits.MaxLeadUs || after.PositionUs < 0 || after.PositionUs > Limits.MaxPositionUs)
                return Fail(e, "a record is out of range");
            if (room.Room.Seats.Values.Count(seat => seat.Member.Role == Role.Host) != (room.Room.HostConnection is null ? 0 : 1))
                return Fail(e, "the host's place and the members disagree");
            if (room.Room.Seats.Values.Select(seat => seat.Member.PeerId).Distinct().Count() != room.Room.Seats.Count
                || room.Room.Connections.Count != room.Room.Seats.Count || room.Room.NamesTaken.Count != room.Room.Seats.Count)
                return Fail(e, "ids or names are not unique");
            if (room.Room.Pending is { } pending && pending.DeadlineUs > room.NowUs + Limits.MaxReadyWaitUs)
                return Fail(e, "someone is waited for too long");
        }

        return true;
    }

    /// <summary>
    /// Whether members hear the same from one instant to the other. A record may have been made anew, say because its track was
    /// described anew: what counts is where the music is.
    /// </summary>
    private static bool IsSameMusic(TimelinePair before, TimelinePair after, long fromUs, long toUs) =>
        new[] { fromUs, toUs }.All(us => Holding(after, us) is not { } now
            || (Holding(before, us) is { } then && then.Status == now.Status && then.TrackId == now.TrackId && then.PositionAtUs(us) == now.PositionAtUs(us)));

    private static Timeline? Holding(TimelinePair pair, long us) => pair.At(us) is { } record && record.AtUs <= us ? record : null;

    private static void Apply(RoomHarness room, Event e)
    {
        var track = _tracks[e.Number % 3];
        switch (e.Kind)
        {
            case 0: room.Say(e.Connection, new Hello((Role)(e.Number % 2), "ana")); break;
            case 1: room.Say(e.Connection, new Hello(Role.Host, "bo", $"fresh-{e.Number % 5 + 1}", ResumeToken: $"token-{e.Number % 5 + 1}")); break;
            case 2: room.Lose(e.Connection); break;
            case 3: room.Say(e.Connection, new SetRole((Role)(e.Number % 2))); break;
            case 4: room.Say(e.Connection, new Play(e.Number % 2 == 0 ? null : e.Number)); break;
            case 5: room.Say(e.Connection, new Pause()); break;
            case 6: room.Say(e.Connection, new Stop()); break;
            case 7: room.Say(e.Connection, new Seek(e.Number)); break;
            case 8: room.Say(e.Connection, new SetTrack(track, "t", 5, 1024, TrackKind.Audio, e.Number)); break;
            case 9: room.Say(e.Connection, new Queue(e.Number % 2 == 0 ? "add" : "remove", new TrackInfo(track ?? RoomHarness.TrackId, "t", 1, 1))); break;
            case 10: room.Say(e.Connection, new Ready(track ?? RoomHarness.TrackId, e.Number % 2 == 0)); break;
            case 11: room.Say(e.Connection, new Stats(new MemberStats(e.Number, e.Number / 2))); break;
            case 12: room.Say(e.Connection, new PeersRequest()); break;
            case 13: room.Say(e.Connection, new Bye()); break;
            case 14: room.Say(e.Connection, new Hello(Resume: new Resume(
                new Timeline(1 + e.Number % 9, e.Number, RoomHarness.OldClockId, (PlaybackStatus)(e.Number % 3), track, 5, 9), null, e.Number, e.Number))); break;
            default: room.Due(); break;
        }
    }

    private static bool Fail(Event e, string why)
    {
        TestContext.Out.WriteLine($"{why}: {e}");
        return false;
    }
}
