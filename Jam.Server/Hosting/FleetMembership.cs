using Jam.Server.Fleet.Postgres;
using Microsoft.Extensions.Logging;

namespace Jam.Server.Hosting;

/// <summary>All that a server has because it is one of several, from the database up.</summary>
internal sealed class FleetMembership : IAsyncDisposable
{
    private readonly JamServerOptions _options;
    private readonly PostgresAddress _address;
    private readonly FleetDatabase _database;
    private readonly TimeProvider _time;

    private FleetMembership(JamServerOptions options, PostgresAddress address, FleetDatabase database, Guid self, TimeProvider time)
    {
        (_options, _address, _database, _time) = (options, address, database, time);
        Store = new FleetRoomStore(database, self, time);
    }

    /// <summary>Where the rooms are written.</summary>
    public FleetRoomStore Store { get; }

    /// <summary>Null before <see cref="Serve"/>.</summary>
    public FleetAgent? Agent { get; private set; }

    /// <summary>For people.</summary>
    public string Text => $"One of a fleet: rooms are kept in the database {_address.Name}, and this server is reached at {Agent?.Url}.";

    /// <summary>What is wrong with how the database is named; null where nothing is.</summary>
    public static string? ProblemWith(string postgres)
    {
        try
        {
            PostgresAddress.Parse(postgres);
            return null;
        }
        catch (FormatException e)
        {
            return e.Message;
        }
    }

    /// <summary>Connects, and brings the tables about.</summary>
    /// <exception cref="StoreException">The database does not answer, or is none that this server can work with.</exception>
    public static async Task<FleetMembership> OpenAsync(JamServerOptions options, Guid self, TimeProvider time, CancellationToken cancellationToken)
    {
        var address = PostgresAddress.Parse(options.Fleet!.Postgres);
        try
        {
            return new FleetMembership(options, address, await FleetDatabase.OpenAsync(address, options.Fleet.Lease, cancellationToken), self, time);
        }
        catch (SchemaException e)
        {
            throw new StoreException($"The database {address.Name} cannot be used: {e.Message}. Start a newer server.", e);
        }
        catch (Exception e) when (FleetDatabase.IsAbsent(e))
        {
            throw new StoreException($"The database {address.Name} cannot be used: {e.Message}", e);
        }
    }

    /// <summary>The rooms of this hub are the fleet's from now on.</summary>
    public void Serve(RoomHub hub, ILogger log) => Agent = new FleetAgent(_options, _address, _database, Store, hub, _time, log);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (Agent is not null)
            await Agent.DisposeAsync();
        await _database.DisposeAsync();
    }
}
