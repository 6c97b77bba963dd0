using Jam.Peer.Session;
using Jam.Tests.Storage;
using NUnit.Framework;

namespace Jam.Tests.Session;

/// <summary>Who a peer is, from run to run.</summary>
internal sealed class IdentityStoreTests
{
    private static readonly Uri Room = new("ws://192.0.2.1:8000/ws/jam");
    private static readonly Uri OtherRoom = new("ws://192.0.2.2:8000/ws/jam");
    private readonly List<string> _notices = [];
    private TempFolder _folder = null!;

    [SetUp]
    public void MakeFolder()
    {
        _notices.Clear();
        _folder = new TempFolder();
    }

    [TearDown]
    public void RemoveFolder() => _folder.Dispose();

    private IdentityStore Open() => IdentityStore.Open(_folder["config"], _notices.Add);

    [Test]
    public async Task Id_name_and_the_proof_for_a_room_are_there_the_next_time()
    {
        string id;
        await using (var first = Open())
        {
            (id, var token) = first.For([Room]);
            Assert.That((id.Length, token, first.Name), Is.EqualTo((16, (string?)null, (string?)null)));
            first.KeepName("ana");
            first.Keep(Room, id, "t-1");
            first.Keep(Room, id, "t-2");
        }

        await using var second = Open();
        Assert.That(second.Name, Is.EqualTo("ana"));
        Assert.That(second.For([OtherRoom, Room]), Is.EqualTo((id, (string?)"t-2")));
        Assert.That(second.For([OtherRoom]), Is.EqualTo((id, (string?)null)), "a proof goes only to where it came from");
        Assert.That(_notices, Is.Empty);
    }

    [Test]
    public async Task Two_peers_that_run_at_once_are_two_and_each_is_itself_again()
    {
        var ids = new string[2];
        await using (var one = Open())
        await using (var two = Open())
        {
            ids = [one.For([Room]).PeerId, two.For([Room]).PeerId];
            Assert.That(ids, Is.Unique);
        }

        await using var again = Open();
        await using var other = Open();
        Assert.That(new[] { again.For([Room]).PeerId, other.For([Room]).PeerId }, Is.EqualTo(ids));
    }

    [TestCase("")]
    [TestCase("{")]
    [TestCase("null")]
    [TestCase("[]")]
    [TestCase("{}")]
    [TestCase("""{"peer_id":"not an id"}""")]
    [TestCase("""{"peer_id":"abc","name":" spaced "}""")]
    [TestCase("""{"peer_id":"abc","rooms":[null]}""")]
    [TestCase("""{"peer_id":"abc","rooms":[{"url":"ws://a/ws/b","peer_id":"x"}]}""")]
    public async Task A_damaged_file_costs_one_line_and_the_next_run_none(string content)
    {
        Directory.CreateDirectory(_folder["config"]);
        await File.WriteAllTextAsync(_folder["config", "identity.json"], content);
        string id;
        await using (var store = Open())
            id = store.For([Room]).PeerId;
        Assert.That(_notices, Has.Count.EqualTo(1));
        Assert.That(_notices[0], Does.Contain("identity.json").And.Contain("this peer has a new one"));
        await using var next = Open();
        Assert.That(next.For([Room]).PeerId, Is.EqualTo(id));
        Assert.That(_notices, Has.Count.EqualTo(1));
    }

    [Test]
    public async Task A_folder_that_cannot_be_written_costs_one_line()
    {
        var file = _folder.Write("taken", [1]);
        await using var store = IdentityStore.Open(Path.Combine(file, "config"), _notices.Add);
        store.KeepName("ana");
        Assert.That((store.Name, store.For([Room]).PeerId.Length), Is.EqualTo(("ana", 16)));
        Assert.That(_notices, Has.Count.EqualTo(1));
    }

    [Test]
    public async Task Who_keeps_nothing_is_someone_new_each_time()
    {
        await using var one = IdentityStore.Open(null, _notices.Add);
        await using var two = IdentityStore.Open(null, _notices.Add);
        Assert.That(one.For([Room]).PeerId, Is.Not.EqualTo(two.For([Room]).PeerId));
    }

    [Test]
    public async Task Who_becomes_someone_else_keeps_the_name_and_no_proof()
    {
        string id;
        await using (var store = Open())
        {
            id = store.For([Room]).PeerId;
            store.KeepName("ana");
            store.Keep(Room, id, "t-1");
            store.BecomeSomeoneElse();
        }

        await using var next = Open();
        Assert.That(next.Name, Is.EqualTo("ana"));
        Assert.That(next.For([Room]).Token, Is.Null);
        Assert.That(next.For([Room]).PeerId, Is.Not.EqualTo(id));
    }

    [Test]
    public async Task The_last_32_rooms_are_kept_and_nobody_else_may_read_them()
    {
        await using (var store = Open())
        {
            for (var i = 0; i < 40; i++)
                store.Keep(new Uri($"ws://192.0.2.{i}:8000/ws/jam"), "me", $"t-{i}");
        }

        await using var next = Open();
        Assert.That(next.For([new Uri("ws://192.0.2.7:8000/ws/jam")]).Token, Is.Null);
        Assert.That(next.For([new Uri("ws://192.0.2.8:8000/ws/jam")]).Token, Is.EqualTo("t-8"));
        if (!OperatingSystem.IsWindows())
            Assert.That(File.GetUnixFileMode(_folder["config", "identity.json"]), Is.EqualTo(UnixFileMode.UserRead | UnixFileMode.UserWrite));
    }
}
