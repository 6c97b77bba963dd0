using Jam.Peer.Gateway;
using NUnit.Framework;

namespace Jam.Tests.Gateway;

internal sealed class AudienceTests
{
    private const long SecondUs = 1_000_000;

    [Test]
    public void No_more_may_listen_than_there_are_places()
    {
        var audience = new Audience(2, null);
        Assert.That(Enter(audience, "a", 0), Is.Not.Null);
        Assert.That(Enter(audience, "b", 0), Is.Not.Null);
        Assert.That(Enter(audience, "c", 0), Is.Null);
        Assert.That(Enter(audience, "a", 0), Is.Not.Null, "who listens already may ask for more");
        Assert.That(audience.Free(0), Is.Zero);
    }

    [Test]
    public void A_place_is_free_again_once_its_listener_has_been_silent()
    {
        var audience = new Audience(1, null);
        audience.Leave(Enter(audience, "a", 0)!, SecondUs);
        Assert.That(Enter(audience, "b", SecondUs + Audience.IdleUs - 1), Is.Null);
        Assert.That(Enter(audience, "b", SecondUs + Audience.IdleUs), Is.Not.Null);
    }

    [Test]
    public void A_listener_whose_answer_is_under_way_keeps_its_place()
    {
        var audience = new Audience(1, null);
        Enter(audience, "a", 0);
        Assert.That(Enter(audience, "b", 10 * Audience.IdleUs), Is.Null);
    }

    [Test]
    public void One_listener_asks_for_few_things_at_once()
    {
        var audience = new Audience(8, null);
        var open = Enumerable.Range(0, Audience.RequestsAtOnce).Select(_ => Enter(audience, "a", 0)).ToArray();
        Assert.That(open, Has.None.Null);
        Assert.That(Enter(audience, "a", 0), Is.Null);
        audience.Leave(open[0]!, 0);
        Assert.That(Enter(audience, "a", 0), Is.Not.Null);
    }

    [Test]
    public void What_goes_beyond_the_pace_waits_for_as_long_as_it_takes()
    {
        var pace = new Pace(1_000, 500);
        Assert.That(pace.TakeUs(500, 0), Is.Zero);
        Assert.That(pace.TakeUs(1_000, 0), Is.EqualTo(SecondUs));
        Assert.That(pace.TakeUs(0, SecondUs), Is.Zero);
        Assert.That(pace.TakeUs(500, 10 * SecondUs), Is.Zero, "what was saved up is no more than the burst");
        Assert.That(pace.TakeUs(1, 10 * SecondUs), Is.EqualTo(1_000));
    }

    [Test]
    public void All_together_take_no_more_than_is_allowed()
    {
        var audience = new Audience(4, new Pace(1_000, 1_000));
        var (one, two) = (Enter(audience, "a", 0)!, Enter(audience, "b", 0)!);
        Assert.That(audience.TakeUs(one, 1_000, 0), Is.Zero);
        Assert.That(audience.TakeUs(two, 1_000, 0), Is.EqualTo(SecondUs));
    }

    private static Audience.Listener? Enter(Audience audience, string who, long nowUs) => audience.Enter(who, () => new Pace(1e6, 1e6), nowUs);
}
