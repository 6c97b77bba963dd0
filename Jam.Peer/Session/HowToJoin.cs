using System.Net;
using Jam.Peer.Session.Page;
using Jam.Server.Hosting;

namespace Jam.Peer.Session;

/// <summary>What a host's terminal says to whoever sits before it: how others come in.</summary>
internal static class HowToJoin
{
    /// <summary>The very lines that others type, with this machine's addresses.</summary>
    public static IEnumerable<string> Lines(int swarmPort, JamServer? server, string room, PageKey key)
    {
        var addresses = LocalAddresses.All();
        if (server is not null)
            yield return $"the rendezvous server listens on port {server.Port}, room '{room}'";
        foreach (var address in addresses)
            yield return $"others join with: {ProgramName.Typed} --connect {new IPEndPoint(address, swarmPort)}";
        if (server is null)
            yield break;
        var best = addresses.Count > 0 ? addresses[0] : IPAddress.Loopback;
        var link = $"http://{new IPEndPoint(best, server.WebPort)}/room/{room}";
        yield return $"in a browser: {link}";
        yield return $"to add files from a browser on another machine of yours: {link}{PageKey.Mark}{key.Text}";
    }
}
