using Jam.Server.Rooms;
using NUnit.Framework;

namespace Jam.Tests.Server;

/// <summary>Who knows whom in a crowd: an array that several share, of which none sees what another adds.</summary>
internal sealed class AcquaintancesTests
{
    [Test]
    public void What_is_added_is_not_seen_by_what_was_before()
    {
        var before = new Acquaintances([1, 2]).Add(3);
        var after = before.Add(4);
        Assert.That((before.Ids.ToArray(), after.Ids.ToArray()), Is.EqualTo((new long[] { 1, 2, 3 }, new long[] { 1, 2, 3, 4 })));
    }

    [Test]
    public void Two_that_go_on_from_the_same_part_ways()
    {
        var common = new Acquaintances([1]).Add(2);
        var (one, other) = (common.Add(3), common.Add(4));
        var (oneOn, otherOn) = (one.Add(5), other.Add(6));
        Assert.That(
            (one.Ids.ToArray(), other.Ids.ToArray(), oneOn.Ids.ToArray(), otherOn.Ids.ToArray()),
            Is.EqualTo((new long[] { 1, 2, 3 }, new long[] { 1, 2, 4 }, new long[] { 1, 2, 3, 5 }, new long[] { 1, 2, 4, 6 })));
    }

    [Test]
    public void A_connection_of_number_0_is_overwritten_by_nobody()
    {
        var common = new Acquaintances([1]);
        var (one, other) = (common.Add(2), common.Add(0));
        Assert.That((one.Add(0).Add(3).Ids.ToArray(), other.Add(4).Ids.ToArray()), Is.EqualTo((new long[] { 1, 2, 0, 3 }, new long[] { 1, 0, 4 })));
    }

    [Test]
    public void Whoever_is_removed_leaves_the_others_in_their_order()
    {
        var all = new Acquaintances([1, 2]).Add(3);
        Assert.That((all.Remove(2).Ids.ToArray(), all.Remove(3).Add(7).Ids.ToArray(), all.Remove(9).Ids.ToArray()), Is.EqualTo((new long[] { 1, 3 }, new long[] { 1, 2, 7 }, new long[] { 1, 2, 3 })));
        Assert.That((all.Ids.ToArray(), default(Acquaintances).Add(5).Ids.ToArray()), Is.EqualTo((new long[] { 1, 2, 3 }, new long[] { 5 })));
    }
}
