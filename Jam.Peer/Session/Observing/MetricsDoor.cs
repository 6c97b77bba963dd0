using System.Net;
using System.Text.Json;
using System.Text.Json.Serialization;
using Jam.Server.Observing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Jam.Peer.Session.Observing;

/// <summary>
/// A peer's <c>/metrics</c>, <c>/healthz</c> and <c>/readyz</c>, on the loopback address alone. With a server in the same process, that one's
/// metrics stand there, too.
/// </summary>
internal sealed class MetricsDoor : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly MetricCollector _collector;

    private MetricsDoor(WebApplication app, MetricCollector collector) => (_app, _collector) = (app, collector);

    /// <summary>The port.</summary>
    public int Port => new Uri(_app.Urls.First()).Port;

    /// <summary>Opens it.</summary>
    /// <param name="port">Port; 0 takes any free one.</param>
    /// <param name="scope">What it shows.</param>
    /// <param name="report">The peer as it is now.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <exception cref="JamException">The port is in use.</exception>
    public static async Task<MetricsDoor> OpenAsync(int port, MetricsScope scope, Func<PeerReport> report, CancellationToken cancellationToken)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddSingleton<ILoggerFactory>(NullLoggerFactory.Instance);
        builder.Services.AddSingleton<IHostLifetime, NoLifetime>();
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = 0;
            kestrel.Listen(IPAddress.Loopback, port, endpoint => endpoint.Protocols = HttpProtocols.Http1);
        });
        var app = builder.Build();
        var collector = MetricCollector.Of(scope);
        var page = new MetricsPage(MetricsAccess.Local, collector);
        app.Run(context => AnswerAsync(context, page, report));
        try
        {
            await app.StartAsync(cancellationToken);
            return new MetricsDoor(app, collector);
        }
        catch (Exception problem)
        {
            collector.Dispose();
            await app.DisposeAsync();
            throw problem is IOException ? new JamException($"port {port} is in use; choose another with --metrics", problem) : problem;
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
        _collector.Dispose();
    }

    private static Task AnswerAsync(HttpContext context, MetricsPage page, Func<PeerReport> report)
    {
        switch (context.Request.Path.Value)
        {
            case "/metrics":
                return page.AnswerAsync(context);
            case "/healthz":
                return SendAsync(context, new PeerHealth("ok", report(), null));
            case "/readyz":
                var now = report();
                var why = now is not { PeerId: not null, ServerConnected: true } ? "not connected to the room"
                    : !now.Clock.IsReady ? "the room clock is not known yet" : null;
                return SendAsync(context, new PeerHealth(why is null ? "ready" : "not_ready", now, why));
            default:
                context.Response.StatusCode = StatusCodes.Status404NotFound;
                return context.Response.WriteAsync("Nothing here but /metrics, /healthz and /readyz\n");
        }
    }

    private static Task SendAsync(HttpContext context, PeerHealth health)
    {
        context.Response.StatusCode = health.Why is null ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable;
        context.Response.ContentType = "application/json";
        context.Response.Headers.CacheControl = "no-store";
        return context.Response.Body.WriteAsync(JsonSerializer.SerializeToUtf8Bytes(health, PeerHealthJson.Default.PeerHealth)).AsTask();
    }

    private sealed class NoLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}

/// <summary>What a peer says of itself to whoever watches over it.</summary>
internal sealed record PeerHealth(string Status, bool Connected, string? Room, int Members, double UptimeSec, string Version, string Commit, string? Why)
{
    public PeerHealth(string status, PeerReport report, string? why)
        : this(
            status, report.ServerConnected, report.Room, report.MembersInRoom, Math.Round(report.UptimeUs / 1e6, 1), ProgramVersion.Number,
            ProgramVersion.Commit, why)
    {
    }
}

/// <summary>snake_case, as everywhere.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(PeerHealth))]
internal sealed partial class PeerHealthJson : JsonSerializerContext;
