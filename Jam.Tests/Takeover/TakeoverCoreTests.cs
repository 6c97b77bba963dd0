using Jam.Peer.Takeover;
using Jam.Server.Contracts;
using NUnit.Framework;

namespace Jam.Tests.Takeover;

[TestFixture]
internal sealed class TakeoverCoreTests
{
    private const string Url = "ws://10.0.0.1:8000/ws/jam";
    private const string OtherUrl = "ws://10.0.0.2:8000/ws/jam";
    private const string OwnUrl = "ws://127.0.0.1:8001/ws/jam";
    private const long Second = 1_000_000;
    private static readonly Guid _first = new("11111111-1111-1111-1111-111111111111");
    private static readonly Guid _second = new("22222222-2222-2222-2222-222222222222");
    private static readonly Guid _own = new("33333333-3333-3333-3333-333333333333");
    private static readonly Candidate[] _room =
    [
        new("me", false, false, false, 3), new("host", true, false, true, 1), new("ana", false, false, true, 4), new("bo", false, true, true, 2),
    ];

    [TestCase(2, 1, 1, 2, TestName = "{m}: the higher epoch")]
    [TestCase(2, 2, 1, 1, TestName = "{m}: and not the lower id")]
    public void Of_two_authorities_one_outranks_the_other(long epoch, int id, long otherEpoch, int otherId)
    {
        var (a, b) = (new AuthorityRank(epoch, new Guid(id, 0, 0, new byte[8])), new AuthorityRank(otherEpoch, new Guid(otherId, 0, 0, new byte[8])));
        Assert.That((a.Outranks(b), b.Outranks(a), a.Outranks(a)), Is.EqualTo((true, false, false)));
    }

    [Test]
    public void Among_equal_epochs_the_lower_id_outranks_the_higher_as_text_orders_them()
    {
        var random = new Random(5);
        for (var i = 0; i < 1000; i++)
        {
            var bytes = new byte[32];
            random.NextBytes(bytes);
            var (a, b) = (new Guid(bytes.AsSpan(0, 16)), new Guid(bytes.AsSpan(16)));
            Assert.That(new AuthorityRank(1, a).Outranks(new AuthorityRank(1, b)), Is.EqualTo(string.CompareOrdinal(a.ToString(), b.ToString()) < 0));
        }
    }

    [Test]
    public void Nobody_starts_a_server_before_eight_seconds_without_any()
    {
        var core = Lost(0);
        Assert.That(At<StartServer>(core, 7_999_999), Is.Empty);
        Assert.That(At<StartServer>(core, 8_000_000).Single().Epoch, Is.EqualTo(2));
        Assert.That(At<StartServer>(core, 9_000_000), Is.Empty, "once is enough");
    }

    [Test]
    public void A_connection_that_comes_back_ends_the_wait()
    {
        var core = Lost(0);
        core.Connected(new AuthorityRank(1, _first), Url);
        Assert.That(At<StartServer>(core, 60 * Second), Is.Empty);
    }

    [TestCase("host", 2, TestName = "{m}: the host first")]
    [TestCase("ana", 2, TestName = "{m}: who holds the track")]
    [TestCase("bo", 0, TestName = "{m}: who is muted comes last")]
    [TestCase("ana host bo", 4, TestName = "{m}: two before this one")]
    public void Each_waits_its_turn_in_the_order_of_those_who_answer(string others, int laterSeconds)
    {
        var core = Lost(0);
        foreach (var other in others.Split(' '))
        {
            core.LinkUp(other);
            core.Hear(other, new Word(new AuthorityRank(1, _first), [Url], IsConnected: false), 0);
        }

        var dueUs = 8 * Second + laterSeconds * Second;
        Assert.That(At<StartServer>(core, dueUs - 1), Is.Empty);
        Assert.That(At<StartServer>(core, dueUs), Has.Exactly(1).Items);
    }

    [Test]
    public void Who_is_linked_and_says_nothing_is_not_waited_for()
    {
        var core = Lost(0);
        core.LinkUp("host");
        Assert.That(At<StartServer>(core, 8 * Second), Has.Exactly(1).Items);
    }

    [Test]
    public void While_another_member_is_connected_nobody_takes_over()
    {
        var core = Lost(0);
        core.LinkUp("ana");
        for (var us = 0L; us < 60 * Second; us += Second)
        {
            core.Hear("ana", new Word(new AuthorityRank(1, _first), [Url], IsConnected: true), us);
            Assert.That(At<StartServer>(core, us), Is.Empty);
        }

        core.Hear("ana", new Word(new AuthorityRank(1, _first), [Url], IsConnected: false), 60 * Second);
        Assert.That(At<StartServer>(core, 69 * Second - 1), Is.Empty, "from when she lost it, and she is before this one");
        Assert.That(At<StartServer>(core, 69 * Second), Has.Exactly(1).Items);
    }

