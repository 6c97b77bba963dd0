using Jam.Server.Fleet.Postgres;
using Jam.Server.Hosting;
using Jam.Server.Rooms;
using Jam.Tests.Server;
using Jam.Tests.Storage;
using Npgsql;
using NUnit.Framework;

namespace Jam.Tests.Fleet;

/// <summary>What the statements themselves decide, on a real PostgreSQL.</summary>
[CancelAfter(60_000)]
internal sealed class FleetDatabaseTests : OnDatabase
{
    [Test]
    public async Task Of_many_servers_that_claim_a_new_room_at_once_one_gets_it(CancellationToken ct)
    {
        Guid[] servers = [.. Enumerable.Range(0, 8).Select(_ => Guid.NewGuid())];
        foreach (var server in servers)
            Renew(server);
        var claims = await Task.WhenAll(servers.Select(s => Database.ClaimAsync("jam", s, $"{s}", ct)));
        var won = claims.Single(c => c is not null)!;
        Assert.That((won.Epoch, won.State), Is.EqualTo((1L, $"{won.Owner}")));
        Assert.That(await Database.LookAsync("jam", ct), Is.EqualTo(new Jam.Server.Fleet.RoomEntry("jam", won.Owner, 1)));
    }

    [Test]
    public async Task A_living_servers_room_cannot_be_claimed_and_a_dead_ones_can_with_its_state_and_a_higher_epoch(CancellationToken ct)
    {
        Renew(One);
        Renew(Two);
        await Database.ClaimAsync("jam", One, "begun", ct);
        Assert.That(Database.Save("jam", One, 1, 4, "played"), Is.True);
        Assert.That(await Long.ClaimAsync("jam", Two, "mine", ct), Is.Null);
        await EndLeaseAsync(One, ct);
        Assert.That(await Long.ClaimAsync("jam", Two, "mine", ct), Is.EqualTo(new RoomRow(Two, 5, "played")));
    }

    [Test]
    public async Task A_database_that_has_just_started_calls_nobody_dead(CancellationToken ct)
    {
        await using var fresh = await OpenAsync(TimeSpan.FromDays(1), ct);
        Renew(One);
        Renew(Two);
        await Database.ClaimAsync("jam", One, "", ct);
        await EndLeaseAsync(One, ct);
        Assert.That(await fresh.ClaimAsync("jam", Two, "", ct), Is.Null, "its owner has had no day to come back");
        Assert.That(await Long.ClaimAsync("jam", Two, "", ct), Is.Not.Null);
    }

    [Test]
    public async Task A_server_without_a_lease_gets_no_room(CancellationToken ct)
    {
        Assert.That(await Database.ClaimAsync("jam", One, "", ct), Is.Null);
        Assert.That(await Database.LookAsync("jam", ct), Is.Null);
    }

    [Test]
    public async Task A_write_under_an_old_epoch_is_refused_by_the_statement(CancellationToken ct)
    {
        Renew(One);
        Renew(Two);
        await Database.ClaimAsync("jam", One, "a", ct);
        await EndLeaseAsync(One, ct);
        await Long.ClaimAsync("jam", Two, "b", ct);
        Assert.That(Database.Save("jam", One, 1, 1, "late"), Is.False);
        Assert.That(Database.Save("jam", Two, 1, 9, "wrong epoch"), Is.False);
        Database.Remove("jam", One, 1);
        Assert.That(Database.Save("jam", Two, 2, 2, "good"), Is.True);
        Assert.That((await Database.ReadAsync("jam", Two, ct))!.State, Is.EqualTo("good"));
    }

    [Test]
    public async Task A_room_is_handed_to_a_living_server_only_and_by_its_owner_only(CancellationToken ct)
    {
        Renew(One);
        Renew(Two);
        await Database.ClaimAsync("jam", One, "", ct);
        Assert.That(await Database.HandOverAsync("jam", One, 1, 1, "x", Guid.NewGuid(), ct), Is.Null);
        Assert.That(await Database.HandOverAsync("jam", Two, 1, 1, "x", Two, ct), Is.Null);
        Assert.That(await Database.HandOverAsync("jam", One, 1, 6, "last", Two, ct), Is.EqualTo(7));
        Assert.That(await Database.ReadAsync("jam", Two, ct), Is.EqualTo(new RoomRow(Two, 7, "last")));
        Assert.That(Database.Save("jam", One, 1, 8, "late"), Is.False);
        Assert.That(await Database.HandOverAsync("jam", Two, 7, 7, "open", null, ct), Is.EqualTo(8), "to nobody");
        Assert.That((await Database.ClaimAsync("jam", One, "", ct))!.State, Is.EqualTo("open"), "so anyone may claim it at once");
    }

