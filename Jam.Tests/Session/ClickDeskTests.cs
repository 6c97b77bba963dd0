using Jam.Peer.Playback;
using Jam.Peer.Session;
using Jam.Server.Contracts;
using NUnit.Framework;

namespace Jam.Tests.Session;

/// <summary>Two peers that compare their loudspeakers, of whom one types a command.</summary>
public sealed class ClickDeskTests
{
    private static readonly Member s_host = new("h", "Hanna", Role.Host, 1, []);
    private static readonly Member s_viewer = new("v", "Vera", Role.Viewer, 2, []);
    private static readonly Member s_other = new("o", "Otto", Role.Viewer, 3, []);

    [Test]
    public void One_who_calibrates_has_the_host_click_too_until_it_ends()
    {
        var (asker, host) = (new Side(s_viewer), new Side(s_host));
        asker.Desk.Set(true, isHost: false);
        Assert.That(asker.Pattern, Is.EqualTo(ClickPattern.Second));
        Exchange(asker, host, 0);
        Assert.That(host.Pattern, Is.EqualTo(ClickPattern.First));
        Assert.That(host.Lines.Single(), Does.StartWith("Vera compares loudspeakers").And.Contain("calibrate off"));
        Assert.That(asker.Lines.Single(), Is.EqualTo("Hanna clicks on the first of four beats, this peer on the second, both on the third"));
        for (var second = 1; second < 60; second++)
            Exchange(asker, host, second);
        Assert.That(host.Desk.IsOn, Is.True, "it goes on as long as it is asked");
        asker.Desk.Set(false, isHost: false);
        Exchange(asker, host, 61);
        Assert.That((asker.Pattern, host.Pattern, host.Desk.IsOn), Is.EqualTo(((ClickPattern?)null, (ClickPattern?)null, false)));
        Assert.That(host.Lines[^1], Is.EqualTo("Vera has compared; playing again"));
        Assert.That(host.Lines, Has.Count.EqualTo(2));
    }

    [Test]
    public void A_host_asks_who_came_first_or_whom_it_names()
    {
        var host = new Side(s_host);
        host.Desk.Set(true, isHost: true);
        Assert.That(host.Look(0)!.To, Is.EqualTo("v"));
        Assert.That(host.Look(0.5), Is.Null, "not more often than it takes");
        host.Desk.Named = "otto";
        Assert.That(host.Look(2.1), Is.EqualTo(new Blob("{\"clicks\":\"start\",\"second\":true}", "o")));
        host.Desk.Named = "Nobody";
        Assert.That(host.Look(4.2), Is.Null);
        Assert.That(host.Lines[^1], Is.EqualTo("nobody here is called Nobody; 'members' lists who is"));
    }

    [Test]
    public void Alone_it_says_so_once_and_asks_who_comes_later()
    {
        var side = new Side(s_viewer);
        side.Desk.Set(true, isHost: false);
        var alone = side.Room with { Others = new Dictionary<string, Member>() };
        Assert.That(side.Desk.Look(alone, 0), Is.Null);
        Assert.That(side.Desk.Look(alone, 3_000_000), Is.Null);
        Assert.That(side.Lines, Is.EqualTo(new[] { "nobody else is here to compare with yet" }));
        Assert.That(side.Look(6)!.To, Is.EqualTo("h"));
    }

    [TestCase(ClickConsent.Host, "v", true, false)]
    [TestCase(ClickConsent.Host, "v", false, true)]
    [TestCase(ClickConsent.Host, "h", true, true)]
    [TestCase(ClickConsent.Anyone, "v", true, true)]
    [TestCase(ClickConsent.Nobody, "h", false, false)]
    public void Who_is_answered_is_up_to_who_is_asked(ClickConsent consent, string by, bool plays, bool isAnswered)
    {
        var asked = new Side(s_other, consent, plays);
        var answer = asked.Take(new Blob("{\"clicks\":\"start\"}", "o"), by, 0);
        Assert.That(asked.Desk.IsOn, Is.EqualTo(isAnswered));
        Assert.That(answer!.To, Is.EqualTo(by));
        Assert.That(answer.Data, Does.Contain(isAnswered ? "yes" : "no"));
        if (isAnswered)
            return;
        var asker = new Side(by == "h" ? s_host : s_viewer);
        asker.Desk.Named = "Otto";
        asker.Desk.Set(true, by == "h");
        asker.Look(0);
        asker.Take(answer, "o", 0.1);
        asker.Take(answer, "o", 2.1);
        Assert.That(asker.Lines.Single(), Does.StartWith("Otto does not click: ").And.Contain(plays ? "pause it" : "does not want"));
    }