    [Test]
    public void A_word_that_is_not_said_again_does_not_hold_for_ever()
    {
        var core = Lost(0);
        core.LinkUp("ana");
        core.Hear("ana", new Word(new AuthorityRank(1, _first), [Url], IsConnected: true), Second);
        Assert.That(At<StartServer>(core, 25 * Second), Is.Empty);
        Assert.That(At<StartServer>(core, 26 * Second), Is.Empty);
        Assert.That(At<StartServer>(core, 33 * Second), Has.Exactly(1).Items);
    }

    [TestCase(2, true, true)]
    [TestCase(1, true, false, TestName = "{m}: an equal epoch of a higher id is not")]
    [TestCase(1_000_002, true, false, TestName = "{m}: an epoch out of all measure is not")]
    [TestCase(2, false, true, TestName = "{m}: nor has its teller to be connected")]
    public void A_higher_authority_is_looked_for_beside_the_connection_that_stands(long epoch, bool isConnected, bool isFollowed)
    {
        var core = Connected();
        core.LinkUp("ana");
        core.TakeEffects();
        core.Hear("ana", new Word(new AuthorityRank(epoch, _second), [OtherUrl], isConnected), 0);
        var moves = core.TakeEffects().OfType<MoveTo>().ToArray();
        Assert.That(moves, Has.Length.EqualTo(isFollowed ? 1 : 0));
        if (isFollowed)
            Assert.That((moves[0].Urls, moves[0].ComesHome), Is.EqualTo(((IReadOnlyList<string>)[OtherUrl], false)).UsingPropertiesComparer());
        Assert.That(core.Best, Is.EqualTo(new AuthorityRank(1, _first)), "only its STATE counts");
    }

    [Test]
    public void What_one_link_names_in_vain_is_looked_for_ever_later_and_four_are_enough()
    {
        var core = Connected();
        core.LinkUp("liar");
        var looks = 0;
        for (var i = 0; i < 100; i++)
        {
            core.Hear("liar", new Word(new AuthorityRank(9, new Guid(i, 0, 0, new byte[8])), [OtherUrl], true), i);
            looks += core.TakeEffects().OfType<MoveTo>().Count();
        }

        Assert.That(looks, Is.EqualTo(TakeoverSettings.MaxVain));
        for (var us = 0L; us < 600 * Second; us += Second)
        {
            core.Hear("liar", new Word(new AuthorityRank(9, new Guid(1, 0, 0, new byte[8])), [OtherUrl], true), us);
            looks += core.TakeEffects().OfType<MoveTo>().Count();
        }

        Assert.That(looks, Is.InRange(8, 24));
    }

    [Test]
    public void The_taker_goes_to_its_own_server_and_says_so_when_it_is_there()
    {
        var core = Lost(0);
        core.LinkUp("ana");
        At<StartServer>(core, 8 * Second);
        core.ServerRuns(_own, 2, OwnUrl, 8 * Second);
        Assert.That(core.TakeEffects().OfType<MoveTo>().Single().Urls, Is.EqualTo(new[] { OwnUrl }));
        Assert.That(At<StartServer>(core, 9 * Second), Is.Empty, "its way there takes a moment");
        core.Connected(new AuthorityRank(2, _own), OwnUrl);
        Assert.That(core.TakeEffects().OfType<Say>(), Has.Some.EqualTo(new Say(null)));
        Assert.That((core.Word.IsConnected, core.Word.IsOwn, core.Word.IsAlone), Is.EqualTo((true, true, true)));
        core.HasCompany();
        Assert.That(core.Word.IsAlone, Is.False);
    }

    [Test]
    public void A_lone_listener_s_server_gives_way_to_the_room_whatever_the_epochs()
    {
        var core = Alone();
        core.LinkUp("ana");
        core.Hear("ana", new Word(new AuthorityRank(1, _first), [Url], IsConnected: true), 20 * Second);
        var move = core.TakeEffects().OfType<MoveTo>().Single();
        Assert.That((move.Urls[0], move.ComesHome), Is.EqualTo((Url, true)));
        core.Connected(new AuthorityRank(1, _first), Url);
        Assert.That(core.Best, Is.EqualTo(new AuthorityRank(1, _first)));
    }

