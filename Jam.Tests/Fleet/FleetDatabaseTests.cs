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
internal sealed class FleetDatabaseTests
{
    private static readonly TimeSpan _lease = TimeSpan.FromSeconds(30);

    private readonly Guid _one = Guid.NewGuid();
    private readonly Guid _two = Guid.NewGuid();
    private string _name = "";
    private NpgsqlDataSource _source = null!;
    private FleetDatabase _database = null!;
    private FleetDatabase _long = null!;

    [SetUp]
    public async Task ConnectAsync()
    {
        _name = await FleetTests.Rig.NewDatabaseAsync(CancellationToken.None);
        _source = NpgsqlDataSource.Create(FleetTests.Rig.At(_name));
        _database = await OpenAsync(_lease, CancellationToken.None);
        // A database that has just started calls nobody dead: here its start counts as long ago.
        _long = await OpenAsync(TimeSpan.FromMilliseconds(1), CancellationToken.None);
    }

    [TearDown]
    public async Task DisconnectAsync()
    {
        if (_database is null)
            return;
        await _database.DisposeAsync();
        await _long.DisposeAsync();
        await _source.DisposeAsync();
    }

    private async Task<FleetDatabase> OpenAsync(TimeSpan lease, CancellationToken ct, TimeSpan grace = default)
    {
        var database = new FleetDatabase(PostgresAddress.Parse(FleetTests.Rig.At(_name)), lease, grace);
        try
        {
            await database.PrepareAsync(ct);
            return database;
        }
        catch
        {
            await database.DisposeAsync();
            throw;
        }
    }

    private void Renew(Guid server) => RenewAt(_database, server);

    private static IReadOnlyList<ServerRow> RenewAt(FleetDatabase at, Guid server) =>
        at.Renew(new SelfReport(server, $"ws://{server}", "1", 2, 3, false)).Servers;

    private async Task EndLeaseAsync(Guid server, CancellationToken ct)
    {
        await using var command = _source.CreateCommand("UPDATE jam_server SET lease_until = clock_timestamp() - interval '1 ms' WHERE id = $1");
        command.Parameters.AddWithValue(server);
        Assert.That(await command.ExecuteNonQueryAsync(ct), Is.EqualTo(1));
    }

    [Test]
    public async Task Of_many_servers_that_claim_a_new_room_at_once_one_gets_it(CancellationToken ct)
    {
        Guid[] servers = [.. Enumerable.Range(0, 8).Select(_ => Guid.NewGuid())];
        foreach (var server in servers)
            Renew(server);
        var claims = await Task.WhenAll(servers.Select(s => _database.ClaimAsync("jam", s, $"{s}", ct)));
        var won = claims.Single(c => c is not null)!;
        Assert.That((won.Epoch, won.State), Is.EqualTo((1L, $"{won.Owner}")));
        Assert.That(await _database.LookAsync("jam", ct), Is.EqualTo(new Jam.Server.Fleet.RoomEntry("jam", won.Owner, 1)));
    }

    [Test]
    public async Task A_living_servers_room_cannot_be_claimed_and_a_dead_ones_can_with_its_state_and_a_higher_epoch(CancellationToken ct)
    {
        Renew(_one);
        Renew(_two);
        await _database.ClaimAsync("jam", _one, "begun", ct);
        Assert.That(_database.Save("jam", _one, 1, 4, "played"), Is.True);
        Assert.That(await _long.ClaimAsync("jam", _two, "mine", ct), Is.Null);
        await EndLeaseAsync(_one, ct);
        Assert.That(await _long.ClaimAsync("jam", _two, "mine", ct), Is.EqualTo(new RoomRow(_two, 5, "played")));
    }

    [Test]
    public async Task A_database_that_has_just_started_calls_nobody_dead(CancellationToken ct)
    {
        await using var fresh = await OpenAsync(TimeSpan.FromDays(1), ct);
        Renew(_one);
        Renew(_two);
        await _database.ClaimAsync("jam", _one, "", ct);
        await EndLeaseAsync(_one, ct);
        Assert.That(await fresh.ClaimAsync("jam", _two, "", ct), Is.Null, "its owner has had no day to come back");
        Assert.That(await _long.ClaimAsync("jam", _two, "", ct), Is.Not.Null);
    }

