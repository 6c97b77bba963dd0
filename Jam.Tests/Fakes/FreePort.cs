using System.Net;
using System.Net.Sockets;

namespace Jam.Tests.Fakes;

/// <summary>A TCP port of loopback that nothing listens on: bound for a moment, then given back.</summary>
internal static class FreePort
{
    public static int Find()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
