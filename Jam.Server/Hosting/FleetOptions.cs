namespace Jam.Server.Hosting;

/// <summary>How a server is one of several. No record: what a record prints would show the password.</summary>
public sealed class FleetOptions
{
    /// <summary>Where the database is, with whatever it takes to get in; never logged.</summary>
    public required string Postgres { get; init; }

    /// <summary>How the others and the members reach this server, <c>ws://host:port</c>; null: this machine's address and the port.</summary>
    public string? Url { get; init; }

    /// <summary>Whether members reach the fleet under one name only: frames for another server's room are passed on instead of sending their senders there.</summary>
    public bool IsProxy { get; init; }

    /// <summary>How long a server counts as alive after it was last heard of.</summary>
    internal TimeSpan Lease { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>How often it lets itself be heard of.</summary>
    internal TimeSpan RenewEvery { get; init; } = TimeSpan.FromSeconds(0.5);

    /// <summary>How long after it was last heard of a server still counts as alive whose session with the database has ended.</summary>
    internal TimeSpan Grace => RenewEvery * 1.2;

    /// <summary>How long a server that ends waits for its members to go over.</summary>
    internal TimeSpan DrainWithin { get; init; } = TimeSpan.FromSeconds(3);

    /// <inheritdoc/>
    public override string ToString() => nameof(FleetOptions);
}