    [Test]
    public async Task A_server_without_a_lease_gets_no_room(CancellationToken ct)
    {
        Assert.That(await _database.ClaimAsync("jam", _one, "", ct), Is.Null);
        Assert.That(await _database.LookAsync("jam", ct), Is.Null);
    }

    [Test]
    public async Task A_write_under_an_old_epoch_is_refused_by_the_statement(CancellationToken ct)
    {
        Renew(_one);
        Renew(_two);
        await _database.ClaimAsync("jam", _one, "a", ct);
        await EndLeaseAsync(_one, ct);
        await _long.ClaimAsync("jam", _two, "b", ct);
        Assert.That(_database.Save("jam", _one, 1, 1, "late"), Is.False);
        Assert.That(_database.Save("jam", _two, 1, 9, "wrong epoch"), Is.False);
        _database.Remove("jam", _one, 1);
        Assert.That(_database.Save("jam", _two, 2, 2, "good"), Is.True);
        Assert.That((await _database.ReadAsync("jam", _two, ct))!.State, Is.EqualTo("good"));
    }

    [Test]
    public async Task A_room_is_handed_to_a_living_server_only_and_by_its_owner_only(CancellationToken ct)
    {
        Renew(_one);
        Renew(_two);
        await _database.ClaimAsync("jam", _one, "", ct);
        Assert.That(await _database.HandOverAsync("jam", _one, 1, 1, "x", Guid.NewGuid(), ct), Is.Null);
        Assert.That(await _database.HandOverAsync("jam", _two, 1, 1, "x", _two, ct), Is.Null);
        Assert.That(await _database.HandOverAsync("jam", _one, 1, 6, "last", _two, ct), Is.EqualTo(7));
        Assert.That(await _database.ReadAsync("jam", _two, ct), Is.EqualTo(new RoomRow(_two, 7, "last")));
        Assert.That(_database.Save("jam", _one, 1, 8, "late"), Is.False);
        Assert.That(await _database.HandOverAsync("jam", _two, 7, 7, "open", null, ct), Is.EqualTo(8), "to nobody");
        Assert.That((await _database.ClaimAsync("jam", _one, "", ct))!.State, Is.EqualTo("open"), "so anyone may claim it at once");
    }

    [Test]
    public async Task Claims_are_told_to_who_listens(CancellationToken ct)
    {
        Renew(_one);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var ready = new TaskCompletionSource();
        var told = new TaskCompletionSource<string>();
        var listening = _database.ListenAsync(ready.SetResult, s => told.TrySetResult(s), ending.Token);
        await ready.Task.WaitAsync(ct);
        await _database.ClaimAsync("jam", _one, "", ct);
        Assert.That(await told.Task.WaitAsync(ct), Is.EqualTo($"claim jam {_one} 1"));
        await ending.CancelAsync();
        Assert.That(async () => await listening, Throws.InstanceOf<OperationCanceledException>());
    }

    /// <summary>A server whose session stands, with a lease that says so; its session ends with the source.</summary>
    private static async Task<Task> StandAsync(FleetDatabase at, Guid server, CancellationToken ct)
    {
        var ready = new TaskCompletionSource();
        var listening = at.ListenAsync(ready.SetResult, _ => { }, ct);
        await ready.Task.WaitAsync(ct);
        RenewAt(at, server);
        return listening;
    }

