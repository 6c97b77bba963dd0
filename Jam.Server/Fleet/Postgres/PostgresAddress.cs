using Npgsql;

namespace Jam.Server.Fleet.Postgres;

/// <summary>Where the database is, as typed: Npgsql's <c>Host=...;Username=...</c>, or <c>postgres://user:password@host:port/database?sslmode=...</c>.</summary>
internal sealed class PostgresAddress
{
    private PostgresAddress(NpgsqlConnectionStringBuilder builder)
    {
        Name = $"{builder.Host}:{builder.Port}/{builder.Database ?? builder.Username}";
        // Short waits, since whoever asks waits, too, and few connections, since a hundred are all that PostgreSQL has at first. What was
        // typed goes before.
        var unset = new NpgsqlConnectionStringBuilder();
        if (builder.Timeout == unset.Timeout)
            builder.Timeout = 2;
        if (builder.CommandTimeout == unset.CommandTimeout)
            builder.CommandTimeout = 2;
        if (builder.KeepAlive == unset.KeepAlive)
            builder.KeepAlive = 2;
        if (builder.MaxPoolSize == unset.MaxPoolSize)
            builder.MaxPoolSize = 10;
        // The same few statements all day: planned once per connection.
        if (builder.MaxAutoPrepare == unset.MaxAutoPrepare)
            (builder.MaxAutoPrepare, builder.AutoPrepareMinUsages) = (20, 2);
        builder.ApplicationName ??= "swarmjam";
        builder.PersistSecurityInfo = false;
        ConnectionString = builder.ConnectionString;
        builder.MaxPoolSize = 2;
        SmallConnectionString = builder.ConnectionString;
    }

    /// <summary>For people: without user and password.</summary>
    public string Name { get; }

    /// <summary>With the password, so that it goes to Npgsql and nowhere else.</summary>
    public string ConnectionString { get; }

    /// <summary>As that, for a few connections that wait for no others.</summary>
    public string SmallConnectionString { get; }

    /// <inheritdoc/>
    public override string ToString() => Name;

    /// <summary>Reads what was typed.</summary>
    /// <exception cref="FormatException">It cannot be read; the message does not repeat it.</exception>
    public static PostgresAddress Parse(string text)
    {
        try
        {
            var builder = text.StartsWith("postgres://", StringComparison.Ordinal) || text.StartsWith("postgresql://", StringComparison.Ordinal)
                ? OfUri(new Uri(text))
                : new NpgsqlConnectionStringBuilder(text);
            if (builder.Host is not { Length: > 0 })
                throw new FormatException("it names no host");
            return new PostgresAddress(builder);
        }
        catch (Exception e) when (e is ArgumentException or UriFormatException or InvalidCastException or KeyNotFoundException)
        {
            throw new FormatException("it is neither Host=...;Database=...;Username=... nor postgres://user@host/database", null);
        }
    }

    private static NpgsqlConnectionStringBuilder OfUri(Uri uri)
    {
        var builder = new NpgsqlConnectionStringBuilder { Host = uri.Host.Trim('[', ']'), Port = uri.Port > 0 ? uri.Port : 5432 };
        if (uri.UserInfo.Split(':', 2) is [{ Length: > 0 } user, .. var rest])
        {
            builder.Username = Uri.UnescapeDataString(user);
            if (rest is [var password])
                builder.Password = Uri.UnescapeDataString(password);
        }

        if (uri.AbsolutePath.Length > 1)
            builder.Database = Uri.UnescapeDataString(uri.AbsolutePath[1..]);
        foreach (var pair in uri.Query.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var (name, value) = pair.Split('=', 2) is [var n, var v] ? (n, Uri.UnescapeDataString(v)) : (pair, "");
            builder[name switch { "sslmode" => "SSL Mode", "connect_timeout" => "Timeout", "sslrootcert" => "Root Certificate", "application_name" => "Application Name", _ => name }] =
                name == "sslmode" ? value.Replace("-", "", StringComparison.Ordinal) : value;
        }

        return builder;
    }
}
