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