    [TestCase(true)]
    [TestCase(false)]
    public async Task A_server_whose_session_has_ended_is_dead_to_who_trusts_that_long_before_its_lease_is_over(bool trusts, CancellationToken ct)
    {
        await using var dying = await OpenAsync(_lease, ct);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var listening = await StandAsync(dying, _one, end.Token);
        await dying.ClaimAsync("jam", _one, "begun", ct);
        Renew(_two);
        _database.TrustsSessions = _long.TrustsSessions = true;
        Assert.That(RenewAt(_database, _two).Single(s => s.Id == _one).LeaseLeft, Is.GreaterThan(_lease / 2), "it stands");
        Assert.That(await _long.ClaimAsync("jam", _two, "mine", ct), Is.Null, "so its rooms are its own");
        await end.CancelAsync();
        Assert.That(async () => await listening, Throws.InstanceOf<OperationCanceledException>());
        await dying.DisposeAsync();
        await EndSessionsAsync(ct);
        _database.TrustsSessions = _long.TrustsSessions = trusts;
        Assert.That(RenewAt(_database, _two).Single(s => s.Id == _one).LeaseLeft, trusts ? Is.LessThanOrEqualTo(TimeSpan.Zero) : Is.GreaterThan(_lease / 2));
        Assert.That(await _long.ClaimAsync("jam", _two, "mine", ct), trusts ? Is.EqualTo(new RoomRow(_two, 2, "begun")) : Is.Null);
        Assert.That(_database.Save("jam", _one, 1, 1, "late"), Is.EqualTo(!trusts), "and a write under the old epoch is refused");
    }

    [Test]
    public async Task A_server_that_has_lost_only_its_session_and_says_that_it_lives_keeps_its_rooms(CancellationToken ct)
    {
        await using var shaken = await OpenAsync(_lease, ct);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var listening = await StandAsync(shaken, _one, end.Token);
        await shaken.ClaimAsync("jam", _one, "begun", ct);
        await end.CancelAsync();
        Assert.That(async () => await listening, Throws.InstanceOf<OperationCanceledException>());
        RenewAt(shaken, _one);
        Renew(_two);
        _database.TrustsSessions = _long.TrustsSessions = true;
        Assert.That(RenewAt(_database, _two).Single(s => s.Id == _one).LeaseLeft, Is.GreaterThan(_lease / 2));
        Assert.That(await _long.ClaimAsync("jam", _two, "mine", ct), Is.Null);
    }

    [Test]
    public async Task A_server_seen_a_moment_ago_lives_though_its_session_has_ended(CancellationToken ct)
    {
        await using var patient = await OpenAsync(TimeSpan.FromMilliseconds(1), ct, grace: TimeSpan.FromMinutes(1));
        await using var dying = await OpenAsync(_lease, ct);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var listening = await StandAsync(dying, _one, end.Token);
        await dying.ClaimAsync("jam", _one, "begun", ct);
        await end.CancelAsync();
        Assert.That(async () => await listening, Throws.InstanceOf<OperationCanceledException>());
        await dying.DisposeAsync();
        await EndSessionsAsync(ct);
        Renew(_two);
        patient.TrustsSessions = true;
        Assert.That(await patient.ClaimAsync("jam", _two, "mine", ct), Is.Null);
    }

    // PostgreSQL frees a session's locks when it notices its end: at once, but not within the same instant.
    private async Task EndSessionsAsync(CancellationToken ct)
    {
        await using var command = _source.CreateCommand(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())");
        while ((long)(await command.ExecuteScalarAsync(ct))! > 0)
            await Task.Yield();
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
        await Schema.MigrateAsync(_source, [.. Schema.Steps, new Migration(1000, readableFrom, "ALTER TABLE jam_room ADD COLUMN later integer")], ct);
        if (!mayBeUsed)
        {
            Assert.That(async () => await OpenAsync(_lease, ct), Throws.InstanceOf<SchemaException>().With.Message.Contains("1000"));
            return;
        }

        await using var older = await OpenAsync(_lease, ct);
        Renew(_one);
        Assert.That((await older.ClaimAsync("jam", _one, "", ct))!.Epoch, Is.EqualTo(1));
    }

    [TestCase("sqlite")]
    [TestCase("postgres")]
    public async Task Whatever_the_store_the_newest_of_a_room_comes_back_and_a_forgotten_one_does_not(string kind, CancellationToken ct)
    {
        using var folder = new TempFolder();
        Renew(_one);
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

        var store = new FleetRoomStore(_database, _one, TimeProvider.System);
        foreach (var room in (string[])["a", "b"])
            store.Hold(room, (await _database.ClaimAsync(room, _one, "", ct))!.Epoch);
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
            if (await _database.ReadAsync(room, _one, ct) is { } row && FleetRoomStore.Read(row.State) is { } stored)
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
