using System.Diagnostics;
using Jam.Tests.Fakes;
using Jam.Tests.Storage;
using Npgsql;
using NUnit.Framework;

namespace Jam.Tests.Fleet;

/// <summary>
/// A real PostgreSQL of the tests' own: Debian's, in a folder and on a port that nobody else has. It refuses to run as root, so there it
/// runs as the user that its package brought along, or as nobody.
/// </summary>
internal sealed class PostgresRig : IAsyncDisposable
{
    private readonly TempFolder _folder;
    private readonly Process _process;
    private int _databases;

    private PostgresRig(TempFolder folder, Process process, int port) => (_folder, _process, Port) = (folder, process, port);

    public int Port { get; }

    /// <summary>Starts one; null where there is none on this machine.</summary>
    public static async Task<PostgresRig?> StartAsync(CancellationToken cancellationToken)
    {
        if (Binaries() is not { } binaries)
            return null;
        var folder = new TempFolder();
        try
        {
            var data = folder.Make("data");
            if (Environment.UserName == "root" && !OperatingSystem.IsWindows())
            {
                File.SetUnixFileMode(folder.Path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.OtherExecute | UnixFileMode.GroupExecute);
                using var chown = Run("chown", [User(), data]);
                await chown.WaitForExitAsync(cancellationToken);
            }

            using (var init = Run(Path.Combine(binaries, "initdb"), ["-D", data, "-U", "jam", "-A", "trust", "--no-sync", "-E", "UTF8", "--locale=C"], own: true))
            {
                var said = await init.StandardError.ReadToEndAsync(cancellationToken);
                await init.WaitForExitAsync(cancellationToken);
                Assert.That(init.ExitCode, Is.Zero, said);
            }

            var port = FreePort.Find();
            var process = Run(
                Path.Combine(binaries, "postgres"),
                ["-D", data, "-p", $"{port}", "-k", data, "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off", "-c", "max_connections=200"], own: true);
            while (await process.StandardError.ReadLineAsync(cancellationToken) is { } line)
            {
                if (line.Contains("ready to accept connections", StringComparison.Ordinal))
                    return new PostgresRig(folder, process, port);
            }

            throw new InvalidOperationException("PostgreSQL did not start");
        }
        catch
        {
            folder.Dispose();
            throw;
        }
    }

    /// <summary>How to get into a database of a test's own.</summary>
    /// <param name="database">Its name.</param>
    /// <param name="throughPort">The port at which it is reached; null: its own.</param>
    public string At(string database, int? throughPort = null) =>
        $"Host=127.0.0.1;Port={throughPort ?? Port};Database={database};Username=jam;Password=never-to-be-logged";

    public async Task<string> NewDatabaseAsync(CancellationToken cancellationToken)
    {
        var name = $"fleet{++_databases}";
        await using var source = NpgsqlDataSource.Create(At("postgres") + ";Pooling=false");
#pragma warning disable CA2100 // The name is this class's own.
        await using var command = source.CreateCommand($"CREATE DATABASE {name}");
#pragma warning restore CA2100
        await command.ExecuteNonQueryAsync(cancellationToken);
        return name;
    }

    public async ValueTask DisposeAsync()
    {
        // In a test's own folder nothing is worth a clean end.
        _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync();
        _process.Dispose();
        try
        {
            _folder.Dispose();
        }
        catch (IOException)
        {
            // Its children end a moment after it, and may have written meanwhile.
            TestContext.Out.WriteLine($"left behind: {_folder.Path}");
        }
    }

    private static string? Binaries() => Directory.Exists("/usr/lib/postgresql")
        ? Directory.EnumerateDirectories("/usr/lib/postgresql").Select(d => Path.Combine(d, "bin")).Where(d => File.Exists(Path.Combine(d, "initdb"))).Max(StringComparer.Ordinal)
        : null;

    private static string User() => File.ReadLines("/etc/passwd").Any(line => line.StartsWith("postgres:", StringComparison.Ordinal)) ? "postgres" : "nobody";

    private static Process Run(string program, string[] arguments, bool own = false)
    {
        string[] all = own && Environment.UserName == "root" ? ["setpriv", $"--reuid={User()}", "--clear-groups", program, .. arguments] : [program, .. arguments];
        return Process.Start(new ProcessStartInfo(all[0], all[1..]) { RedirectStandardError = true, RedirectStandardOutput = true, WorkingDirectory = "/" })!;
    }
}

/// <summary>One PostgreSQL for all tests of the fleet; each has a database of its own in it.</summary>
[SetUpFixture]
internal sealed class FleetTests
{
    private static PostgresRig? _rig;

    /// <summary>A machine that has none skips the test, but not where everything has to be tested.</summary>
    public static PostgresRig Rig
    {
        get
        {
            if (_rig is null)
            {
                const string Missing = "no PostgreSQL on this machine: several servers were not tested (Debian: apt-get install postgresql)";
                if (Environment.GetEnvironmentVariable("CI") is "true")
                    Assert.Fail(Missing);
                Assert.Ignore(Missing);
            }

            return _rig!;
        }
    }

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        _rig = await PostgresRig.StartAsync(patience.Token);
    }

    [OneTimeTearDown]
    public async Task StopAsync()
    {
        if (_rig is not null)
            await _rig.DisposeAsync();
    }
}
