using Jam.Peer.Swarm;
using NUnit.Framework;

namespace Jam.Tests.Swarm;

/// <summary>An uplink that counts for poor is judged again where round trips contradict that, many in a row, and ever more seldom.</summary>
internal sealed class UplinkDoubtTests
{
    private const long QueueUs = 400_000;
    private static readonly SwarmSettings Settings = new();

    [Test]
    public void Many_short_round_trips_in_a_row_are_reason_to_judge_again_once()
    {
        var doubt = Begun();
        Hear(doubt, Settings.DoubtRtts - 1, 0);
        Assert.That(doubt.TryTake(Settings.DoubtUs), Is.False);
        Hear(doubt, 1, 0);
        Assert.That(doubt.TryTake(Settings.DoubtUs), Is.True);
        Assert.That(doubt.TryTake(10 * Settings.DoubtUs), Is.False);
    }

    [Test]
    public void One_that_waits_as_on_a_spent_uplink_begins_the_count_anew()
    {
        var doubt = Begun();
        Hear(doubt, Settings.DoubtRtts - 1, 0);
        Hear(doubt, 1, QueueUs / 2);
        Hear(doubt, Settings.DoubtRtts - 1, 0);
        Assert.That(doubt.TryTake(Settings.DoubtUs), Is.False);
    }

    [Test]
    public void Each_judgement_stands_twice_as_long_as_the_one_before()
    {
        var doubt = Begun();
        Hear(doubt, Settings.DoubtRtts, 0);
        Assert.That(doubt.TryTake(Settings.DoubtUs - 1), Is.False);
        Assert.That(doubt.TryTake(Settings.DoubtUs), Is.True);
        doubt.Begin(0);
        Hear(doubt, Settings.DoubtRtts, 0);
        Assert.That(doubt.TryTake(2 * Settings.DoubtUs - 1), Is.False);
        Assert.That(doubt.TryTake(2 * Settings.DoubtUs), Is.True);
    }

    [Test]
    public void Before_anything_was_judged_there_is_nothing_to_doubt()
    {
        var doubt = new UplinkDoubt(Settings);
        Hear(doubt, Settings.DoubtRtts, 0);
        Assert.That(doubt.TryTake(long.MaxValue - 1), Is.False);
    }

    private static UplinkDoubt Begun()
    {
        var doubt = new UplinkDoubt(Settings);
        doubt.Begin(0);
        return doubt;
    }

    private static void Hear(UplinkDoubt doubt, int roundTrips, long waitUs)
    {
        for (var i = 0; i < roundTrips; i++)
            doubt.OnRtt(waitUs, QueueUs);
    }
}
