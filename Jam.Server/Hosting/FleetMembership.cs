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

    private readonly string? _absence;

    private FleetMembership(JamServerOptions options, PostgresAddress address, FleetDatabase database, string? absence, Guid self, TimeProvider time)
    {
        (_options, _address, _database, _absence, _time) = (options, address, database, absence, time);
        Store = new FleetRoomStore(database, self, time);
    }

    /// <summary>Where the rooms are written.</summary>
    public FleetRoomStore Store { get; }

    /// <summary>Null before <see cref="Serve"/>.</summary>
    public FleetAgent? Agent { get; private set; }

    /// <summary>For people.</summary>
    public string Text => $"One of a fleet: rooms are kept in the database {_address.Name}, and this server is reached at {Agent?.Url}."
        + (_absence is null ? "" : $" The database does not answer yet ({_absence}); rooms can be opened as soon as it does.");

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

    /// <summary>Connects, and brings the tables about; where the database is not there, the agent goes on trying.</summary>
    /// <exception cref="StoreException">The database does not let this server in, or is none that it can work with.</exception>
    public static async Task<FleetMembership> OpenAsync(JamServerOptions options, Guid self, TimeProvider time, CancellationToken cancellationToken)
    {
        var address = PostgresAddress.Parse(options.Fleet!.Postgres);
        var database = new FleetDatabase(address, options.Fleet.Lease, options.Fleet.Grace);
        try
        {
            await database.PrepareAsync(cancellationToken);
            return new FleetMembership(options, address, database, null, self, time);
        }
        catch (Exception e) when (FleetDatabase.IsAbsent(e) && !FleetDatabase.IsRefusal(e))
        {
            return new FleetMembership(options, address, database, e.Message, self, time);
        }
        catch (Exception e)
        {
            await database.DisposeAsync();
            if (e is SchemaException)
                throw new StoreException($"The database {address.Name} cannot be used: {e.Message}. Start a newer server.", e);
            if (FleetDatabase.IsAbsent(e))
                throw new StoreException($"The database {address.Name} cannot be used: {e.Message}", e);
            throw;
        }
    }

    /// <summary>The rooms of this hub are the fleet's from now on.</summary>
    public void Serve(RoomHub hub, ILogger log) => Agent = new FleetAgent(_options, _address, _database, Store, hub, _time, log) { Absence = _absence };

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (Agent is not null)
            await Agent.DisposeAsync();
        await _database.DisposeAsync();
    }
}
