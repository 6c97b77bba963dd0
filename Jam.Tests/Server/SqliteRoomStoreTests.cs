using Jam.Server.Contracts;
using Jam.Server.Hosting;
using Jam.Server.Rooms;
using Jam.Tests.Storage;
using NUnit.Framework;

namespace Jam.Tests.Server;

/// <summary>Rooms in files, and what becomes of them when the files suffer.</summary>
[TestFixture]
[CancelAfter(60_000)]
internal sealed class SqliteRoomStoreTests
{
    private readonly List<string> _told = [];
    private TempFolder _folder = null!;

    [SetUp]
    public void Prepare()
    {
        _folder = new TempFolder();
        _told.Clear();
    }

    [TearDown]
    public void CleanUp() => _folder.Dispose();

    private string FileOf(string name) => Path.Combine(_folder.Path, name);

    private static StoredRoom RoomAt(string name, long positionUs)
    {
        var room = RoomHarness.WithHostAndViewers();
        room.Say(1, new Seek(positionUs));
        return RoomMemory.Store(room.Room, room.Now) with { Name = name };
    }

    private IReadOnlyList<StoredRoom> Load()
    {
        using var store = SqliteRoomStore.Open(_folder.Path);
        return store.Load(_told.Add);
    }

    /// <summary>Room <c>a</c> at 1, 2, 3 s, each kept after the other; room <c>b</c> kept and forgotten.</summary>
    private void Fill()
    {
        using var store = SqliteRoomStore.Open(_folder.Path);
        Assert.That(store.Load(_told.Add), Is.Empty);
        store.Save(RoomAt("b", 5));
        for (var second = 1; second <= 3; second++)
            store.Save(RoomAt("a", second * 1_000_000));
        store.Remove("b");
    }

    [Test]
    public void The_newest_of_each_room_comes_back_and_a_forgotten_one_does_not()
    {
        Fill();
        var room = Load().Single();
        Assert.That((room.Name, room.Timeline.PositionUs), Is.EqualTo(("a", 3_000_000)));
        Assert.That(_told, Is.Empty);
    }

    [TestCase("rooms.db", 0.0)]
    [TestCase("rooms.db", 0.3)]
    [TestCase("rooms.db", 0.9)]
    [TestCase("rooms-copy.db", 0.5)]
    public void A_file_that_was_cut_off_costs_nothing_that_the_other_has_and_is_told_of(string name, double share)
    {
        Fill();
        using (var file = new FileStream(FileOf(name), FileMode.Open))
            file.SetLength((long)(file.Length * share));
        Assert.That(Load().Single().Timeline.PositionUs, Is.EqualTo(3_000_000));
        Assert.That(_told, share == 0 ? Is.Empty : Has.Some.Contains(name), "an empty file is a new one");
        _told.Clear();
        Assert.That(Load().Single().Timeline.PositionUs, Is.EqualTo(3_000_000));
        Assert.That(_told, Is.Empty, "both files are whole again");
    }

    [Test]
    public void A_file_of_something_else_is_put_aside_and_not_lost()
    {
        Fill();
        File.WriteAllText(FileOf("rooms.db"), string.Concat(Enumerable.Repeat("this is no database. ", 500)));
        Assert.That(Load().Single().Timeline.PositionUs, Is.EqualTo(3_000_000));
        Assert.That(_told.Single(), Does.Contain("rooms.db.damaged"));
        Assert.That(File.ReadAllText(FileOf("rooms.db.damaged")), Does.StartWith("this is no database"));
    }

    [Test]
    public void A_byte_that_was_turned_inside_a_room_is_found_by_its_hash()
    {
        Fill();
        var bytes = File.ReadAllBytes(FileOf("rooms.db"));
        var at = bytes.AsSpan().LastIndexOf("\"position_us\":3000000"u8);
        bytes[at + 15] = (byte)'9';
        File.WriteAllBytes(FileOf("rooms.db"), bytes);
        Assert.That(Load().Single().Timeline.PositionUs, Is.EqualTo(3_000_000));
        Assert.That(_told.Single(), Does.Contain("room a"));
    }

    [Test]
    public void Damage_to_both_files_begins_anew_and_says_so()
    {
        Fill();
        foreach (var name in new[] { "rooms.db", "rooms-copy.db" })
            File.WriteAllText(FileOf(name), "nothing of use, and long enough not to be taken for an empty file");
        Assert.That(Load(), Is.Empty);
        Assert.That(_told, Has.Count.EqualTo(2));
    }

    [Test]
    public void A_folder_that_cannot_be_is_an_error_with_its_reason()
    {
        File.WriteAllText(FileOf("file"), "");
        Assert.That(() => SqliteRoomStore.Open(FileOf("file")), Throws.InstanceOf<StoreException>());
    }

    [Test]
    public async Task A_server_that_starts_again_goes_on_with_its_rooms_under_another_clock(CancellationToken ct)
    {
        var options = new JamServerOptions { Port = 0, DataFolder = _folder.Path };
        State before;
        await using (var server = await TestServer.StartAsync(ct, options: options))
        {
            using var host = await WebSocketClient.JoinAsync(server.Port, Role.Host, "host", ct);
            await host.SayAsync(new SetTrack(RoomHarness.TrackId, "song.mp3", 5, 1024, TrackKind.Audio, 240_000_000), ct);
            await host.SayAsync(new Play(5_000_000), ct);
            do
                before = await host.NextAsync<State>(ct);
            while (before.Status != PlaybackStatus.Play);
        }

        await using var again = await TestServer.StartAsync(ct, options: options);
        Assert.That(again.RoomCount, Is.EqualTo(1));
        using var viewer = await WebSocketClient.ConnectAsync(again.Port, ct);
        await viewer.SayAsync(new Hello(), ct);
        var after = await viewer.NextAsync<State>(ct);
        Assert.That((after.Status, after.TrackId, after.Note), Is.EqualTo((PlaybackStatus.Play, RoomHarness.TrackId, "restored")));
        Assert.That(after.ClockId, Is.EqualTo(again.ClockId).And.Not.EqualTo(before.ClockId));
        Assert.That(after.Epoch, Is.EqualTo(before.Epoch + 1));
        Assert.That(after.Timestamp - after.OffsetSec, Is.EqualTo(before.Timestamp - before.OffsetSec).Within(0.05), "by the wall clock");
    }
}
