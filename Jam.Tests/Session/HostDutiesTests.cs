using Jam.Peer.Session;
using Jam.Server.Contracts;
using NUnit.Framework;

namespace Jam.Tests.Session;

/// <summary>What a host does without being asked, and that nobody else does it.</summary>
internal sealed class HostDutiesTests
{
    private static readonly Guid Clock = Guid.Parse("11111111-1111-1111-1111-111111111111");
    private static readonly TrackInfo One = new(new string('1', 64), "one.mp3", 1_000, 1024, TrackKind.Audio, 10_000_000);
    private static readonly TrackInfo Two = new(new string('2', 64), "two.mp3", 1_000, 1024, TrackKind.Audio, 20_000_000);

    private static RoomState Room(
        TrackInfo? track = null, PlaybackStatus status = PlaybackStatus.Pause, Role role = Role.Host, IReadOnlyList<TrackInfo>? queue = null) => new()
        {
            PeerId = "me", Role = role, Queue = queue ?? [], Track = track,
            Timeline = new TimelinePair(new Timeline(1, 7, Clock, status, track?.TrackId, 1_000_000, 0), null),
        };

    private static HostDuties Duties(bool autoplay = false, Role wanted = Role.Host) => new(wanted, [One, Two], autoplay);

    [Test]
    public void An_empty_room_gets_the_seeds_on_its_list_and_the_first_as_its_track() => Assert.That(
        Duties().Next(Room(), isAnew: true),
        Is.EqualTo(new ClientMessage[] { new Queue("add", One), new Queue("add", Two), HostDuties.ToSetTrack(One) }));

    [Test]
    public void A_room_that_has_it_all_gets_nothing_and_keeps_its_track() =>
        Assert.That(Duties().Next(Room(Two, queue: [Two, One]), isAnew: true), Is.Empty);

    [Test]
    public void A_viewer_does_nothing_of_itself()
    {
        Assert.That(Duties(autoplay: true).Next(Room(role: Role.Viewer), isAnew: true), Is.Empty);
    }

    [Test]
    public void Autoplay_plays_once_and_does_not_fight_a_pause()
    {
        var duties = Duties(autoplay: true);
        Assert.That(duties.Next(Room(), isAnew: false), Is.Empty, "there is nothing to play yet");
        Assert.That(duties.Next(Room(One), isAnew: false), Is.EqualTo(new ClientMessage[] { new Play() }));
        Assert.That(duties.Next(Room(One, PlaybackStatus.Play), isAnew: false), Is.Empty);
        Assert.That(duties.Next(Room(One), isAnew: false), Is.Empty);
    }

    [Test]
    public void A_room_that_plays_already_is_not_told_to_again() =>
        Assert.That(Duties(autoplay: true).Next(Room(One, PlaybackStatus.Play), isAnew: false), Is.Empty);

    [Test]
    public void Who_gives_the_place_up_does_not_take_it_again_and_who_was_given_it_comes_back_to_it()
    {
        var vacant = Room(role: Role.Viewer);
        var host = Duties();
        host.OnRoleGiven(Role.Viewer);
        Assert.That((host.Claim(vacant), host.Wanted), Is.EqualTo(((SetRole?)null, Role.Viewer)));
        var heir = Duties(wanted: Role.Viewer);
        heir.OnRoleGiven(Role.Host);
        Assert.That((heir.Claim(vacant), heir.Wanted), Is.EqualTo((new SetRole(Role.Host), Role.Host)));
    }

    [Test]
    public void The_host_s_place_is_asked_for_where_nobody_has_it_and_by_who_wants_it_alone()
    {
        var vacant = Room(role: Role.Viewer);
        var taken = vacant with { Others = new Dictionary<string, Member> { ["ana"] = new("ana", "ana", Role.Host, 1, []) } };
        Assert.Multiple(() =>
        {
            Assert.That(Duties().Claim(vacant), Is.EqualTo(new SetRole(Role.Host)));
            Assert.That(Duties().Claim(taken), Is.Null);
            Assert.That(Duties().Claim(Room()), Is.Null, "it has it");
            Assert.That(Duties(wanted: Role.Viewer).Claim(vacant), Is.Null);
        });
    }
}