    [Test]
    public void A_click_ends_when_the_other_is_gone_or_silent_and_when_it_is_not_wanted_here()
    {
        var asked = new Side(s_host);
        asked.Take(new Blob("{\"clicks\":\"start\"}", "h"), "v", 0);
        asked.Look(6.9);
        Assert.That(asked.Desk.IsOn, Is.True);
        asked.Look(7.1);
        Assert.That((asked.Desk.IsOn, asked.Pattern), Is.EqualTo((false, (ClickPattern?)null)), "not asked for seven seconds");

        asked.Take(new Blob("{\"clicks\":\"start\"}", "h"), "v", 8);
        asked.Desk.Look(asked.Room with { Others = new Dictionary<string, Member> { ["o"] = s_other } }, 8_500_000);
        Assert.That(asked.Desk.IsOn, Is.False, "it has left");

        asked.Take(new Blob("{\"clicks\":\"start\"}", "h"), "v", 9);
        asked.Desk.Set(false, isHost: true);
        Assert.That(asked.Pattern, Is.Null);
        Assert.That(asked.Take(new Blob("{\"clicks\":\"start\"}", "h"), "v", 11)!.Data, Does.Contain("does not want"));
    }

    [Test]
    public void A_second_one_who_asks_is_told_that_it_is_taken()
    {
        var asked = new Side(s_host);
        asked.Take(new Blob("{\"clicks\":\"start\"}", "h"), "v", 0);
        Assert.That(asked.Take(new Blob("{\"clicks\":\"start\"}", "h"), "o", 1)!.Data, Does.Contain("somebody else"));
        asked.Take(new Blob("{\"clicks\":\"stop\"}", "h"), "o", 1);
        Assert.That(asked.Desk.IsOn, Is.True);
    }

    [Test]
    public void One_who_declined_is_asked_on_and_said_to_click_when_it_does()
    {
        var (asker, host) = (new Side(s_viewer), new Side(s_host, plays: true));
        asker.Desk.Set(true, isHost: false);
        Exchange(asker, host, 0);
        Exchange(asker, host, 2.1);
        Assert.That(asker.Lines.Single(), Does.StartWith("Hanna does not click: the room plays"));
        Exchange(asker, new Side(s_host), 4.2);
        Assert.That(asker.Lines[^1], Does.StartWith("Hanna clicks on the first"));
    }

    [Test]
    public void Two_who_both_calibrate_click_each_in_its_place()
    {
        var (viewer, host) = (new Side(s_viewer), new Side(s_host));
        host.Desk.Set(true, isHost: true);
        viewer.Desk.Set(true, isHost: false);
        Exchange(viewer, host, 0);
        Exchange(host, viewer, 0);
        Assert.That((viewer.Pattern, host.Pattern), Is.EqualTo((ClickPattern.Second, ClickPattern.First)));
        viewer.Desk.Set(false, isHost: false);
        Exchange(viewer, host, 1);
        Assert.That(host.Pattern, Is.EqualTo(ClickPattern.First), "it clicks by its own wish");
    }

    [Test]
    public void A_peer_that_does_not_answer_is_named()
    {
        var side = new Side(s_viewer);
        side.Desk.Set(true, isHost: false);
        for (var second = 0; second < 20; second++)
            side.Look(second);
        Assert.That(side.Lines, Is.EqualTo(new[] { "Hanna does not answer; type 'calibrate' there, too" }));
    }

    [TestCase("{\"text\":\"hello\"}", true)]
    [TestCase("\"clicks\"", true)]
    [TestCase("{\"clicks\":7}", true)]
    [TestCase("[[\"clicks\"", true)]
    [TestCase("{\"clicks\":\"start\"}", false)]
    public void What_is_something_else_or_said_to_all_is_none_of_this(string data, bool isPrivate)
    {
        var asked = new Side(s_host);
        Assert.That(asked.Desk.Take(new BlobRelay("v", data, isPrivate), asked.Room, 0).IsOurs, Is.False);
        Assert.That(asked.Desk.IsOn, Is.False);
    }

    /// <summary>Whatever the one has to say goes to the other, and its answer back.</summary>
    private static void Exchange(Side from, Side to, double seconds)
    {
        if (from.Look(seconds) is { } blob && to.Take(blob, from.Me.PeerId, seconds) is { } answer)
            from.Take(answer, to.Me.PeerId, seconds);
        to.Look(seconds);
    }

    private sealed class Side
    {
        public Side(Member me, ClickConsent consent = ClickConsent.Host, bool plays = false)
        {
            Me = me;
            Desk = new ClickDesk(consent, pattern => Pattern = pattern, Lines.Add);
            var timeline = new Timeline(1, 1, Guid.Empty, plays ? PlaybackStatus.Play : PlaybackStatus.Pause, "t", 0, 0);
            Room = new RoomState
            {
                PeerId = me.PeerId, Role = me.Role, Timeline = new TimelinePair(timeline, null),
                Others = new[] { s_host, s_viewer, s_other }.Where(m => m != me).ToDictionary(m => m.PeerId),
            };
        }

        public Member Me { get; }

        public ClickDesk Desk { get; }

        public RoomState Room { get; }

        public ClickPattern? Pattern { get; private set; }

        public List<string> Lines { get; } = [];

        public Blob? Look(double seconds) => Desk.Look(Room, (long)(seconds * 1e6));

        public Blob? Take(Blob blob, string from, double seconds)
        {
            Assert.That(blob.To, Is.EqualTo(Me.PeerId));
            var (isOurs, answer) = Desk.Take(new BlobRelay(from, blob.Data, true), Room, (long)(seconds * 1e6));
            Assert.That(isOurs, Is.True);
            return answer;
        }
    }
}
