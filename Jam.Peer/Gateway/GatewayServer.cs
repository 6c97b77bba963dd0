using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Jam.Peer.Gateway;

/// <summary>A port of its own for the gateway of a peer that runs no server.</summary>
internal sealed class GatewayServer : IAsyncDisposable
{
    private const int MaxConnections = 64;

    private readonly WebApplication _app;

    private GatewayServer(WebApplication app, int port) => (_app, Port) = (app, port);

    /// <summary>The port that it listens on.</summary>
    public int Port { get; }

    /// <summary>Binds a port and serves until disposed.</summary>
    /// <param name="gateway">Who answers.</param>
    /// <param name="port">0 takes any free one.</param>
    /// <param name="address">Null: every one, IPv4 and IPv6.</param>
    /// <param name="cancellationToken">Ends the start.</param>
    /// <exception cref="IOException">The port cannot be bound.</exception>
    public static async Task<GatewayServer> StartAsync(TrackGateway gateway, int port, IPAddress? address, CancellationToken cancellationToken)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddSingleton<ILoggerFactory>(NullLoggerFactory.Instance);
        builder.Services.AddSingleton<IHostLifetime, NoLifetime>();
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(2));
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => Listen(kestrel, port, address));
        var app = builder.Build();
        app.Run(context => AnswerAsync(gateway, context));
        try
        {
            await app.StartAsync(cancellationToken);
        }
        catch
        {
            await app.DisposeAsync();
            throw;
        }

        var bound = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
        return new GatewayServer(app, new Uri(bound).Port);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
    }

    private static void Listen(KestrelServerOptions kestrel, int port, IPAddress? address)
    {
        kestrel.AddServerHeader = false;
        kestrel.Limits.MaxRequestBodySize = 0;
        kestrel.Limits.MaxConcurrentConnections = MaxConnections;
        kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(10);
        if (address is not null)
            kestrel.Listen(address, port, endpoint => endpoint.Protocols = HttpProtocols.Http1);
        else
            kestrel.ListenAnyIP(port, endpoint => endpoint.Protocols = HttpProtocols.Http1);
    }

    private static Task AnswerAsync(TrackGateway gateway, HttpContext context)
    {
        if (context.Request.Path.Value?.StartsWith(GatewayPath.Root, StringComparison.Ordinal) == true)
            return gateway.HandleAsync(context);
        context.Response.StatusCode = StatusCodes.Status404NotFound;
        return Task.CompletedTask;
    }

    private sealed class NoLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
