using System.Text;
using Jam.Peer.Audio;
using Jam.Peer.Audio.Tags;
using Jam.Peer.Network;
using Jam.Peer.Session;
using Jam.Peer.Session.Extras;
using Jam.Peer.Swarm.Blobs;
using Jam.Peer.Wire;
using Jam.Server.Contracts;
using NUnit.Framework;

namespace Jam.Tests.Session;

/// <summary>What travels beside tracks is asked for in the order in which it is of use, and read with suspicion.</summary>
internal sealed class ExtrasShelfTests
{
    private static readonly byte[] Tags = Encoding.UTF8.GetBytes("""{"title":"Song","artist":"A\u001b[31mna","gain_db":-6.5}""");
    private static readonly byte[] Cover = [0xFF, 0xD8, 0xFF, .. new byte[2000]];

    private readonly List<SwarmEvent> _posted = [];
    private ExtrasShelf _shelf = null!;

    [SetUp]
    public void Create()
    {
        _posted.Clear();
        _shelf = new ExtrasShelf(what =>
        {
            _posted.Add(what);
            return true;
        });
    }

    private static string Hash(byte[] bytes) => BlobId.Of(bytes).ToString();

    private static TrackInfo Track(char id) => new(
        new string(id, 64), $"{id}.mp3", 1_000, 1024, TrackKind.Audio, 10_000_000,
        new Sidecars(Hash([(byte)id, 1]), Hash([(byte)id, 2]), Hash([(byte)id, 3])));

    private IReadOnlyList<BlobWish> Wishes => ((WantBlobsEvent)_posted[^1]).Wishes;

    [Test]
    public void What_plays_comes_first_and_pictures_last()
    {
        _shelf.Follow(new RoomState { Track = Track('b'), Queue = [Track('a'), Track('b'), Track('c')] });
        Assert.That(Wishes.OrderBy(w => w.Rank).Select(w => w.Id.ToString()), Is.EqualTo(new[]
        {
            Hash([(byte)'b', 1]), Hash([(byte)'b', 2]), Hash([(byte)'c', 1]), Hash([(byte)'c', 2]), Hash([(byte)'b', 3]), Hash([(byte)'a', 1]),
            Hash([(byte)'a', 2]),
            Hash([(byte)'c', 3]),
        }));
        Assert.That(Wishes.Count(w => w.Rank < BlobCore.PatientFrom), Is.EqualTo(2));
    }

    [Test]
    public void The_same_room_again_asks_for_nothing_anew()
    {
        var room = new RoomState { Track = Track('b'), Queue = [Track('b')] };
        _shelf.Follow(room);
        _shelf.Follow(room with { Role = Role.Host });
        Assert.That(_posted, Has.Count.EqualTo(1));
    }

    [Test]
    public void A_host_that_names_nothing_is_asked_for_nothing()
    {
        _shelf.Follow(new RoomState { Track = Track('b') with { Sidecars = null } });
        Assert.That(_posted, Is.Empty);
        Assert.That(_shelf.Of(Track('b') with { Sidecars = null }), Is.EqualTo(TrackExtras.None));
    }

    [Test]
    public void What_came_is_known_of_its_track_without_what_would_steer_a_terminal()
    {
        var track = Track('b') with { Sidecars = new Sidecars(null, Hash(Tags), Hash(Cover)) };
        var changes = 0;
        _shelf.Changed += () => changes++;
        _shelf.Follow(new RoomState { Track = track });
        _shelf.OnBlob(BlobId.Of(Tags), Tags);
        Assert.That(_shelf.Of(track).Tags, Is.EqualTo(new TagsBlob("Song", "A[31mna", null, null, -6.5)));
        Assert.That(_shelf.Of(track).Cover, Is.Null);
        _shelf.OnBlob(BlobId.Of(Cover), Cover);
        Assert.That(_shelf.Of(track).CoverText, Is.EqualTo("JPEG, 2 kB"));
        Assert.That(changes, Is.EqualTo(2));
    }

    [Test]
    public void What_the_room_names_no_more_is_let_go()
    {
        var track = Track('b') with { Sidecars = new Sidecars(null, Hash(Tags)) };
        _shelf.Follow(new RoomState { Track = track });
        _shelf.OnBlob(BlobId.Of(Tags), Tags);
        _shelf.Follow(new RoomState { Track = Track('c') });
        Assert.That(_shelf.Of(track).Tags, Is.Null);
    }

    [TestCase("")]
    [TestCase("null")]
    [TestCase("[]")]
    [TestCase("""{"title":5}""")]
    [TestCase("""{"title":"\ud800"}""")]
    public void Tags_that_are_none_are_nothing(string json) => Assert.That(TagsBlob.TryParse(Encoding.UTF8.GetBytes(json)), Is.Null);

    [Test]
    public void Values_out_of_range_are_left_out() => Assert.That(
        TagsBlob.TryParse("""{"title":" ","duration_us":-1,"gain_db":1e999,"more":[1]}"""u8), Is.EqualTo(new TagsBlob()));

    [Test]
    public void Tags_however_long_fit_their_cap()
    {
        var probe = new TrackProbe(1, 44_100, 2, null) { Tags = new TrackTags(new string('é', 9_000), new string('"', 9_000), new string('\u0001', 9_000)) };
        var bytes = TagsBlob.Of(probe).ToBytes();
        Assert.That(bytes, Has.Length.LessThan(TagsBlob.MaxBytes));
        Assert.That(TagsBlob.TryParse(bytes), Is.EqualTo(TagsBlob.Of(probe)));
    }
}
