using System.Security.Cryptography;
using System.Text;
using Microsoft.Data.Sqlite;

namespace Jam.Server.Hosting;

/// <summary>A room as it stands in a file, under a hash: SQLite finds a torn page, not a byte that was turned.</summary>
internal sealed record StoredRow(string Name, long Version, string Json, string Hash)
{
    public bool IsWhole => Hash == HashOf(Name, Version, Json);

    public static StoredRow Of(string name, long version, string json) => new(name, version, json, HashOf(name, version, json));

    private static string HashOf(string name, long version, string json) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{name}\n{version}\n{json}")));
}

/// <summary>One SQLite file of rooms. A damaged one is put aside and begun anew.</summary>
internal sealed class SqliteRoomFile(string path) : IDisposable
{
    private SqliteConnection? _connection;

    /// <summary>Opens the file and reads what is whole in it.</summary>
    /// <exception cref="StoreException">There can be no such file.</exception>
    public IReadOnlyList<StoredRow> Open(Action<string> tell)
    {
        try
        {
            return Begin(tell);
        }
        catch (SqliteException e)
        {
            Dispose();
            tell($"{Path.GetFileName(path)} is damaged ({e.Message}); it is put aside as {Path.GetFileName(path)}.damaged");
        }

        try
        {
            File.Move(path, path + ".damaged", overwrite: true);
            File.Delete(path + "-journal");
            return Begin(tell);
        }
        catch (Exception e) when (e is SqliteException or UnauthorizedAccessException)
        {
            throw new StoreException($"{path}: {e.Message}", e);
        }
    }

    /// <summary>Writes a row in place of the one of that name.</summary>
    /// <exception cref="IOException">It could not be written.</exception>
    public void Put(StoredRow row) => Run(
        "INSERT OR REPLACE INTO room (name, version, json, hash) VALUES ($name, $version, $json, $hash)",
        ("$name", row.Name), ("$version", row.Version), ("$json", row.Json), ("$hash", row.Hash));

    /// <summary>Takes a row out.</summary>
    /// <exception cref="IOException">It could not be written.</exception>
    public void Remove(string name) => Run("DELETE FROM room WHERE name = $name", ("$name", name));

    public void Dispose()
    {
        _connection?.Dispose();
        _connection = null;
    }

    private List<StoredRow> Begin(Action<string> tell)
    {
        CarriedSqlite.Prepare(System.IO.Path.GetDirectoryName(path)!);
        SQLitePCL.Batteries_V2.Init();
        // Pooled, a closed file would stay open.
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = path, Pooling = false }.ToString());
        _connection = connection;
        connection.Open();
        Execute(connection, "PRAGMA synchronous=NORMAL");
        using (var check = connection.CreateCommand())
        {
            check.CommandText = "PRAGMA quick_check";
            if (check.ExecuteScalar() is not "ok")
                throw new SqliteException("its pages do not fit together", 11);
        }

        Execute(connection, "CREATE TABLE IF NOT EXISTS room (name TEXT PRIMARY KEY, version INTEGER NOT NULL, json TEXT NOT NULL, hash TEXT NOT NULL)");
        using var select = connection.CreateCommand();
        select.CommandText = "SELECT name, version, json, hash FROM room";
        using var reader = select.ExecuteReader();
        var rows = new List<StoredRow>();
        while (reader.Read())
        {
            var row = new StoredRow(reader.GetString(0), reader.GetInt64(1), reader.GetString(2), reader.GetString(3));
            if (row.IsWhole)
                rows.Add(row);
            else
                tell($"{Path.GetFileName(path)}: what it holds of room {row.Name} is damaged; the last whole state of it is used");
        }

        return rows;
    }

    private void Run(string sql, params ReadOnlySpan<(string Name, object Value)> values)
    {
        if (_connection is not { } connection)
            throw new IOException($"{path} is not open");
        try
        {
            Execute(connection, sql, values);
        }
        catch (SqliteException e)
        {
            throw new IOException($"{path}: {e.Message}", e);
        }
    }

    private static void Execute(SqliteConnection connection, string sql, params ReadOnlySpan<(string Name, object Value)> values)
    {
        using var command = connection.CreateCommand();
#pragma warning disable CA2100 // Only this class's own literals come here.
        command.CommandText = sql;
#pragma warning restore CA2100
        foreach (var (name, value) in values)
            command.Parameters.AddWithValue(name, value);
        command.ExecuteNonQuery();
    }
}
