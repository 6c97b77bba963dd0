using Npgsql;

namespace Jam.Server.Fleet.Postgres;

/// <summary>One step of the schema.</summary>
/// <param name="Version">Counts from 1.</param>
/// <param name="ReadableFrom">The oldest version whose servers can work with the schema after this step.</param>
/// <param name="Sql">What it does; it only ever adds.</param>
internal sealed record Migration(int Version, int ReadableFrom, string Sql);

/// <summary>
/// The tables, and how they come about. While servers are upgraded one by one, two versions work on them: so steps only add, and a
/// schema newer than this program knows is worked with as long as it says that this version may.
/// </summary>
internal static class Schema
{
    // "SwarmJam" in ASCII: whoever migrates holds this lock.
    private const long LockKey = 0x537761726D4A616D;

    /// <summary>All steps, in order.</summary>
    public static IReadOnlyList<Migration> Steps { get; } =
    [
        new(1, 1, """
            CREATE TABLE jam_server (
                id uuid PRIMARY KEY,
                url text NOT NULL,
                version text NOT NULL,
                rooms integer NOT NULL,
                members integer NOT NULL,
                is_draining boolean NOT NULL,
                started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
                seen_at timestamptz NOT NULL,
                lease_until timestamptz NOT NULL
            );
            CREATE TABLE jam_room (
                name text PRIMARY KEY,
                owner uuid,
                epoch bigint NOT NULL,
                state text,
                claimed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
                saved_at timestamptz NOT NULL DEFAULT clock_timestamp()
            );
            """),
        new(2, 1, "CREATE INDEX jam_room_owner ON jam_room (owner);"),
        // The advisory lock that a server's session holds: PostgreSQL frees it the moment that the process is gone. Null: the lease alone counts.
        new(3, 1, "ALTER TABLE jam_server ADD COLUMN session bigint;"),
    ];

    /// <summary>Brings the database up to what this program knows.</summary>
    /// <exception cref="SchemaException">The database is of a later version that this one cannot work with.</exception>
    public static async Task MigrateAsync(NpgsqlDataSource source, IReadOnlyList<Migration> steps, CancellationToken cancellationToken)
    {
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        // Held to the end of the transaction, so that of several servers which start at once one works and the others find it done.
        await RunAsync(connection, $"SELECT pg_advisory_xact_lock({LockKey})", cancellationToken);
        await RunAsync(
            connection,
            "CREATE TABLE IF NOT EXISTS jam_schema (version integer PRIMARY KEY, readable_from integer NOT NULL, applied_at timestamptz NOT NULL DEFAULT clock_timestamp())",
            cancellationToken);
        var (version, readableFrom) = await VersionAsync(connection, cancellationToken);
        if (readableFrom > steps[^1].Version)
            throw new SchemaException($"its tables are of version {version} and want servers of {readableFrom} or later; this one knows {steps[^1].Version}");
        foreach (var step in steps.Where(step => step.Version > version))
        {
            await RunAsync(connection, step.Sql, cancellationToken);
            await RunAsync(connection, $"INSERT INTO jam_schema (version, readable_from) VALUES ({step.Version}, {step.ReadableFrom})", cancellationToken);
        }

        await transaction.CommitAsync(cancellationToken);
    }

    private static async Task<(int Version, int ReadableFrom)> VersionAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand("SELECT version, readable_from FROM jam_schema ORDER BY version DESC LIMIT 1", connection);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken) ? (reader.GetInt32(0), reader.GetInt32(1)) : (0, 0);
    }

    private static async Task RunAsync(NpgsqlConnection connection, string sql, CancellationToken cancellationToken)
    {
#pragma warning disable CA2100 // Only this class's own literals come here.
        await using var command = new NpgsqlCommand(sql, connection);
#pragma warning restore CA2100
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}

/// <summary>The database is of a later version than this server can work with.</summary>
internal sealed class SchemaException(string message) : Exception(message);
