using Jam.Server.Hosting;
using Microsoft.Extensions.Logging.Abstractions;

namespace Jam.Tests.Server;

/// <summary>Starts a rendezvous for a test, on any free port unless one is named.</summary>
internal static class TestServer
{
    public static Task<JamServer> StartAsync(CancellationToken ct, TimeProvider? time = null, JamServerOptions? options = null) =>
        JamServer.StartAsync(
            options ?? new JamServerOptions { Port = 0 }, time ?? TimeProvider.System, NullLoggerFactory.Instance, ct);
}

/// <summary>Starts one with a certain listener: what holds for one of them holds for all that are compiled in.</summary>
internal sealed class ListenerUnderTest(ListenerKind kind)
{
    public Task<JamServer> StartAsync(CancellationToken ct, TimeProvider? time = null, JamServerOptions? options = null) =>
        TestServer.StartAsync(ct, time, (options ?? new JamServerOptions { Port = 0 }) with { Listener = kind });
}
