using System.Globalization;
using Jam.Server.Contracts;
using Jam.Server.Observing;
using NUnit.Framework;

namespace Jam.Tests.Ops;

/// <summary>What rooms and their members come to.</summary>
internal sealed class RoomFiguresTests
{
    private static MemberEntry Member(string room, double? errorUs = null, MemberTotals? totals = null, bool isHost = false) =>
        new(room, isHost, new MemberStats(SyncErrorUs: errorUs), totals);

    [Test]
    public void Only_the_largest_rooms_are_named_and_the_rest_goes_together()
    {
        var rooms = Enumerable.Range(1, 60).Select(i => new RoomSize($"room-{i}", i, true)).ToArray();
        var figures = RoomFigures.Of(rooms, []);
        Assert.Multiple(() =>
        {
            Assert.That(figures, Has.Count.EqualTo(RoomFigures.MaxNamed + 1));
            Assert.That(figures.Single(f => f.Label == RoomFigures.Others).Members, Is.EqualTo(Enumerable.Range(1, 10).Sum()));
            Assert.That(figures.Select(f => f.Label), Does.Contain("room-60").And.Not.Contain("room-10"));
            Assert.That(figures.Sum(f => f.Members), Is.EqualTo(rooms.Sum(r => r.Members)));
        });
    }

    [Test]
    public void A_room_that_is_not_listed_is_not_named()
    {
        var figures = RoomFigures.Of([new RoomSize("hidden", 9, false), new RoomSize("jam", 1, true)], [Member("hidden", 5)]);
        Assert.That(figures.Select(f => f.Label), Is.EquivalentTo(new[] { RoomFigures.Unlisted, "jam" }));
        Assert.That(figures.Single(f => f.Label == RoomFigures.Unlisted).SyncErrors, Is.EqualTo(new[] { 5.0 }));
    }

    [Test]
    public void No_room_can_be_called_as_those_that_are_not_named()
    {
        foreach (var label in new[] { RoomFigures.Others, RoomFigures.Unlisted })
            Assert.That(Names.IsRoomName(label), Is.False);
    }

    [Test]
    public void Sync_errors_are_told_by_their_size_whatever_their_sign()
    {
        var members = Enumerable.Range(1, 20).Select(i => Member("jam", i % 2 == 0 ? i : -i)).Append(Member("jam"));
        var figure = RoomFigures.Of([new RoomSize("jam", 21, true)], members).Single();
        Assert.That((figure.SyncErrorUs(0.5), figure.SyncErrorUs(0.95), figure.SyncErrorUs(1)), Is.EqualTo((10, 19, 20)));
    }

    [Test]
    public void A_room_where_nobody_sounds_has_no_sync_error() =>
        Assert.That(RoomFigures.Of([new RoomSize("jam", 1, true)], [Member("jam")]).Single().SyncErrorUs(0.5), Is.Null);

    [Test]
    public void Copies_are_the_hosts_and_stalls_and_bytes_are_everyones()
    {
        var figure = RoomFigures.Of(
            [new RoomSize("jam", 3, true)],
            [
                Member("jam", totals: new MemberTotals(0, 0, 900, 0, 1.2), isHost: true),
                Member("jam", totals: new MemberTotals(100, 90, 50, 2, 0.9)), Member("jam", totals: new MemberTotals(300, 210, 0, 1)),
                Member("elsewhere", totals: new MemberTotals(9, 9, 9, 9)),
            ]).Single();
        Assert.That((figure.HostCopies, figure.Stalls, figure.ReceivedBytes, figure.UsefulBytes), Is.EqualTo((1.2, 3, 400, 300)));
    }

    [Test]
    public void What_a_member_counts_is_added_by_its_differences_from_its_first_report_on()
    {
        var ledger = new MemberLedger();
        ledger.Note(1, Member("jam", totals: new MemberTotals(1000, 900, 5, 7)));
        Assert.That((ledger.ReceivedBytes, ledger.UsefulBytes, ledger.Stalls), Is.EqualTo((0, 0, 0)), "what was before is another server's business");
        ledger.Note(1, Member("jam", totals: new MemberTotals(1500, 1300, 25, 8)));
        ledger.Note(2, Member("jam", isHost: true, totals: new MemberTotals()));
        ledger.Note(2, Member("jam", isHost: true, totals: new MemberTotals(0, 0, 4000)));
        Assert.That((ledger.ReceivedBytes, ledger.UsefulBytes, ledger.Stalls), Is.EqualTo((500, 400, 1)));
        Assert.That((ledger.HostSentBytes, ledger.ViewerSentBytes), Is.EqualTo((4000, 20)));
    }

    [Test]
    public void A_member_that_counts_from_zero_again_takes_nothing_away()
    {
        var ledger = new MemberLedger();
        foreach (var received in new[] { 100, 200, 0, 50 })
            ledger.Note(1, Member("jam", totals: new MemberTotals(received)));
        Assert.That(ledger.ReceivedBytes, Is.EqualTo(150));
        ledger.Remove(1);
        Assert.That(ledger.Entries, Is.Empty);
        Assert.That(ledger.ReceivedBytes, Is.EqualTo(150));
    }

    [Test]
    public void A_member_that_lies_cannot_make_the_sum_overflow()
    {
        var ledger = new MemberLedger();
        for (var i = 0; i < 1000; i++)
            ledger.Note(1, Member("jam", totals: new MemberTotals(i % 2 == 0 ? 0 : Limits.MaxTotal)));
        Assert.That(ledger.ReceivedBytes, Is.GreaterThan(0), ledger.ReceivedBytes.ToString(CultureInfo.InvariantCulture));
    }
}
