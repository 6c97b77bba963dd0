using Jam.Server.Fleet.Postgres;
using Npgsql;
using NUnit.Framework;

namespace Jam.Tests.Fleet;

/// <summary>Two servers by name, and a database of the test's own in a real PostgreSQL.</summary>
internal abstract class OnDatabase
{
    private string _name = "";

    protected static TimeSpan Lease { get; } = TimeSpan.FromSeconds(30);

    protected Guid One { get; } = Guid.NewGuid();

    protected Guid Two { get; } = Guid.NewGuid();

    protected NpgsqlDataSource Source { get; private set; } = null!;

    protected FleetDatabase Database { get; private set; } = null!;

    /// <summary>The same, for which the database has been up for long.</summary>
    protected FleetDatabase Long { get; private set; } = null!;

    [SetUp]
    public async Task ConnectAsync()
    {
        _name = await FleetTests.Rig.NewDatabaseAsync(CancellationToken.None);
        Source = NpgsqlDataSource.Create(FleetTests.Rig.At(_name));
        Database = await OpenAsync(Lease, CancellationToken.None);
        // A database that has just started calls nobody dead: here its start counts as long ago.
        Long = await OpenAsync(TimeSpan.FromMilliseconds(1), CancellationToken.None);
    }

    [TearDown]
    public async Task DisconnectAsync()
    {
        if (Database is null)
            return;
        await Database.DisposeAsync();
        await Long.DisposeAsync();
        await Source.DisposeAsync();
    }

    protected async Task<FleetDatabase> OpenAsync(TimeSpan lease, CancellationToken ct, TimeSpan grace = default)
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

    protected void Renew(Guid server) => RenewAt(Database, server);

    protected static IReadOnlyList<ServerRow> RenewAt(FleetDatabase at, Guid server) =>
        at.Renew(new SelfReport(server, $"ws://{server}", "1", 2, 3, false)).Servers;

    protected async Task EndLeaseAsync(Guid server, CancellationToken ct)
    {
        await using var command = Source.CreateCommand("UPDATE jam_server SET lease_until = clock_timestamp() - interval '1 ms' WHERE id = $1");
        command.Parameters.AddWithValue(server);
        Assert.That(await command.ExecuteNonQueryAsync(ct), Is.EqualTo(1));
    }
}
