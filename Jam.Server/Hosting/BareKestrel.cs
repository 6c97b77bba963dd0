using System.Diagnostics;
using System.Diagnostics.Metrics;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Abstractions;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Jam.Server.Hosting;

/// <summary>
/// Kestrel without the framework's host around it: no configuration, no environment, no hosted services, none of which is used here, and all of
/// which together are as much to load before the port is bound as the server itself.
/// </summary>
internal sealed class BareKestrel : IAsyncDisposable
{
    private readonly ServiceProvider _services;
    private readonly IServer _server;
    private readonly TimeSpan _stopWithin;

    private BareKestrel(ServiceProvider services, TimeSpan stopWithin)
    {
        (_services, _stopWithin) = (services, stopWithin);
        _server = services.GetRequiredService<IServer>();
    }

    /// <summary>The first port that it listens on, once it does.</summary>
    public int Port => new Uri(_server.Features.Get<IServerAddressesFeature>()!.Addresses.First()).Port;

    /// <summary>Has the runtime load what a server needs; it listens to nothing yet.</summary>
    /// <param name="configure">Where it will listen, and its limits.</param>
    /// <param name="stopWithin">How long requests may take to end when it is disposed.</param>
    public static BareKestrel Create(Action<KestrelServerOptions> configure, TimeSpan stopWithin)
    {
        var registry = new Registry();
        registry.UseKestrelCore();
        // What the framework would log is either said by an exception or of no use to anyone here.
        registry.Services.AddSingleton<ILoggerFactory>(NullLoggerFactory.Instance);
        registry.Services.AddSingleton(typeof(ILogger<>), typeof(NullLogger<>));
        registry.Services.AddSingleton<IMeterFactory, Meters>();
        registry.Services.AddSingleton<DiagnosticSource>(_ => new DiagnosticListener("Microsoft.AspNetCore"));
        registry.Services.AddOptions().Configure(configure);
        return new BareKestrel(registry.Services.BuildServiceProvider(), stopWithin);
    }

    /// <summary>Binds and serves until disposed.</summary>
    /// <exception cref="IOException">The address cannot be bound, or its port is in use.</exception>
    public Task StartAsync(RequestDelegate answer, CancellationToken cancellationToken) => _server.StartAsync(new Requests(answer), cancellationToken);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        using (var patience = new CancellationTokenSource(_stopWithin))
            await _server.StopAsync(patience.Token);
        await _services.DisposeAsync();
    }

    /// <summary>Answers requests; one context serves all of a connection, one after the other.</summary>
    private sealed class Requests(RequestDelegate answer) : IHttpApplication<DefaultHttpContext>
    {
        public DefaultHttpContext CreateContext(IFeatureCollection contextFeatures)
        {
            if (contextFeatures is not IHostContextContainer<DefaultHttpContext> connection)
                return new DefaultHttpContext(contextFeatures);
            var context = connection.HostContext ??= new DefaultHttpContext();
            context.Initialize(contextFeatures);
            return context;
        }

        public Task ProcessRequestAsync(DefaultHttpContext context) => answer(context);

        public void DisposeContext(DefaultHttpContext context, Exception? exception) => context.Uninitialize();
    }

    /// <summary>Takes what Kestrel registers, the one thing that a web host's builder is needed for.</summary>
    private sealed class Registry : IWebHostBuilder
    {
        public ServiceCollection Services { get; } = [];

        public IWebHostBuilder ConfigureServices(Action<IServiceCollection> configureServices)
        {
            configureServices(Services);
            return this;
        }

        public IWebHostBuilder ConfigureServices(Action<WebHostBuilderContext, IServiceCollection> configureServices) => throw new NotSupportedException();

        public IWebHostBuilder ConfigureAppConfiguration(Action<WebHostBuilderContext, IConfigurationBuilder> configureDelegate) => throw new NotSupportedException();

#pragma warning disable ASPDEPR008 // The interface wants it; nobody calls it.
        public IWebHost Build() => throw new NotSupportedException();
#pragma warning restore ASPDEPR008

        public string? GetSetting(string key) => null;

        public IWebHostBuilder UseSetting(string key, string? value) => this;
    }

    private sealed class Meters : IMeterFactory
    {
        private readonly List<Meter> _made = [];

        public Meter Create(MeterOptions options)
        {
            var meter = new Meter(options);
            lock (_made)
                _made.Add(meter);
            return meter;
        }

        public void Dispose()
        {
            lock (_made)
                _made.ForEach(meter => meter.Dispose());
        }
    }
}
