using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using Npgsql;

namespace Jam.Server.Fleet.Postgres;

/// <summary>What a server says of itself with each renewal.</summary>
internal sealed record SelfReport(Guid Id, string Url, string Version, int Rooms, int Members, bool IsDraining);

/// <summary>A server's row; the spans are of the database's clock.</summary>
internal sealed record ServerRow(Guid Id, string Url, int Rooms, int Members, bool IsDraining, TimeSpan SeenAgo, TimeSpan LeaseLeft);

/// <summary>A room that a statement has given to a server.</summary>
internal sealed record RoomRow(Guid Owner, long Epoch, string? State);

/// <summary>
/// The fleet's tables. Every decision between servers is one statement here, made by the database's clock; what it throws when the
/// database is not there, <see cref="IsAbsent"/> tells.
/// </summary>
internal sealed class FleetDatabase : IAsyncDisposable
{
    /// <summary>Where claims and comings and goings are told.</summary>
    public const string Channel = "jam_fleet";

    private readonly NpgsqlDataSource _source;

    // However many ask where their room is: a lease that waits for them would lapse.
    private readonly NpgsqlDataSource _pulse;
    private readonly TimeSpan _lease;
    private readonly TimeSpan _grace;

    // The advisory lock that the session holds which listens; 0: none.
    private long _session;
    private volatile bool _trustsSessions;

    /// <summary>Connects with the first question.</summary>
    /// <param name="address">Where it is.</param>
    /// <param name="lease">How long a server counts as alive after its last renewal.</param>
    /// <param name="grace">How long after that it does whose session has ended: longer than from one renewal to the next, since who lives says with that one that it has lost only its session.</param>
    public FleetDatabase(PostgresAddress address, TimeSpan lease, TimeSpan grace) =>
        (_source, _pulse, _lease, _grace) = (NpgsqlDataSource.Create(address.ConnectionString), NpgsqlDataSource.Create(address.SmallConnectionString), lease, grace);

    /// <summary>Whether a session that has ended means that its server is dead. Not while this one's own has just ended, too: then it may have been the database.</summary>
    public bool TrustsSessions
    {
        get => _trustsSessions;
        set => _trustsSessions = value;
    }

    /// <summary>Brings the tables about.</summary>
    /// <exception cref="SchemaException">They are of a later version.</exception>
    public Task PrepareAsync(CancellationToken cancellationToken) => Schema.MigrateAsync(_source, Schema.Steps, cancellationToken);

    /// <summary>Whether the database did answer, and will not let this server in or work however often it tries.</summary>
    public static bool IsRefusal(Exception e) =>
        e is PostgresException { SqlState: ['2', '8', ..] or ['3', 'D', ..] or ['4', '2', ..] } or NpgsqlException { InnerException: AuthenticationException };

    /// <summary>Whether this is what it looks like when the database does not do its part, rather than a bug here.</summary>
    public static bool IsAbsent(Exception e) => e is NpgsqlException or SocketException or TimeoutException or IOException;

    /// <summary>
    /// Renews a server's lease and tells of all servers, and for how long the database has been up. Blocks: its thread waits for no other.
    /// </summary>
    public (IReadOnlyList<ServerRow> Servers, TimeSpan Up) Renew(SelfReport self)
    {
        using var batch = _pulse.CreateBatch();
        batch.BatchCommands.Add(Command(
            """
            INSERT INTO jam_server (id, url, version, rooms, members, is_draining, seen_at, lease_until, session)
            VALUES ($1, $2, $3, $4, $5, $6, clock_timestamp(), clock_timestamp() + $7, NULLIF($8, 0::bigint))
            ON CONFLICT (id) DO UPDATE SET rooms = $4, members = $5, is_draining = $6, seen_at = clock_timestamp(), lease_until = clock_timestamp() + $7,
                session = NULLIF($8, 0::bigint)
            """,
            self.Id, self.Url, self.Version, self.Rooms, self.Members, self.IsDraining, _lease, Interlocked.Read(ref _session)));
        batch.BatchCommands.Add(Command(
            """
            SELECT id, url, rooms, members, is_draining, clock_timestamp() - seen_at,
                   CASE WHEN $1 AND id <> $2 AND pg_try_advisory_xact_lock_shared(session) THEN LEAST(lease_until, seen_at + $3) ELSE lease_until END - clock_timestamp(),
                   clock_timestamp() - pg_postmaster_start_time()
            FROM jam_server WHERE lease_until > clock_timestamp() - interval '60 s'
            """,
            TrustsSessions, self.Id, _grace));
        using var reader = batch.ExecuteReader();
        var (servers, up) = (new List<ServerRow>(), TimeSpan.Zero);
        while (reader.Read())
        {
            servers.Add(new ServerRow(
                reader.GetGuid(0), reader.GetString(1), reader.GetInt32(2), reader.GetInt32(3), reader.GetBoolean(4),
                reader.GetFieldValue<TimeSpan>(5), reader.GetFieldValue<TimeSpan>(6)));
            up = reader.GetFieldValue<TimeSpan>(7);
        }

        return (servers, up);
    }

