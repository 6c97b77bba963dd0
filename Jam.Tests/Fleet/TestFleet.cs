using System.Net;
using System.Text.Json;
using Jam.Peer.Network;
using Jam.Server.Contracts;
using Jam.Server.Hosting;
using Microsoft.Extensions.Logging;
using NUnit.Framework;

namespace Jam.Tests.Fleet;

/// <summary>A few servers in this process on one database, each with a way there of its own, and short leases.</summary>
internal sealed class TestFleet : IAsyncDisposable
{
    private readonly string _database;
    private readonly List<TestMember> _servers = [];

    private TestFleet(string database) => _database = database;

    public CollectedLog Log { get; } = new();

    public static async Task<TestFleet> StartAsync(int servers, CancellationToken ct, bool isProxy = false)
    {
        var fleet = new TestFleet(await FleetTests.Rig.NewDatabaseAsync(ct));
        for (var i = 0; i < servers; i++)
            await fleet.AddAsync(ct, isProxy);
        foreach (var server in fleet._servers)
            await server.SeesAsync(servers, ct);
        return fleet;
    }

    public TestMember this[int index] => _servers[index];

    public string ConnectionString => FleetTests.Rig.At(_database);

    public async Task<TestMember> AddAsync(CancellationToken ct, bool isProxy = false, bool isCut = false, string? url = null)
    {
        var way = new Turnstile(FleetTests.Rig.Port);
        if (isCut)
            way.Cut();
        var options = new JamServerOptions
        {
            Port = 0, Address = IPAddress.Loopback,
            Fleet = new FleetOptions
            {
                Postgres = FleetTests.Rig.At(_database, way.Port), IsProxy = isProxy, Url = url,
                Lease = TimeSpan.FromSeconds(1), RenewEvery = TimeSpan.FromSeconds(0.2), DrainWithin = TimeSpan.FromSeconds(20),
            },
        };
        var member = new TestMember(await JamServer.StartAsync(options, TimeProvider.System, Log, ct), way);
        _servers.Add(member);
        return member;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var server in _servers)
            await server.DisposeAsync();
        // Shown where the test has failed.
        TestContext.Out.WriteLine(Log.Text);
    }
}

/// <summary>One of them.</summary>
internal sealed class TestMember(JamServer server, Turnstile way) : IAsyncDisposable
{
    private static readonly HttpClient _http = new();
    private bool _isDisposed;

    public JamServer Server { get; } = server;

    public Turnstile Way { get; } = way;

    public Uri Url(string room) => new($"ws://127.0.0.1:{Server.Port}/ws/{room}");

    /// <summary>Ends it as a kill would: the database hears nothing of it.</summary>
    public async Task KillAsync()
    {
        Way.Cut();
        await DisposeAsync();
    }

    public async Task<JsonElement> HealthAsync(CancellationToken ct)
    {
        // Whatever its status: on a machine that is busy elsewhere a server may be late to say that it is well.
        using var answer = await _http.GetAsync(new Uri($"http://127.0.0.1:{Server.WebPort}/healthz"), ct);
        using var json = JsonDocument.Parse(await answer.Content.ReadAsStringAsync(ct));
        return json.RootElement.GetProperty("fleet").Clone();
    }

    public async Task<bool> IsReadyAsync(CancellationToken ct)
    {
        using var answer = await _http.GetAsync(new Uri($"http://127.0.0.1:{Server.WebPort}/readyz"), ct);
        return answer.IsSuccessStatusCode;
    }

    public async Task ReadyAsync(CancellationToken ct)
    {
        // A lease of a second may lapse on a machine that is busy elsewhere, and comes back with the next renewal.
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        while (!await IsReadyAsync(ct))
            await timer.WaitForNextTickAsync(ct);
    }

    public Task SeesAsync(int servers, CancellationToken ct) => UntilAsync(f => f.GetProperty("servers").GetInt32() == servers, ct);

    /// <summary>Asks for its health until that is as wanted; asking takes as long as it takes, so nothing spins.</summary>
    public async Task UntilAsync(Func<JsonElement, bool> isSo, CancellationToken ct)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        var last = default(JsonElement);
        try
        {
            while (!isSo(last = await HealthAsync(ct)))
                await timer.WaitForNextTickAsync(ct);
        }
        catch (OperationCanceledException)
        {
            TestContext.Out.WriteLine($"the last that was seen of it: {last}");
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_isDisposed)
            return;
        _isDisposed = true;
        await Server.DisposeAsync();
        await Way.DisposeAsync();
    }
}

/// <summary>Everything that was logged, in words.</summary>
internal sealed class CollectedLog : ILoggerFactory, ILogger
{
    private readonly Lock _gate = new();
    private readonly List<string> _lines = [];

    public string Text
    {
        get
        {
            lock (_gate)
                return string.Join('\n', _lines);
        }
    }

    public ILogger CreateLogger(string categoryName) => this;

    public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException();

    public bool IsEnabled(LogLevel logLevel) => true;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        lock (_gate)
            _lines.Add($"{logLevel} {formatter(state, exception)} {exception}");
    }

    public void Dispose()
    {
        // It holds nothing.
    }
}

/// <summary>A client as a peer has one, that remembers the room for whoever takes it over.</summary>
internal sealed class TestFollower : IAsyncDisposable
{
    private readonly RendezvousClient _client;
    private Timeline? _timeline;
    private Welcome? _welcome;

    public TestFollower(Role role, string name, params Uri[] urls)
    {
        _client = new RendezvousClient(
            new RendezvousOptions
            {
                Candidates = urls, FirstDelay = TimeSpan.FromMilliseconds(50), MaxDelay = TimeSpan.FromMilliseconds(200),
                BuildHello = () => new Hello(role, name, _welcome?.PeerId, ResumeToken: _welcome?.ResumeToken, Resume: _client!.Remember(_timeline, null)),
            },
            TimeProvider.System);
        _client.Start();
    }

    public RendezvousClient Client => _client;

    public List<RendezvousEvent> Events { get; } = [];

    public Timeline Timeline => _timeline!;

    public Welcome Welcome => _welcome!;

    /// <summary>Where the music is now, by this client's estimate of the room's clock.</summary>
    public long PositionUs => _timeline!.PositionAtUs((long)_client.Clock.ToRoomUs(TimeProvider.System.NowUs()));

    /// <summary>Takes in events up to the first that is wanted.</summary>
    public async Task<T> UntilAsync<T>(Func<T, bool> isWanted, CancellationToken ct)
        where T : class
    {
        while (true)
        {
            var next = await _client.Events.ReadAsync(ct);
            Events.Add(next);
            var message = (next as Received)?.Message;
            if (message is State state)
                _timeline = state.ToTimeline();
            _welcome = message as Welcome ?? _welcome;
            if ((next as T ?? message as T) is { } found && isWanted(found))
                return found;
        }
    }

    /// <summary>Waits until the clock of the room that it is in is known.</summary>
    public async Task ClockAsync(CancellationToken ct)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        while (!_client.Clock.IsReady || _client.Clock.ClockId != _timeline!.ClockId)
            await timer.WaitForNextTickAsync(ct);
    }

    public ValueTask DisposeAsync() => _client.DisposeAsync();
}