    [Test]
    public void With_company_it_does_not()
    {
        var core = Alone();
        core.HasCompany();
        core.LinkUp("ana");
        core.TakeEffects();
        core.Hear("ana", new Word(new AuthorityRank(1, _first), [Url], IsConnected: true), 20 * Second);
        Assert.That(core.TakeEffects().OfType<MoveTo>(), Is.Empty);
    }

    [Test]
    public void Who_is_connected_does_not_follow_a_lone_listener_and_who_is_not_does()
    {
        var word = new Word(new AuthorityRank(2, _own), [OtherUrl], true, IsOwn: true, IsAlone: true);
        var connected = Connected();
        connected.LinkUp("ana");
        connected.Hear("ana", word, 0);
        Assert.That(connected.TakeEffects().OfType<MoveTo>(), Is.Empty);
        var lost = Lost(0);
        lost.LinkUp("ana");
        lost.Hear("ana", word, 0);
        Assert.That(lost.TakeEffects().OfType<MoveTo>().Single().ComesHome, Is.False);
    }

    [Test]
    public void A_server_of_old_is_asked_and_told_by_who_runs_the_room_and_brought_it_by_a_lone_listener()
    {
        var core = Alone();
        core.HasCompany();
        var ask = At<Ask>(core, 100 * Second).Single();
        Assert.That((ask.Url, ask.Told!.Rank), Is.EqualTo((Url, new AuthorityRank(2, _own))));
        core.Answered(Url, new Rendezvous(1, _second, []), 100 * Second);
        Assert.That(core.TakeEffects().OfType<MoveTo>(), Is.Empty);

        var lone = Alone();
        Assert.That(At<Ask>(lone, 100 * Second).Single().Told, Is.Null, "it does not call others away");
        lone.Answered(Url, new Rendezvous(1, _second, []), 100 * Second);
        Assert.That(lone.TakeEffects().OfType<MoveTo>().Single().ComesHome, Is.False, "nobody is there: it brings the room along");
        lone.Answered(Url, new Rendezvous(1, _first, [], Members: 2), 200 * Second);
        Assert.That(lone.TakeEffects().OfType<MoveTo>().Single().ComesHome, Is.True);
    }

    [Test]
    public void While_others_reach_the_authority_no_other_place_is_tried()
    {
        var core = Connected();
        core.LinkUp("ana");
        core.Hear("ana", new Word(new AuthorityRank(2, _second), [OtherUrl], true, IsOwn: true), 0);
        core.Connected(new AuthorityRank(2, _second), OtherUrl);
        core.Lost(Second);
        Assert.That(core.TakeEffects().OfType<TryThese>().Last().Urls, Is.EqualTo(new[] { OtherUrl }));
        core.LinkDown("ana");
        Assert.That(core.TakeEffects().OfType<TryThese>().Last().Urls, Is.EqualTo(new[] { OtherUrl, Url }));
    }

    [Test]
    public void Where_its_server_has_moved_to_is_said_by_the_peer_that_it_runs_in()
    {
        var core = Lost(0);
        core.LinkUp("host");
        core.TakeEffects();
        core.Hear("host", new Word(new AuthorityRank(1, _first), [OtherUrl], true, IsOwn: true), Second);
        Assert.That(core.TakeEffects().OfType<MoveTo>().Single().Urls[0], Is.EqualTo(OtherUrl));
    }

    [Test]
    public void A_server_that_cannot_be_started_is_tried_again_later()
    {
        var core = Lost(0);
        At<StartServer>(core, 8 * Second);
        core.ServerFailed(8 * Second);
        Assert.That(At<StartServer>(core, 12 * Second), Is.Empty);
        Assert.That(At<StartServer>(core, 13 * Second), Has.Exactly(1).Items);
    }

    private static TakeoverCore Connected()
    {
        var core = new TakeoverCore { Self = "me" };
        core.Advertise([Url]);
        core.Connected(new AuthorityRank(1, _first), Url);
        core.TakeEffects();
        return core;
    }

    private static TakeoverCore Lost(long nowUs)
    {
        var core = Connected();
        core.Lost(nowUs);
        core.TakeEffects();
        return core;
    }

    private static TakeoverCore Alone()
    {
        var core = Lost(0);
        At<StartServer>(core, 8 * Second);
        core.ServerRuns(_own, 2, OwnUrl, 8 * Second);
        core.Connected(new AuthorityRank(2, _own), OwnUrl);
        core.TakeEffects();
        return core;
    }

    private static T[] At<T>(TakeoverCore core, long nowUs)
    {
        core.Tick(nowUs, _room);
        return [.. core.TakeEffects().OfType<T>()];
    }
}