    /// <summary>Who owns a room; null where there is no such room.</summary>
    public async Task<RoomEntry?> LookAsync(string room, CancellationToken cancellationToken) =>
        await LookAsync([room], cancellationToken) is [var row, ..] ? row : null;

    /// <summary>Who owns these rooms, as far as there are any.</summary>
    public async Task<IReadOnlyList<RoomEntry>> LookAsync(IReadOnlyCollection<string> rooms, CancellationToken cancellationToken)
    {
        await using var command = On(_source.CreateCommand("SELECT name, owner, epoch FROM jam_room WHERE name = ANY($1)"), (object)rooms.ToArray());
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var found = new List<RoomEntry>();
        while (await reader.ReadAsync(cancellationToken))
            found.Add(new RoomEntry(reader.GetString(0), reader.IsDBNull(1) ? null : reader.GetGuid(1), reader.GetInt64(2)));
        return found;
    }

    /// <summary>
    /// Gives a room that is nobody's, or a dead server's, to a live server, in one statement that raises its epoch. A server is dead
    /// when its lease has ended while the database could have been told of another, or when its session has and it does not say that it lives.
    /// </summary>
    /// <param name="room">The room.</param>
    /// <param name="server">Who gets it.</param>
    /// <param name="state">What is kept of it if it is a new one.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <returns>Null where somebody else has it.</returns>
    public Task<RoomRow?> ClaimAsync(string room, Guid server, string state, CancellationToken cancellationToken) => OneRowAsync(
        """
        WITH claimed AS (
            INSERT INTO jam_room AS r (name, owner, epoch, state)
            SELECT $1, $2, 1, $3 WHERE EXISTS (SELECT 1 FROM jam_server s WHERE s.id = $2 AND s.lease_until > clock_timestamp())
            ON CONFLICT (name) DO UPDATE SET owner = $2, epoch = r.epoch + 1, claimed_at = clock_timestamp()
            WHERE (r.owner IS NULL OR NOT EXISTS (SELECT 1 FROM jam_server s WHERE s.id = r.owner AND s.lease_until > clock_timestamp()
                   AND NOT CASE WHEN $5 AND s.session IS NOT NULL AND s.seen_at + $6 < clock_timestamp() THEN pg_try_advisory_xact_lock_shared(s.session) ELSE false END))
              AND (NOT EXISTS (SELECT 1 FROM jam_server s WHERE s.id = r.owner) OR clock_timestamp() > pg_postmaster_start_time() + $4)
            RETURNING r.owner, r.epoch, r.state)
        SELECT owner, epoch, state, pg_notify('jam_fleet', 'claim ' || $1 || ' ' || owner || ' ' || epoch) FROM claimed
        """,
        cancellationToken, room, server, state, _lease, TrustsSessions, _grace);

    /// <summary>What is kept of a room; null where it is not this server's.</summary>
    public Task<RoomRow?> ReadAsync(string room, Guid owner, CancellationToken cancellationToken) =>
        OneRowAsync("SELECT owner, epoch, state FROM jam_room WHERE name = $1 AND owner = $2", cancellationToken, room, owner);

    /// <summary>Gives a room of one's own to another live server, or to nobody, with all that is known of it.</summary>
    /// <returns>Its new epoch; null where it was not one's own any more, or the other does not live.</returns>
    public async Task<long?> HandOverAsync(string room, Guid owner, long held, long epoch, string state, Guid? to, CancellationToken cancellationToken) =>
        (await OneRowAsync(
            """
            WITH handed AS (
                UPDATE jam_room SET owner = $6, epoch = GREATEST(epoch, $4) + 1, state = $5, claimed_at = clock_timestamp(), saved_at = clock_timestamp()
                WHERE name = $1 AND owner = $2 AND epoch = $3
                  AND ($6 IS NULL OR EXISTS (SELECT 1 FROM jam_server s WHERE s.id = $6 AND s.lease_until > clock_timestamp()))
                RETURNING owner, epoch)
            SELECT $2, epoch, NULL::text, pg_notify('jam_fleet', 'claim ' || $1 || ' ' || COALESCE(owner::text, '-') || ' ' || epoch) FROM handed
            """,
            cancellationToken, room, owner, held, epoch, state, to))?.Epoch;

