using System.Net;
using Jam.Peer.Network;
using Jam.Server.Contracts;
using Jam.Server.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using NUnit.Framework;

namespace Jam.Tests.Server;

/// <summary>Which way a client's probes of the clock go.</summary>
[TestFixture]
[CancelAfter(30_000)]
internal sealed class RendezvousProbeTests
{
    [Test]
    public async Task Probes_are_datagrams_where_they_are_answered_and_go_over_the_connection_where_not([Values] bool isAnswered, CancellationToken ct)
    {
        await using var server = await JamServer.StartAsync(
            new JamServerOptions { Port = 0, Address = IPAddress.Loopback, HasClockPort = isAnswered }, TimeProvider.System, NullLoggerFactory.Instance, ct);
        var probes = new ProbeCount();
        await using var client = new RendezvousClient(
            new RendezvousOptions
            {
                Candidates = [new Uri($"ws://127.0.0.1:{server.Port}/ws/jam")], BuildHello = () => new Hello(), AsksForClockPort = true,
                Log = probes, Trace = probes.OnAnswer,
            },
            TimeProvider.System);
        client.Start();
        await probes.ManyAnswers.WaitAsync(ct);
        Assert.That(client.Clock.ClockId, Is.EqualTo(server.ClockId));
        // Both sides read the same clock here, so the truth is known: no offset.
        Assert.That(Math.Abs(client.Clock.OffsetUs), Is.LessThan(20_000));
        // The first ones go both ways; of the others one in five seconds.
        Assert.That(probes.OverConnection, isAnswered ? Is.LessThan(ProbeCount.Many - 4) : Is.GreaterThanOrEqualTo(ProbeCount.Many));
    }

    /// <summary>Counts probes that are answered, and those that went over the connection by what is logged of it.</summary>
    private sealed class ProbeCount : ILogger
    {
        public const int Many = 32;

        private readonly TaskCompletionSource _many = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int _answers;
        private int _overConnection;

        public Task ManyAnswers => _many.Task;

        public int OverConnection => Volatile.Read(ref _overConnection);

        public void OnAnswer(string line)
        {
            if (Interlocked.Increment(ref _answers) == Many)
                _many.TrySetResult();
        }

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (formatter(state, exception).Contains("SYNC_REQUEST", StringComparison.Ordinal))
                Interlocked.Increment(ref _overConnection);
        }
    }
}
