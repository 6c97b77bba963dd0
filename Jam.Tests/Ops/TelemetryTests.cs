using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Text;
using Jam.Server.Contracts;
using Jam.Server.Observing;
using Jam.Tests.Server;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using NUnit.Framework;

namespace Jam.Tests.Ops;

/// <summary>Metrics and traces that leave by OTLP.</summary>
[TestFixture]
[CancelAfter(60_000)]
[NonParallelizable]
internal sealed class TelemetryTests
{
    [Test]
    public async Task A_collector_gets_metrics_and_the_spans_of_HELLO_and_of_commands(CancellationToken ct)
    {
        var got = new ConcurrentDictionary<string, string>();
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        await using var collector = builder.Build();
        collector.Run(async context =>
        {
            using var body = new MemoryStream();
            await context.Request.Body.CopyToAsync(body, context.RequestAborted);
            got.AddOrUpdate($"{context.Request.Path} {context.Request.ContentType}", Encoding.Latin1.GetString(body.ToArray()), (_, old) => old + Encoding.Latin1.GetString(body.ToArray()));
        });
        await collector.StartAsync(ct);
        using (Telemetry.Start(new Uri(collector.Urls.First()), "swarmjam-test"))
        {
            await using var server = await TestServer.StartAsync(ct);
            using var host = await WebSocketClient.JoinAsync(server.Port, Role.Host, "ana-the-host", ct);
            await host.SayAsync(new Play(), ct);
            await host.NextAsync<State>(ct);
            await host.SayAsync(new Ping(), ct);
            await host.NextAsync<Pong>(ct);
            // Its own metrics must still be there when the last of them are sent.
        }

        var metrics = got["/v1/metrics application/x-protobuf"];
        var traces = got["/v1/traces application/x-protobuf"];
        Assert.Multiple(() =>
        {
            Assert.That(metrics, Does.Contain("jam.server.state.delay").And.Contain("swarmjam-test").And.Contain("dotnet.process.memory.working_set"));
            Assert.That(traces, Does.Contain("room.hello").And.Contain("room.command").And.Contain("jam.state.handed_out"));
            Assert.That(traces, Does.Not.Contain("ana-the-host"));
        });
    }

    [Test]
    public async Task A_span_of_a_command_begins_when_it_came_and_tells_a_refusal(CancellationToken ct)
    {
        var spans = new ConcurrentQueue<Activity>();
        await using var server = await TestServer.StartAsync(ct);
        using var host = await WebSocketClient.JoinAsync(server.Port, Role.Host, "ana", ct, "spans");
        using (var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == ServerMetrics.Name, Sample = (ref _) => ActivitySamplingResult.AllData, ActivityStopped = spans.Enqueue,
        })
        {
            ActivitySource.AddActivityListener(listener);
            using var viewer = await WebSocketClient.JoinAsync(server.Port, Role.Viewer, "bo", ct, "spans");
            await viewer.SayAsync(new Play(), ct);
            await viewer.NextAsync<Error>(ct);
            await viewer.SayAsync(new Ping(), ct);
            await viewer.NextAsync<Pong>(ct);
            await viewer.SayAsync(new PeersRequest(), ct);
            await viewer.NextAsync<Peers>(ct);
        }

        var refused = spans.Single(s => s.GetTagItem("error.type") is not null);
        Assert.Multiple(() =>
        {
            Assert.That(spans.Select(s => s.OperationName), Does.Contain("room.hello"));
            Assert.That(refused.OperationName, Is.EqualTo("room.command"));
            Assert.That(refused.GetTagItem("error.type"), Is.EqualTo(ErrorCodes.NotHost));
            Assert.That(refused.GetTagItem("jam.message.type"), Is.EqualTo("Play"));
            Assert.That(refused.Duration, Is.GreaterThanOrEqualTo(TimeSpan.Zero));
            Assert.That(spans.Select(s => s.GetTagItem("jam.message.type")), Has.None.EqualTo("PeersRequest"), "what is said by itself, again and again");
        });
    }

    [TestCase("http://127.0.0.1:4318", true)]
    [TestCase("https://collector.example", true)]
    [TestCase("collector:4318", false)]
    [TestCase("ftp://x", false)]
    [TestCase("", false)]
    public void An_address_of_a_collector_is_told_from_other_texts(string text, bool isOne) => Assert.That(Telemetry.Parse(text) is not null, Is.EqualTo(isOne));

    [Test]
    public void Without_a_collector_nothing_is_sent() => Assert.That(Telemetry.Start(null, "swarmjam-test"), Is.Null);
}