    /// <summary>Puts a room of one's own back whose row is gone, as after the database was restored from an old copy.</summary>
    public async Task ReinsertAsync(string room, Guid owner, long epoch, CancellationToken cancellationToken)
    {
        await using var command = On(
            _source.CreateCommand("INSERT INTO jam_room (name, owner, epoch) VALUES ($1, $2, $3) ON CONFLICT (name) DO NOTHING"), room, owner, epoch);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Writes a room. Blocks, as <c>IRoomStore</c> does.</summary>
    /// <returns>False where it is not this server's under this epoch any more: then nothing was written.</returns>
    public bool Save(string room, Guid owner, long held, long epoch, string state)
    {
        using var command = On(
            _source.CreateCommand(
                "UPDATE jam_room SET state = $5, epoch = GREATEST(epoch, $4), saved_at = clock_timestamp() WHERE name = $1 AND owner = $2 AND epoch = $3"),
            room, owner, held, epoch, state);
        return command.ExecuteNonQuery() > 0;
    }

    /// <summary>Forgets a room, unless it is another's by now. Blocks.</summary>
    public void Remove(string room, Guid owner, long held)
    {
        using var command = On(_source.CreateCommand("DELETE FROM jam_room WHERE name = $1 AND owner = $2 AND epoch = $3"), room, owner, held);
        command.ExecuteNonQuery();
    }

    /// <summary>Ends a server's lease at once and says so.</summary>
    public Task LeaveAsync(Guid server, CancellationToken cancellationToken) =>
        RunAsync("WITH gone AS (DELETE FROM jam_server WHERE id = $1 RETURNING id) SELECT pg_notify('jam_fleet', 'gone ' || id) FROM gone", cancellationToken, server);

    /// <summary>Says that a server is there.</summary>
    public Task GreetAsync(Guid server, CancellationToken cancellationToken) =>
        RunAsync("SELECT pg_notify('jam_fleet', 'here ' || $1)", cancellationToken, server);

    /// <summary>Forgets rooms that no live server has and that nobody asked for, and servers long dead.</summary>
    public Task SweepAsync(CancellationToken cancellationToken) => RunAsync(
        """
        WITH dead AS (DELETE FROM jam_server WHERE lease_until < clock_timestamp() - interval '1 hour')
        DELETE FROM jam_room r WHERE greatest(saved_at, claimed_at) < clock_timestamp() - interval '2 min'
            AND NOT EXISTS (SELECT 1 FROM jam_server s WHERE s.id = r.owner AND s.lease_until > clock_timestamp() - interval '2 min')
        """,
        cancellationToken);

    /// <summary>
    /// Takes in what servers tell each other, from the moment at which <paramref name="onReady"/> is called until it fails. The session
    /// holds a lock meanwhile, by which the others see that this process is there.
    /// </summary>
    public async Task ListenAsync(Action onReady, Action<string> onTold, CancellationToken cancellationToken)
    {
        await using var connection = await _pulse.OpenConnectionAsync(cancellationToken);
        connection.Notification += (_, told) => onTold(told.Payload);
        await using (var command = new NpgsqlCommand($"LISTEN {Channel}", connection))
            await command.ExecuteNonQueryAsync(cancellationToken);
        // A new one each time: the old one may be held yet by a session whose end the database has not noticed.
        var session = BitConverter.ToInt64(RandomNumberGenerator.GetBytes(sizeof(long)));
        await using (var command = On(new NpgsqlCommand("SELECT pg_advisory_lock($1)", connection), session))
            await command.ExecuteNonQueryAsync(cancellationToken);
        Interlocked.Exchange(ref _session, session);
        try
        {
            onReady();
            while (true)
                await connection.WaitAsync(cancellationToken);
        }
        finally
        {
            Interlocked.Exchange(ref _session, 0);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _pulse.DisposeAsync();
        await _source.DisposeAsync();
    }

    private async Task<RoomRow?> OneRowAsync(string sql, CancellationToken cancellationToken, params object?[] values)
    {
        await using var command = On(Of(sql), values);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken)
            ? new RoomRow(reader.GetGuid(0), reader.GetInt64(1), reader.IsDBNull(2) ? null : reader.GetString(2))
            : null;
    }

    private async Task RunAsync(string sql, CancellationToken cancellationToken, params object?[] values)
    {
        await using var command = On(Of(sql), values);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private NpgsqlCommand Of(string sql) => _source.CreateCommand(sql);

    private static NpgsqlBatchCommand Command(string sql, params object?[] values)
    {
        var command = new NpgsqlBatchCommand(sql);
        foreach (var value in values)
            command.Parameters.Add(Parameter(value));
        return command;
    }

    private static NpgsqlCommand On(NpgsqlCommand command, params object?[] values)
    {
        foreach (var value in values)
            command.Parameters.Add(Parameter(value));
        return command;
    }

    // A null needs its type, and only an owner is ever null.
    private static NpgsqlParameter Parameter(object? value) =>
        value is null ? new NpgsqlParameter { Value = DBNull.Value, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Uuid } : new NpgsqlParameter { Value = value };
}