    [Test]
    public async Task The_tables_come_about_once_however_many_servers_start_at_once_and_older_ones_are_brought_up(CancellationToken ct)
    {
        var fresh = NpgsqlDataSource.Create(FleetTests.Rig.At(await FleetTests.Rig.NewDatabaseAsync(ct)));
        await using (fresh)
        {
            await Schema.MigrateAsync(fresh, [.. Schema.Steps.Take(1)], ct);
            await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => Schema.MigrateAsync(fresh, Schema.Steps, ct)));
            await using var command = fresh.CreateCommand("SELECT array_agg(version ORDER BY version) FROM jam_schema");
            Assert.That(await command.ExecuteScalarAsync(ct), Is.EqualTo(Schema.Steps.Select(s => s.Version)));
        }
    }

    [TestCase(1, true)]
    [TestCase(1000, false)]
    public async Task Tables_of_a_later_version_are_used_where_they_say_that_they_may_be(int readableFrom, bool mayBeUsed, CancellationToken ct)
    {
        await Schema.MigrateAsync(Source, [.. Schema.Steps, new Migration(1000, readableFrom, "ALTER TABLE jam_room ADD COLUMN later integer")], ct);
        if (!mayBeUsed)
        {
            Assert.That(async () => await OpenAsync(Lease, ct), Throws.InstanceOf<SchemaException>().With.Message.Contains("1000"));
            return;
        }

        await using var older = await OpenAsync(Lease, ct);
        Renew(One);
        Assert.That((await older.ClaimAsync("jam", One, "", ct))!.Epoch, Is.EqualTo(1));
    }

    [TestCase("sqlite")]
    [TestCase("postgres")]
    public async Task Whatever_the_store_the_newest_of_a_room_comes_back_and_a_forgotten_one_does_not(string kind, CancellationToken ct)
    {
        using var folder = new TempFolder();
        Renew(One);
        using (var store = await StoreAsync(kind, folder.Path, ct))
        {
            store.Save(RoomAt("b", 5));
            for (var second = 1; second <= 3; second++)
                store.Save(RoomAt("a", second * 1_000_000));
            store.Remove("b");
        }

        var rooms = await ReadAsync(kind, folder.Path, ct);
        Assert.That(rooms.Select(r => (r.Name, r.Timeline.PositionUs)), Is.EqualTo(new[] { ("a", 3_000_000L) }));
    }

    private async Task<IRoomStore> StoreAsync(string kind, string folder, CancellationToken ct)
    {
        if (kind == "sqlite")
        {
            var sqlite = SqliteRoomStore.Open(folder);
            sqlite.Load(_ => { });
            return sqlite;
        }

        var store = new FleetRoomStore(Database, One, TimeProvider.System);
        foreach (var room in (string[])["a", "b"])
            store.Hold(room, (await Database.ClaimAsync(room, One, "", ct))!.Epoch);
        return store;
    }

    private async Task<IReadOnlyList<StoredRoom>> ReadAsync(string kind, string folder, CancellationToken ct)
    {
        if (kind == "sqlite")
        {
            using var sqlite = SqliteRoomStore.Open(folder);
            return sqlite.Load(_ => { });
        }

        var rooms = new List<StoredRoom>();
        foreach (var room in (string[])["a", "b"])
        {
            if (await Database.ReadAsync(room, One, ct) is { } row && FleetRoomStore.Read(row.State) is { } stored)
                rooms.Add(stored);
        }

        return rooms;
    }

    private static StoredRoom RoomAt(string name, long positionUs)
    {
        var room = RoomHarness.WithHostAndViewers();
        room.Say(1, new Jam.Server.Contracts.Seek(positionUs));
        return RoomMemory.Store(room.Room, room.Now) with { Name = name };
    }
}
